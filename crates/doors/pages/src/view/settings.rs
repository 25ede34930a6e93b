//! The person's own account.

use super::{Name, Page, When};
use askama::Template;

/// `/settings`. Its forms post to `/settings/name` (`name`), `/settings/password` (`password`, `password_new`),
/// `/settings/hide` (`hide` = `on` or `off`), `/settings/alerts` (`first_read`, `first_delete`, `per_day`, `night`,
/// `night_from`, `night_to`, `east_min`), `/settings/words` (`words` = `kept` or `shared`),
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
    /// How many passkeys she has.
    pub passkeys: u64,
    /// When a link that sets a new password opens, if one waits.
    pub recovery_opens: Option<When>,
    /// Whether a one-time code is asked for after the password.
    pub are_codes_on: bool,
    /// How many recovery codes are left.
    pub recovery_left: u64,
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
    /// When the night begins and ends.
    pub night: (i64, i64),
    /// How many minutes her clock is ahead of UTC.
    pub east_min: i64,
}

impl Alerts {
    /// The clocks that she can choose from: how many minutes ahead of UTC, and what that is called. All that are in use are
    /// half hours, or one of three quarters.
    fn clocks(&self) -> Vec<(i64, String)> {
        let (west, east, apart) = vault::EAST_MIN;
        let in_use = |min: &i64| min % 30 == 0 || [345, 525, 765, self.east_min].contains(min);
        let called = |min: i64| {
            let sign = if min < 0 { "\u{2212}" } else { "+" };
            let name = if min == 0 {
                "UTC".to_owned()
            } else {
                format!("UTC{sign}{}:{:02}", min.abs() / 60, min.abs() % 60)
            };
            (min, name)
        };
        (west / apart..=east / apart).map(|n| n * apart).filter(in_use).map(called).collect()
    }
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
