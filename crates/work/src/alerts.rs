//! Tells people of accesses that they want to be told of, some seconds after them.

use std::sync::Arc;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};
use vault::{Refusal, Vault};

/// How often there is a look.
const EVERY: Duration = Duration::from_secs(5);

/// Looks for as long as it runs.
pub(crate) async fn run(vault: Arc<Vault>) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        loop {
            match vault.alerts_step().await {
                Ok(true) => {}
                // Nothing is left; or another node looks, and tells what this one would have.
                Ok(false) | Err(Refusal::Changed) => break,
                Err(refusal) => {
                    tracing::warn!(%refusal, "people could not be told of accesses");
                    break;
                }
            }
        }
    }
}
