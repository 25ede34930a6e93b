//! PKCE challenges that were redeemed lately: an app that uses one for two sign-ins has lost what PKCE protects (RFC 9700 2.1.1).
//!
//! Invariant: memory is bounded; what comes again is said in the log, and lets through or stops nothing.

use model::AppId;
use oauth::pkce;
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// How many are remembered at least, and at most twice as many.
const KEPT: usize = 5_000;

/// Those of lately, and those of before.
#[derive(Debug, Default)]
pub(crate) struct Challenges(Mutex<[HashSet<(AppId, String)>; 2]>);

impl Challenges {
    /// Notes that a sign-in of this app was redeemed with this verifier; true if another was before.
    pub(crate) fn came_again(&self, app: AppId, verifier: &str) -> bool {
        let one = (app, pkce::challenge_of(verifier));
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.iter().any(|set| set.contains(&one)) {
            return true;
        }
        if known[0].len() >= KEPT {
            known[1] = std::mem::take(&mut known[0]);
        }
        known[0].insert(one);
        false
    }

    /// The same, said in the log.
    pub(crate) fn note(&self, app: AppId, verifier: &str) {
        if self.came_again(app, verifier) {
            tracing::warn!(%app, "an app used a PKCE challenge for a second sign-in: it must draw a new one for each");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app(byte: u8) -> AppId {
        AppId::from_bytes([byte; 16])
    }

    #[test]
    fn a_challenge_that_comes_again_is_noticed() {
        let challenges = Challenges::default();
        assert!(!challenges.came_again(app(1), "one"));
        assert!(!challenges.came_again(app(1), "two"));
        assert!(!challenges.came_again(app(2), "one"), "another app's");
        assert!(challenges.came_again(app(1), "one") && challenges.came_again(app(1), "one"));
    }

    #[test]
    fn memory_is_bounded_and_the_last_are_known() {
        let challenges = Challenges::default();
        for n in 0..KEPT * 3 {
            assert!(!challenges.came_again(app(1), &n.to_string()));
        }
        let kept: usize = challenges.0.lock().unwrap().iter().map(HashSet::len).sum();
        assert!(kept <= KEPT * 2, "{kept}");
        assert!(challenges.came_again(app(1), &(KEPT * 3 - 1).to_string()));
        assert!(!challenges.came_again(app(1), "0"), "forgotten");
    }
}
