//! What the engine did can be counted.
async fn look(vault: &vault::Vault) {
    let _ = vault.timings();
}

fn main() {
    let _ = look;
}
