//! The records that entries commit to, each with its one canonical rendering.
//!
//! Invariant: a record that renders parses to itself, and a text that parses renders to itself.

use serde::Deserialize;
use serde_json::Value;

use crate::canonical::{CanonicalJson, CanonicalRefused, NUMBER_MAX, Object};
use crate::commitment::{Salt, Seal};

/// Why a record cannot be committed to, or a text is no record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordInvalid {
    /// A field is missing, unknown or of the wrong type, or the text is not canonical.
    #[error("not a record in its canonical form: {0}")]
    Form(String),
    /// A field holds what it must not.
    #[error("the field {0} of the record holds what it must not")]
    Field(&'static str),
    /// It holds JSON that cannot stand in the ledger.
    #[error("the record holds {0}")]
    Json(#[from] CanonicalRefused),
}

/// What an app did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Saw which conversations exist and who is in them.
    List,
    /// Read messages.
    Read,
    /// Sent a message or started a conversation.
    Send,
    /// Deleted messages.
    Delete,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It was done (`ok`).
    #[serde(rename = "ok")]
    Done,
    /// There was nothing to do it to (`none`).
    #[serde(rename = "none")]
    Nothing,
}

/// The durable note of one use of a permit.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct AccessRecord {
    /// The grant it was done under: `gra_…`.
    pub grant: String,
    /// Its number in the grant, from 1, without holes.
    pub n: u64,
    /// The app: `app_…`.
    pub app: String,
    /// What it did.
    pub action: Action,
    /// The conversation, `con_…`, where it was in one.
    pub conversation: Option<String>,
    /// The lowest number of a message handed out or touched.
    pub first_seq: Option<u64>,
    /// The highest one.
    pub last_seq: Option<u64>,
    /// How many messages (for `list`: conversations) were handed out or touched.
    pub count: u64,
    /// How many were left out because of their authors' wishes or the reach of the grant.
    pub withheld: u64,
    /// When: RFC 3339 in UTC with six digits of a second, `2026-11-23T12:00:00.000000Z`.
    pub at: String,
    /// How it ended.
    pub outcome: Outcome,
}

/// What happened to a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GrantEvent {
    /// The person let the app in.
    Given,
    /// It may do less than before.
    Narrowed,
    /// It may do more than before, or for longer, or for another reason.
    Widened,
    /// It may do nothing for now.
    Paused,
    /// It may go on.
    Resumed,
    /// It is over for good.
    Ended,
}

/// Who or what changed a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GrantActor {
    /// The person.
    Person,
    /// The app gave it back.
    App,
    /// Whoever runs the server.
    Operator,
    /// Its end.
    Time,
    /// Its last use.
    Spent,
    /// Long disuse.
    Hygiene,
    /// The date on which the app, or a part of what it may do, was to end.
    Retired,
}

/// The durable note of one change of a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantRecord {
    /// The grant: `gra_…`.
    pub grant: String,
    /// The number of this change in the grant, from 1, without holes.
    pub n: u64,
    /// The app that holds it: `app_…`.
    pub app: String,
    /// What happened.
    pub what: GrantEvent,
    /// Who did it.
    pub by: GrantActor,
    /// When, as in [`AccessRecord::at`].
    pub at: String,
    /// The terms from now on, where they changed.
    pub terms: Option<CanonicalJson<'static>>,
}

/// What happened to an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AppEvent {
    /// It may ask people for grants from now on.
    Registered,
    /// Its ceiling changed.
    Ceiling,
    /// None of its grants work for now.
    Suspended,
    /// They work again.
    Resumed,
    /// It ends.
    Retired,
    /// Everything that it was let do until then, or in a span of time, is over.
    Contained,
}

/// The public note of one change of an app: it stands in the log in the clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppRecord {
    /// The app: `app_…`.
    pub app: String,
    /// What happened.
    pub what: AppEvent,
    /// When, as in [`AccessRecord::at`].
    pub at: String,
    /// What the public may know of it from now on (name, partner, ceiling, …), where that changed.
    pub terms: Option<CanonicalJson<'static>>,
    /// The operator's reason, where one was given.
    pub why: Option<String>,
}

/// What someone who runs the server did with a person's things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StaffAct {
    /// Wrote all that the person can read into a file.
    Export,
    /// Wrote the evidence of what was done to the person's things into a file: records, and no message.
    Report,
    /// Made a link with which whoever holds it sets a new password.
    Recovery,
}

/// The durable note of one act of staff. The person sees it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct StaffRecord {
    /// Whose things: `per_…`.
    pub person: String,
    /// The number of this act among those at the person's things, from 1, without holes.
    pub n: u64,
    /// What was done.
    pub what: StaffAct,
    /// The reason that was given.
    pub why: String,
    /// When, as in [`AccessRecord::at`].
    pub at: String,
}

/// What a receipt states besides the record.
pub(crate) struct Envelope<'a> {
    pub(crate) iss: &'a str,
    pub(crate) salt: &'a Salt,
    pub(crate) seal: &'a Seal,
}

impl AccessRecord {
    /// The canonical rendering, over which the commitment is made.
    pub fn render(&self) -> Result<String, RecordInvalid> {
        let mut out = String::with_capacity(320);
        self.write(&mut out, None)?;
        Ok(out)
    }

    /// Reads a canonical rendering.
    pub fn parse(text: &str) -> Result<Self, RecordInvalid> {
        let record: Self = from_json(text)?;
        same(text, &record.render()?)?;
        Ok(record)
    }

    /// Writes the record, alone or with the envelope of its receipt; keys in their order.
    pub(crate) fn write(
        &self,
        out: &mut String,
        envelope: Option<&Envelope<'_>>,
    ) -> Result<(), RecordInvalid> {
        self.check()?;
        let mut object = Object::begin(out);
        object.text("action", self.action.as_str());
        object.text("app", &self.app);
        object.text("at", &self.at);
        object.text_or_null("conversation", self.conversation.as_deref());
        object.number("count", self.count);
        object.number_or_null("first_seq", self.first_seq);
        object.text("grant", &self.grant);
        if let Some(envelope) = envelope {
            object.text("iss", envelope.iss);
        }
        object.number_or_null("last_seq", self.last_seq);
        object.number("n", self.n);
        object.text("outcome", self.outcome.as_str());
        if let Some(envelope) = envelope {
            object.text("salt", &envelope.salt.to_string());
            object.text("seal", &envelope.seal.to_string());
        }
        object.number("withheld", self.withheld);
        object.end();
        Ok(())
    }

    fn check(&self) -> Result<(), RecordInvalid> {
        let seqs_fit = match (self.first_seq, self.last_seq) {
            (None, None) => true,
            (Some(first), Some(last)) => self.conversation.is_some() && in_range(1, first, last),
            _ => false,
        };
        let rules = [
            ("grant", is_id("gra_", &self.grant)),
            ("n", in_range(1, self.n, NUMBER_MAX)),
            ("app", is_id("app_", &self.app)),
            ("conversation", self.conversation.as_ref().is_none_or(|id| is_id("con_", id))),
            ("first_seq", seqs_fit),
            ("last_seq", self.last_seq.is_none_or(|last| last <= NUMBER_MAX)),
            ("count", self.count <= NUMBER_MAX),
            ("withheld", self.withheld <= NUMBER_MAX),
            ("at", is_time(&self.at)),
        ];
        hold(&rules)
    }
}

impl GrantRecord {
    /// The canonical rendering, over which the commitment is made.
    pub fn render(&self) -> Result<String, RecordInvalid> {
        hold(&[
            ("app", is_id("app_", &self.app)),
            ("at", is_time(&self.at)),
            ("grant", is_id("gra_", &self.grant)),
            ("n", in_range(1, self.n, NUMBER_MAX)),
        ])?;
        let mut out = String::with_capacity(512);
        let mut object = Object::begin(&mut out);
        object.text("app", &self.app);
        object.text("at", &self.at);
        object.text("by", self.by.as_str());
        object.text("grant", &self.grant);
        object.number("n", self.n);
        object.json_or_null("terms", self.terms.as_ref());
        object.text("what", self.what.as_str());
        object.end();
        Ok(out)
    }

    /// Reads a canonical rendering.
    pub fn parse(text: &str) -> Result<Self, RecordInvalid> {
        #[derive(Deserialize)]
        struct Fields {
            app: String,
            at: String,
            by: GrantActor,
            grant: String,
            n: u64,
            terms: Option<Value>,
            what: GrantEvent,
        }
        let Fields { app, at, by, grant, n, terms, what } = from_json(text)?;
        let terms = terms.as_ref().map(CanonicalJson::of).transpose()?;
        let record = Self { grant, n, app, what, by, at, terms };
        same(text, &record.render()?)?;
        Ok(record)
    }
}

impl AppRecord {
    /// The canonical rendering, as it stands in the log.
    pub fn render(&self) -> Result<CanonicalJson<'static>, RecordInvalid> {
        hold(&[("app", is_id("app_", &self.app)), ("at", is_time(&self.at))])?;
        let mut out = String::new();
        let mut object = Object::begin(&mut out);
        object.text("app", &self.app);
        object.text("at", &self.at);
        object.json_or_null("terms", self.terms.as_ref());
        object.text("what", self.what.as_str());
        object.text_or_null("why", self.why.as_deref());
        object.end();
        Ok(CanonicalJson::rendered(out)?)
    }

    /// Reads a canonical rendering.
    pub fn parse(text: &str) -> Result<Self, RecordInvalid> {
        #[derive(Deserialize)]
        struct Fields {
            app: String,
            at: String,
            terms: Option<Value>,
            what: AppEvent,
            why: Option<String>,
        }
        let Fields { app, at, terms, what, why } = from_json(text)?;
        let terms = terms.as_ref().map(CanonicalJson::of).transpose()?;
        let record = Self { app, what, at, terms, why };
        same(text, record.render()?.as_str())?;
        Ok(record)
    }
}

impl StaffRecord {
    /// The canonical rendering, over which the commitment is made.
    pub fn render(&self) -> Result<String, RecordInvalid> {
        hold(&[
            ("at", is_time(&self.at)),
            ("n", in_range(1, self.n, NUMBER_MAX)),
            ("person", is_id("per_", &self.person)),
            ("why", !self.why.is_empty()),
        ])?;
        let mut out = String::with_capacity(256);
        let mut object = Object::begin(&mut out);
        object.text("at", &self.at);
        object.number("n", self.n);
        object.text("person", &self.person);
        object.text("what", self.what.as_str());
        object.text("why", &self.why);
        object.end();
        Ok(out)
    }

    /// Reads a canonical rendering.
    pub fn parse(text: &str) -> Result<Self, RecordInvalid> {
        let record: Self = from_json(text)?;
        same(text, &record.render()?)?;
        Ok(record)
    }
}

impl StaffAct {
    /// The word in a record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Export => "export",
            Self::Report => "report",
            Self::Recovery => "recovery",
        }
    }
}

impl Action {
    /// Every action, in its order.
    pub const EACH: [Self; 4] = [Self::List, Self::Read, Self::Send, Self::Delete];

    /// Its number, 1 to 4, in chains of the counting map.
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::List => 1,
            Self::Read => 2,
            Self::Send => 3,
            Self::Delete => 4,
        }
    }

    /// The word in a record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Read => "read",
            Self::Send => "send",
            Self::Delete => "delete",
        }
    }
}

impl Outcome {
    /// The word in a record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "ok",
            Self::Nothing => "none",
        }
    }
}

impl GrantEvent {
    /// The word in a record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Narrowed => "narrowed",
            Self::Widened => "widened",
            Self::Paused => "paused",
            Self::Resumed => "resumed",
            Self::Ended => "ended",
        }
    }
}

impl GrantActor {
    /// The word in a record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::App => "app",
            Self::Operator => "operator",
            Self::Time => "time",
            Self::Spent => "spent",
            Self::Hygiene => "hygiene",
            Self::Retired => "retired",
        }
    }
}

impl AppEvent {
    /// The word in a record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::Ceiling => "ceiling",
            Self::Suspended => "suspended",
            Self::Resumed => "resumed",
            Self::Retired => "retired",
            Self::Contained => "contained",
        }
    }
}

pub(crate) fn from_json<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, RecordInvalid> {
    serde_json::from_str(text).map_err(|why| RecordInvalid::Form(why.to_string()))
}

/// Unknown fields, other orders, spaces and escapes all show here: nothing but the rendering itself is accepted.
pub(crate) fn same(text: &str, rendered: &str) -> Result<(), RecordInvalid> {
    if text == rendered { Ok(()) } else { Err(RecordInvalid::Form(format!("it should read {rendered}"))) }
}

pub(crate) fn hold(rules: &[(&'static str, bool)]) -> Result<(), RecordInvalid> {
    match rules.iter().find(|(_, holds)| !holds) {
        Some((field, _)) => Err(RecordInvalid::Field(field)),
        None => Ok(()),
    }
}

fn in_range(low: u64, number: u64, high: u64) -> bool {
    (low..=high).contains(&number)
}

/// An id: its prefix, then 1 to 64 lower-case letters and digits.
fn is_id(prefix: &str, id: &str) -> bool {
    id.strip_prefix(prefix).is_some_and(|rest| {
        (1..=64).contains(&rest.len())
            && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    })
}

/// A time as `2026-11-23T12:00:00.000000Z`. The day is not held against the month: nothing is computed with it.
pub(crate) fn is_time(time: &str) -> bool {
    let shape = b"0000-00-00T00:00:00.000000Z";
    let fits = |(byte, shape): (u8, &u8)| if *shape == b'0' { byte.is_ascii_digit() } else { byte == *shape };
    let two = |at: usize| time[at..at + 2].parse::<u64>().unwrap_or(u64::MAX);
    time.len() == shape.len()
        && time.bytes().zip(shape).all(fits)
        && in_range(1, two(5), 12)
        && in_range(1, two(8), 31)
        && two(11) < 24
        && two(14) < 60
        && two(17) < 60
}
