//! How much one grant may ask for: a token bucket a grant, kept as one number (GCRA).
//!
//! Invariant: memory is bounded by the grants of the last window: a bucket that has filled up again is forgotten.

use model::{GrantId, Time};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// How much one grant may ask for. A bucket holds `requests`, and refills evenly over `window_s` seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// How many requests in one window, all at once if need be.
    pub requests: u32,
    /// The window, in seconds.
    pub window_s: u32,
}

/// 6,000 requests a minute: 100 a second for as long as one likes, and 6,000 at once after a minute of rest.
impl Default for Limit {
    fn default() -> Self {
        Limit { requests: 6_000, window_s: 60 }
    }
}

/// A grant asked for too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooMany {
    pub(crate) limit: Limit,
    /// In how many seconds there is room for one more.
    pub(crate) wait_s: i64,
}

/// The buckets, each as the moment at which it will be full again, in microseconds.
#[derive(Debug)]
pub(crate) struct Meters {
    limit: Limit,
    full_at: Mutex<Buckets>,
}

#[derive(Debug)]
struct Buckets {
    by_grant: HashMap<GrantId, i64>,
    tidy_at_len: usize,
}

const TIDY_LEN_MIN: usize = 1024;

impl Meters {
    pub(crate) fn new(limit: Limit) -> Self {
        let buckets = Buckets { by_grant: HashMap::new(), tidy_at_len: TIDY_LEN_MIN };
        Meters { limit, full_at: Mutex::new(buckets) }
    }

    /// Takes one request out of the grant's bucket.
    pub(crate) fn take(&self, grant: GrantId, now: Time) -> Result<(), TooMany> {
        let now = now.micros();
        let window = i64::from(self.limit.window_s.max(1)) * 1_000_000;
        let each = (window / i64::from(self.limit.requests.max(1))).max(1);
        let mut buckets = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.by_grant.len() >= buckets.tidy_at_len {
            buckets.by_grant.retain(|_, full_at| *full_at > now);
            buckets.tidy_at_len = (buckets.by_grant.len() * 2).max(TIDY_LEN_MIN);
        }
        let full_at = buckets.by_grant.entry(grant).or_insert(now);
        let next = (*full_at).max(now) + each;
        let over = next - now - window;
        if over > 0 {
            return Err(TooMany { limit: self.limit, wait_s: over.div_euclid(1_000_000) + 1 });
        }
        *full_at = next;
        Ok(())
    }
}

#[cfg(test)]
#[path = "limit_tests.rs"]
mod tests;
