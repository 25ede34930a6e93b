//! Tells apps that somebody signed out (OpenID Connect Back-Channel Logout).
//!
//! Invariant: an app that does not answer holds up nobody: not the person, who is signed out already, and not the next app.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use outbound::{Outbound, Request};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use vault::{Logout, Refusal, Vault};

/// How often there is a look.
const EVERY: Duration = Duration::from_secs(2);
/// How many rounds go on at once: each is over when the slowest app has answered, or should have.
const ROUNDS_MAX: usize = 6;
/// How long an app may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// Of an answer only its status matters.
const ANSWER_BYTES_MAX: usize = 16 * 1024;

/// Tells for as long as it runs.
pub async fn logouts(vault: Arc<Vault>, outbound: Outbound) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // With limits of its own: whoever does not answer holds up no other way out either.
    let outbound = outbound.apart();
    let mut rounds = JoinSet::new();
    loop {
        ticks.tick().await;
        while let Some(told) = rounds.try_join_next() {
            if let Ok(Err(refusal)) = told {
                tracing::warn!(%refusal, "apps could not be told who signed out");
            }
        }
        if rounds.len() < ROUNDS_MAX {
            let (vault, outbound) = (vault.clone(), outbound.clone());
            rounds.spawn(async move { logouts_tell(&vault, &outbound).await });
        }
    }
}

/// Tells what is due, all at once; how many apps took it.
pub async fn logouts_tell(vault: &Arc<Vault>, outbound: &Outbound) -> Result<usize, Refusal> {
    let mut telling = JoinSet::new();
    for logout in vault.logouts_due().await? {
        let (vault, outbound) = (vault.clone(), outbound.clone());
        telling.spawn(async move { tell(&vault, &outbound, &logout).await });
    }
    Ok(telling.join_all().await.into_iter().filter(|told| *told).count())
}

async fn tell(vault: &Vault, outbound: &Outbound, logout: &Logout) -> bool {
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    let request = Request {
        method: Method::POST,
        url: logout.uri.clone(),
        headers: HeaderMap::from_iter([(header::CONTENT_TYPE, form)]),
        // A compact JWS needs no escapes.
        body: Bytes::from(format!("logout_token={}", logout.token)),
        timeout: ANSWER_WITHIN,
        answer_bytes_max: ANSWER_BYTES_MAX,
    };
    let app = logout.app;
    match outbound.send(request).await {
        Ok(answer) if answer.status.is_success() => {
            if let Err(refusal) = vault.logout_told(logout).await {
                tracing::warn!(%refusal, %app, "that an app was told who signed out could not be noted");
            }
            true
        }
        Ok(answer) => {
            tracing::info!(%app, status = %answer.status, "an app did not take that somebody signed out");
            false
        }
        Err(why) => {
            tracing::info!(%app, %why, "an app could not be told that somebody signed out");
            false
        }
    }
}
