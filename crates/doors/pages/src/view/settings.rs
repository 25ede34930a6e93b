//! The person's own account.

use super::{Name, Page, When};
use askama::Template;

/// `/settings`. Its forms post to `/settings/name` (`name`), `/settings/password` (`password`, `password_new`),
/// `/settings/hide` (`hide` = `on` or `off`), `/settings/alerts` (`first_read`, `first_delete`, `per_day`, `night`,
/// `night_from`, `night_to`), `/settings/words` (`words` = `kept` or `shared`),
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
    /// What of her apps she is told.
    pub alerts: Alerts,
    /// Why what she wants to be told was refused.
    pub alerts_problem: Option<String>,
    /// Where the person is signed in, this session first.
    pub sessions: Vec<Session>,
}

/// What of her apps she is told.
#[derive(Debug, Clone)]
pub(crate) struct Alerts {
    /// A first read.
    pub first_read: bool,
    /// A first deletion.
    pub first_delete: bool,
    /// More accesses than this in a day; empty: no matter how many.
    pub per_day: String,
    /// Anything at night.
    pub is_night: bool,
    /// When the night begins and ends, in UTC.
    pub night: (i64, i64),
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
