//! Who is remembered by a token may ask for a permit, and for nothing that leaves no record.
async fn friends(vault: &vault::Vault, actor: &vault::Actor) {
    let _ = vault.friends_of_caller(actor).await;
}

fn main() {
    let _ = friends;
}
