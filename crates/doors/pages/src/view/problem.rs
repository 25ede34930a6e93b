//! A page that could not be given, and the page that explains a problem's name.

use super::Page;
use askama::Template;

/// An error as a page, and `/problems/{name}`.
#[derive(Template, Debug, Clone)]
#[template(path = "problem.html")]
pub(crate) struct Problem {
    /// The frame.
    pub page: Page,
    /// What went wrong, as a heading: `There is nothing here`.
    pub title: String,
    /// What it means, in a sentence or two.
    pub what: String,
    /// What to do, a sentence each.
    pub remedies: Vec<String>,
    /// The problem's `type`, for partners' engineers: `/problems/not-found`.
    pub name: Option<String>,
    /// The event's id, when we broke and the log says more.
    pub event: Option<String>,
}
