//! Brings queued entries into the log: a new checkpoint at most a second after an entry.

use std::sync::Arc;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};
use vault::Vault;

/// How often the queue is looked at. Four looks a second leave room for the work itself.
const EVERY: Duration = Duration::from_millis(250);

/// Sequences for as long as it runs.
pub(crate) async fn run(vault: Arc<Vault>) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        loop {
            match vault.sequence().await {
                Ok(0) => break,
                Ok(_) => {}
                // Another node was faster, or the database is away: the next tick tries again.
                Err(refusal) => {
                    tracing::warn!(%refusal, "the log could not be brought up to date");
                    break;
                }
            }
        }
    }
}
