//! One grant: what the app could do and did, every access, and the ways to take it back.

use super::{AppCard, Name, Page, Pager, TermsForm, When, counted, grouped};
use askama::Template;
use model::Action;

/// `/apps/{grant}`. Its forms post to `/apps/{grant}/narrow` (the fields of [`TermsForm`]),
/// `/apps/{grant}/pause` (`pause` = `on` or `off`), `/apps/{grant}/let-again` and `/apps/{grant}/revoke`.
#[derive(Template, Debug, Clone)]
#[template(path = "grant.html")]
pub(crate) struct Grant {
    /// The frame.
    pub page: Page,
    /// The grant in short.
    pub card: AppCard,
    /// What it lost by disuse and can have again with one press: `send and delete`, and until when.
    pub lapsed: Option<(String, When)>,
    /// What remains, to be narrowed; `None` once it has ended.
    pub terms: Option<TermsForm>,
    /// Why a narrowing cannot stand, when the page is shown again.
    pub terms_problem: Option<String>,
    /// The ways to look at accesses of one kind.
    pub filters: Vec<Filter>,
    /// How many accesses there are in all (of this kind), shown or not.
    pub accesses_total: u64,
    /// Newest first; each is on record for ever.
    pub accesses: Vec<Access>,
    /// Where the accesses go on.
    pub pager: Pager,
    /// How the grant came to be what it is, newest first.
    pub history: Vec<Change>,
}

impl Grant {
    fn total(&self) -> String {
        grouped(self.accesses_total)
    }

    fn is_filtered(&self) -> bool {
        self.filters.iter().skip(1).any(|filter| filter.is_current)
    }
}

/// One way to look at the accesses.
#[derive(Debug, Clone)]
pub(crate) struct Filter {
    /// What it says.
    pub label: &'static str,
    /// Its address.
    pub href: String,
    /// Whether it is the one in force.
    pub is_current: bool,
}

/// What one action could do and did.
#[derive(Debug, Clone)]
pub(crate) struct Usage {
    /// Which.
    pub action: Action,
    /// What it allows today, counted by the rule that is enforced (`1,204 messages in 8 conversations`); `None` if not allowed.
    pub could: Option<String>,
    /// How many accesses of this action there were.
    pub times: u64,
    /// How many messages they touched.
    pub messages: u64,
}

impl Usage {
    pub(super) fn label(&self) -> &'static str {
        super::rights::action_label(self.action)
    }

    pub(super) fn did(&self) -> String {
        match (self.action, self.times) {
            (_, 0) => "Never".to_owned(),
            (Action::List, times) => counted(times, "time", "times"),
            (Action::Send, times) => counted(times, "message sent", "messages sent"),
            (Action::Delete, times) => counted(times, "message deleted", "messages deleted"),
            (Action::Read, times) => format!(
                "{}, {}",
                counted(self.messages, "message read", "messages read"),
                counted(times, "time", "times")
            ),
        }
    }
}

/// One access, as it stands on record.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    /// Its number in the grant, from 1 without holes.
    pub n: u64,
    /// When.
    pub at: When,
    /// What, in words: `Read 50 messages`.
    pub what: String,
    /// Where: the conversation's title, if the access was about one.
    pub conversation: Option<(String, Name)>,
    /// Which: `numbers 1 to 50`.
    pub which: Option<String>,
    /// Whether it was refused; a refusal is on record too.
    pub is_refused: bool,
}

/// One change of the grant.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    /// When.
    pub at: When,
    /// What, in words: `You let it in: read and send, the last 3 days`.
    pub what: String,
}
