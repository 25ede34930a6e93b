//! Answers on their way out of this node, so that who ends something can wait until the last of them is out.
//!
//! Invariant: waiting holds up nobody who comes later: they are counted anew.

use model::AppId;
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Those on their way now: each holds a sender, and the receiver learns when all are gone.
pub(crate) struct Answering(Mutex<(Sender<Infallible>, Receiver<Infallible>)>);

/// An answer on its way; it is out when this and its clones are dropped.
#[derive(Clone)]
pub(crate) struct UnderWay {
    _sender: Sender<Infallible>,
}

impl Default for Answering {
    fn default() -> Self {
        Answering(Mutex::new(channel(1)))
    }
}

impl Answering {
    /// One more is on its way.
    pub(crate) fn begin(&self) -> UnderWay {
        UnderWay { _sender: self.0.lock().unwrap_or_else(PoisonError::into_inner).0.clone() }
    }

    /// Waits until all that are on their way now are out.
    pub(crate) async fn out(&self) {
        let (sender, mut receiver) =
            std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), channel(1));
        drop(sender);
        // Nothing is ever sent: this is the end of the last sender.
        let _ = receiver.recv().await;
    }
}

/// Exchanges with webhooks under way, by the app whose they are.
#[derive(Default)]
pub(crate) struct Exchanges(Mutex<HashMap<AppId, Arc<Answering>>>);

/// An exchange with a webhook: until this is dropped, what ends the access of its app waits for it.
#[must_use]
pub struct Exchanging {
    _under_way: UnderWay,
}

impl Exchanges {
    fn all(&self) -> MutexGuard<'_, HashMap<AppId, Arc<Answering>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One begins; to be held from before the gate is asked until nothing can arrive any more.
    pub(crate) fn begin(&self, app: AppId) -> Exchanging {
        Exchanging { _under_way: self.all().entry(app).or_default().begin() }
    }

    /// Waits until those of this app, or of every one, are over that are under way now.
    pub(crate) async fn out(&self, app: Option<AppId>) {
        let concerned: Vec<_> = match app {
            Some(app) => self.all().get(&app).cloned().into_iter().collect(),
            None => self.all().values().cloned().collect(),
        };
        for answering in concerned {
            answering.out().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    #[test]
    fn those_before_are_waited_for_and_those_after_are_not() {
        let answering = Answering::default();
        let (one, two) = (answering.begin(), answering.begin());
        let mut out = pin!(answering.out());
        let mut look = || out.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert_eq!(look(), Poll::Pending);
        let later = answering.begin();
        drop(one);
        assert_eq!(look(), Poll::Pending);
        drop(two);
        assert_eq!(look(), Poll::Ready(()));
        drop(later);
    }

    #[test]
    fn exchanges_are_waited_for_by_app() {
        let (exchanges, [one, other]) = (Exchanges::default(), [1, 2].map(|n| AppId::from_bytes([n; 16])));
        let (ones, others) = (exchanges.begin(one), exchanges.begin(other));
        let over = |app| {
            let mut out = pin!(exchanges.out(app));
            out.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready()
        };
        assert!(over(Some(AppId::from_bytes([3; 16]))));
        assert!(!over(Some(other)));
        drop(others);
        assert!(over(Some(other)));
        assert!(!over(None));
        drop(ones);
        assert!(over(None));
    }
}
