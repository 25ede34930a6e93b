//! The feed: who follows along on this node, and who is to be told what, when a hint comes.
//!
//! One dispatcher a process listens to the bus and wakes the streams that a hint concerns, and no others; no stream has a
//! task of its own, and none looks at the database by itself.
//! Invariant: a stream is told only what `Vault::follow` handed out for a permit of that moment. A hint that is lost costs
//! time, never an event: a stream that resumes looks back, and where others write to the same data, there is a look at it
//! twice a second.

mod catch_up;
mod dispatch;
mod follower;
mod position;
mod registry;
mod standing;
mod watch;

pub use follower::{Gap, News, Over, WAITING_BYTES_MAX, What};
pub use position::Position;
pub use registry::STREAMS_OF_GRANT_MAX;
pub use watch::Watch;

use bus::Bus;
use dispatch::Hinted;
use follower::{Follower, Mode};
use model::{ConversationId, Hint, PersonId};
use registry::Registry;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use tokio::sync::{Notify, Semaphore};
use vault::{Caller, EVENTS_KEPT_S, EVENTS_OVERLAP_S, Refusal, Vault};

/// How many conversations are told of at once.
const TELLING_MAX: u32 = 64;
/// How many streams catch up at once.
const CATCHING_UP_MAX: u32 = 32;

/// The feed of one process. Cheap to clone.
#[derive(Clone)]
pub struct Feed(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) vault: Arc<Vault>,
    bus: Bus,
    pub(crate) registry: Mutex<Registry>,
    hinted: Mutex<HashMap<ConversationId, Hinted>>,
    numbers: AtomicU64,
    runs: AtomicBool,
    closed: AtomicBool,
    closing: Notify,
    telling: Semaphore,
    catching_up: Semaphore,
}

impl std::fmt::Debug for Feed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Feed")
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The grant has too many streams open on this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooManyStreams;

impl Feed {
    /// A feed from a vault's events, woken by the hints of a bus. Its dispatcher starts with whoever listens first.
    pub fn new(vault: Arc<Vault>, bus: Bus) -> Feed {
        Feed(Arc::new(Inner {
            vault,
            bus,
            registry: Mutex::default(),
            hinted: Mutex::default(),
            numbers: AtomicU64::new(0),
            runs: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            closing: Notify::new(),
            telling: Semaphore::new(TELLING_MAX as usize),
            catching_up: Semaphore::new(CATCHING_UP_MAX as usize),
        }))
    }

    /// Opens a stream for an app that was let in. `last`: what it says it was told last; without it, it is told from now on.
    pub async fn follow(&self, caller: Caller, last: Option<&str>) -> Result<Stream, Opening> {
        self.run();
        let inner = &self.0;
        let now = inner.vault.world().now();
        let (from, gap) = match last.map(str::parse::<Position>) {
            None => (None, None),
            // A clock may be ahead of ours by a little.
            Some(Ok(from)) if from.at > now.plus_seconds(EVENTS_OVERLAP_S) => (None, Some(Gap::Unknown)),
            Some(Ok(from)) if from.at < now.plus_seconds(-EVENTS_KEPT_S) => {
                (None, Some(Gap::TooOld(from.at)))
            }
            Some(Ok(from)) => (Some(from), None),
            Some(Err(_)) => (None, Some(Gap::Unknown)),
        };
        let grant = inner.vault.grant_of_caller(&caller).await?;
        let number = inner.numbers.fetch_add(1, Ordering::Relaxed);
        let here = Position { at: now, place: None };
        let follower = Arc::new(Follower::new(number, caller, from.unwrap_or(here)));
        if !lock(&inner.registry).enter(&follower) {
            return Err(Opening::TooMany(TooManyStreams));
        }
        // From here on whatever happens, the stream leaves the registry when it is dropped.
        let stream = Stream { inner: inner.clone(), follower: follower.clone() };
        if from.is_none() {
            // Listened to before the look, so that nothing falls between.
            let since = now.plus_seconds(-EVENTS_OVERLAP_S);
            let places = inner.vault.events_now(follower.person, since).await?;
            follower.state().skip_to(now, places);
        }
        follower.state().put(What::Grant(Box::new(grant)));
        if let Some(gap) = gap {
            follower.state().put(What::Gap(gap));
        }
        inner.clone().spawn_catch_up(follower);
        Ok(stream)
    }

    /// Watches a conversation. Whoever watches asks for itself whether it may look.
    pub fn watch(&self, conversation: ConversationId) -> Watch {
        self.run();
        let bell: Arc<watch::Bell> = Arc::default();
        lock(&self.0.registry).hang(conversation, &bell);
        if self.0.closed.load(Ordering::Acquire) {
            bell.close();
        }
        Watch { inner: self.0.clone(), conversation, bell }
    }

    /// Tells that somebody writes just now; nothing of it is stored.
    pub fn typing(&self, conversation: ConversationId, person: PersonId) {
        self.0.bus.tell(Hint::Typing { conversation, person });
    }

    /// How many streams are open on this node.
    pub fn streams(&self) -> usize {
        lock(&self.0.registry).all().filter(|follower| !follower.is_over()).count()
    }

    /// Ends every stream, so that the server can stop, and waits for what is being told just now. Those at the other end go
    /// on at another node, or after a restart.
    pub async fn close(&self) {
        self.0.closed.store(true, Ordering::Release);
        self.0.closing.notify_one();
        {
            let registry = lock(&self.0.registry);
            registry.all().for_each(|follower| {
                follower.state().end(None);
                follower.taken.notify_one();
            });
            registry.bells().for_each(|bell| bell.close());
        }
        // Whoever tells or catches up holds one of these.
        let told = self.0.telling.acquire_many(TELLING_MAX).await;
        let caught_up = self.0.catching_up.acquire_many(CATCHING_UP_MAX).await;
        drop((told, caught_up));
    }

    /// Starts the dispatcher, once. The bus is listened to before this returns.
    fn run(&self) {
        if !self.0.runs.swap(true, Ordering::AcqRel) {
            let ears = self.0.bus.listen();
            tokio::spawn(dispatch::run(self.0.clone(), ears));
        }
    }
}

/// Why no stream was opened.
#[derive(Debug)]
pub enum Opening {
    /// The grant has too many.
    TooMany(TooManyStreams),
    /// The vault says no.
    Refused(Refusal),
}

impl From<Refusal> for Opening {
    fn from(refusal: Refusal) -> Self {
        Opening::Refused(refusal)
    }
}

/// An open stream, until it is dropped.
pub struct Stream {
    inner: Arc<Inner>,
    follower: Arc<Follower>,
}

impl Stream {
    /// The next thing to send; `None` when the stream is over.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<News>> {
        self.follower.poll(cx)
    }

    /// Looks at the clock: a stream whose token's time is over ends. For when nothing else happens.
    pub fn look_at_clock(&self) {
        let now = self.inner.vault.world().now();
        let mut state = self.follower.state();
        if state.caller.ends_at() <= now {
            state.end(Some(What::Expired));
        }
    }

    /// When the token's time is over, in seconds from now.
    pub fn ends_in_s(&self) -> i64 {
        let ends_at = self.follower.state().caller.ends_at();
        ends_at.seconds() - self.inner.vault.world().now().seconds()
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.follower.state().end(None);
        self.follower.taken.notify_one();
        lock(&self.inner.registry).leave(&self.follower);
    }
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Stream({})", self.follower.grant)
    }
}

/// Is it told with each hint?
fn is_live(follower: &Follower) -> bool {
    follower.state().mode == Mode::Live
}
