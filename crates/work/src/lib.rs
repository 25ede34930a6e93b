//! The workers: what happens without anyone asking.
//!
//! Invariant: each worker can be stopped anywhere and started again, and two of one kind do no harm.

mod checkpoints;
mod expiry;
mod keys;
mod maps;

use std::sync::Arc;
use tokio::task::JoinSet;
use vault::Vault;

/// Starts every worker; they end when the set is dropped.
pub fn start(vault: &Arc<Vault>) -> JoinSet<()> {
    let mut workers = JoinSet::new();
    workers.spawn(checkpoints::run(vault.clone()));
    workers.spawn(expiry::run(vault.clone()));
    workers.spawn(keys::run(vault.clone()));
    workers.spawn(maps::run(vault.clone()));
    workers
}
