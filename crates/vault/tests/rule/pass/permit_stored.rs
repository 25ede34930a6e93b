//! What it was asked with can be shown.
use vault::{ListConversations, Permit};

fn keep(permit: Permit<ListConversations>) -> String {
    serde_json::to_string(&format!("{permit:?}")).unwrap()
}

fn main() {
    let _ = keep;
}
