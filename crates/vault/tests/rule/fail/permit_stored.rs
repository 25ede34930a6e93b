//! A permit cannot be written down for later.
use vault::{ListConversations, Permit};

fn keep(permit: Permit<ListConversations>) -> String {
    serde_json::to_string(&permit).unwrap()
}

fn main() {
    let _ = keep;
}
