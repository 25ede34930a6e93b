//! `GET /ledger/cosigned`: the newest head of the log that enough witnesses cosigned.

use crate::Door;
use crate::ledger_tile::published;
use crate::problem::Problem;
use axum::extract::State;
use axum::response::Response;
use std::sync::Arc;

/// The newest checkpoint with as many cosignatures as this server asks for. It never goes back; not found without witnesses.
#[utoipa::path(get, path = "/ledger/cosigned", tag = "for anyone", security(()),
    responses((status = 200, description = "A C2SP signed note", body = String, content_type = "text/plain; charset=utf-8")))]
pub(crate) async fn ledger_cosigned(State(door): State<Arc<Door>>) -> Result<Response, Problem> {
    let note = door.vault.cosigned_checkpoint().await?;
    Ok(published(note, "text/plain; charset=utf-8", "public, max-age=1"))
}
