//! A permit can be handed on.
use vault::{ListConversations, Permit};

fn both(
    one: Permit<ListConversations>,
    other: Permit<ListConversations>,
) -> (Permit<ListConversations>, Permit<ListConversations>) {
    (one, other)
}

fn main() {
    let _ = both;
}
