//! The shapes of what goes in and out, for the OpenAPI document.
//!
//! Invariant: what is answered reads back as its shape, with nothing left over; the wire tests read every answer so. A
//! client of yours should pass over members that it does not know: there may be more one day.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use vault::{Access as AccessRow, Face};

/// The person for whom the app acts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Me {
    /// Her id.
    #[schema(example = "per_06f8c3vkm5zt2cphtpjcq0x5yw")]
    pub id: String,
    /// Her handle, without @. With the scope `profile`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "ada", nullable = false)]
    pub handle: Option<String>,
    /// Her name. With the scope `profile`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "Ada", nullable = false)]
    pub name: Option<String>,
}

/// A person as others see her.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Her id.
    #[schema(example = "per_06f8c3vkm5zt2cphtpjcq0x5yw")]
    pub id: String,
    /// Her handle, without @. Null for a guest: someone in an imported conversation who has no account.
    #[schema(example = "ada")]
    pub handle: Option<String>,
    /// Her name as it is today. Empty once her account is erased.
    #[schema(example = "Ada")]
    pub name: String,
}

impl From<Face> for Person {
    fn from(face: Face) -> Self {
        Person { id: face.id.to_string(), handle: face.handle, name: face.name }
    }
}

/// Friends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FriendList {
    /// By name.
    pub items: Vec<Person>,
    /// Always null: the list comes whole.
    pub next: Option<String>,
}

/// An app by id and name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct App {
    /// Its id: the `client_id`.
    #[schema(example = "app_06f8c3vkm5zt2cphtpjcq0x5yw")]
    pub id: String,
    /// Its name as it is today.
    #[schema(example = "Jukebox")]
    pub name: String,
}

/// An action of a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Words.
    Text,
    /// A thing of another service.
    Card,
    /// A payment that was made elsewhere.
    Receipt,
}

/// What was granted (RFC 9396).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthorizationDetails {
    /// Always `messages`.
    #[schema(example = "messages")]
    pub r#type: String,
    /// What the app may do.
    pub actions: Vec<Action>,
    /// `started` (those that the app started), `all`, or a list of ids.
    #[schema(value_type = ConversationsReached)]
    pub conversations: Value,
    /// From when on: `grant`, `all`, an RFC 3339 time, or an ISO 8601 duration before now.
    #[schema(example = "grant")]
    pub since: String,
    /// Which kinds of content.
    pub kinds: Vec<Kind>,
    /// How long the grant lasts from when it was given, in seconds.
    #[schema(example = 7776000)]
    pub expires_in: i64,
    /// How many acts in all; null or absent: no such limit.
    #[serde(default)]
    pub uses: Option<u64>,
    /// What for, in the person's words.
    pub purpose: String,
}

/// Which conversations a grant reaches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum ConversationsReached {
    /// `started`, `chosen` or `all`.
    Word(String),
    /// The ids of those that the person picked.
    These(Vec<String>),
}

/// Since when an action that was granted has not been used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Unused {
    /// The action.
    pub action: Action,
    /// Its last use, or when the grant was given if there was none. Looked for in the last 10,000 accesses: an action without
    /// a use among them is unused since the oldest of these at least.
    #[schema(format = DateTime)]
    pub since: String,
    /// When the right is taken back if it is not used until then: 30 days after its last use, or after the person's last yes to
    /// it. While she has paused the grant: null.
    #[schema(format = DateTime)]
    pub lapses_at: Option<String>,
}

/// A grant as it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantNow {
    /// Its id.
    #[schema(example = "gra_06f8c3vkm5zt2cphtpjcq0x5yw")]
    pub grant_id: String,
    /// The app that was let in.
    pub app: App,
    /// `active`, `paused` by the person, or `spent`.
    #[schema(example = "active")]
    pub state: String,
    /// The scopes, with spaces between them.
    #[schema(example = "openid profile")]
    pub scope: String,
    /// What was granted, as the person has narrowed it since. Empty for a mere sign-in.
    pub authorization_details: Vec<AuthorizationDetails>,
    /// When it was given.
    #[schema(format = DateTime)]
    pub given_at: String,
    /// When it ends by itself.
    #[schema(format = DateTime)]
    pub ends_at: String,
    /// How many acts it was used for.
    pub used: i64,
    /// How many acts it allows in all; null: no such limit.
    pub uses: Option<u64>,
    /// When it was last used.
    #[schema(format = DateTime)]
    pub used_at: Option<String>,
    /// When the grant ends if it is not used until then, nor the person signs in with it: 90 days. Null once it is over.
    #[schema(format = DateTime)]
    pub lapses_at: Option<String>,
    /// Each granted action with when it was last used.
    pub unused: Vec<Unused>,
}

/// An app that is active in a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActiveApp {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it may do there.
    pub actions: Vec<Action>,
}

/// A conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Conversation {
    /// Its id.
    #[schema(example = "con_06f8c3vkm5zt2cphtpjcq0x5yw")]
    pub id: String,
    /// Its title, if it has one.
    pub title: Option<String>,
    /// Who is in it now, those who came first before the others.
    pub participants: Vec<Person>,
    /// The seq of its newest message; 0 when there is none.
    pub last_seq: i64,
    /// When it was last active.
    #[schema(format = DateTime)]
    pub last_at: String,
    /// When it was started.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// Whose apps, of any participant, may do something here.
    pub active_apps: Vec<ActiveApp>,
}

/// Conversations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConversationList {
    /// Newest activity first.
    pub items: Vec<Conversation>,
    /// The `cursor` of the next page; null when there is none.
    pub next: Option<String>,
}

/// A conversation to be started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConversationNew {
    /// Friends of the person, each by handle (`@ada`) or by id. The person herself is not named.
    #[schema(min_items = 1, max_items = 249, example = json!(["@ada", "per_06f8c3vkm5zt2cphtpjcq0x5yw"]))]
    pub participants: Vec<String>,
    /// A title of 1 to 80 characters, or null.
    #[serde(default)]
    pub title: Option<String>,
}

/// What a message holds. Lengths are counted in Unicode scalar values; no text may hold NUL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub enum Content {
    /// Words.
    Text {
        /// The words, kept byte for byte.
        #[schema(min_length = 1, max_length = 20000)]
        text: String,
    },
    /// A thing of another service: a film, a track, a folder.
    Card {
        /// One word for what it is: `film`, `track`, `folder`.
        #[schema(min_length = 1, max_length = 40, example = "track")]
        kind: String,
        /// Its title.
        #[schema(min_length = 1, max_length = 300)]
        title: String,
        /// Where it is: an absolute http or https address.
        #[serde(default)]
        #[schema(max_length = 2000)]
        url: Option<String>,
        /// A picture of it: an absolute https address. Never loaded by the server's own pages.
        #[serde(default)]
        #[schema(max_length = 2000)]
        image: Option<String>,
        /// A line from the sender.
        #[serde(default)]
        #[schema(max_length = 2000)]
        note: Option<String>,
    },
    /// A payment that was made elsewhere.
    Receipt {
        /// A decimal number as text; a JSON number is taken too.
        #[schema(example = "12.50", pattern = "^[0-9]{1,15}(\\.[0-9]{1,8})?$")]
        amount: String,
        /// ISO 4217.
        #[schema(example = "EUR", pattern = "^[A-Z]{3}$")]
        currency: String,
        /// The payment's reference.
        #[serde(default)]
        #[schema(max_length = 200)]
        reference: Option<String>,
        /// A line from the sender.
        #[serde(default)]
        #[schema(max_length = 2000)]
        note: Option<String>,
    },
}

/// A message to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageNew {
    /// What it holds.
    pub content: Content,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// Its id.
    #[schema(example = "msg_06f8c3vkm5zt2cphtpjcq0x5yw")]
    pub id: String,
    /// The id of its conversation.
    #[schema(example = "con_06f8c3vkm5zt2cphtpjcq0x5yw")]
    pub conversation: String,
    /// Its number in the conversation, from 1, without holes.
    #[schema(minimum = 1, example = 17)]
    pub seq: i64,
    /// Who wrote it.
    pub from: Person,
    /// The app that sent it for her; absent when she wrote it herself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub via: Option<App>,
    /// When it was sent.
    #[schema(format = DateTime, example = "2026-11-23T12:00:00.000000Z")]
    pub sent_at: String,
    /// What it holds.
    pub content: Content,
}

/// Why a message is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Withheld {
    /// Its author does not let other people's apps read it.
    Author,
    /// The grant does not include its kind.
    Kind,
    /// It is older than the window of the grant.
    Window,
    /// It was deleted.
    Deleted,
}

/// Where a message is that the app may not see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Placeholder {
    /// Its number in the conversation.
    #[schema(minimum = 1, example = 18)]
    pub seq: i64,
    /// Why it is left out.
    pub withheld: Withheld,
}

/// A message or the placeholder for one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Item {
    /// A message.
    Message(Box<Message>),
    /// A placeholder.
    Placeholder(Placeholder),
}

/// Bytes, as they are.
#[derive(Debug, Clone, PartialEq, Eq, ToSchema)]
#[schema(value_type = String, format = Binary)]
pub struct Bytes(pub Vec<u8>);

/// Messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageList {
    /// By ascending seq.
    pub items: Vec<Item>,
    /// The seq to go on from; null when there is no more.
    #[schema(example = "17")]
    pub next: Option<String>,
}

/// An access record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Access {
    /// Its number in the grant, from 1, without holes.
    pub n: i64,
    /// What was done.
    #[schema(value_type = Action)]
    pub action: String,
    /// Where; null for a list of conversations.
    pub conversation: Option<String>,
    /// The lowest seq that was looked at.
    pub first_seq: Option<i64>,
    /// The highest seq that was looked at.
    pub last_seq: Option<i64>,
    /// How many messages (for `list`: conversations) were handed out or changed.
    pub count: i64,
    /// How many messages were left out.
    pub withheld: i64,
    /// When.
    #[schema(format = DateTime)]
    pub at: String,
    /// `ok`, or `none` when there was nothing to hand out or to change.
    #[schema(example = "ok")]
    pub outcome: String,
    /// The index of its entry in the ledger; null until it is in a checkpoint, a second later at most.
    pub leaf: Option<i64>,
}

impl From<AccessRow> for Access {
    fn from(row: AccessRow) -> Self {
        Access {
            n: row.n,
            action: row.action.to_owned(),
            conversation: row.conversation.map(|id| id.to_string()),
            first_seq: row.first_seq,
            last_seq: row.last_seq,
            count: row.count,
            withheld: row.withheld,
            at: row.at.to_string(),
            outcome: row.outcome,
            leaf: row.leaf,
        }
    }
}

/// Access records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccessList {
    /// Newest first.
    pub items: Vec<Access>,
    /// The `cursor` of the next page; null when there is none.
    pub next: Option<String>,
}

/// An app in the public directory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DirectoryEntry {
    /// Its id: the `client_id`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Who runs it.
    pub partner: String,
    /// `public`, or `secret` if it proves itself with one.
    pub kind: String,
    /// What it has to keep to at sign-in: `fapi2` or `oauth21`.
    pub profile: String,
    /// Where people are sent back to.
    pub redirect_uris: Vec<String>,
    /// The most that it may ever be granted, in the words of `authorization_details`.
    pub ceiling: Vec<Value>,
    /// `live`, `suspended` or `retired`.
    pub state: String,
    /// Why, if the operator said so.
    pub why: Option<String>,
    /// When its access ends by itself.
    #[schema(format = DateTime)]
    pub retires_at: Option<String>,
    /// What of its ceiling ends by itself, and when; from then on it is not in the ceiling any more.
    pub retiring: Vec<Retirement>,
    /// Since when it is registered.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// How many people let it in, rounded down to tens or to two digits; 0: fewer than ten.
    pub people_rounded: i64,
    /// What happened to it, oldest first: its entries in the ledger.
    pub history: Vec<Value>,
}

/// A part of a ceiling that ends by itself: an action or a kind of content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Retirement {
    /// The action, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
    /// The kind of content, if it is one: `text`, `card`, `receipt`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// When it ends, or ended.
    #[schema(format = DateTime)]
    pub at: String,
}

/// The public directory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Directory {
    /// By name.
    pub items: Vec<DirectoryEntry>,
    /// Always null: the list comes whole.
    pub next: Option<String>,
}

/// A problem (RFC 9457). Match on `type`; further members depend on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProblemDocument {
    /// Which problem: `/problems/` and its name. It is also a page that says what to do.
    #[schema(example = "/problems/action-missing")]
    pub r#type: String,
    /// What happened, in a few words.
    pub title: String,
    /// The HTTP status again.
    pub status: u16,
    /// What it was this time.
    pub detail: String,
    /// `malformed`: the query parameter or header that cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    /// `action-missing`: the action that the grant does not include.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
    /// `kind-missing`: the kind of content that the grant does not include.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// `scope-missing`: the scope that the token does not carry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// `withheld`: why the message is withheld.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withheld: Option<Withheld>,
    /// The limit that was passed: bytes, people, items or requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// `broken`, `unavailable`: what the operator finds in the server's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
}

/// A kind of problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProblemListed {
    /// Its name.
    pub name: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened, in a few words.
    pub title: String,
    /// What to do about it.
    pub remedy: String,
}
