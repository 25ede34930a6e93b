//! `GET /ledger/proof/{index}`: that an entry is in the log, as a file that can be checked offline (C2SP tlog-proof).
//!
//! Invariant: it tells nothing that the public tiles do not: whom the entry is about, nobody learns here.

use crate::Door;
use crate::ledger_tile::published;
use crate::problem::Problem;
use axum::extract::{Path, State};
use axum::response::Response;
use std::sync::Arc;

/// The proof for the entry at this index: to the newest cosigned checkpoint that holds it, else to the newest.
#[utoipa::path(get, path = "/ledger/proof/{index}", tag = "for anyone", security(()),
    params(("index" = String, Path, description = "The index of the entry, in decimal", example = "0")),
    responses((status = 200, description = "A C2SP tlog-proof", body = String, content_type = "text/plain; charset=utf-8")))]
pub(crate) async fn ledger_proof(
    State(door): State<Arc<Door>>,
    Path(index): Path<String>,
) -> Result<Response, Problem> {
    let number = index.parse::<u64>().ok().filter(|number| number.to_string() == index);
    let proof = door.vault.inclusion(number.ok_or_else(Problem::not_found)?).await?;
    Ok(published(proof.to_string(), "text/plain; charset=utf-8", "public, max-age=1"))
}
