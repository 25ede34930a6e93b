//! The person's own account.

use super::{Name, Page, When};
use askama::Template;

/// `/settings`. Its forms post to `/settings/name` (`name`), `/settings/password` (`password`, `password_new`),
/// `/settings/hide` (`hide` = `on` or `off`), `/settings/words` (`words` = `kept` or `shared`),
/// `/settings/sessions/{id}/end`, `/settings/sessions/end` (all of them).
#[derive(Template, Debug, Clone)]
#[template(path = "settings.html")]
pub(crate) struct Settings {
    /// The frame.
    pub page: Page,
    /// The name, or what was typed when it was refused.
    pub name: Name,
    /// Why the name was refused.
    pub name_problem: Option<String>,
    /// Why the old password was refused.
    pub password_problem: Option<String>,
    /// Why the new password was refused.
    pub password_new_problem: Option<String>,
    /// Whether the person hides from the friend lists that apps are given.
    pub is_hidden_from_apps: bool,
    /// Whether the person keeps their words out of other people's apps, in every conversation.
    pub are_words_kept: bool,
    /// Where the person is signed in, this session first.
    pub sessions: Vec<Session>,
}

/// Somewhere the person is signed in.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    /// `ses_…`
    pub id: String,
    /// The browser, as it called itself, in short: `Firefox on Linux`.
    pub browser: Name,
    /// When it began.
    pub since: When,
    /// When it was last used.
    pub last_used: When,
    /// Whether it is the one that looks.
    pub is_this: bool,
}
