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
