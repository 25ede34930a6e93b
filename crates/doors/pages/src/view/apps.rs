//! The apps that a person let in: what each could do, beside what it did.

use super::{Name, Page, Usage, When};
use askama::Template;

/// `/apps`
#[derive(Template, Debug, Clone)]
#[template(path = "apps.html")]
pub(crate) struct Apps {
    /// The frame.
    pub page: Page,
    /// Those that can do something now; most recently used first.
    pub connected: Vec<AppCard>,
    /// Those whose grants have ended; their accesses stay on record.
    pub ended: Vec<AppCard>,
}

/// One grant, in short.
#[derive(Debug, Clone)]
pub(crate) struct AppCard {
    /// `gra_…`
    pub grant: String,
    /// The app's name.
    pub app: Name,
    /// The organisation behind it.
    pub partner: Name,
    /// Why it asked.
    pub purpose: Name,
    /// What it may do, in the sentences of `oauth::wording`.
    pub says: Vec<String>,
    /// Each action: could, did.
    pub usage: Vec<Usage>,
    /// When it was let in.
    pub since: When,
    /// When it ends, or ended.
    pub until: When,
    /// Why it ended (`You revoked it`), for those that have.
    pub ended_because: Option<String>,
    /// Whether the person holds it for now.
    pub is_paused: bool,
    /// Whether the operator suspended or retired the app.
    pub is_suspended: bool,
    /// When it last did anything.
    pub last_used: Option<When>,
    /// Since when it has read nothing.
    pub reads: ReadsSince,
}

/// Since when there are no reads.
#[derive(Debug, Clone)]
pub(crate) struct ReadsSince {
    /// Since the last read, or since it was let in.
    pub at: When,
    /// Whether there was any.
    pub is_ever: bool,
}
