//! `GET /ledger/checkpoint`: the newest signed head of the log (C2SP tlog-tiles).

use crate::Door;
use crate::ledger_tile::published;
use crate::problem::Problem;
use axum::extract::State;
use axum::response::Response;
use std::sync::Arc;

/// The newest checkpoint: size and root of the log in a signed note.
#[utoipa::path(get, path = "/ledger/checkpoint", tag = "for anyone", security(()),
    responses((status = 200, description = "A C2SP signed note", body = String, content_type = "text/plain; charset=utf-8")))]
pub(crate) async fn ledger_checkpoint(State(door): State<Arc<Door>>) -> Result<Response, Problem> {
    let note = door.vault.checkpoint().await?;
    Ok(published(note, "text/plain; charset=utf-8", "public, max-age=1"))
}
