//! What happens in the conversations within reach, as it happens: `GET /v1/events` (server-sent events, WHATWG HTML), taken up
//! where it broke off.
//!
//! Invariant: an event that holds anything of a conversation is handed out once, after its receipt was checked. Who reads slowly
//! holds up the connection and not our memory: the server cuts it, and it is taken up again from what was handed out.

use crate::chance;
use crate::error::{Error, ReceiptFault};
use crate::exchange::Sending;
use crate::session::Session;
use crate::shapes::{Conversation, Grant, Item, Placeholder};
use bytes::Bytes;
use futures_core::Stream;
use http::HeaderValue;
use http::header::{ACCEPT, HeaderName};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use ledger::record::{AccessRecord, Action};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::{HashSet, VecDeque};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// How many events may wait here for whoever reads them.
const WAITING_MAX: usize = 64;
/// How many ids are remembered, so that what comes twice is told once.
const REMEMBERED_MAX: usize = 4_096;
/// The longest line that is read.
const LINE_BYTES_MAX: usize = 1024 * 1024;
/// The server gives a sign of life every 20 seconds; after this long without one the connection is taken for dead.
const SILENCE_S: u64 = 60;
/// How long to wait before taking a stream up again, unless the server says otherwise, and at most, in milliseconds.
const WAIT_MS: u64 = 2_000;
const WAIT_MS_MAX: u64 = 60_000;

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its id: given to [`Session::events`], even days later, the stream goes on after it.
    pub id: String,
    /// What happened.
    pub told: Told,
    /// The signed access record of telling it, checked; for what is of a conversation.
    pub receipt: Option<String>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Told {
    /// Somebody wrote.
    Message(Item),
    /// A message is back that was deleted.
    Restored(Item),
    /// A message was deleted.
    Deleted(Placeholder),
    /// Somebody has read up to here.
    Read {
        /// In which conversation.
        conversation: String,
        /// Who.
        person: String,
        /// Up to which seq.
        seq: i64,
    },
    /// Somebody is typing.
    Typing {
        /// In which conversation.
        conversation: String,
        /// Who.
        person: String,
    },
    /// A conversation began or changed, or there is more in it than may be told here: read again what you show of it.
    Conversation(Box<Conversation>),
    /// A conversation is out of reach now.
    Gone {
        /// Which.
        conversation: String,
    },
    /// How the grant stands: at the beginning, and after each change.
    Grant(Box<Grant>),
    /// What happened in between is not told. List the conversations, and read in each after the last seq that you have.
    Gap {
        /// `unknown` or `too-old`.
        why: String,
        /// From when on: RFC 3339, if that is known.
        since: Option<String>,
        /// Until when.
        until: String,
    },
    /// The access is over; nothing comes after this.
    Revoked {
        /// `grant-ended`, `grant-expired`, `grant-spent`, `action-missing`, `app-suspended` or `token-revoked`.
        why: String,
    },
    /// Something that is newer than this client: its name.
    Other(String),
}

/// A stream of events. It lives until it is dropped, the access is over, or the server did not prove what it told.
#[derive(Debug)]
pub struct Events {
    coming: mpsc::Receiver<Result<Event, Error>>,
    task: JoinHandle<()>,
}

impl Events {
    /// The next event; `None` when the stream is over. A lost connection is no end: it is taken up again for as long as it takes.
    pub async fn next(&mut self) -> Option<Result<Event, Error>> {
        self.coming.recv().await
    }
}

impl Stream for Events {
    type Item = Result<Event, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.coming.poll_recv(cx)
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Session {
    /// Follows along, from now on, or from after the event of this id. Needs the action `read` or `list`, and a tokio runtime.
    pub fn events(&self, after: Option<&str>) -> Events {
        let (tell, coming) = mpsc::channel(WAITING_MAX);
        let following = Following {
            session: self.clone(),
            tell,
            last: after.map(str::to_owned),
            recent: Recent::default(),
            batch: None,
            wait_ms: WAIT_MS,
            failures: 0,
        };
        Events { coming, task: tokio::spawn(following.go()) }
    }
}

/// One side of a stream: the connection.
struct Following {
    session: Session,
    tell: mpsc::Sender<Result<Event, Error>>,
    /// The id of the event that was handed out last.
    last: Option<String>,
    recent: Recent,
    /// The receipt that came last, and how many more events it can be about.
    batch: Option<Batch>,
    wait_ms: u64,
    failures: u32,
}

struct Batch {
    receipt: String,
    record: AccessRecord,
}

/// Why one connection is over.
enum Over {
    /// It can be taken up again, at once or after a while.
    Again { at_once: bool },
    /// There is nothing more to come.
    Done,
}

impl Following {
    async fn go(mut self) {
        loop {
            match self.follow().await {
                Ok(Over::Done) => return,
                Ok(Over::Again { at_once: true }) => {}
                Ok(Over::Again { at_once: false }) => self.pause(None).await,
                Err(why) => match wait_for(&why) {
                    Some(wait_s) => self.pause(wait_s).await,
                    None => {
                        let _ = self.tell.send(Err(why)).await;
                        return;
                    }
                },
            }
        }
    }

    /// Waits longer after each failure, each client for another while, so that they do not come back all at once.
    async fn pause(&mut self, at_least_s: Option<u64>) {
        let longest = self.wait_ms.saturating_mul(1 << self.failures.min(5)).min(WAIT_MS_MAX);
        self.failures += 1;
        let wait = Duration::from_secs(at_least_s.unwrap_or(0))
            + Duration::from_millis(chance::below(longest.max(1)));
        tokio::select! {
            () = sleep(wait) => {}
            () = self.tell.closed() => {}
        }
    }

    /// One connection, to its end.
    async fn follow(&mut self) -> Result<Over, Error> {
        let mut sending = Sending::get(self.session.own.shared.url("/v1/events"));
        sending.headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        if let Some(last) = &self.last {
            sending.header(LAST_EVENT_ID, last, false)?;
        }
        let mut body = self.session.own.open(&sending).await?.into_body();
        self.failures = 0;
        let mut frames = Frames::default();
        loop {
            while let Some(frame) = frames.next() {
                if let Some(wait_ms) = frame.retry_ms {
                    self.wait_ms = wait_ms.clamp(1, WAIT_MS_MAX);
                }
                match self.hear(frame).await? {
                    Some(over) => return Ok(over),
                    None => continue,
                }
            }
            match piece(&mut body).await {
                Some(piece) => frames.take(&piece)?,
                None => return Ok(Over::Again { at_once: false }),
            }
        }
    }

    /// Hands an event out, if it is a new one.
    async fn hear(&mut self, frame: Frame) -> Result<Option<Over>, Error> {
        let Some(data) = frame.data else { return Ok(None) };
        if frame.name == "expired" {
            return Ok(Some(Over::Again { at_once: true }));
        }
        let told = told(&frame.name, &data)?;
        let receipt = self.receipt(&told, &data).await?;
        if frame.id.contains("-con_") && !self.recent.take(&frame.id) {
            return Ok(None);
        }
        let is_last = matches!(told, Told::Revoked { .. });
        if !frame.id.is_empty() {
            self.last = Some(frame.id.clone());
        }
        let gone = self.tell.send(Ok(Event { id: frame.id, told, receipt })).await.is_err();
        Ok((gone || is_last).then_some(Over::Done))
    }

    /// The receipt in an event that is of a conversation, checked. Events that were told together share theirs.
    async fn receipt(&mut self, told: &Told, data: &Value) -> Result<Option<String>, Error> {
        if told.of().is_none() {
            return Ok(None);
        }
        let text = data.get("receipt").and_then(Value::as_str).ok_or(ReceiptFault::Missing)?;
        if self.batch.as_ref().is_none_or(|batch| batch.receipt != text) {
            let record = self.session.record(text).await?;
            self.session.is_of_this_moment(&record)?;
            self.session.is_new(record.n)?;
            self.batch = Some(Batch { receipt: text.to_owned(), record });
        }
        let Some(Batch { record, .. }) = &self.batch else { return Err(ReceiptFault::Missing.into()) };
        told.is_covered_by(record).map_err(ReceiptFault::Other)?;
        Ok(Some(text.to_owned()))
    }
}

/// How long to wait at least after this failure; `None` if waiting does not help.
fn wait_for(why: &Error) -> Option<Option<u64>> {
    match why {
        Error::Unreachable(_) => Some(None),
        Error::Problem(problem) if problem.status == 429 || problem.status >= 500 => {
            Some(problem.retry_after_s)
        }
        Error::Problem(problem) if problem.name() == "grant-paused" => Some(Some(30)),
        _ => None,
    }
}

async fn piece(body: &mut Incoming) -> Option<Bytes> {
    loop {
        let frame = timeout(Duration::from_secs(SILENCE_S), body.frame()).await.ok()??.ok()?;
        if let Ok(data) = frame.into_data() {
            return Some(data);
        }
    }
}

impl Told {
    /// Is telling this what the record records? Else what it is another one of.
    pub(crate) fn is_covered_by(&self, record: &AccessRecord) -> Result<(), &'static str> {
        let Some((conversation, seq)) = self.of() else { return Ok(()) };
        if record.conversation.as_deref() != Some(conversation) {
            return Err("conversation");
        }
        let Some(seq) = seq else { return Ok(()) };
        let span = record.first_seq.zip(record.last_seq);
        let is_in = span
            .is_some_and(|(first, last)| u64::try_from(seq).is_ok_and(|seq| (first..=last).contains(&seq)));
        if record.action == Action::Read && is_in { Ok(()) } else { Err("message") }
    }

    /// Of which conversation it holds something, and of which message.
    fn of(&self) -> Option<(&str, Option<i64>)> {
        match self {
            Told::Message(item) | Told::Restored(item) => Some((conversation_of(item), Some(item.seq()))),
            Told::Deleted(one) => Some((one.conversation.as_deref().unwrap_or_default(), Some(one.seq))),
            Told::Read { conversation, .. }
            | Told::Typing { conversation, .. }
            | Told::Gone { conversation } => Some((conversation, None)),
            Told::Conversation(conversation) => Some((&conversation.id, None)),
            Told::Grant(_) | Told::Gap { .. } | Told::Revoked { .. } | Told::Other(_) => None,
        }
    }
}

fn conversation_of(item: &Item) -> &str {
    match item {
        Item::Message(message) => &message.conversation,
        Item::Placeholder(placeholder) => placeholder.conversation.as_deref().unwrap_or_default(),
    }
}

#[derive(Deserialize)]
struct Doing {
    conversation: String,
    person: String,
    #[serde(default)]
    seq: i64,
}

#[derive(Deserialize)]
struct Between {
    why: String,
    since: Option<String>,
    until: String,
}

#[derive(Deserialize)]
struct Why {
    why: String,
}

/// Reads an event of this name.
pub(crate) fn told(name: &str, data: &Value) -> Result<Told, Error> {
    Ok(match name {
        "message" => Told::Message(read(name, data)?),
        "restored" => Told::Restored(read(name, data)?),
        "deleted" => Told::Deleted(read(name, data)?),
        "read" => {
            let Doing { conversation, person, seq } = read(name, data)?;
            Told::Read { conversation, person, seq }
        }
        "typing" => {
            let Doing { conversation, person, .. } = read(name, data)?;
            Told::Typing { conversation, person }
        }
        "conversation" if data.get("gone") == Some(&Value::Bool(true)) => {
            Told::Gone { conversation: data.get("id").and_then(Value::as_str).unwrap_or_default().to_owned() }
        }
        "conversation" => Told::Conversation(read(name, data)?),
        "grant" => Told::Grant(read(name, data)?),
        "gap" => {
            let Between { why, since, until } = read(name, data)?;
            Told::Gap { why, since, until }
        }
        "revoked" => Told::Revoked { why: read::<Why>(name, data)?.why },
        other => Told::Other(other.to_owned()),
    })
}

fn read<T: DeserializeOwned>(name: &str, data: &Value) -> Result<T, Error> {
    T::deserialize(data)
        .map_err(|_| Error::Unexpected(format!("an event `{name}` of another shape than documented")))
}

/// The ids that came lately.
#[derive(Default)]
struct Recent {
    known: HashSet<String>,
    order: VecDeque<String>,
}

impl Recent {
    /// Takes an id; false if it came before.
    fn take(&mut self, id: &str) -> bool {
        if !self.known.insert(id.to_owned()) {
            return false;
        }
        self.order.push_back(id.to_owned());
        if self.order.len() > REMEMBERED_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}

/// One event as it stands in the stream.
#[derive(Debug, Default, Clone, PartialEq)]
struct Frame {
    id: String,
    name: String,
    /// None where only the waiting time was told.
    data: Option<Value>,
    retry_ms: Option<u64>,
}

/// Takes a stream apart (WHATWG HTML 9.2.6).
#[derive(Default)]
struct Frames {
    line: Vec<u8>,
    after_cr: bool,
    id: String,
    name: String,
    data: String,
    retry_ms: Option<u64>,
    done: VecDeque<Frame>,
}

impl Frames {
    fn next(&mut self) -> Option<Frame> {
        self.done.pop_front()
    }

    fn take(&mut self, piece: &[u8]) -> Result<(), Error> {
        for &byte in piece {
            let after_cr = std::mem::replace(&mut self.after_cr, byte == b'\r');
            match byte {
                b'\n' if after_cr => {}
                b'\n' | b'\r' => self.end_line()?,
                _ if self.line.len() + self.data.len() >= LINE_BYTES_MAX => {
                    return Err(Error::Unexpected(format!("an event of more than {LINE_BYTES_MAX} bytes")));
                }
                _ => self.line.push(byte),
            }
        }
        Ok(())
    }

    fn end_line(&mut self) -> Result<(), Error> {
        let line = std::mem::take(&mut self.line);
        let line =
            String::from_utf8(line).map_err(|_| Error::Unexpected("an event that is no text".to_owned()))?;
        if line.is_empty() {
            return self.end_frame();
        }
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" if !value.contains('\0') => value.clone_into(&mut self.id),
            "event" => value.clone_into(&mut self.name),
            "data" => {
                self.data.push_str(value);
                self.data.push('\n');
            }
            "retry" => self.retry_ms = value.parse().ok(),
            _ => {}
        }
        Ok(())
    }

    fn end_frame(&mut self) -> Result<(), Error> {
        let (name, data) = (std::mem::take(&mut self.name), std::mem::take(&mut self.data));
        let retry_ms = self.retry_ms.take();
        let data = match data.as_str() {
            "" => None,
            text => Some(
                serde_json::from_str(text)
                    .map_err(|_| Error::Unexpected("an event that is no JSON".to_owned()))?,
            ),
        };
        if data.is_some() || retry_ms.is_some() {
            self.done.push_back(Frame { id: self.id.clone(), name, data, retry_ms });
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "events_tests.rs"]
mod tests;
