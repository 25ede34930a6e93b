//! How a command ends when it is not done.
//!
//! Invariant: the exit codes are those of the outside contract: 1 refused, 2 usage, 3 verification failed.

use serde::{Deserialize, Serialize};
use std::fmt;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Exit {
    /// Understood, and no; or something broke.
    Refused = 1,
    /// Not understood.
    Usage = 2,
    /// What was to be verified is not as it should be.
    Unverified = 3,
}

/// Why a command was not done: a sentence that says what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// The exit code.
    pub exit: Exit,
    /// The sentence.
    pub sentence: String,
}

impl Stop {
    /// Understood, and no.
    pub fn refused(sentence: impl fmt::Display) -> Stop {
        Stop { exit: Exit::Refused, sentence: sentence.to_string() }
    }

    /// Not understood.
    pub fn usage(sentence: impl fmt::Display) -> Stop {
        Stop { exit: Exit::Usage, sentence: sentence.to_string() }
    }

    /// Not as it should be.
    pub fn unverified(sentence: impl fmt::Display) -> Stop {
        Stop { exit: Exit::Unverified, sentence: sentence.to_string() }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl From<vault::Refusal> for Stop {
    fn from(refusal: vault::Refusal) -> Self {
        Stop::refused(refusal)
    }
}

impl From<vault::Fault> for Stop {
    fn from(fault: vault::Fault) -> Self {
        Stop::refused(fault)
    }
}

impl From<vault::OpenError> for Stop {
    fn from(error: vault::OpenError) -> Self {
        Stop::refused(error)
    }
}

impl From<archive::Unreadable> for Stop {
    fn from(unreadable: archive::Unreadable) -> Self {
        Stop::refused(unreadable)
    }
}
