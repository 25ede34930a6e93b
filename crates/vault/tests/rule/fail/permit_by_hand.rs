//! A permit is made by the gate alone.
use vault::{Caller, ListConversations, Permit};

fn ask(caller: Caller) -> Permit<ListConversations> {
    Permit { ask: ListConversations { after: None, limit: 9 }, person: caller.person() }
}

fn main() {
    let _ = ask;
}
