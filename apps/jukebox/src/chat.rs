//! What the chat panel knows: who is signed in, which conversations were started from here, what was said in them.
//!
//! Invariant: it changes by news alone, so what is shown is what was told, and every change can be tested without a window.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};
use waxseal_client::{Content, Conversation, Item, Placeholder, Withheld};

/// How long somebody is shown to be typing after it was told.
const TYPING: Duration = Duration::from_secs(6);

/// What the line to Waxseal has to tell.
#[derive(Debug)]
pub(crate) enum News {
    /// Nobody is signed in.
    SignedOut,
    /// Her browser was sent there, and is waited for.
    SigningIn(String),
    SignedIn {
        person: Option<String>,
        name: String,
    },
    Conversations(Vec<Conversation>),
    /// One began or changed.
    Conversation(Box<Conversation>),
    /// One is out of reach now.
    Gone(String),
    /// Messages of a conversation, new or anew.
    Messages {
        conversation: String,
        items: Vec<Item>,
    },
    Typing {
        conversation: String,
        person: String,
    },
    /// She paused the grant, or lets it go on.
    Paused(bool),
    /// The access is over; in words why.
    Over(String),
    /// Something did not work; in words what.
    Problem(String),
}

/// Who is signed in.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is being looked up.
    #[default]
    Unknown,
    Out,
    /// Waiting for her browser, which was sent to this address.
    Waiting(String),
    In {
        person: Option<String>,
        name: String,
    },
}

#[derive(Default)]
pub(crate) struct Chat {
    pub(crate) standing: Standing,
    /// Newest activity first.
    pub(crate) conversations: Vec<Conversation>,
    pub(crate) open: Option<String>,
    messages: HashMap<String, BTreeMap<i64, Item>>,
    typing: Option<(String, String, Instant)>,
    pub(crate) paused: bool,
    /// What the person should know.
    pub(crate) notice: Option<String>,
    /// What is being written.
    pub(crate) draft: String,
    /// With whom to begin a conversation.
    pub(crate) friends: String,
}

impl Chat {
    pub(crate) fn hear(&mut self, news: News) {
        match news {
            News::SignedOut => self.leave(Standing::Out, None),
            News::SigningIn(url) => self.standing = Standing::Waiting(url),
            News::SignedIn { person, name } => {
                self.notice = None;
                self.standing = Standing::In { person, name };
            }
            News::Conversations(conversations) => {
                self.conversations = conversations;
                let is_there = |id: &String| self.conversations.iter().any(|one| one.id == *id);
                if !self.open.as_ref().is_some_and(is_there) {
                    self.open = self.conversations.first().map(|first| first.id.clone());
                }
            }
            News::Conversation(conversation) => {
                self.conversations.retain(|other| other.id != conversation.id);
                if self.open.is_none() {
                    self.open = Some(conversation.id.clone());
                }
                self.conversations.insert(0, *conversation);
            }
            News::Gone(id) => {
                self.conversations.retain(|other| other.id != id);
                self.messages.remove(&id);
                if self.open.as_deref() == Some(&id) {
                    self.open = self.conversations.first().map(|first| first.id.clone());
                }
            }
            News::Messages { conversation, items } => {
                let known = self.messages.entry(conversation.clone()).or_default();
                known.extend(items.into_iter().map(|item| (item.seq(), item)));
                self.typing.take_if(|(typing_in, ..)| *typing_in == conversation);
            }
            News::Typing { conversation, person } => {
                self.typing = Some((conversation, person, Instant::now()))
            }
            News::Paused(paused) => self.paused = paused,
            News::Over(why) => self.leave(Standing::Out, Some(why)),
            News::Problem(what) => {
                if matches!(self.standing, Standing::Unknown | Standing::Waiting(_)) {
                    self.standing = Standing::Out;
                }
                self.notice = Some(what);
            }
        }
    }

    /// Nothing of hers stays on the screen.
    fn leave(&mut self, standing: Standing, notice: Option<String>) {
        *self = Chat { standing, notice, ..Chat::default() };
    }

    pub(crate) fn opened(&self) -> Option<&Conversation> {
        let open = self.open.as_deref()?;
        self.conversations.iter().find(|conversation| conversation.id == open)
    }

    /// Are the messages of the open conversation known?
    pub(crate) fn is_read(&self) -> bool {
        self.open.as_ref().is_none_or(|open| self.messages.contains_key(open))
    }

    /// The lines of the open conversation.
    pub(crate) fn lines(&self) -> Vec<Line> {
        let items = self.open.as_ref().and_then(|open| self.messages.get(open));
        items.into_iter().flat_map(BTreeMap::values).map(|item| self.line(item)).collect()
    }

    fn line(&self, item: &Item) -> Line {
        let own = match &self.standing {
            Standing::In { person, .. } => person.as_deref(),
            _ => None,
        };
        match item {
            Item::Message(message) => Line {
                seq: message.seq,
                who: message.from.name.clone(),
                own: own == Some(message.from.id.as_str()),
                at: message.sent_at.get(11..16).unwrap_or_default().to_owned(),
                said: said(&message.content),
                held: false,
            },
            Item::Placeholder(placeholder) => Line {
                seq: placeholder.seq,
                who: String::new(),
                own: false,
                at: String::new(),
                said: held(placeholder).to_owned(),
                held: true,
            },
        }
    }

    /// Who is typing in the open conversation.
    pub(crate) fn typing(&self, now: Instant) -> Option<&str> {
        let (conversation, person, at) = self.typing.as_ref()?;
        let open = self.opened().filter(|open| open.id == *conversation && now - *at < TYPING)?;
        let who = open.participants.iter().find(|participant| participant.id == *person)?;
        Some(&who.name)
    }
}

/// A line as it is shown.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) seq: i64,
    pub(crate) who: String,
    pub(crate) own: bool,
    pub(crate) at: String,
    pub(crate) said: String,
    /// There is something that Jukebox may not show.
    pub(crate) held: bool,
}

fn said(content: &Content) -> String {
    match content {
        Content::Card { kind, title, note, .. } => match note {
            Some(note) => format!("{kind}: {title}\n{note}"),
            None => format!("{kind}: {title}"),
        },
        other => other.in_words(),
    }
}

fn held(placeholder: &Placeholder) -> &'static str {
    match placeholder.withheld {
        Withheld::Deleted => "deleted",
        Withheld::Window => "older than three days",
        Withheld::Author => "kept out of other people's apps by its author",
        _ => "not for Jukebox to show",
    }
}

/// A conversation's name in the list.
pub(crate) fn called(conversation: &Conversation, own: Option<&str>) -> String {
    let others = conversation.participants.iter().filter(|person| Some(person.id.as_str()) != own);
    let names = others.map(|person| person.name.as_str()).collect::<Vec<_>>().join(", ");
    conversation.title.clone().unwrap_or(names)
}

#[cfg(test)]
#[path = "chat_tests.rs"]
mod tests;
