//! Takes away what is not used, tells whom it concerns, and looks again when something may be due.

use std::sync::Arc;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};
use vault::Vault;

/// How often there is a look.
const EVERY: Duration = Duration::from_secs(60);

/// Looks for as long as it runs.
pub(crate) async fn run(vault: Arc<Vault>) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        loop {
            match vault.lapse_step().await {
                Ok(true) => {}
                Ok(false) => break,
                Err(refusal) => {
                    tracing::warn!(%refusal, "what is not used could not be taken away");
                    break;
                }
            }
        }
    }
}
