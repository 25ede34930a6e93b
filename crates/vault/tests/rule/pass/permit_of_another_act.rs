//! Leave to list is leave to list.
use vault::{ListConversations, Permit, Vault};

async fn read(vault: &Vault, permit: Permit<ListConversations>) {
    let _ = vault.list_conversations(permit).await;
}

fn main() {
    let _ = read;
}
