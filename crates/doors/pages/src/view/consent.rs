//! The page on which a person lets an app in, as narrowly as they like.

use super::{Asking, Name, Page, TermsForm, counted};
use askama::Template;
use model::Scopes;

/// `/consent`. The form posts the fields of [`TermsForm`], the hidden fields as they are, and `decision` = `update`
/// (shows the page again with a fresh preview), `allow` or `deny`.
#[derive(Template, Debug, Clone)]
#[template(path = "consent.html")]
pub(crate) struct Consent {
    /// The frame; somebody is signed in.
    pub page: Page,
    /// The app's name.
    pub app: Name,
    /// The organisation behind it.
    pub partner: Name,
    /// Why it asks, in its own sentence.
    pub purpose: Name,
    /// A local address that asks this question again, for who signs in as someone else first (`/sign-out`, `return_to`).
    pub return_to: String,
    /// The host, or scheme, that the browser goes to afterwards.
    pub returns_to: Name,
    /// Whether the app proved who it is (a key or a secret); otherwise the page says that it did not.
    pub is_authenticated: bool,
    /// What she let the app do before.
    pub stands: Option<Stands>,
    /// The device that asks; then nobody goes back to an app.
    pub device: Option<Asking>,
    /// What the app learns besides messages.
    pub scopes: Scopes,
    /// What it asks for, to be narrowed; what stands already is not in it. `None` if it asks for no messages.
    pub terms: Option<TermsForm>,
    /// How many acts in all, if it asks for a limited number.
    pub uses: Option<u64>,
    /// What the choices above would mean today.
    pub preview: Preview,
    /// Why the choices cannot stand (`Pick at least one conversation.`), after `allow`.
    pub problem: Option<String>,
    /// Carried as they are.
    pub hidden: Vec<Hidden>,
}

impl Consent {
    fn besides(&self) -> Vec<&'static str> {
        self.scopes.words().filter_map(oauth::wording::scope_does).collect()
    }

    fn times(&self) -> Option<String> {
        self.uses.map(oauth::wording::times)
    }

    fn is_once(&self) -> bool {
        self.uses == Some(1)
    }

    fn is_more(&self) -> bool {
        self.stands.as_ref().is_some_and(|stands| stands.becomes == Becomes::More)
    }
}

/// What the app holds from her already.
#[derive(Debug, Clone)]
pub(crate) struct Stands {
    /// What becomes of it if she agrees.
    pub becomes: Becomes,
    /// Each grant in sentences.
    pub says: Vec<Vec<String>>,
}

/// What becomes of what stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Becomes {
    /// It goes on, and what is new comes to it.
    More,
    /// It is answered anew.
    Again,
    /// Something else takes its place.
    Replaced,
    /// It goes on beside a grant of its own.
    Untouched,
}

impl Stands {
    fn title(&self) -> &'static str {
        match self.becomes {
            Becomes::More => "What stands already, and stays",
            Becomes::Again => "You let it in before, for the same",
            Becomes::Replaced => "What this takes the place of",
            Becomes::Untouched => "What it may do already",
        }
    }

    fn explains(&self) -> &'static str {
        match self.becomes {
            Becomes::More => "Below is only what is new. Leave out whatever you like: this stays as it is.",
            Becomes::Again => {
                "Nothing here is new. What you leave ticked below is what it may do from now on."
            }
            Becomes::Replaced => "If you allow it, this ends, and what you leave ticked below holds instead.",
            Becomes::Untouched => "That stays as it is, whatever you answer here. Under Apps you can end it.",
        }
    }
}

/// A hidden field.
#[derive(Debug, Clone)]
pub(crate) struct Hidden {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// What the choices would mean today, counted by the same rule that will be enforced.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Preview {
    /// Whether `read` is among the ticked actions.
    pub can_read: bool,
    /// Messages that could be read now.
    pub messages: u64,
    /// Conversations in which they are.
    pub with_messages: u64,
    /// Conversations within reach now.
    pub conversations: u64,
}

impl Preview {
    /// `Today this would let Jukebox read 42 messages in 2 conversations.`
    pub(crate) fn sentence(&self, app: &Name) -> String {
        let app = app.plain();
        let conversations = |number| counted(number, "conversation", "conversations");
        match (self.can_read, self.messages) {
            _ if self.conversations == 0 => {
                format!("Today this would let {app} reach none of your conversations.")
            }
            (false, _) => format!(
                "This would not let {app} read any message. It would reach {} today.",
                conversations(self.conversations)
            ),
            (true, 0) => format!(
                "Today this would let {app} read no messages: there are none within these limits yet."
            ),
            (true, count) => {
                format!(
                    "Today this would let {app} read {} in {}.",
                    counted(count, "message", "messages"),
                    conversations(self.with_messages)
                )
            }
        }
    }
}
