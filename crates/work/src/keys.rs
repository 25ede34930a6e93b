//! Looks after the keys: learns what other nodes did, turns those whose time has come, destroys those long retired.

use std::sync::Arc;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};
use vault::Vault;

/// How often there is a look: well within the time that a new key is published ahead.
const EVERY: Duration = Duration::from_secs(20);

/// Looks for as long as it runs.
pub(crate) async fn run(vault: Arc<Vault>) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(refusal) = vault.keys_keep().await {
            tracing::warn!(%refusal, "the keys could not be looked after");
        }
    }
}
