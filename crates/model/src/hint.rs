//! A hint: who should look again, after something was stored.
//!
//! Invariant: ids and numbers, never content. A lost hint costs a look, never a message: whoever hears one looks for itself,
//! and asks the gate when it does.

use crate::{AppId, ConversationId, GrantId, PersonId};

/// What may be worth a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hint {
    /// Something happened in a conversation, up to this number.
    Conversation {
        /// Which.
        conversation: ConversationId,
        /// The number of the event in it.
        n: i64,
    },
    /// Somebody writes just now. Nothing of it is stored: whoever does not hear it has missed nothing.
    Typing {
        /// Where.
        conversation: ConversationId,
        /// Who.
        person: PersonId,
    },
    /// A grant or a token of it changed or ended.
    Grant(GrantId),
    /// An app changed: its ceiling, or whether it is live.
    App(AppId),
}
