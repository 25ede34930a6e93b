//! The shapes of what goes in and out at `/v1`. `docs/openapi.json` describes each.
//!
//! Invariant: members that this version does not know are passed over, so a newer server does no harm.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What a grant lets an app do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// See that a conversation exists and who is in it.
    List,
    /// Read its messages.
    Read,
    /// Send messages as the person, and start conversations with her friends.
    Send,
    /// Delete messages.
    Delete,
}

/// A kind of content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Words.
    Text,
    /// A thing of another service.
    Card,
    /// A payment that was made elsewhere.
    Receipt,
}

/// Why a message is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Withheld {
    /// Its author does not let other people's apps read it.
    Author,
    /// The grant does not include its kind.
    Kind,
    /// It is older than the window of the grant.
    Window,
    /// It was deleted.
    Deleted,
    /// A reason that is newer than this client.
    #[serde(other)]
    Other,
}

/// The person for whom the app acts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Me {
    /// Her id.
    pub id: String,
    /// Her handle, without @. With the scope `profile`.
    pub handle: Option<String>,
    /// Her name. With the scope `profile`.
    pub name: Option<String>,
}

/// A person as others see her.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Person {
    /// Her id.
    pub id: String,
    /// Her handle, without @. None for a guest: someone in an imported conversation who has no account.
    pub handle: Option<String>,
    /// Her name as it is today. Empty once her account is erased.
    pub name: String,
}

/// An app by id and name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct NamedApp {
    /// Its id: the `client_id`.
    pub id: String,
    /// Its name as it is today.
    pub name: String,
}

/// An app that is active in a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ActiveApp {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it may do there.
    pub actions: Vec<Action>,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// The cursor of the next one; none when there is no more.
    #[serde(default = "Option::default")]
    pub next: Option<String>,
}

/// A conversation.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Conversation {
    /// Its id.
    pub id: String,
    /// Its title, if it has one.
    pub title: Option<String>,
    /// Who is in it now, those who came first before the others.
    pub participants: Vec<Person>,
    /// The seq of its newest message; 0 when there is none.
    pub last_seq: i64,
    /// When it was last active: RFC 3339.
    pub last_at: String,
    /// When it was started: RFC 3339.
    pub created_at: String,
    /// Whose apps, of any participant, may do something here.
    pub active_apps: Vec<ActiveApp>,
}

/// What a message holds. Its `Debug` prints no words.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
#[non_exhaustive]
pub enum Content {
    /// Words.
    Text {
        /// 1 to 20,000 characters.
        text: String,
    },
    /// A thing of another service: a film, a track, a folder.
    Card {
        /// One word for what it is: `film`, `track`, `folder`.
        kind: String,
        /// Its title.
        title: String,
        /// Where it is: an absolute http or https address.
        #[serde(skip_serializing_if = "Option::is_none")]
        url: Option<String>,
        /// A picture of it: an absolute https address.
        #[serde(skip_serializing_if = "Option::is_none")]
        image: Option<String>,
        /// A line from the sender.
        #[serde(skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// A payment that was made elsewhere.
    Receipt {
        /// A decimal number as text: `12.50`.
        amount: String,
        /// ISO 4217: `EUR`.
        currency: String,
        /// The payment's reference.
        #[serde(skip_serializing_if = "Option::is_none")]
        reference: Option<String>,
        /// A line from the sender.
        #[serde(skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
}

impl Content {
    /// Words.
    pub fn text(text: impl Into<String>) -> Content {
        Content::Text { text: text.into() }
    }

    /// A thing of another service, with its address.
    pub fn card(kind: impl Into<String>, title: impl Into<String>, url: impl Into<String>) -> Content {
        Content::Card {
            kind: kind.into(),
            title: title.into(),
            url: Some(url.into()),
            image: None,
            note: None,
        }
    }

    /// A payment: `Content::payment("12.50", "EUR", "R-2026-17")`.
    pub fn payment(
        amount: impl Into<String>,
        currency: impl Into<String>,
        reference: impl Into<String>,
    ) -> Content {
        Content::Receipt {
            amount: amount.into(),
            currency: currency.into(),
            reference: Some(reference.into()),
            note: None,
        }
    }

    /// With a line from the sender, where the kind has one.
    #[must_use]
    pub fn with_note(mut self, line: impl Into<String>) -> Content {
        match &mut self {
            Content::Card { note, .. } | Content::Receipt { note, .. } => *note = Some(line.into()),
            Content::Text { .. } => {}
        }
        self
    }

    /// One line for a list: the words, the title, or the amount.
    pub fn in_words(&self) -> String {
        match self {
            Content::Text { text } => text.clone(),
            Content::Card { title, .. } => title.clone(),
            Content::Receipt { amount, currency, .. } => format!("{amount} {currency}"),
        }
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Content::Text { text } => write!(f, "Text({} bytes)", text.len()),
            Content::Card { .. } => f.write_str("Card"),
            Content::Receipt { .. } => f.write_str("Receipt"),
        }
    }
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Message {
    /// Its id.
    pub id: String,
    /// The id of its conversation.
    pub conversation: String,
    /// Its number in the conversation, from 1, without holes.
    pub seq: i64,
    /// Who wrote it.
    pub from: Person,
    /// The app that sent it for her; none when she wrote it herself.
    pub via: Option<NamedApp>,
    /// When it was sent: RFC 3339.
    pub sent_at: String,
    /// What it holds.
    pub content: Content,
}

/// Where a message is that the app may not see.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Placeholder {
    /// The id of its conversation, where that is not plain: in events.
    pub conversation: Option<String>,
    /// Its number in the conversation.
    pub seq: i64,
    /// Why it is left out.
    pub withheld: Withheld,
}

/// A message or the placeholder for one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Item {
    /// A message.
    Message(Box<Message>),
    /// A placeholder.
    Placeholder(Placeholder),
}

impl Item {
    /// Its number in the conversation.
    pub fn seq(&self) -> i64 {
        match self {
            Item::Message(message) => message.seq,
            Item::Placeholder(placeholder) => placeholder.seq,
        }
    }

    /// The message, if it may be seen.
    pub fn message(&self) -> Option<&Message> {
        match self {
            Item::Message(message) => Some(message),
            Item::Placeholder(_) => None,
        }
    }
}

/// What was granted (RFC 9396).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granted {
    /// What the app may do.
    pub actions: Vec<Action>,
    /// In which conversations.
    pub conversations: Reach,
    /// From when on: `grant`, `all`, an RFC 3339 time, or an ISO 8601 duration before now.
    pub since: String,
    /// Which kinds of content.
    pub kinds: Vec<Kind>,
    /// How long the grant lasts from when it was given, in seconds.
    pub expires_in: i64,
    /// How many acts in all; none: no such limit.
    pub uses: Option<u64>,
}

/// Which conversations a grant reaches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Reach {
    /// `started` (those that the app started), `chosen` (those that she will pick) or `all`.
    Word(String),
    /// These, by id.
    These(Vec<String>),
}

/// Since when an action that was granted has not been used.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Unused {
    /// The action.
    pub action: Action,
    /// Its last use, or when the grant was given: RFC 3339.
    pub since: String,
    /// When it is taken back if it is not used.
    pub lapses_at: Option<String>,
}

/// A grant as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Grant {
    /// Its id.
    pub grant_id: String,
    /// The app that was let in; not told in events.
    pub app: Option<NamedApp>,
    /// `active`, `paused` by the person, or `spent`.
    pub state: String,
    /// The scopes, with spaces between them.
    pub scope: String,
    /// What was granted, as it stands now; empty for a mere sign-in.
    pub authorization_details: Vec<Granted>,
    /// When it was given: RFC 3339.
    pub given_at: String,
    /// When it ends by itself: RFC 3339.
    pub ends_at: String,
    /// How many acts it was used for.
    pub used: i64,
    /// How many acts it allows in all; none: no such limit.
    pub uses: Option<u64>,
    /// When it was last used: RFC 3339.
    pub used_at: Option<String>,
    /// When it ends if it is not used: RFC 3339; not told in events.
    pub lapses_at: Option<String>,
    /// Each granted action with when it was last used; not told in events.
    #[serde(default)]
    pub unused: Vec<Unused>,
}

impl Grant {
    /// What was granted about messages, if anything.
    pub fn details(&self) -> Option<&Granted> {
        self.authorization_details.first()
    }
}

/// An access record of this app under this grant.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Access {
    /// Its number in the grant, from 1, without holes.
    pub n: i64,
    /// What was done.
    pub action: String,
    /// Where; none for a list of conversations.
    pub conversation: Option<String>,
    /// The lowest seq that was looked at.
    pub first_seq: Option<i64>,
    /// The highest seq that was looked at.
    pub last_seq: Option<i64>,
    /// How many messages (for `list`: conversations) were handed out or changed.
    pub count: i64,
    /// How many messages were left out.
    pub withheld: i64,
    /// When: RFC 3339.
    pub at: String,
    /// `ok`, or `none` when there was nothing to hand out or to change.
    pub outcome: String,
    /// The index of its entry in the ledger; none until it is in a checkpoint.
    pub leaf: Option<i64>,
}
