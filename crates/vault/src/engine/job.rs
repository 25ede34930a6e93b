//! A body on its way through a queue, and the promise of its answer.
//!
//! Invariant: a body's value leaves only through [`Job::answer`], and engines call that with `Ok` only after the
//! commit. Whether anybody still waits makes no difference to the body.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Instant;

use tokio::sync::oneshot;
use tokio::task::coop::unconstrained;

use super::Fault;
use super::meter::Counter;
use super::tx::Link;
use model::Hint;

/// What is to become of the changes a body made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Keep,
    Undo,
}

/// A queued body, whatever its types.
pub(super) trait Job: Send {
    /// Runs the body and keeps its value. May be called again: the value of the last run counts.
    fn run(&mut self, link: &mut dyn Link) -> Verdict;
    /// Hands the value out, or the fault in its place.
    fn answer(self: Box<Self>, outcome: Result<(), Fault>);
}

/// Tells the hints of what was committed to whoever listens.
#[derive(Default)]
pub(super) struct Teller(OnceLock<Box<dyn Fn(Hint) + Send + Sync>>);

impl Teller {
    pub(super) fn set(&self, teller: impl Fn(Hint) + Send + Sync + 'static) {
        let _ = self.0.set(Box::new(teller));
    }

    fn tell(&self, hints: Vec<Hint>) {
        if let Some(teller) = self.0.get() {
            hints.into_iter().for_each(teller);
        }
    }
}

struct Queued<T, E, F> {
    counter: Arc<Counter>,
    teller: Arc<Teller>,
    queued: Instant,
    span: tracing::Span,
    body: F,
    value: Option<Result<(T, Vec<Hint>), E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

/// Wraps a body for a queue. Its hints are told after the commit.
pub(super) fn queue<T, E, F>(
    counter: Arc<Counter>,
    teller: &Arc<Teller>,
    body: F,
) -> (Box<dyn Job>, Pending<T, E>)
where
    F: FnMut(&mut dyn Link) -> Result<(T, Vec<Hint>), E> + Send + 'static,
    T: Send + 'static,
    E: From<Fault> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    let span = tracing::debug_span!("transaction", name = counter.name);
    let queued = Instant::now();
    let teller = Arc::clone(teller);
    (Box::new(Queued { counter, teller, queued, span, body, value: None, reply }), Pending { answer })
}

impl<T, E, F> Job for Queued<T, E, F>
where
    F: FnMut(&mut dyn Link) -> Result<(T, Vec<Hint>), E> + Send,
    T: Send,
    E: From<Fault> + Send,
{
    fn run(&mut self, link: &mut dyn Link) -> Verdict {
        let _entered = self.span.enter();
        // Nothing of a broken body is looked at again: its changes are undone and its value is dropped.
        let value = catch_unwind(AssertUnwindSafe(|| (self.body)(link)))
            .unwrap_or_else(|_| Err(Fault::Panicked(self.counter.name).into()));
        let value = match (value, link.broken()) {
            (Ok(_), Some(fault)) => Err(fault.clone().into()),
            (value, _) => value,
        };
        let verdict = if value.is_ok() { Verdict::Keep } else { Verdict::Undo };
        self.value = Some(value);
        verdict
    }

    fn answer(mut self: Box<Self>, outcome: Result<(), Fault>) {
        let value = match (outcome, self.value.take()) {
            (Ok(()), Some(value)) => value,
            (Ok(()), None) => Err(Fault::Closed.into()),
            (Err(fault), _) => {
                tracing::debug!(parent: &self.span, %fault, "undone");
                Err(fault.into())
            }
        };
        self.counter.add(self.queued.elapsed(), value.is_ok());
        let value = value.map(|(value, told)| {
            self.teller.tell(told);
            value
        });
        // The caller may have gone; what was committed stays committed.
        let _ = self.reply.send(value);
    }
}

/// The answer to a body, to be awaited, or waited for where there is no async. Dropping it changes nothing.
#[must_use = "the outcome of a transaction is known only to those who wait for it"]
pub(crate) struct Pending<T, E> {
    answer: oneshot::Receiver<Result<T, E>>,
}

impl<T, E: From<Fault>> Pending<T, E> {
    /// Blocks this thread until the answer is there.
    pub(crate) fn wait(self) -> Result<T, E> {
        let mut answer = pin!(unconstrained(self));
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        loop {
            match answer.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(value) => return value,
                Poll::Pending => thread::park(),
            }
        }
    }
}

/// Wakes a thread that waits.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl<T, E: From<Fault>> Future for Pending<T, E> {
    type Output = Result<T, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.answer).poll(cx).map(|answer| answer.unwrap_or_else(|_| Err(Fault::Closed.into())))
    }
}
