//! The list of conversations, and one that is open.

use super::{Name, Page, Pager, When, Words, counted};
use askama::Template;

/// `/` and `/conversations/{id}`: the list at the left, one conversation at the right; on a phone one of the two.
#[derive(Template, Debug, Clone)]
#[template(path = "conversations.html")]
pub(crate) struct Conversations {
    /// The frame.
    pub page: Page,
    /// Newest activity first.
    pub rows: Vec<Row>,
    /// Where the list goes on.
    pub pager: Pager,
    /// The one that is open, if any.
    pub open: Option<Conversation>,
    /// Whether a phone shows the list (`/`) rather than the open conversation.
    pub is_list_first: bool,
}

/// One line of the list.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// `con_…`
    pub id: String,
    /// The group's title, or who else is in it.
    pub title: Name,
    /// The beginning of the last message, or what stands in for it (`Deleted`).
    pub last: Option<Words>,
    /// When something last happened.
    pub at: When,
    /// Messages by others after the person's read marker.
    pub unread: u64,
    /// Whether it has more than two participants.
    pub is_group: bool,
}

/// One conversation, open.
#[derive(Debug, Clone)]
pub(crate) struct Conversation {
    /// `con_…`
    pub id: String,
    /// The group's title, or who else is in it.
    pub title: Name,
    /// Everyone in it, the person first.
    pub participants: Vec<Participant>,
    /// Whose apps are here.
    pub apps: AppsHere,
    /// The messages shown, and what `live.js` asks for again.
    pub messages: Messages,
    /// Text that was written but refused, so that it is not lost.
    pub draft: String,
    /// Why that text was refused.
    pub draft_problem: Option<String>,
    /// A fresh idempotency key, so that pressing twice sends once. Hidden field `key`.
    pub send_key: String,
    /// Why nothing can be sent here (a guest, a lost friend); the composer gives way to the sentence.
    pub closed_because: Option<String>,
}

impl Conversation {
    /// `3 participants`: opens the list of them.
    pub(crate) fn who(&self) -> String {
        counted(self.participants.len() as u64, "participant", "participants")
    }
}

/// Someone in a conversation.
#[derive(Debug, Clone)]
pub(crate) struct Participant {
    /// As they call themselves.
    pub name: Name,
    /// Without the `@`; `None` for an imported guest, who cannot sign in.
    pub handle: Option<Name>,
    /// Whether it is the person who looks.
    pub is_you: bool,
}

/// How many apps the conversation names itself; the others are on the page behind the badge.
const NAMED_MAX: usize = 3;

/// An app that can do something in a conversation.
#[derive(Debug, Clone)]
pub(crate) struct NamedApp {
    /// The app's name.
    pub app: Name,
    /// Who let it in; `None`: the person who looks.
    pub whose: Option<Name>,
    /// What it may do here: `see, read and send`.
    pub may: String,
}

/// Which apps can do something in a conversation.
#[derive(Debug, Clone)]
pub(crate) struct AppsHere {
    /// Those with an active grant that reaches here, anybody's.
    pub apps: Vec<NamedApp>,
    /// Whether a participant locked apps out.
    pub is_locked: bool,
}

impl AppsHere {
    /// The badge: `No apps here`, `1 app is here`.
    pub(crate) fn badge(&self) -> String {
        match (self.is_locked, self.apps.len() as u64) {
            (true, _) => "Locked to apps".to_owned(),
            (false, 0) => "No apps here".to_owned(),
            (false, count) => counted(count, "app is here", "apps are here"),
        }
    }

    /// Those that are named above the messages.
    pub(crate) fn named(&self) -> &[NamedApp] {
        self.apps.get(..NAMED_MAX).unwrap_or(&self.apps)
    }

    /// How many there are besides.
    pub(crate) fn more(&self) -> usize {
        self.apps.len().saturating_sub(NAMED_MAX)
    }
}

/// The messages of a conversation that are shown; alone it is the fragment that `live.js` swaps in
/// (`/conversations/{id}?fragment=messages&from={first_seq}`).
#[derive(Template, Debug, Clone)]
#[template(path = "part/messages.html")]
pub(crate) struct Messages {
    /// `con_…`
    pub conversation: String,
    /// Made by [`entries`].
    pub entries: Vec<Entry>,
    /// The first `seq` shown; the fragment is asked for from there.
    pub first_seq: u64,
    /// The last `seq` shown; what `read` marks.
    pub last_seq: u64,
    /// Whether some of them are unread, so that the mark-as-read form is offered.
    pub has_unread: bool,
    /// Address of the earlier messages, if there are any.
    pub earlier: Option<String>,
    /// Address of the later ones, when looking at an earlier part.
    pub later: Option<String>,
}

/// One line in the flow of messages.
#[derive(Debug, Clone)]
pub(crate) enum Entry {
    /// A new day begins.
    Day(When),
    /// What follows is new to the person.
    New,
    /// A message, or the place where one was.
    Message(Box<Message>),
    /// Others have read up to here.
    ReadBy(Vec<Name>),
}

/// A message as the person sees it.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    /// Its number in the conversation.
    pub seq: u64,
    /// Who wrote it.
    pub from: Name,
    /// Whether the person wrote it, or an app of theirs did.
    pub is_own: bool,
    /// The app that sent it.
    pub via: Option<Name>,
    /// When it was sent, in the style `clock`.
    pub sent: When,
    /// The day it belongs under, in the style `day`.
    pub day: When,
    /// What it holds.
    pub content: Content,
    /// What deleting it would mean.
    pub erasable: Erasable,
    /// Whether it goes on from the message before: same author, same day, so the name is not repeated. Set by [`entries`].
    pub is_continued: bool,
}

/// What deleting a message would mean; each is one button, and restorable for 30 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Erasable {
    /// The person's own: gone for everyone.
    ForEveryone,
    /// Another's: gone for this person only.
    ForMe,
    /// Already deleted.
    No,
}

/// What a message holds.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    /// Words.
    Text(Words),
    /// A thing from elsewhere.
    Card(Card),
    /// A payment that was made elsewhere.
    Receipt(Receipt),
    /// It was deleted; the sentence says by whom (`You deleted this for everyone`).
    Deleted {
        /// The sentence.
        sentence: String,
        /// Whether the person can bring it back (link to `/deleted`).
        is_restorable: bool,
    },
}

/// A title, a track, a folder.
#[derive(Debug, Clone)]
pub(crate) struct Card {
    /// What it is, in the sender's word: `film`, `track`.
    pub kind: Name,
    /// Its title.
    pub title: Name,
    /// Its address; a link only if it is plain http(s).
    pub url: Option<String>,
    /// Whether it names a picture. It is not loaded: the picture's host would learn who looks.
    pub has_image: bool,
    /// A line from the sender.
    pub note: Option<Words>,
}

impl Card {
    /// The address, if it may be followed.
    pub(crate) fn link(&self) -> Option<&str> {
        self.url.as_deref().filter(|url| crate::shown_text::is_followable(url))
    }
}

/// A payment that was made elsewhere.
#[derive(Debug, Clone)]
pub(crate) struct Receipt {
    /// A decimal number, as text.
    pub amount: String,
    /// ISO 4217.
    pub currency: String,
    /// The payment's reference.
    pub reference: Option<Name>,
    /// A line from the sender.
    pub note: Option<Words>,
}

/// Puts days, the person's own read marker and others' read markers between messages (ascending by `seq`).
/// `read_by` holds (name, seq) of the other participants; a marker stands after the last message at or before its seq.
pub(crate) fn entries(messages: Vec<Message>, own_read: u64, mut read_by: Vec<(Name, u64)>) -> Vec<Entry> {
    let mut out: Vec<Entry> = Vec::with_capacity(messages.len() + 8);
    let mut before: Option<(String, Name, bool)> = None;
    let mut is_new_marked = false;
    let next_seqs: Vec<u64> = messages.iter().skip(1).map(|m| m.seq).chain([u64::MAX]).collect();
    for (mut message, next_seq) in messages.into_iter().zip(next_seqs) {
        let same_day = before.as_ref().is_some_and(|(day, ..)| *day == message.day.text);
        if !same_day {
            out.push(Entry::Day(message.day.clone()));
        }
        let begins_new = !is_new_marked && message.seq > own_read && !message.is_own;
        if begins_new {
            is_new_marked = true;
            out.push(Entry::New);
        }
        let same_author =
            before.as_ref().is_some_and(|(_, from, own)| *from == message.from && *own == message.is_own);
        message.is_continued = same_day && same_author && !begins_new;
        before = Some((message.day.text.clone(), message.from.clone(), message.is_own));
        let seq = message.seq;
        out.push(Entry::Message(Box::new(message)));
        let (readers, others): (Vec<_>, Vec<_>) =
            read_by.into_iter().partition(|(_, read)| (seq..next_seq).contains(read));
        read_by = others;
        if !readers.is_empty() {
            out.push(Entry::ReadBy(readers.into_iter().map(|(name, _)| name).collect()));
        }
    }
    out
}

#[cfg(test)]
#[path = "conversation_tests.rs"]
mod tests;
