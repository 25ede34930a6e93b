//! The door at which logs get cosignatures (C2SP tlog-witness). A witness is a program of its own, run by somebody else
//! than the log; it knows nothing of messages.
//!
//! Invariant: for each log, what is cosigned only grows: a checkpoint is durable before it is signed, and nobody else looks
//! at the log between the check and that.

mod add_checkpoint;
mod checkpoint_see;
mod memory;

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use http::header::CONTENT_TYPE;
use std::sync::Arc;
use tower_http::limit::RequestBodyLimitLayer;

pub use memory::{Folder, MemoryFault, Witness};

/// The largest request: a proof, and a checkpoint with as many signatures as are read, in the longest algorithm known.
const BODY_BYTES_MAX: usize = 256 * 1024;

const TEXT: (http::HeaderName, &str) = (CONTENT_TYPE, "text/plain; charset=utf-8");

/// Every route of the door. The submission prefix and the monitoring prefix are both where they are mounted.
pub fn routes(witness: Arc<Witness>) -> Router {
    Router::new()
        .route("/add-checkpoint", post(add_checkpoint::add_checkpoint))
        .route("/{origin_hash}/checkpoint", get(checkpoint_see::checkpoint_see))
        .route("/key", get(key))
        .layer(RequestBodyLimitLayer::new(BODY_BYTES_MAX))
        .with_state(witness)
}

/// The key with which cosignatures are checked, in the form of signed notes.
async fn key(State(witness): State<Arc<Witness>>) -> ([(http::HeaderName, &'static str); 1], String) {
    ([TEXT], format!("{}\n", witness.key()))
}
