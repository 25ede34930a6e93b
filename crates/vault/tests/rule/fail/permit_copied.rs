//! A permit cannot be copied.
use vault::{ListConversations, Permit};

fn both(permit: Permit<ListConversations>) -> (Permit<ListConversations>, Permit<ListConversations>) {
    (permit.clone(), permit)
}

fn main() {
    let _ = both;
}
