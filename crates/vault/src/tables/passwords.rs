//! Hashes of passwords and of recovery codes.
//!
//! Invariant: comparing with nothing costs the same work as comparing with a hash. Hashing is done off the async threads,
//! at most two at a time: each takes 19 MiB (argon2id m=19456 t=2 p=1, one of the settings OWASP lists).

use crate::{Fault, Refusal, Vault};
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, LazyLock};
use tokio::sync::OwnedSemaphorePermit;

/// Passwords that are hashed at a time.
pub(crate) const HASHING_MAX: usize = 2;
/// Passwords that are hashed or wait for it. Beyond this, whoever floods us would make everyone wait for seconds.
pub(crate) const HASHING_QUEUE_MAX: usize = 128;

/// What a hash made with the present settings begins with.
const PRESENT: &str = "$argon2id$v=19$m=19456,t=2,p=1$";
/// A hash that nothing fits: what is compared where there is no password.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

static ARGON2: LazyLock<Argon2<'static>> =
    LazyLock::new(|| Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT));

/// Hashes, and counts how often: so a test can compare work, which tells more than time does.
pub(crate) struct Hasher<'a>(&'a AtomicU64);

impl Hasher<'_> {
    /// Hashes with this salt.
    pub(crate) fn hash(&self, clear: &str, salt: &[u8]) -> Result<String, Fault> {
        self.0.fetch_add(1, Relaxed);
        let hashed = ARGON2.hash_password_with_salt(clear.as_bytes(), salt);
        Ok(hashed.map_err(|e| Fault::Other(format!("argon2: {e}")))?.to_string())
    }

    /// Compares with a hash; with none, does the same work against one that nothing fits.
    pub(crate) fn verify(&self, clear: &str, stored: Option<&str>) -> bool {
        self.0.fetch_add(1, Relaxed);
        let fits = PasswordHash::new(stored.unwrap_or(NOBODY))
            .is_ok_and(|parsed| ARGON2.verify_password(clear.as_bytes(), &parsed).is_ok());
        fits && stored.is_some()
    }
}

/// The salt of a hash.
pub(crate) fn salt_of(stored: &str) -> Option<Vec<u8>> {
    let parsed = PasswordHash::new(stored).ok()?;
    parsed.salt.map(|salt| AsRef::<[u8]>::as_ref(&salt).to_vec())
}

/// Was it made with settings that are not used any more?
pub(crate) fn is_dated(stored: &str) -> bool {
    !stored.starts_with(PRESENT)
}

/// A place in the queue of those who wait for a hash.
pub(crate) struct HashingPlace(OwnedSemaphorePermit);

impl Vault {
    /// Takes a place in the queue: before anything is counted or asked of the database, so that a flood costs neither.
    pub(crate) fn hashing_place(&self) -> Result<HashingPlace, Fault> {
        let place = self.hashing_queue.clone().try_acquire_owned();
        place.map(HashingPlace).map_err(|_| Fault::Overloaded)
    }

    /// Does the work of a hash in its turn.
    pub(crate) async fn off_thread<T: Send + 'static>(
        &self,
        place: HashingPlace,
        work: impl FnOnce(&Hasher<'_>) -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let turn = self.hashing.clone().acquire_owned().await.map_err(|_| Fault::Closed)?;
        // Work that was begun goes on when whoever asked for it has gone, and keeps its turn until it is done.
        let hashed = Arc::clone(&self.hashed);
        let done = tokio::task::spawn_blocking(move || {
            let _held = (place.0, turn);
            work(&Hasher(&hashed))
        });
        done.await.map_err(|_| Fault::Panicked("hash_password"))
    }

    /// Checks a new password against the rules, with her handle and name, and hashes it.
    pub(crate) async fn hash_password(
        &self,
        clear: String,
        handle: &str,
        name: &str,
    ) -> Result<String, Refusal> {
        let fine = factors::password::check(&clear, &[handle, name]);
        fine.map_err(|invalid| Refusal::Invalid(invalid.to_string()))?;
        let salt = self.world.random::<16>();
        let place = self.hashing_place()?;
        Ok(self.off_thread(place, move |hasher| hasher.hash(&clear, &salt)).await??)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_fits_nobody_and_settings_are_known_by_their_beginning() {
        let count = AtomicU64::new(0);
        let hasher = Hasher(&count);
        let verify = |clear, stored| hasher.verify(clear, stored);
        assert!(PasswordHash::new(NOBODY).is_ok() && !verify("", Some(NOBODY)) && !verify("", None));
        let hashed = hasher.hash("correct horse", &[7; 16]).unwrap();
        assert!(verify("correct horse", Some(&hashed)) && !verify("correct horse ", Some(&hashed)));
        assert_eq!(count.into_inner(), 5, "each costs the same work");
        assert!(!is_dated(&hashed) && is_dated(&hashed.replace("t=2", "t=1")));
        assert_eq!(salt_of(&hashed), Some(vec![7; 16]));
    }
}
