//! Whether a list of accesses is complete, in the sentences of the verdict.

use super::{Name, Page};
use askama::Template;

/// `/apps/check` and `/apps/{grant}/check`
#[derive(Template, Debug, Clone)]
#[template(path = "check.html")]
pub(crate) struct Check {
    /// The frame.
    pub page: Page,
    /// The one app that it is about; `None` for all of hers.
    pub app: Option<Name>,
    /// Where the file is.
    pub evidence: String,
    /// Where she came from.
    pub back: String,
    /// Whether all of it holds.
    pub is_complete: bool,
    /// Whether nothing was counted that would hold the list itself to a count.
    pub is_empty: bool,
    /// Under which head of the ledger, and whose signature.
    pub as_of: String,
    /// What was proved.
    pub proved: Vec<String>,
    /// What she should ask about.
    pub look_into: Vec<String>,
    /// What was not proved.
    pub not_proved: Vec<String>,
    /// What is wrong.
    pub wrong: Vec<String>,
}
