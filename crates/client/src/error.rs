//! What can go wrong, by who has to act.
//!
//! Invariant: no variant holds or prints a token, a secret or what people wrote.

use crate::shapes::{Action, Kind, Withheld};
use ledger::receipt::ReceiptRefused;
use serde::Deserialize;

/// What went wrong.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server understood, and says no: see [`Problem::name`].
    #[error("{0}")]
    Problem(Box<Problem>),
    /// Signing in or refreshing was refused (RFC 6749 5.2), by the person too (`access_denied`).
    #[error("{0}")]
    OAuth(OAuthError),
    /// There is no access any more: it was revoked, it has ended, or the person signed out. Ask her again.
    #[error("there is no access any more: {0}; ask the person to sign in again")]
    SignedOut(String),
    /// The server did what it was asked and did not prove it. Nothing of the answer was handed out.
    #[error("the answer has no valid receipt: {0}")]
    Receipt(ReceiptFault),
    /// A signed text of the server's does not hold: ID token or key.
    #[error("what the server signed does not hold: {0}")]
    Signature(SignatureFault),
    /// What came back is none of the documented answers.
    #[error("the server answered something that this client does not understand: {0}")]
    Unexpected(String),
    /// No answer came. Whether the request was acted on is not known; [`Session::send_with_key`](crate::Session::send_with_key)
    /// with the same key is safe to repeat.
    #[error("no answer from the server: {0}")]
    Unreachable(String),
    /// What came back to the redirect address is not the answer to the question that was asked.
    #[error("what came back is not the answer to this sign-in: {0}")]
    Callback(&'static str),
    /// Nobody came back to the redirect address in time.
    #[error("nobody came back from the browser in time")]
    NobodyCameBack,
    /// A value that was given cannot be used.
    #[error("{0}")]
    Invalid(String),
    /// Keys and tokens could not be kept or read.
    #[error("keys and tokens could not be kept: {0}")]
    Keep(String),
    /// Cryptography is not available.
    #[error("cryptography failed: {0}")]
    Crypto(&'static str),
}

/// Why an answer was not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiptFault {
    /// There is none.
    #[error("there is none")]
    Missing,
    /// It is not genuine.
    #[error("{0}")]
    Refused(#[from] ReceiptRefused),
    /// It is genuine and about something else.
    #[error("it is about another {0}")]
    Other(&'static str),
    /// It was shown before, for another answer.
    #[error("it was shown before, for another answer")]
    Again,
    /// The server's log has another key than the one that was pinned.
    #[error("the log has another key than before; if its operator announced that, pin the new one")]
    KeyChanged,
}

/// Why a signed text was not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureFault {
    /// Not a compact JWS of a kind that is taken here.
    #[error("it is not a signed text of the kind that was expected")]
    Form,
    /// Made with a key that the server does not publish.
    #[error("it names no key that the server publishes")]
    UnknownKey,
    /// Bad.
    #[error("the signature is false")]
    False,
    /// Made by or for somebody else, at another time, or for another question.
    #[error("its {0} is not the right one")]
    Claim(&'static str),
}

/// A problem document (RFC 9457). Which one it is says [`name`](Problem::name); each has a page at `type`, which says what to do.
#[derive(Debug, Clone, PartialEq, Deserialize, thiserror::Error)]
#[error("{title}: {detail}")]
#[non_exhaustive]
pub struct Problem {
    /// Which problem: `/problems/` and its name.
    pub r#type: String,
    /// What happened, in a few words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What it was this time.
    #[serde(default)]
    pub detail: String,
    /// `malformed`: what cannot be read.
    pub parameter: Option<String>,
    /// `action-missing`: the action that the grant does not include.
    pub action: Option<Action>,
    /// `kind-missing`: the kind of content that the grant does not include.
    pub kind: Option<Kind>,
    /// `scope-missing`: the scope that the token does not carry.
    pub scope: Option<String>,
    /// `withheld`: why the message is withheld.
    pub withheld: Option<Withheld>,
    /// The limit that was passed.
    pub limit: Option<u64>,
    /// What the operator finds in the server's log.
    pub event: Option<String>,
    /// How long to wait before another attempt, in seconds, if the server said so.
    #[serde(skip)]
    pub retry_after_s: Option<u64>,
}

impl Problem {
    /// Its name: `not-found`, `action-missing`, `spent`, …
    pub fn name(&self) -> &str {
        self.r#type.rsplit('/').next().unwrap_or_default()
    }
}

/// An error of the endpoints of signing in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct OAuthError {
    /// The code: `access_denied`, `invalid_grant`, `invalid_client`, …
    pub error: String,
    /// What it was this time.
    pub error_description: Option<String>,
}

impl std::fmt::Display for OAuthError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.error_description {
            Some(description) => write!(f, "signing in was refused ({}): {description}", self.error),
            None => write!(f, "signing in was refused ({})", self.error),
        }
    }
}

impl Error {
    /// The problem's name, if it is one.
    pub fn problem(&self) -> Option<&str> {
        match self {
            Error::Problem(problem) => Some(problem.name()),
            _ => None,
        }
    }
}

impl From<ReceiptFault> for Error {
    fn from(fault: ReceiptFault) -> Self {
        Error::Receipt(fault)
    }
}

impl From<SignatureFault> for Error {
    fn from(fault: SignatureFault) -> Self {
        Error::Signature(fault)
    }
}
