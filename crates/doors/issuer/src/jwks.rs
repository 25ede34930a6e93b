//! `GET /jwks`: the public keys with which ID tokens are checked.

use crate::Doors;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;

/// Kept by clients for at most half of the time that a new key is published before it signs.
pub(crate) async fn jwks(State(doors): State<Doors>) -> Result<Response, Problem> {
    let keys = doors.vault.jwks().await?;
    let max_age = format!("public, max-age={}", vault::KEY_AHEAD_S / 2);
    Ok(([(header::CACHE_CONTROL, max_age)], Json(keys)).into_response())
}
