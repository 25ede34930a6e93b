//! `POST /add-checkpoint`: a log asks for a cosignature on its newest checkpoint, with the proof that it only grew.

use crate::{TEXT, Witness};
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderName};
use ledger::submission::Turned;
use std::sync::Arc;

const SIZE: [(HeaderName, &str); 1] = [(CONTENT_TYPE, "text/x.tlog.size")];

/// Answers with the cosignature's line, or with the status that the specification has for what is wrong.
pub(crate) async fn add_checkpoint(State(witness): State<Arc<Witness>>, body: Bytes) -> Response {
    // Waits for the disk, and so on a thread that may. It runs to its end also if the log hangs up.
    let decided = tokio::task::spawn_blocking(move || witness.cosign(&body)).await;
    match decided {
        Ok(Ok(Ok(line))) => ([TEXT], format!("{line}\n")).into_response(),
        Ok(Ok(Err(turned))) => turn_away(&turned),
        Ok(Err(fault)) => {
            tracing::error!(%fault, "a checkpoint could not be kept, so it was not cosigned");
            (StatusCode::SERVICE_UNAVAILABLE, [TEXT], "this witness cannot store: try again later\n")
                .into_response()
        }
        Err(error) => {
            tracing::error!(%error, "a request was not decided");
            (StatusCode::INTERNAL_SERVER_ERROR, [TEXT], "this witness is broken\n").into_response()
        }
    }
}

fn turn_away(turned: &Turned) -> Response {
    let status = StatusCode::from_u16(turned.status()).unwrap_or(StatusCode::BAD_REQUEST);
    match turned {
        Turned::Elsewhere { size } => (status, SIZE, format!("{size}\n")).into_response(),
        _ => (status, [TEXT], format!("{turned}\n")).into_response(),
    }
}
