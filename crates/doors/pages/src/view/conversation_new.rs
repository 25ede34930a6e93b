//! A new conversation: with one friend, or with several as a group.

use super::{Friend, Name, Page};
use askama::Template;

/// `/conversations/new`; its form posts checkboxes `participant` (ids) and `title` to `/conversations`.
#[derive(Template, Debug, Clone)]
#[template(path = "conversation_new.html")]
pub(crate) struct ConversationNew {
    /// The frame.
    pub page: Page,
    /// Friends, who alone can be asked in.
    pub friends: Vec<Friend>,
    /// Ids that were ticked, when the form is shown again.
    pub ticked: Vec<String>,
    /// The title as it was typed.
    pub title: Name,
    /// Why it was refused.
    pub problem: Option<String>,
}

impl ConversationNew {
    fn is_ticked(&self, friend: &Friend) -> bool {
        self.ticked.contains(&friend.id)
    }
}
