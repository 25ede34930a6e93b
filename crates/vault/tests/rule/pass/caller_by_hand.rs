//! A caller comes of a token.
use model::PersonId;

async fn caller(vault: &vault::Vault, token: &str) -> PersonId {
    vault.caller(token).await.unwrap().person()
}

fn main() {
    let _ = caller;
}
