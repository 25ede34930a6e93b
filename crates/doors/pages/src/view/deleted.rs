//! Deleted messages that can still come back.

use super::{Name, Page, Pager, When, Words};
use askama::Template;

/// `/deleted`. Each row's form posts to `/deleted/{conversation}/{seq}/restore`.
#[derive(Template, Debug, Clone)]
#[template(path = "deleted.html")]
pub(crate) struct Deleted {
    /// The frame.
    pub page: Page,
    /// Most recently deleted first.
    pub rows: Vec<DeletedRow>,
    /// Where the list goes on.
    pub pager: Pager,
}

/// One deleted message.
#[derive(Debug, Clone)]
pub(crate) struct DeletedRow {
    /// `con_…`
    pub conversation: String,
    /// Its title.
    pub title: Name,
    /// The message's number.
    pub seq: u64,
    /// Who wrote it.
    pub from: Name,
    /// Its beginning.
    pub words: Words,
    /// When it was deleted.
    pub deleted: When,
    /// The app that did it; `None` if the person did.
    pub by_app: Option<Name>,
    /// Whether it is gone for everyone, or only for the person.
    pub is_for_everyone: bool,
    /// When it is gone for good.
    pub until: When,
}
