//! Whose apps are in a conversation, and how to keep them off one's own words, or out.

use super::{Name, Page};
use askama::Template;

/// `/conversations/{id}/apps`. Its forms post to `/conversations/{id}/apps/words` (`words` = `kept` or `shared`) and
/// `/conversations/{id}/apps/lock` (`lock` = `on` or `off`).
#[derive(Template, Debug, Clone)]
#[template(path = "conversation_apps.html")]
pub(crate) struct ConversationApps {
    /// The frame.
    pub page: Page,
    /// `con_…`
    pub id: String,
    /// The conversation's title.
    pub title: Name,
    /// Apps with an active grant that reaches here, anybody's.
    pub apps: Vec<AppHere>,
    /// Whether the person keeps their words here out of other people's apps.
    pub are_words_kept: bool,
    /// Whether they do so everywhere already (`/settings`).
    pub are_words_kept_everywhere: bool,
    /// Whether the person locked apps out.
    pub is_locked_by_me: bool,
    /// Others who did.
    pub locked_by: Vec<Name>,
}

/// An app in a conversation.
#[derive(Debug, Clone)]
pub(crate) struct AppHere {
    /// Its `client_id`.
    pub id: String,
    /// The app's name.
    pub app: Name,
    /// The organisation behind it.
    pub partner: Name,
    /// Who let it in.
    pub whose: Name,
    /// The person's own grant, to steer it.
    pub own_grant: Option<String>,
    /// What it may do here, in words: `read and send`.
    pub may: String,
}
