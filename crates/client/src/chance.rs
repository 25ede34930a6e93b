//! The clock and the randomness of this machine: the one file that asks for either.
//!
//! Invariant: everything else takes the time from the clock that the client was made with, so a test can set it.

use crate::error::Error;
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use data_encoding::BASE64URL_NOPAD;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// What tells the time, in seconds since 1970.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// The clock of this machine.
pub(crate) fn system_clock() -> Clock {
    Arc::new(|| {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
        let now = SystemTime::now();
        now.duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
    })
}

/// A text that nobody can guess: 32 random bytes in base64url, 43 characters.
pub(crate) fn secret() -> Result<String, Error> {
    let mut bytes = [0_u8; 32];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Error::Crypto("the system gives no randomness"))?;
    Ok(BASE64URL_NOPAD.encode(&bytes))
}

/// A number below `limit`, for spreading attempts; it guards nothing.
pub(crate) fn below(limit: u64) -> u64 {
    let mut bytes = [0_u8; 8];
    match SystemRandom::new().fill(&mut bytes) {
        Ok(()) if limit > 0 => u64::from_le_bytes(bytes) % limit,
        _ => 0,
    }
}
