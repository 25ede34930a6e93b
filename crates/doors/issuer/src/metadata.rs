//! The discovery documents: OpenID Connect, RFC 8414, RFC 9728.

use crate::Doors;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;

const KEPT: [(http::HeaderName, &str); 1] = [(header::CACHE_CONTROL, "public, max-age=300")];

/// What the authorization server says of itself.
pub(crate) async fn server(State(doors): State<Doors>) -> Response {
    (KEPT, Json(oauth::metadata::server(&doors.issuer, doors.mutual.as_deref()))).into_response()
}

/// What the API says of itself.
pub(crate) async fn resource(State(doors): State<Doors>) -> Response {
    (KEPT, Json(oauth::metadata::resource(&doors.issuer, doors.mutual.as_deref()))).into_response()
}
