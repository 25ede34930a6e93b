//! Counts what the log took in, and puts the roots of the counting map into it: at least once a minute, if there was
//! anything to count.

use std::sync::Arc;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};
use vault::{Refusal, Vault};

/// How often there is a look: a minute, less what a look may take.
const EVERY: Duration = Duration::from_secs(50);

/// Counts for as long as it runs.
pub(crate) async fn run(vault: Arc<Vault>) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        loop {
            match vault.map_step(false).await {
                Ok(true) => {}
                // Nothing is left; or another node counts, and then counts what this one would have.
                Ok(false) | Err(Refusal::Changed) => break,
                Err(refusal) => {
                    tracing::warn!(%refusal, "the counting map could not be brought up to date");
                    break;
                }
            }
        }
    }
}
