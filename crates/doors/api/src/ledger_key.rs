//! `GET /ledger/key`: the key with which checkpoints are checked.

use crate::Door;
use crate::ledger_tile::published;
use axum::extract::State;
use axum::response::Response;
use std::sync::Arc;

/// The verifier key of the log, as signed notes have it: name, hash and key, with + between them.
#[utoipa::path(get, path = "/ledger/key", tag = "for anyone", security(()),
    responses((status = 200, description = "One line", body = String, content_type = "text/plain; charset=utf-8")))]
pub(crate) async fn ledger_key(State(door): State<Arc<Door>>) -> Response {
    let line = format!("{}\n", door.vault.log_key());
    published(line, "text/plain; charset=utf-8", "public, max-age=300")
}
