//! Leave to list is not leave to read.
use vault::{ListConversations, Permit, Vault};

async fn read(vault: &Vault, permit: Permit<ListConversations>) {
    let _ = vault.read_messages(permit).await;
}

fn main() {
    let _ = read;
}
