//! Takes away what is not used and what was to end on a date, and tells whom it concerns.

use std::sync::Arc;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};
use vault::{Refusal, Vault};

/// How often there is a look.
const EVERY: Duration = Duration::from_secs(60);

/// Looks for as long as it runs.
pub(crate) async fn run(vault: Arc<Vault>) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        loop {
            match step(&vault).await {
                Ok(true) => {}
                Ok(false) => break,
                Err(refusal) => {
                    tracing::warn!(%refusal, "what has ended could not be taken away");
                    break;
                }
            }
        }
    }
}

/// Is there more to do?
async fn step(vault: &Vault) -> Result<bool, Refusal> {
    let retired = vault.retire_step().await?;
    Ok(vault.lapse_step().await? || retired)
}
