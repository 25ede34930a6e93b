//! A permit serves once.
use vault::{Permit, ReadMessages, Vault};

async fn read(vault: &Vault, permit: Permit<ReadMessages>, another: Permit<ReadMessages>) {
    let _ = vault.read_messages(permit).await;
    let _ = vault.read_messages(another).await;
}

fn main() {
    let _ = read;
}
