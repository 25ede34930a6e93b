//! How much a grant, a person's apps together, and an app in all may ask for: a token bucket each, kept as one number (GCRA).
//!
//! Invariant: a request is taken out of all three or of none. Memory is bounded by the grants of the last window: a bucket that
//! has filled up again is forgotten.

use model::{AppId, GrantId, PersonId, Time};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// How much one grant may ask for; all apps of a person together five times that, and an app for everybody a hundred times. A
/// bucket holds `requests`, and refills evenly over `window_s` seconds.
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

/// Whose bucket it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Whose {
    /// What one app does for one person.
    Grant(GrantId),
    /// What all apps do for one person.
    Person(PersonId),
    /// What one app does for everybody.
    App(AppId),
    /// What one app asks for itself, with nobody behind it.
    Own(AppId),
}

impl Whose {
    /// Its name in `RateLimit`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Whose::Grant(_) => "grant",
            Whose::Person(_) => "person",
            Whose::App(_) => "app",
            Whose::Own(_) => "own",
        }
    }

    /// Whom it is about, in a sentence.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Whose::Grant(_) => "a grant has",
            Whose::Person(_) => "all apps of a person together have",
            Whose::App(_) => "an app has, over all of its grants,",
            Whose::Own(_) => "an app has for itself",
        }
    }

    /// As much as how many grants.
    const fn grants(self) -> u32 {
        match self {
            Whose::Grant(_) | Whose::Own(_) => 1,
            Whose::Person(_) => 5,
            Whose::App(_) => 100,
        }
    }

    fn limit(self, of_grant: Limit) -> Limit {
        Limit { requests: of_grant.requests.max(1).saturating_mul(self.grants()), ..of_grant }
    }
}

/// Too much was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooMany {
    pub(crate) whose: Whose,
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
    by_whom: HashMap<Whose, i64>,
    tidy_at_len: usize,
}

const TIDY_LEN_MIN: usize = 1024;

impl Meters {
    pub(crate) fn new(limit: Limit) -> Self {
        let buckets = Buckets { by_whom: HashMap::new(), tidy_at_len: TIDY_LEN_MIN };
        Meters { limit, full_at: Mutex::new(buckets) }
    }

    /// Takes one request out of each of these buckets, or says which one has none left.
    pub(crate) fn take<const N: usize>(&self, of: [Whose; N], now: Time) -> Result<(), TooMany> {
        let now = now.micros();
        let window = i64::from(self.limit.window_s.max(1)) * 1_000_000;
        let mut buckets = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.by_whom.len() >= buckets.tidy_at_len {
            buckets.by_whom.retain(|_, full_at| *full_at > now);
            buckets.tidy_at_len = (buckets.by_whom.len() * 2).max(TIDY_LEN_MIN);
        }
        let mut next = [0; N];
        for (next, whose) in next.iter_mut().zip(of) {
            let limit = whose.limit(self.limit);
            let each = (window / i64::from(limit.requests)).max(1);
            let full_at = buckets.by_whom.get(&whose).copied().unwrap_or(now);
            *next = full_at.max(now) + each;
            let over = *next - now - window;
            if over > 0 {
                return Err(TooMany { whose, limit, wait_s: over.div_euclid(1_000_000) + 1 });
            }
        }
        buckets.by_whom.extend(of.into_iter().zip(next));
        Ok(())
    }
}

#[cfg(test)]
#[path = "limit_tests.rs"]
mod tests;
