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
    /// When it retires, if that is known.
    pub retires: Option<When>,
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

/// A ceiling that was.
#[derive(Debug, Clone)]
pub(crate) struct FormerCeiling {
    /// Until when.
    pub until: When,
    /// Its phrases.
    pub ceiling: Vec<String>,
}
