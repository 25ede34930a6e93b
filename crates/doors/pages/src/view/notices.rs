//! What happened that the person should know.

use super::{Page, Pager, When};
use askama::Template;

/// `/notices`. Its form posts `until` to `/notices/read`.
#[derive(Template, Debug, Clone)]
#[template(path = "notices.html")]
pub(crate) struct Notices {
    /// The frame.
    pub page: Page,
    /// Newest first.
    pub notices: Vec<Notice>,
    /// The newest one here that is unread; all up to it are marked together.
    pub unread_until: Option<String>,
    /// Where the list goes on.
    pub pager: Pager,
}

/// One notice.
#[derive(Debug, Clone)]
pub(crate) struct Notice {
    /// When.
    pub at: When,
    /// One sentence; names in it come through [`super::Name::plain`].
    pub sentence: String,
    /// A local address with more.
    pub link: Option<String>,
    /// Whether it is new.
    pub is_unread: bool,
}
