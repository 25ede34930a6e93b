//! Why the vault says no. Each variant is a sentence that its caller can act on; what broke is a `Fault` inside.

use crate::Fault;
use model::{No, Withheld};

/// The vault understood, and the answer is no; or it broke.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// The access token opens nothing (any more).
    #[error("the access token is unknown, expired or revoked; ask for a new one")]
    Token,
    /// The access token is bound to a key or a certificate, and came without a proof of it.
    #[error(
        "the access token is bound to a key or a certificate that the request does not prove; see token_type in the answer that brought it"
    )]
    Unproven,
    /// The DPoP proof was used before.
    #[error("{}", oauth::dpop::ProofInvalid::Replayed)]
    Replayed,
    /// The session is over.
    #[error("you are signed out; sign in again")]
    SignedOut,
    /// The rule says no.
    #[error("{0}")]
    No(No),
    /// The token does not carry this scope.
    #[error("this needs the scope `{0}`")]
    Scope(&'static str),
    /// Outside the reach, or not there at all: the two cannot be told apart.
    #[error("there is no such thing here, or it is outside what this grant reaches")]
    NotFound,
    /// The message is withheld, so it cannot be acted on either.
    #[error("the message is withheld: {}", .0.as_str())]
    Withheld(Withheld),
    /// The grant changed while the request was under way.
    #[error("the grant changed while this was under way; try again")]
    Changed,
    /// The same key with another request.
    #[error("this Idempotency-Key was used for a different request; use a new key")]
    KeyReused,
    /// The same request was done before; told to the caller as done, never as an error.
    #[error("this was done before")]
    SentBefore,
    /// Someone in the list is not a friend.
    #[error(
        "conversations are started with friends only; one of these people is not a friend, or does not exist"
    )]
    NotFriends,
    /// Too many people.
    #[error("a conversation has at most {0} people")]
    TooMany(usize),
    /// Somebody has this handle, or one that looks like it.
    #[error("this handle, or one that looks like it, is taken; choose another")]
    HandleTaken,
    /// Wrong handle or password; the two cannot be told apart.
    #[error("the handle or the password is not right")]
    Password,
    /// Not the code that is right now, nor one of hers on paper.
    #[error("the code is not right, or was used before")]
    Code,
    /// Too many attempts; how many seconds to wait.
    #[error("there were many attempts in a short time; try again in {0} seconds")]
    Wait(i64),
    /// What was given cannot be taken; the sentence says why.
    #[error("{0}")]
    Invalid(String),
    /// It is in a state in which this cannot be done; the sentence says why.
    #[error("{0}")]
    Conflict(String),
    /// We broke.
    #[error("the server could not do this: {0}")]
    Fault(#[from] Fault),
}

impl From<No> for Refusal {
    fn from(no: No) -> Self {
        Refusal::No(no)
    }
}

impl From<ledger::record::RecordInvalid> for Refusal {
    fn from(invalid: ledger::record::RecordInvalid) -> Self {
        Refusal::Fault(Fault::Shape(invalid.to_string()))
    }
}
