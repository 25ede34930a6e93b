//! The clock and the randomness of the operating system, as every other room is handed them.
//!
//! Invariant: without good randomness the program ends: a key that can be guessed is worse than no server.

use model::{Clock, Entropy, Time, World};
use std::time::{SystemTime, UNIX_EPOCH};

/// The clock of the operating system.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Time {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
        let now = SystemTime::now();
        let micros = match now.duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_micros()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |us| -us),
        };
        Time::from_micros(micros)
    }
}

/// The randomness of the operating system.
#[derive(Debug, Clone, Copy)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        if let Err(error) = getrandom::fill(bytes) {
            tracing::error!(%error, "the operating system gives no randomness; nothing can go on without");
            std::process::abort();
        }
    }
}

/// The world of a real server.
pub fn world() -> World {
    World::new(SystemClock, OsEntropy)
}
