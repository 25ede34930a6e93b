//! Callers that were looked up lately, by their token: what an [`Actor`](super::Actor) is made of.
//!
//! Invariant: nothing is decided by what is kept here alone. So nobody needs to be told when it is out of date, on this
//! node or another, and forgetting it costs a lookup and no more.

use super::caller::Found;
use crate::tables::apps::AppFacts;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// So many are kept, a few hundred bytes each. When they are too many all are forgotten: that is seldom, and whoever asks
/// often is back at once.
const CALLERS_MAX: usize = 8192;

/// What was found of one token.
type Lately = (Arc<Found>, Arc<AppFacts>);

#[derive(Default)]
pub(crate) struct Callers(Mutex<HashMap<[u8; 32], Lately>>);

impl Callers {
    pub(super) fn get(&self, token: &[u8; 32]) -> Option<Lately> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(token).cloned()
    }

    pub(super) fn remember(&self, token: [u8; 32], found: Lately) {
        let mut callers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if callers.len() >= CALLERS_MAX {
            callers.clear();
        }
        callers.insert(token, found);
    }
}
