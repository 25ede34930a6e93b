//! `GET /apps/evidence`, `GET /apps/{grant}/evidence` and `GET /apps/{grant}/accesses/{n}/receipt`: proofs to keep, as files.
//!
//! Invariant: what is handed out is hers alone: `Own` makes the evidence, and a grant of somebody else is not there.

use crate::Door;
use crate::caller::{At, Person};
use crate::problem::Problem;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use model::GrantId;
use std::sync::Arc;
use vault::{Fault, Refusal};

/// A file that browsers keep rather than show, and that no cache keeps.
fn download(media_type: &'static str, name: &'static str, bytes: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static(name)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (headers, bytes).into_response()
}

async fn take(door: &Door, person: &Person, grant: Option<GrantId>) -> Result<Response, Problem> {
    let _turn = door.proving.begin(person.own.person())?;
    let file = door.vault.evidence_own(&person.own, grant, None).await?;
    let bytes = file.write().map_err(|why| Refusal::Fault(Fault::Other(why.to_string())))?;
    Ok(download("application/zip", "attachment; filename=\"waxseal-evidence.zip\"", bytes))
}

/// `GET /apps/evidence`
pub(crate) async fn evidence_take_all(
    State(door): State<Arc<Door>>,
    person: Person,
) -> Result<Response, Problem> {
    take(&door, &person, None).await
}

/// `GET /apps/{grant}/evidence`
pub(crate) async fn evidence_take(
    State(door): State<Arc<Door>>,
    person: Person,
    At(grant): At<GrantId>,
) -> Result<Response, Problem> {
    take(&door, &person, Some(grant)).await
}

/// `GET /apps/{grant}/accesses/{n}/receipt`
pub(crate) async fn receipt_take(
    State(door): State<Arc<Door>>,
    person: Person,
    At((grant, n)): At<(GrantId, i64)>,
) -> Result<Response, Problem> {
    let receipt = door.vault.receipt_of_own(&person.own, grant, n).await?;
    let name = "attachment; filename=\"waxseal-receipt.txt\"";
    Ok(download("text/plain; charset=utf-8", name, format!("{receipt}\n").into_bytes()))
}
