//! Answers on their way out of this node, so that who ends something can wait until the last of them is out.
//!
//! Invariant: waiting holds up nobody who comes later: they are counted anew.

use std::convert::Infallible;
use std::sync::{Mutex, PoisonError};
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
}
