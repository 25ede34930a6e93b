//! The bus: after a commit it tells whoever is interested that there is something new to look at.
//!
//! Invariant: it carries hints, ids and numbers, never content. A lost hint costs a look, never a message: whoever
//! listens looks for itself, and asks the gate when it does.

mod local;

pub use local::{Bus, Ears};

use model::{ConversationId, GrantId, PersonId};

/// What may be worth a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    /// A conversation has something new, up to this seq.
    Conversation {
        /// Which.
        conversation: ConversationId,
        /// The newest seq that the teller knows of.
        seq: i64,
    },
    /// A person's list of conversations, friends or wishes changed.
    Person(PersonId),
    /// A grant changed or ended.
    Grant(GrantId),
    /// Entries wait for the log.
    Log,
}
