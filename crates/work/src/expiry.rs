//! Tidies away what has ended by itself.

use std::sync::Arc;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};
use vault::Vault;

/// How often there is a look.
const EVERY: Duration = Duration::from_secs(20);

/// Tidies for as long as it runs.
pub(crate) async fn run(vault: Arc<Vault>) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        loop {
            match vault.expire().await {
                Ok(true) => {}
                Ok(false) => break,
                Err(refusal) => {
                    tracing::warn!(%refusal, "what has ended could not be tidied away");
                    break;
                }
            }
        }
    }
}
