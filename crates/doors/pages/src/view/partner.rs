//! What those who run an app see of it.

use super::{Name, Page, Pager, When, counted, grouped};
use askama::Template;

/// `/partner`. Its forms post to `/partner/leave`.
#[derive(Template, Debug, Clone)]
#[template(path = "partner.html")]
pub(crate) struct Partner {
    /// The frame.
    pub page: Page,
    /// The `client_id`.
    pub id: String,
    /// The app's name.
    pub app: Name,
    /// The organisation behind it.
    pub partner: Name,
    /// Neither suspended nor retired.
    pub is_live: bool,
    /// When it retires, if that is known.
    pub retires: Option<When>,
    /// The most it may ever be granted.
    pub ceiling: Vec<String>,
    /// What of the ceiling it did not use for anybody: `send and delete`.
    pub too_much: Option<String>,
    /// From when on use is counted.
    pub since: When,
    /// How many people it could reach.
    pub reached: u64,
    /// How many it served.
    pub served: u64,
    /// Conversations that it could reach, and that it did.
    pub conversations: (String, String),
    /// More than ten people are reached for each that is served.
    pub is_alarming: bool,
    /// Each action.
    pub rights: Vec<Right>,
    /// Its webhooks.
    pub hooks: Vec<Hook>,
}

impl Partner {
    fn people(&self) -> String {
        counted(self.reached, "person", "people")
    }

    fn served(&self) -> String {
        grouped(self.served)
    }
}

/// What it could do with one action, and did.
#[derive(Debug, Clone)]
pub(crate) struct Right {
    /// The action.
    pub label: &'static str,
    /// For how many people it is held.
    pub held: String,
    /// For how many it was used.
    pub used: String,
    /// How often.
    pub times: String,
    /// For how many it was never used.
    pub never: u64,
    /// It is held, and not used for anybody.
    pub is_idle: bool,
}

impl Right {
    fn never(&self) -> String {
        grouped(self.never)
    }
}

/// A webhook in short.
#[derive(Debug, Clone)]
pub(crate) struct Hook {
    /// `whk_…`
    pub id: String,
    /// Where to.
    pub url: Name,
    /// Of what it is told.
    pub events: String,
    /// How it is signed.
    pub signing: &'static str,
    /// Active, and the last try was taken.
    pub is_well: bool,
    /// In words.
    pub state: String,
    /// Why it is paused.
    pub why: Option<String>,
    /// Since when it fails.
    pub failing_since: Option<When>,
    /// When it is tried next.
    pub next_at: Option<When>,
}

/// `/partner/enter?key=…`. Its form posts to `/partner/enter` (`key`).
#[derive(Template, Debug, Clone)]
#[template(path = "partner_enter.html")]
pub(crate) struct PartnerEnter {
    /// The frame.
    pub page: Page,
    /// The key of the link.
    pub key: String,
}

/// `/partner/webhooks/{webhook}`. Its forms post to `…/resume` and `…/replay` (`hours`).
#[derive(Template, Debug, Clone)]
#[template(path = "partner_hook.html")]
pub(crate) struct PartnerHook {
    /// The frame.
    pub page: Page,
    /// The app's name.
    pub app: Name,
    /// The webhook.
    pub hook: Hook,
    /// What it was told, newest first.
    pub deliveries: Vec<Delivery>,
    /// Where they go on.
    pub pager: Pager,
}

/// One thing that a webhook was told, or was to be.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    /// `dlv_…`
    pub id: String,
    /// What.
    pub what: String,
    /// `delivered`, `waiting`, `failed`, …
    pub state: String,
    /// What came back.
    pub answer: String,
    /// When it was last tried.
    pub at: When,
    /// When it is tried next.
    pub next_at: Option<When>,
    /// The receiver took it.
    pub is_taken: bool,
}
