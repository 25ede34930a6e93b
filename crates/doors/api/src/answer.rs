//! Answers that are not problems: JSON, with the receipt of the permit that was spent for it.

use crate::problem::Problem;
use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, StatusCode};
use http_body::{Frame, SizeHint};
use serde::Serialize;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use vault::{Fault, Opened, Refusal};

/// The signed receipt of an access.
pub(crate) const RECEIPT: HeaderName = HeaderName::from_static("waxseal-receipt");
const APPLICATION_JSON: HeaderValue = HeaderValue::from_static("application/json");

/// An answer whose body is this JSON.
pub(crate) fn json(body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(CONTENT_TYPE, APPLICATION_JSON);
    response
}

/// An answer made of a value.
pub(crate) fn json_of(value: &impl Serialize) -> Result<Response, Problem> {
    let body = serde_json::to_string(value).map_err(|e| Refusal::Fault(Fault::Shape(e.to_string())))?;
    Ok(json(body))
}

/// A body in pieces, which go to the connection as they are: a page that has waited for its record is not copied again.
struct Pieces(VecDeque<Bytes>);

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.iter().map(|piece| piece.len() as u64).sum())
    }
}

/// `{"items":…,"next":…}` around items that are JSON already.
pub(crate) fn list(items: String, next: Option<&str>) -> Response {
    // Our own cursors: digits and base64url, nothing to escape.
    let end = next.map_or_else(|| r#","next":null}"#.to_owned(), |next| format!(r#","next":"{next}"}}"#));
    let pieces = [Bytes::from_static(br#"{"items":"#), Bytes::from(items), Bytes::from(end)];
    let mut response = Response::new(Body::new(Pieces(pieces.into())));
    response.headers_mut().insert(CONTENT_TYPE, APPLICATION_JSON);
    response
}

/// An answer without a body.
pub(crate) fn nothing() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// 201 with the place of what was made.
pub(crate) fn created(body: String, location: String) -> Response {
    let mut response = json(body);
    *response.status_mut() = StatusCode::CREATED;
    put(&mut response, http::header::LOCATION, location);
    response
}

/// Sets a header to a text of ours, which is always visible ASCII.
pub(crate) fn put(response: &mut Response, name: HeaderName, text: String) {
    if let Ok(value) = HeaderValue::try_from(text) {
        response.headers_mut().insert(name, value);
    }
}

/// Makes an answer of what a permit opened, and hands the receipt over with it.
pub(crate) fn with_receipt<T>(opened: Opened<T>, answer: impl FnOnce(T) -> Response) -> Response {
    let Opened { answer: opened, receipt } = opened;
    let mut response = answer(opened);
    put(&mut response, RECEIPT, receipt);
    response
}
