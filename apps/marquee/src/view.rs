//! What the templates are given.

use crate::films::Film;
use askama::Template;

/// What stands around every page.
pub(crate) struct Frame {
    /// Which entry of the navigation one is at.
    pub(crate) at: &'static str,
    /// Who is signed in.
    pub(crate) name: Option<String>,
    /// What was just done.
    pub(crate) flash: Option<&'static str>,
    /// Where Waxseal is.
    pub(crate) waxseal: String,
}

impl Frame {
    fn is_at(&self, entry: &str) -> bool {
        self.at == entry
    }
}

#[derive(Template)]
#[template(path = "browse.html")]
pub(crate) struct Browse {
    pub(crate) frame: Frame,
    pub(crate) words: String,
    pub(crate) genre: String,
    pub(crate) genres: Vec<&'static str>,
    pub(crate) films: Vec<&'static Film>,
}

#[derive(Template)]
#[template(path = "film.html")]
pub(crate) struct FilmPage {
    pub(crate) frame: Frame,
    pub(crate) film: &'static Film,
}

#[derive(Template)]
#[template(path = "sorry.html")]
pub(crate) struct Sorry {
    pub(crate) frame: Frame,
    pub(crate) title: &'static str,
    pub(crate) what: String,
}

#[derive(Template)]
#[template(path = "let_in.html")]
pub(crate) struct LetIn {
    pub(crate) frame: Frame,
    /// Where the button leads.
    pub(crate) to: String,
}

/// A conversation in the list.
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) people: String,
    pub(crate) messages: i64,
    pub(crate) at: String,
}

#[derive(Template)]
#[template(path = "inbox.html")]
pub(crate) struct Inbox {
    pub(crate) frame: Frame,
    pub(crate) rows: Vec<Row>,
}

/// A message, or why there is none to show.
pub(crate) struct Line {
    pub(crate) who: String,
    pub(crate) mine: bool,
    pub(crate) held: bool,
    /// What kind of thing, if it is one.
    pub(crate) kind: Option<String>,
    pub(crate) words: String,
    pub(crate) note: Option<String>,
    pub(crate) at: String,
}

#[derive(Template)]
#[template(path = "talk.html")]
pub(crate) struct Talk {
    pub(crate) frame: Frame,
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) people: String,
    pub(crate) lines: Vec<Line>,
    /// What was written and not sent.
    pub(crate) text: String,
    pub(crate) key: String,
    pub(crate) problem: Option<String>,
}

#[derive(Template)]
#[template(path = "plan.html")]
pub(crate) struct Plan {
    pub(crate) frame: Frame,
    pub(crate) film: &'static Film,
    pub(crate) friends: String,
    pub(crate) note: String,
    pub(crate) problem: Option<String>,
}
