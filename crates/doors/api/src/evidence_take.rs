//! `GET /v1/evidence`: proof, offline and for anyone, of how often the app did what.
//!
//! Invariant: an app gets what is counted of itself, over all people; whose it was does not stand in it.

use crate::app_caller::AppAsking;
use crate::problem::Problem;
use crate::shapes;
use axum::body::Body;
use axum::response::Response;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use model::Time;
use vault::{Fault, Refusal};

/// How often the app listed, read, sent and deleted since it was registered, as an evidence file.
///
/// Needs a token of the app itself. The file proves offline, to whoever has the log's key, what it says: publish it, and
/// people need not take your word for it. `waxseal verify --bundle` checks it, and so does the page `/verify`.
#[utoipa::path(get, path = "/v1/evidence", tag = "webhooks",
    responses((status = 200, description = "The file", body = shapes::Bytes, content_type = "application/zip")))]
pub(crate) async fn evidence_take(asking: AppAsking) -> Result<Response, Problem> {
    let app = asking.app().await?;
    let vault = &asking.door().vault;
    let _turn = asking.door().evidence.acquire().await.map_err(|_| Refusal::Fault(Fault::Closed))?;
    let always = (Time::from_micros(0), vault.world().now());
    let file = vault.evidence_between(Some(app.id), always, None).await?;
    let bytes = file.write().map_err(|why| Refusal::Fault(Fault::Other(why.to_string())))?;
    let mut response = Response::new(Body::from(bytes));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
