//! Turns to have evidence made and checked: one at a time for a person, and few in all.
//!
//! Invariant: a turn lasts until the work is over, also where nobody waits for it any more; so who asks again and again
//! holds up nobody but herself.

use crate::problem::Problem;
use model::PersonId;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use vault::{Fault, Refusal};

/// How many are checked at once: each keeps a core busy, for a long list some seconds.
const AT_ONCE_MAX: usize = 2;

/// Who has a turn, or waits for one.
#[derive(Clone)]
pub(crate) struct Proving {
    people: Arc<Mutex<HashSet<PersonId>>>,
    turns: Arc<Semaphore>,
}

/// A turn, until it is dropped.
pub(crate) struct Turn {
    proving: Proving,
    person: PersonId,
    checks: Option<OwnedSemaphorePermit>,
}

impl Default for Proving {
    fn default() -> Self {
        Proving { people: Arc::default(), turns: Arc::new(Semaphore::new(AT_ONCE_MAX)) }
    }
}

impl Proving {
    fn people(&self) -> MutexGuard<'_, HashSet<PersonId>> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Her turn, if she has none.
    pub(crate) fn begin(&self, person: PersonId) -> Result<Turn, Problem> {
        if !self.people().insert(person) {
            return Err(Problem::Proving);
        }
        Ok(Turn { proving: self.clone(), person, checks: None })
    }
}

impl Turn {
    /// Waits until few enough others are checked.
    pub(crate) async fn checks(mut self) -> Result<Turn, Problem> {
        let checks = self.proving.turns.clone().acquire_owned().await;
        self.checks = Some(checks.map_err(|_| Refusal::Fault(Fault::Closed))?);
        Ok(self)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.proving.people().remove(&self.person);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    #[test]
    fn one_turn_for_a_person_and_few_in_all() {
        let (proving, person) = (Proving::default(), |n| PersonId::from_bytes([n; 16]));
        let mut cx = Context::from_waker(Waker::noop());
        let mut check = |turn: Turn| match pin!(turn.checks()).poll(&mut cx) {
            Poll::Ready(turn) => Ok(turn.unwrap()),
            Poll::Pending => Err(()),
        };
        let mut checking: Vec<Turn> =
            (0..AT_ONCE_MAX as u8).map(|n| check(proving.begin(person(n)).unwrap()).unwrap()).collect();
        assert!(matches!(proving.begin(person(0)), Err(Problem::Proving)));
        // She waits, and stops waiting: her turn goes with that.
        assert!(check(proving.begin(person(9)).unwrap()).is_err());
        drop(checking.pop());
        assert!(check(proving.begin(person(9)).unwrap()).is_ok());
    }
}
