//! A permit is made by the gate alone.
use vault::{Caller, ListConversations, Permit};

fn ask(caller: Caller) -> Permit<ListConversations> {
    caller.permit(ListConversations { after: None, limit: 9 }).unwrap()
}

fn main() {
    let _ = ask;
}
