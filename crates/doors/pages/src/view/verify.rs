//! The page that checks evidence in the browser.

use super::Page;
use askama::Template;

/// `/verify`: for anyone, signed in or not.
#[derive(Template, Debug, Clone)]
#[template(path = "verify.html")]
pub(crate) struct Verify {
    /// The frame.
    pub page: Page,
}
