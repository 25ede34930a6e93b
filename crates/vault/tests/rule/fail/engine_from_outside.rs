//! Nobody outside has a database handle.
async fn look(vault: &vault::Vault) {
    let _ = vault.engine.read("look", |_| Ok(()));
}

fn main() {
    let _ = look;
}
