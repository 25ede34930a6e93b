//! Forms: taken from our own pages and from no other site's.
//!
//! Invariant: browsers name the origin of each form that is sent; what comes from elsewhere, or from nowhere, changes nothing.

use crate::Origin;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Lets through what only reads, and forms whose `Origin` is ours.
pub async fn own_forms_only(State(own): State<Origin>, request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let from = request.headers().get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
    if reads || from == Some(own.as_str()) {
        return next.run(request).await;
    }
    let why =
        format!("This form was not sent from a page of {own}. Open the page there and send it again.\n");
    (StatusCode::FORBIDDEN, why).into_response()
}
