//! One open stream: who listens, up to where it was told, and what waits to be sent.
//!
//! Invariants: what waits is bounded, and a stream that does not take it is cut; once a stream is over, what still waited is
//! gone and nothing more is put in. A stream is told in the order of time, give or take [`EVENTS_OVERLAP_S`]: so whatever it
//! has received, its last position leaves nothing behind.

use crate::position::Position;
use model::{AppId, ConversationId, GrantId, PersonId, Time};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use tokio::sync::Notify;
use vault::{After, Caller, EVENTS_OVERLAP_S, Event, Grant};

/// How many bytes wait for one stream before it is cut.
pub const WAITING_BYTES_MAX: usize = 256 * 1024;
/// How many bytes wait for a stream before one that catches up is given no more for the time being.
const WAITING_BYTES_EASY: usize = 64 * 1024;
/// What an entry costs beside its text.
const ENTRY_BYTES: usize = 96;
/// How many conversations a stream remembers its place in before it forgets those that were quiet.
const PLACES_MAX: usize = 64;

/// One thing that a stream is told.
#[derive(Debug, Clone)]
pub struct News {
    /// The position after it.
    pub id: Position,
    /// What.
    pub what: What,
}

/// What a stream is told.
#[derive(Debug, Clone)]
pub enum What {
    /// Something happened in a conversation.
    Event {
        /// What it is called outside.
        name: &'static str,
        /// A JSON object.
        json: Arc<str>,
        /// The receipt for the access that telling it is.
        receipt: Arc<str>,
    },
    /// How the grant stands: at the beginning, and after each change.
    Grant(Box<Grant>),
    /// What happened before the position of this is not told.
    Gap(Gap),
    /// The access is over, and so is the stream.
    Revoked(Over),
    /// The token's time is over, and so is the stream; a fresh token goes on.
    Expired,
}

/// Why there is a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    /// The position is none of ours.
    Unknown,
    /// It is further back than events are kept.
    TooOld(Time),
}

/// Why an access is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// The grant was revoked, handed back or ended.
    Ended,
    /// The grant's end has come.
    Expired,
    /// All uses of the grant are spent.
    Spent,
    /// The grant or the ceiling lets the app neither read nor list any more.
    Narrowed,
    /// The operator suspended or retired the app.
    App,
    /// The token was revoked, or ended with the session that it hung on.
    Token,
}

impl Over {
    /// Its word outside.
    pub const fn as_str(self) -> &'static str {
        match self {
            Over::Ended => "grant-ended",
            Over::Expired => "grant-expired",
            Over::Spent => "grant-spent",
            Over::Narrowed => "action-missing",
            Over::App => "app-suspended",
            Over::Token => "token-revoked",
        }
    }
}

/// How a stream is told at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// In the order of time, from its position up to now.
    CatchingUp,
    /// With each hint.
    Live,
    /// Not at all: the person has paused the grant.
    Held,
    /// Never again.
    Over,
}

/// A stream, shared by those who tell it and the one who sends.
pub(crate) struct Follower {
    pub(crate) number: u64,
    pub(crate) person: PersonId,
    pub(crate) grant: GrantId,
    pub(crate) app: AppId,
    state: Mutex<State>,
    /// Rung when something was taken out.
    pub(crate) taken: Notify,
}

pub(crate) struct State {
    pub(crate) caller: Arc<Caller>,
    pub(crate) mode: Mode,
    /// Where it was told of a conversation up to which number; the time of the last event there.
    places: Vec<(ConversationId, i64, Time)>,
    /// In every other conversation, it was told up to this moment.
    since: Time,
    last: Position,
    waiting: VecDeque<News>,
    bytes: usize,
    waker: Option<Waker>,
    /// Hints that it has not been told of yet, and since when there are any.
    hints: u32,
    hints_since: Time,
    /// Batches that are asked for, and may already have their records.
    pub(crate) asking: u32,
    /// It is to be looked at once they are here.
    pub(crate) look_after: bool,
}

impl Follower {
    pub(crate) fn new(number: u64, caller: Caller, from: Position) -> Follower {
        let (person, grant, app) = (caller.person(), caller.grant(), caller.app());
        let places = from.place.map(|(conversation, n)| (conversation, n, from.at)).into_iter().collect();
        let state = State {
            caller: Arc::new(caller),
            mode: Mode::CatchingUp,
            places,
            since: from.at.plus_seconds(-EVENTS_OVERLAP_S),
            last: from,
            waiting: VecDeque::new(),
            bytes: 0,
            waker: None,
            hints: 0,
            hints_since: Time::EARLIEST,
            asking: 0,
            look_after: false,
        };
        Follower { number, person, grant, app, state: Mutex::new(state), taken: Notify::new() }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.state().mode == Mode::Over
    }

    /// Waits until there is room for more; false when that takes too long.
    pub(crate) async fn room(&self, within: std::time::Duration) -> bool {
        loop {
            let taken = self.taken.notified();
            if self.state().bytes < WAITING_BYTES_EASY {
                return true;
            }
            if tokio::time::timeout(within, taken).await.is_err() {
                return false;
            }
        }
    }

    /// The next thing to send; `None` when the stream is over.
    pub(crate) fn poll(&self, cx: &mut Context<'_>) -> Poll<Option<News>> {
        let mut state = self.state();
        match state.waiting.pop_front() {
            Some(news) => {
                state.bytes = state.bytes.saturating_sub(size(&news));
                drop(state);
                self.taken.notify_one();
                Poll::Ready(Some(news))
            }
            None if state.mode == Mode::Over => Poll::Ready(None),
            None => {
                match &mut state.waker {
                    Some(waker) => waker.clone_from(cx.waker()),
                    none => *none = Some(cx.waker().clone()),
                }
                Poll::Pending
            }
        }
    }
}

fn size(news: &News) -> usize {
    match &news.what {
        What::Event { json, receipt, .. } => ENTRY_BYTES + json.len() + receipt.len(),
        _ => ENTRY_BYTES,
    }
}

impl State {
    /// From where on it has not been told of a conversation.
    pub(crate) fn after(&self, conversation: ConversationId) -> After {
        let known = self.places.iter().find(|(known, ..)| *known == conversation);
        known.map_or(After::Moment(self.since), |(_, n, _)| After::Number(*n))
    }

    /// From where on it has not been told at all, and the exceptions.
    pub(crate) fn ahead_of(&self) -> (Time, Vec<(ConversationId, i64)>) {
        (self.since, self.places.iter().map(|(conversation, n, _)| (*conversation, *n)).collect())
    }

    /// It was told of a conversation up to this number, which happened no later than `at`.
    pub(crate) fn told(&mut self, conversation: ConversationId, n: i64, at: Time) {
        match self.places.iter_mut().find(|(known, ..)| *known == conversation) {
            Some(place) => (place.1, place.2) = (place.1.max(n), place.2.max(at)),
            None => self.places.push((conversation, n, at)),
        }
    }

    /// It was told of all that happened up to a moment: quiet conversations need no place of their own any more.
    pub(crate) fn told_all(&mut self, upto: Time) {
        let since = upto.plus_seconds(-EVENTS_OVERLAP_S);
        if self.places.len() > PLACES_MAX && since > self.since {
            self.since = since;
            self.places.retain(|(.., at)| *at > since);
        }
    }

    /// Puts in events of one batch. False: there is no room, and the stream is cut.
    pub(crate) fn put_events(
        &mut self,
        conversation: ConversationId,
        events: Vec<Event>,
        receipt: String,
    ) -> bool {
        let receipt: Arc<str> = receipt.into();
        for event in events {
            if let Some(n) = event.n {
                self.last = Position { at: event.at, place: Some((conversation, n)) };
            }
            let what = What::Event { name: event.name, json: event.json, receipt: receipt.clone() };
            if !self.put(what) {
                return false;
            }
        }
        true
    }

    /// Puts one thing in at the present position. False: there is no room, and the stream is cut.
    pub(crate) fn put(&mut self, what: What) -> bool {
        if self.mode == Mode::Over {
            return false;
        }
        let news = News { id: self.last, what };
        self.bytes += size(&news);
        if self.bytes > WAITING_BYTES_MAX {
            self.end(None);
            return false;
        }
        self.waiting.push_back(news);
        self.wake();
        true
    }

    /// It goes on from here; what was before is in a gap.
    pub(crate) fn skip_to(&mut self, at: Time, places: Vec<(ConversationId, i64)>) {
        self.since = at.plus_seconds(-EVENTS_OVERLAP_S);
        self.places = places.into_iter().map(|(conversation, n)| (conversation, n, at)).collect();
        self.last = Position { at, place: None };
    }

    /// Ends the stream; what waited is gone. A last word, if there is one, is still sent.
    pub(crate) fn end(&mut self, last_word: Option<What>) {
        if self.mode == Mode::Over {
            return;
        }
        self.mode = Mode::Over;
        self.waiting.clear();
        self.bytes = 0;
        self.waiting.extend(last_word.map(|what| News { id: self.last, what }));
        self.wake();
    }

    /// Ends the stream with what was handed out for it, and a last word behind.
    pub(crate) fn end_after(&mut self, last_word: What) {
        if self.put(last_word) {
            self.mode = Mode::Over;
        }
    }

    /// A hint came that it has not been told of.
    pub(crate) fn hinted(&mut self, now: Time) {
        if self.hints == 0 {
            self.hints_since = now;
        }
        self.hints += 1;
    }

    /// It was told of what a hint hinted at.
    pub(crate) fn unhinted(&mut self) {
        self.hints = self.hints.saturating_sub(1);
    }

    pub(crate) fn has_hints(&self) -> bool {
        self.hints > 0
    }

    /// Has a hint waited so long that telling of later ones first could leave something behind?
    pub(crate) fn lags(&self, now: Time) -> bool {
        self.hints > 0 && self.hints_since.plus_seconds(EVENTS_OVERLAP_S / 2) < now
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}
