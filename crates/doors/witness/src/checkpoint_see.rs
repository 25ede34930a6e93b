//! `GET /<SHA-256 of the origin, hex>/checkpoint`: the last checkpoint of a log that was cosigned here, for those who watch.

use crate::{TEXT, Witness};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CACHE_CONTROL;
use std::sync::Arc;

/// The note with the log's signature and this witness's; not found for a log of which it cosigned nothing.
pub(crate) async fn checkpoint_see(
    State(witness): State<Arc<Witness>>,
    Path(origin_hash): Path<String>,
) -> Response {
    match witness.cosigned(&origin_hash) {
        Some(note) => ([TEXT, (CACHE_CONTROL, "public, max-age=1")], note).into_response(),
        None => (StatusCode::NOT_FOUND, [TEXT], "nothing of this log was cosigned here\n").into_response(),
    }
}
