//! The public directory of apps.

use super::{Name, Page, When, counted};
use askama::Template;

/// `/directory`: for anyone, signed in or not.
#[derive(Template, Debug, Clone)]
#[template(path = "directory.html")]
pub(crate) struct Directory {
    /// The frame.
    pub page: Page,
    /// Every app, by name.
    pub apps: Vec<DirectoryEntry>,
}

/// One app.
#[derive(Debug, Clone)]
pub(crate) struct DirectoryEntry {
    /// The `client_id`; also the anchor on the page.
    pub id: String,
    /// The app's name.
    pub app: Name,
    /// The organisation behind it.
    pub partner: Name,
    /// What it is for; `None` where the operator wrote nothing.
    pub purpose: Option<Name>,
    /// The most it may ever be granted, a phrase a line: `Read and send`, `Only conversations that it starts`.
    pub ceiling: Vec<String>,
    /// Earlier ceilings, newest first.
    pub former: Vec<FormerCeiling>,
    /// How many people let it in, rounded; 0 means fewer than ten.
    pub people_rounded: u64,
    /// When it retires, if that is known, and whether that is over.
    pub retires: Option<(When, bool)>,
    /// What of its ceiling ends, or ended, by itself.
    pub endings: Vec<Ending>,
    /// Whether the operator suspended it.
    pub is_suspended: bool,
}

impl DirectoryEntry {
    fn people(&self) -> String {
        match self.people_rounded {
            0 => "Fewer than 10 people".to_owned(),
            count => format!("About {}", counted(count, "person", "people")),
        }
    }
}

/// A part of a ceiling that ends.
#[derive(Debug, Clone)]
pub(crate) struct Ending {
    /// Which: `delete`, `cards`.
    pub what: String,
    /// When.
    pub at: When,
    /// Whether that is over.
    pub is_over: bool,
}

/// `/directory/{app}`: one app, with all that happened to it.
#[derive(Template, Debug, Clone)]
#[template(path = "directory_app.html")]
pub(crate) struct DirectoryApp {
    /// The frame.
    pub page: Page,
    /// The app.
    pub entry: DirectoryEntry,
    /// What happened to it, newest first: its entries in the log.
    pub history: Vec<DirectoryEvent>,
}

/// An entry of the log about an app.
#[derive(Debug, Clone)]
pub(crate) struct DirectoryEvent {
    /// When.
    pub at: When,
    /// What, in words.
    pub what: String,
    /// The ceiling, or why.
    pub detail: Option<String>,
    /// Its index in the log, once it has one.
    pub leaf: Option<i64>,
}

/// A ceiling that was.
#[derive(Debug, Clone)]
pub(crate) struct FormerCeiling {
    /// Until when.
    pub until: When,
    /// Its phrases.
    pub ceiling: Vec<String>,
}
