//! A device that asks to be let in: its code, and what is known of it.

use super::{Name, Page, When};
use askama::Template;

/// `/device`; its form posts `user_code` to the same address.
#[derive(Template, Debug, Clone)]
#[template(path = "device.html")]
pub(crate) struct Device {
    /// The frame; somebody is signed in.
    pub page: Page,
    /// The code as it came along or was typed.
    pub user_code: Name,
    /// Why it does not go on.
    pub problem: Option<String>,
}

/// The device behind a question, on the consent page.
#[derive(Debug, Clone)]
pub(crate) struct Asking {
    /// The code that it shows, to be compared.
    pub user_code: String,
    /// From where it asks, if that is known.
    pub from: Option<String>,
    /// What it says it is.
    pub agent: Name,
    /// When it asked.
    pub at: When,
}
