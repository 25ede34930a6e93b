//! Signing up and in with a password.
//!
//! Invariant: a wrong handle costs the same work and gives the same answer as a wrong password. Passwords are hashed off
//! the async threads, at most two at a time: each takes 19 MiB (argon2id m=19456 t=2 p=1). Hashing takes long, so a
//! session begins only if the password that was compared is still hers in the transaction that begins it.

use super::ids::id;
use super::people::insert;
use super::secret::{Secret, SecretKind};
use super::sessions;
use crate::engine::{Reads, Tx, params};
use crate::{Fault, Own, Refusal, Vault};
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use model::{Handle, PersonId};
use std::sync::{LazyLock, OnceLock};

/// The shortest password.
pub const PASSWORD_CHARS_MIN: usize = 8;
/// The longest password.
pub const PASSWORD_CHARS_MAX: usize = 256;

/// Passwords that are hashed at a time.
pub(crate) const HASHING_MAX: usize = 2;
/// Passwords that are hashed or wait for it. Beyond this, whoever floods us would make everyone wait for seconds.
pub(crate) const HASHING_QUEUE_MAX: usize = 128;

static ARGON2: LazyLock<Argon2<'static>> =
    LazyLock::new(|| Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT));

fn hash(clear: &str, salt: &[u8; 16]) -> Result<String, Fault> {
    let hashed = ARGON2.hash_password_with_salt(clear.as_bytes(), salt);
    Ok(hashed.map_err(|e| Fault::Other(format!("argon2: {e}")))?.to_string())
}

/// Compares with a hash; with none, does the same work against one that nothing fits.
fn verify(clear: &str, stored: Option<&str>) -> bool {
    static NOBODY: OnceLock<String> = OnceLock::new();
    let nobody = || NOBODY.get_or_init(|| hash("", &[0; 16]).unwrap_or_default()).as_str();
    let fits = PasswordHash::new(stored.unwrap_or_else(nobody))
        .is_ok_and(|parsed| ARGON2.verify_password(clear.as_bytes(), &parsed).is_ok());
    fits && stored.is_some()
}

fn check(clear: &str) -> Result<(), Refusal> {
    let length = clear.chars().count();
    if length < PASSWORD_CHARS_MIN {
        return Err(Refusal::Invalid(format!("a password has at least {PASSWORD_CHARS_MIN} characters")));
    }
    if length > PASSWORD_CHARS_MAX {
        return Err(Refusal::Invalid(format!("a password has at most {PASSWORD_CHARS_MAX} characters")));
    }
    Ok(())
}

/// The password that was compared is hers now: she may have changed it, or been erased, meanwhile.
fn still(tx: &mut Tx<'_>, person: PersonId, stored: Option<&str>) -> Result<(), Refusal> {
    let sql = "update persons set password = password where id = $1 and password = $2";
    let same = tx.execute(sql, params![person.as_bytes(), stored])?;
    if same == 0 { Err(Refusal::Password) } else { Ok(()) }
}

impl Vault {
    async fn off_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let place = self.hashing_queue.clone().try_acquire_owned().map_err(|_| Fault::Overloaded)?;
        let turn = self.hashing.clone().acquire_owned().await.map_err(|_| Fault::Closed)?;
        // Work that was begun goes on when whoever asked for it has gone, and keeps its turn until it is done.
        let done = tokio::task::spawn_blocking(move || {
            let _held = (place, turn);
            work()
        });
        done.await.map_err(|_| Fault::Panicked("hash_password"))
    }

    /// Checks a new password against the rules and hashes it.
    pub(crate) async fn hash_password(&self, clear: String) -> Result<String, Refusal> {
        check(&clear)?;
        let salt = self.world.random::<16>();
        Ok(self.off_thread(move || hash(&clear, &salt)).await??)
    }

    /// Makes an account and signs it in. The session cookie comes back.
    pub async fn sign_up(
        &self,
        handle: &Handle,
        name: &str,
        password: String,
        agent: &str,
    ) -> Result<String, Refusal> {
        let password = self.hash_password(password).await?;
        let (world, handle, name, agent) =
            (self.world.clone(), handle.clone(), name.to_owned(), agent.to_owned());
        let person = PersonId::new(&world);
        self.engine
            .write("sign_up", move |tx| -> Result<String, Refusal> {
                insert(tx, &world, person, (&handle, &name), Some(&password))?;
                let cookie = Secret::new(SecretKind::Session, &world);
                sessions::insert(tx, &world, person, &cookie, &agent)?;
                Ok(cookie.into_clear())
            })
            .await
    }

    /// Signs a person in. The session cookie comes back.
    pub async fn sign_in(&self, handle: &str, password: String, agent: &str) -> Result<String, Refusal> {
        let found = match Handle::parse(handle) {
            Ok(handle) => {
                self.engine
                    .read("sign_in", move |snap| -> Result<_, Refusal> {
                        let sql = "select id, password from persons where handle = $1";
                        Ok(snap.one(sql, params![handle.as_str()], |row| {
                            Ok((id::<PersonId>(row, 0)?, row.opt_text(1)?.map(str::to_owned)))
                        })?)
                    })
                    .await?
            }
            Err(_) => None,
        };
        let (person, stored) = found.map_or((None, None), |(person, stored)| (Some(person), stored));
        let too_long = password.chars().count() > PASSWORD_CHARS_MAX;
        let compared = stored.clone();
        let fits = self.off_thread(move || !too_long & verify(&password, compared.as_deref())).await?;
        let person = person.filter(|_| fits).ok_or(Refusal::Password)?;
        let (world, agent) = (self.world.clone(), agent.to_owned());
        self.engine
            .write("sign_in", move |tx| -> Result<String, Refusal> {
                still(tx, person, stored.as_deref())?;
                let cookie = Secret::new(SecretKind::Session, &world);
                sessions::insert(tx, &world, person, &cookie, &agent)?;
                Ok(cookie.into_clear())
            })
            .await
    }

    /// Her password as it is stored.
    async fn password_of(&self, person: PersonId) -> Result<Option<String>, Refusal> {
        self.engine
            .read("password_of", move |snap| -> Result<_, Refusal> {
                let sql = "select password from persons where id = $1";
                let stored =
                    snap.one(sql, params![person.as_bytes()], |row| Ok(row.opt_text(0)?.map(str::to_owned)))?;
                Ok(stored.flatten())
            })
            .await
    }

    /// She proves again that it is her. The session goes on under the new cookie that comes back.
    pub async fn sign_in_again(&self, own: &Own, password: String) -> Result<String, Refusal> {
        let (person, session) = (own.person(), own.session());
        let stored = self.password_of(person).await?;
        let compared = stored.clone();
        if !self.off_thread(move || verify(&password, compared.as_deref())).await? {
            return Err(Refusal::Password);
        }
        let (world, now) = (self.world.clone(), self.world.now());
        self.engine
            .write("sign_in_again", move |tx| -> Result<String, Refusal> {
                still(tx, person, stored.as_deref())?;
                let cookie = Secret::new(SecretKind::Session, &world);
                sessions::renew(tx, session, &cookie, now)?;
                Ok(cookie.into_clear())
            })
            .await
    }

    /// Sets a new password after the old one was given again, and ends her other sessions.
    pub async fn password_change(&self, own: &Own, old: String, new: String) -> Result<(), Refusal> {
        let (person, session) = (own.person(), own.session());
        let stored = self.password_of(person).await?;
        let compared = stored.clone();
        if !self.off_thread(move || verify(&old, compared.as_deref())).await? {
            return Err(Refusal::Password);
        }
        let password = self.hash_password(new).await?;
        let now = self.world.now();
        self.engine
            .write("password_change", move |tx| -> Result<(), Refusal> {
                sessions::hold(tx, session)?;
                let sql = "update persons set password = $1 where id = $2 and password = $3";
                if tx.execute(sql, params![&password, person.as_bytes(), stored.as_deref()])? == 0 {
                    return Err(Refusal::Password);
                }
                Ok(sessions::end_others(tx, person, session, now)?)
            })
            .await
    }

    /// Changes the name by which others see her.
    pub async fn rename(&self, own: &Own, name: &str) -> Result<(), Refusal> {
        let name = model::person_name(name).map_err(|e| Refusal::Invalid(e.to_string()))?;
        let person = own.person();
        self.engine
            .write("rename", move |tx| -> Result<(), Refusal> {
                Ok(tx.put("update persons set name = $1 where id = $2", params![&name, person.as_bytes()])?)
            })
            .await
    }
}
