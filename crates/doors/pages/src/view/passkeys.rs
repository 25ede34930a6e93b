//! Passkeys.

use super::{Name, Page, When};
use askama::Template;

/// `/settings/passkeys`. Its forms post to the same address (`credential`, `name`), `/settings/passkeys/begin` (by script),
/// `/settings/passkeys/name` (`passkey`, `name`) and `/settings/passkeys/end` (`passkey`).
#[derive(Template, Debug, Clone)]
#[template(path = "passkeys.html")]
pub(crate) struct Passkeys {
    /// The frame.
    pub page: Page,
    /// Those that she has.
    pub passkeys: Vec<Passkey>,
    /// What a new one might be called.
    pub name: Name,
    /// Whether browsers make passkeys for our address.
    pub can_be_made: bool,
    /// Why something was refused.
    pub problem: Option<String>,
}

/// One of them.
#[derive(Debug, Clone)]
pub(crate) struct Passkey {
    /// Its id, base64url.
    pub id: String,
    /// What she calls it.
    pub name: Name,
    /// Made when.
    pub since: When,
    /// Last used when.
    pub last_used: Option<When>,
    /// It lives on more than one device.
    pub is_backed_up: bool,
    /// When its count went back.
    pub copied: Option<When>,
}
