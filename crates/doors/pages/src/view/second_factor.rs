//! One-time codes and recovery codes.

use super::{Page, When};
use askama::Template;

/// `/settings/codes`. Its forms post to the same address (begin), `/settings/codes/confirm` (`code`),
/// `/settings/codes/recovery` and `/settings/codes/end`.
#[derive(Template, Debug, Clone)]
#[template(path = "codes.html")]
pub(crate) struct Codes {
    /// The frame.
    pub page: Page,
    /// Since when codes are asked for; `None`: they are not.
    pub since: Option<When>,
    /// How many recovery codes are left.
    pub recovery_left: u64,
    /// What waits to be confirmed.
    pub setup: Option<Setup>,
    /// Why the code that should confirm it was refused.
    pub problem: Option<String>,
}

/// What her app must be told.
#[derive(Clone)]
pub(crate) struct Setup {
    /// To be typed by hand.
    pub secret: String,
    /// To be opened on the phone itself.
    pub uri: String,
    /// To be held before the camera: the path of a QR code.
    pub picture: String,
    /// The side of the picture.
    pub side: i32,
}

impl std::fmt::Debug for Setup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Setup")
    }
}

/// Recovery codes, shown once.
#[derive(Template, Clone)]
#[template(path = "recovery_codes.html")]
pub(crate) struct RecoveryCodes {
    /// The frame.
    pub page: Page,
    /// Each as it is to be written down.
    pub codes: Vec<String>,
    /// Whether one-time codes were set up just now.
    pub is_first: bool,
}
