//! The share sheet: a card that an app proposes, and the friends to whom the person may send it.

use super::{Card, Friend, Hidden, Name, Page};
use askama::Template;

/// `/share`. The form posts the hidden fields as they are, a `friend` for each one that is ticked, `note`, and `decision` =
/// `send` or `cancel`.
#[derive(Template, Debug, Clone)]
#[template(path = "share.html")]
pub(crate) struct Share {
    /// The frame; somebody is signed in.
    pub page: Page,
    /// The app's name.
    pub app: Name,
    /// The organisation behind it.
    pub partner: Name,
    /// What will be sent, without the note.
    pub card: Card,
    /// The note as it stands in its field.
    pub note: String,
    /// All friends.
    pub friends: Vec<Friend>,
    /// The ids of those that were ticked.
    pub ticked: Vec<String>,
    /// Why it was not sent.
    pub problem: Option<String>,
    /// A local address that opens the sheet again, for who signs in as someone else first.
    pub return_to: String,
    /// The host, or scheme, that the browser goes to afterwards.
    pub returns_to: Name,
    /// Carried as they are.
    pub hidden: Vec<Hidden>,
}

impl Share {
    fn is_ticked(&self, friend: &Friend) -> bool {
        self.ticked.contains(&friend.id)
    }
}
