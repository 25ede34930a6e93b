//! The workers: what happens without anyone asking.
//!
//! Invariant: each worker can be stopped anywhere and started again, and two of one kind do no harm.

mod alerts;
mod checkpoints;
mod expiry;
mod keys;
mod lapses;
mod logouts;
mod maps;
mod webhooks;
mod witnesses;

pub use logouts::{logouts, logouts_tell};
pub use webhooks::Webhooks;
pub use witnesses::Witnesses;

use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use vault::Vault;

/// Starts every worker; they end when the set is dropped. Without witnesses there is nobody to ask for cosignatures.
pub fn start(vault: &Arc<Vault>, witnesses: Option<Witnesses>) -> JoinSet<()> {
    let mut workers = JoinSet::new();
    let (looked, all_looked) = mpsc::channel(1);
    workers.spawn(checkpoints::run(vault.clone(), all_looked));
    workers.spawn(expiry::run(vault.clone()));
    workers.spawn(keys::run(vault.clone()));
    if let Some(witnesses) = witnesses {
        workers.spawn(witnesses::run(vault.clone(), witnesses, looked));
    }
    workers.spawn(maps::run(vault.clone()));
    workers.spawn(alerts::run(vault.clone()));
    workers.spawn(lapses::run(vault.clone()));
    workers
}
