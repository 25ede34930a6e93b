//! `GET /verify`: a page that checks evidence in the browser. For anyone; once it is loaded it needs no server.
//!
//! Invariant: its policy lets it reach nothing, so what is checked on it leaves the browser nowhere. The script says the same
//! sentences as `waxseal verify --bundle`; tests/browser holds the two together.

use crate::caller::frame;
use crate::page::page_reaching_nothing;
use crate::view::Verify;
use crate::{Door, view};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use std::sync::Arc;

/// `GET /verify`
pub(crate) async fn verify(State(door): State<Arc<Door>>, headers: HeaderMap) -> Response {
    let page: view::Page = frame(&door, &headers).await;
    page_reaching_nothing(StatusCode::OK, &Verify { page })
}
