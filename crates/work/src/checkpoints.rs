//! Brings queued entries into the log: a new checkpoint at most a second after an entry.

use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, timeout};
use vault::Vault;

/// How often the queue is looked at. Four looks a second leave room for the work itself.
const EVERY: Duration = Duration::from_millis(250);

/// How long the first look waits for witnesses to say what they saw of the log.
const LOOK_WITHIN: Duration = Duration::from_secs(2);

/// Sequences for as long as it runs, from when `looked` ends: when the witnesses were asked what they saw of the log.
pub(crate) async fn run(vault: Arc<Vault>, mut looked: mpsc::Receiver<()>) {
    let _ = timeout(LOOK_WITHIN, looked.recv()).await;
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
