//! The twin of `fail/actor_without_record.rs`: a caller who was looked up for this request may.
async fn friends(vault: &vault::Vault, caller: &vault::Caller) {
    let _ = vault.friends_of_caller(caller).await;
}

fn main() {
    let _ = friends;
}
