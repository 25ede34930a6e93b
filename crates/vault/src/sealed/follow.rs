//! Following along: what happened in a conversation, told to each stream that may know it, each batch with its record.
//!
//! One look at the database serves all streams that a conversation concerns; what each of them is told is decided by the
//! rule itself, and leaves here only after its own record is durable.
//! Invariant: a stream is told what reading would have told it at that moment: `Limits::reaches` and `Limits::shows`
//! decide here as their SQL does there. Without a permit made for this batch it is told nothing.

use super::permit::{Act, FollowConversation, FollowMessages, Permit};
use super::record::{Committed, Opened, Sealed, Touched};
use super::scene::{Row, Scene};
use crate::tables::events::What;
use crate::{Fault, Refusal, Vault};
use model::{ConversationId, Limits, PersonId, Time, Withheld};
use std::sync::Arc;

/// Streams whose records are written in one transaction at most: others want to write too.
const TOGETHER_MAX: usize = 64;

/// How many bytes of events make a batch, give or take the last one: the rest is for the next.
const BATCH_BYTES: usize = 64 * 1024;

/// From where on a stream has not been told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// Above this number of the conversation.
    Number(i64),
    /// What happened later than this.
    Moment(Time),
}

/// What one stream brings along to be told of one conversation.
#[derive(Debug)]
pub struct Ask {
    /// Leave to hear messages, if the grant lets the app read.
    pub messages: Option<Permit<FollowMessages>>,
    /// Leave to hear that something happened.
    pub conversation: Permit<FollowConversation>,
    /// From where on.
    pub after: After,
    /// Up to this number and no further.
    pub until: i64,
    /// Which kinds of events it wants; of the others it is not told, and nothing is recorded.
    pub wants: Wants,
    /// How many events at most.
    pub most: usize,
}

/// Kinds of events, by what they are called outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wants(i64);

impl Wants {
    /// Every kind that is stored, in the order of their bits.
    pub const NAMES: [&'static str; 5] = ["message", "restored", "deleted", "read", "conversation"];
    /// All of them.
    pub const ALL: Wants = Wants((1 << Wants::NAMES.len()) - 1);

    /// These kinds; `None` if one is none.
    pub fn of<'n>(names: impl IntoIterator<Item = &'n str>) -> Option<Wants> {
        names.into_iter().try_fold(Wants(0), |wants, name| {
            let bit = Wants::NAMES.iter().position(|known| *known == name)?;
            Some(Wants(wants.0 | 1 << bit))
        })
    }

    /// What they are called.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Wants::NAMES
            .into_iter()
            .enumerate()
            .filter(move |(bit, _)| self.0 & (1 << bit) != 0)
            .map(|(_, name)| name)
    }

    /// None at all?
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) const fn bits(self) -> i64 {
        self.0
    }

    pub(crate) const fn from_bits(bits: i64) -> Wants {
        Wants(bits & Wants::ALL.0)
    }

    fn has(self, name: &str) -> bool {
        self.names().any(|wanted| wanted == name)
    }
}

/// One thing that happened, as an app is told of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Event {
    /// Its number in the conversation; none where nothing is stored.
    pub n: Option<i64>,
    /// When.
    pub at: Time,
    /// What it is called outside.
    pub name: &'static str,
    /// A JSON object.
    pub json: Arc<str>,
}

impl std::fmt::Debug for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Event({}, {} bytes)", self.name, self.json.len())
    }
}

/// What one stream was told, and how far that goes.
#[derive(Debug)]
pub struct Heard {
    /// It has now been told all there was to tell up to this number.
    pub upto: i64,
    /// There is more beyond.
    pub more: bool,
    /// The events with the receipt for them. `None`: nothing that it may know, and so no record either.
    pub events: Option<Opened<Vec<Event>>>,
}

/// What one stream is to be told, sealed until its record is durable.
struct Plan {
    upto: i64,
    more: bool,
    sealed: Option<Sealed<Vec<Event>>>,
    /// With words, or about words: the record says `read`.
    reads: bool,
}

/// Its events for one stream, and what of them its record notes.
struct Telling<'s> {
    scene: &'s Scene,
    limits: &'s Limits,
    reads: bool,
    wants: Wants,
    touched: Touched,
    events: Vec<Event>,
}

impl Telling<'_> {
    fn push(&mut self, row: &Row, name: &'static str, json: Arc<str>) {
        if !self.wants.has(name) {
            return;
        }
        self.events.push(Event { n: Some(row.n), at: row.at, name, json });
    }

    /// Notes a message in the record: shown, or held back.
    fn touch(&mut self, seq: i64, shown: bool) {
        let Touched { first_seq, last_seq, count, withheld, .. } = &mut self.touched;
        *first_seq = Some(first_seq.map_or(seq, |first| first.min(seq)));
        *last_seq = Some(last_seq.map_or(seq, |last| last.max(seq)));
        *(if shown { count } else { withheld }) += 1;
    }

    /// A message, or its placeholder.
    fn message(&mut self, row: &Row, name: &'static str, seq: i64) -> Result<(), Fault> {
        let Some(said) = self.scene.said(seq).filter(|_| self.wants.has(name)) else { return Ok(()) };
        let shown = self.limits.shows(&self.scene.facts(said, self.limits.person));
        let json = match (shown, &said.json) {
            (Ok(()), Some(json)) => json.clone(),
            (Err(withheld), _) => self.scene.placeholder(seq, withheld),
            // A message whose words were destroyed is deleted, so there are none only where it is not shown.
            (Ok(()), None) => return Err(Fault::Shape(format!("the message {seq} has no words"))),
        };
        self.touch(seq, shown.is_ok());
        self.push(row, name, json);
        Ok(())
    }

    fn happened(&mut self, row: &Row) -> Result<(), Fault> {
        let is_hers = |person: Option<PersonId>| person.is_none_or(|person| person == self.limits.person);
        match row.what {
            What::Message(seq) if self.reads => self.message(row, "message", seq)?,
            What::Restored(seq, person) if self.reads && is_hers(person) => {
                self.message(row, "restored", seq)?;
            }
            What::Deleted(seq, person) if self.reads && is_hers(person) && self.wants.has("deleted") => {
                self.touch(seq, false);
                self.push(row, "deleted", self.scene.placeholder(seq, Withheld::Deleted));
            }
            What::Read(seq, person) => self.push(row, "read", self.scene.read_up_to(person, seq)),
            // One without `read` hears that there is more, once; the newest stands for all.
            What::Message(_) | What::Conversation => {
                self.events.retain(|event| event.name != "conversation");
                self.push(row, "conversation", self.scene.conversation()?);
            }
            What::Deleted(..) | What::Restored(..) | What::Locked => {}
        }
        Ok(())
    }

    /// What a stream hears of a conversation that it does not reach: that it has gone, if it was there until now.
    fn gone(&mut self, row: &Row) {
        if row.what == What::Locked && self.events.is_empty() {
            self.push(row, "conversation", self.scene.gone());
        }
    }
}

/// What one stream is told.
fn plan(scene: &Scene, ask: &Ask, chosen: bool, typing: &[PersonId]) -> Result<Plan, Fault> {
    let limits = &ask.conversation.limits;
    let place = scene.place(limits, chosen);
    let touched = Touched { conversation: Some(scene.id()), ..Touched::default() };
    let reads = ask.messages.is_some();
    let mut telling = Telling { scene, limits, reads, wants: ask.wants, touched, events: Vec::new() };
    let is_new = |row: &&Row| match ask.after {
        After::Number(n) => row.n > n,
        After::Moment(at) => row.at > at,
    };
    let rows = scene.rows().iter().filter(is_new).take_while(|row| row.n <= ask.until);
    let reaches = limits.reaches(&place);
    let was_there = limits.reaches(&model::Place { locked: false, ..place });
    let (mut upto, mut more) = (scene.upto().min(ask.until), scene.more());
    let mut bytes = 0;
    for row in rows {
        if bytes > BATCH_BYTES || telling.events.len() >= ask.most {
            (upto, more) = (row.n - 1, true);
            break;
        }
        if reaches {
            telling.happened(row)?;
        } else if was_there {
            telling.gone(row);
        }
        bytes +=
            telling.events.last().filter(|event| event.n == Some(row.n)).map_or(0, |event| event.json.len());
    }
    for &person in typing.iter().filter(|&&person| reaches && person != limits.person) {
        let json = scene.typing(person);
        telling.events.push(Event { n: None, at: ask.conversation.now, name: "typing", json });
    }
    let Telling { mut touched, events, .. } = telling;
    let reads = touched.count + touched.withheld > 0;
    if !reads && reaches {
        touched.count = 1;
    }
    let sealed = (!events.is_empty()).then(|| Sealed::new(events, touched));
    Ok(Plan { upto, more, sealed, reads })
}

/// Permits of one kind that wait for their records, each with what it will open and the place of its stream.
struct Waiting<A: Act>(Vec<(Permit<A>, Sealed<Vec<Event>>, usize)>);

impl<A: Act> Waiting<A> {
    /// In groups that one transaction takes: each person once, in the order of persons, so that two transactions never
    /// wait for each other in a circle.
    fn groups(mut self) -> Vec<Waiting<A>> {
        self.0.sort_by_key(|(permit, ..)| (permit.person, permit.grant));
        let mut layers: Vec<Vec<_>> = Vec::new();
        let (mut before, mut depth) = (None, 0);
        for waiting in self.0 {
            depth = if before == Some(waiting.0.person) { depth + 1 } else { 0 };
            before = Some(waiting.0.person);
            if layers.len() == depth {
                layers.push(Vec::new());
            }
            layers[depth].push(waiting);
        }
        let mut groups = Vec::new();
        for layer in layers {
            let mut rest = layer.into_iter().peekable();
            while rest.peek().is_some() {
                groups.push(Waiting(rest.by_ref().take(TOGETHER_MAX).collect()));
            }
        }
        groups
    }
}

impl Vault {
    /// Tells each stream what it has not been told of a conversation. `told` is called with the place of the stream
    /// among `asks` once its record is durable; with a refusal if its permit was no longer good. `typing`: who writes
    /// there just now.
    pub async fn follow(
        &self,
        conversation: ConversationId,
        typing: Vec<PersonId>,
        asks: Vec<Ask>,
        mut told: impl FnMut(usize, Result<Heard, Refusal>),
    ) -> Result<(), Refusal> {
        let (plans, asks) = self.plan_all(conversation, typing, asks).await?;
        let (mut reading, mut listing) = (Waiting(Vec::new()), Waiting(Vec::new()));
        let mut ends = Vec::with_capacity(plans.len());
        for (at, (Plan { upto, more, sealed, reads }, ask)) in plans.into_iter().zip(asks).enumerate() {
            ends.push((upto, more));
            match (sealed, reads, ask.messages) {
                (None, ..) => told(at, Ok(Heard { upto, more, events: None })),
                (Some(sealed), true, Some(permit)) => reading.0.push((permit, sealed, at)),
                (Some(sealed), ..) => listing.0.push((ask.conversation, sealed, at)),
            }
        }
        let mut hand = |at: usize, events: Result<Opened<Vec<Event>>, Refusal>| {
            let (upto, more) = ends[at];
            told(at, events.map(|opened| Heard { upto, more, events: Some(opened) }));
        };
        self.record_all("record_follow", reading, &mut hand).await?;
        self.record_all("record_follow_list", listing, &mut hand).await
    }

    async fn plan_all(
        &self,
        conversation: ConversationId,
        typing: Vec<PersonId>,
        asks: Vec<Ask>,
    ) -> Result<(Vec<Plan>, Vec<Ask>), Refusal> {
        let now = self.world.now();
        let mut slot = Some(asks);
        let (plans, asks) = self
            .engine
            .read("select_events", move |snap| -> Result<_, Refusal> {
                let asks = slot.as_ref().ok_or(Refusal::Changed)?;
                let Some(scene) = Scene::open(snap, conversation, asks, now)? else {
                    return Err(Refusal::NotFound);
                };
                let mut plans = Vec::with_capacity(asks.len());
                for ask in asks {
                    let chosen = scene.is_chosen(snap, &ask.conversation)?;
                    plans.push(plan(&scene, ask, chosen, &typing)?);
                }
                Ok((plans, slot.take()))
            })
            .await?;
        Ok((plans, asks.ok_or(Refusal::Changed)?))
    }

    /// Makes the records durable, group by group, and hands each stream what it then may have.
    async fn record_all<A: Act>(
        &self,
        name: &'static str,
        waiting: Waiting<A>,
        hand: &mut impl FnMut(usize, Result<Opened<Vec<Event>>, Refusal>),
    ) -> Result<(), Refusal> {
        let mut groups = Vec::new();
        for group in waiting.groups() {
            let (mut permits, mut rest) = (Vec::new(), Vec::new());
            for (permit, sealed, at) in group.0 {
                permits.push((permit, sealed.touched));
                rest.push((sealed, at));
            }
            // Queued now; so all groups can share one commit.
            groups.push((self.spend_each(name, permits), rest));
        }
        for (committed, rest) in groups {
            for (committed, (sealed, at)) in committed.await?.into_iter().zip(rest) {
                let open = |committed: Committed<A>| {
                    let events = sealed.open(&committed);
                    self.hand_out(committed, events)
                };
                hand(at, committed.and_then(open));
            }
        }
        Ok(())
    }
}
