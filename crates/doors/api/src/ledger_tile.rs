//! `GET /ledger/tile/…`: the tiles and entry bundles of the log (C2SP tlog-tiles).
//!
//! Invariant: a tile has one URL, and what is served under it never changes, a partial tile's neither.

use crate::Door;
use crate::problem::Problem;
use crate::shapes;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use ledger::tile::TilePath;
use std::sync::Arc;

const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// A tile of hashes (`<level>/<n>`) or a bundle of entries (`entries/<n>`), with `.p/<width>` for a partial one.
#[utoipa::path(get, path = "/ledger/tile/{*path}", tag = "for anyone", security(()),
    params(("path" = String, Path, description = "The place of a tile, as C2SP tlog-tiles spells it", example = "0/x001/234.p/17")),
    responses((status = 200, description = "Its bytes", body = shapes::Bytes, content_type = "application/octet-stream")))]
pub(crate) async fn ledger_tile(State(door): State<Arc<Door>>, uri: Uri) -> Result<Response, Problem> {
    // The path as it was sent: an escaped spelling of a tile's path is another path.
    let path: Option<TilePath> = uri.path().strip_prefix("/ledger/").and_then(|path| path.parse().ok());
    let bytes = door.vault.tile(path.ok_or_else(Problem::not_found)?).await?;
    Ok(published(bytes, "application/octet-stream", "public, max-age=31536000, immutable"))
}

/// Lets pages of other sites embed an answer: it is public, and there are no cookies to it.
pub(crate) fn open(headers: &mut HeaderMap) {
    headers.insert(CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
}

/// An answer that anyone may have, from any page, for as long as `cache` says.
pub(crate) fn published(bytes: impl Into<Body>, kind: &'static str, cache: &'static str) -> Response {
    let mut response = Response::new(bytes.into());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    open(headers);
    response
}
