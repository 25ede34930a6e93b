//! The bus: after a commit it tells whoever is interested that there is something new to look at.
//!
//! Invariant: it carries hints, ids and numbers, never content. A lost hint costs a look, never a message: whoever
//! listens looks for itself, and asks the gate when it does.

mod local;
#[cfg(feature = "nats")]
mod nats;

pub use local::{Bus, Ears};
#[cfg(feature = "nats")]
pub use nats::{Link, NatsUrl, NatsUrlInvalid};
