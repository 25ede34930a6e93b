//! `/healthz`: the process answers. `/readyz`: it can also store.
//!
//! Invariant: however often it is asked, `/readyz` writes at most once a second.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use http::StatusCode;
use model::Time;
use std::sync::Arc;
use tokio::sync::Mutex;
use vault::Vault;

/// For how long an answer holds, in microseconds.
const HOLDS_US: i64 = 1_000_000;

#[derive(Clone)]
struct Asked {
    vault: Arc<Vault>,
    last: Arc<Mutex<Option<(Time, bool)>>>,
}

/// The two routes.
pub fn routes(vault: Arc<Vault>) -> Router {
    let asked = Asked { vault, last: Arc::default() };
    Router::new().route("/healthz", get(async || "alive\n")).route("/readyz", get(ready)).with_state(asked)
}

async fn ready(State(asked): State<Asked>) -> (StatusCode, &'static str) {
    let mut last = asked.last.lock().await;
    let now = asked.vault.world().now();
    let ready = match *last {
        Some((at, ready)) if (0..HOLDS_US).contains(&(now.micros() - at.micros())) => ready,
        _ => {
            let outcome = asked.vault.ready().await;
            if let Err(fault) = &outcome {
                tracing::error!(%fault, "the server cannot store");
            }
            *last = Some((now, outcome.is_ok()));
            outcome.is_ok()
        }
    };
    if ready { (StatusCode::OK, "ready\n") } else { (StatusCode::SERVICE_UNAVAILABLE, "cannot store\n") }
}
