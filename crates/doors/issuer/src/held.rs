//! What the sender of a request holds besides what proves the app: a key, by a DPoP proof (RFC 9449), or a certificate, by the
//! connection (RFC 8705).
//!
//! Invariant: whoever sends proofs is told the next nonce with each answer, whatever it is.

use crate::Doors;
use crate::problem::Problem;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::request::Parts;
use http::{HeaderName, HeaderValue};
use oauth::OAuthError;
use oauth::bound::Held;
use oauth::certificate::Shown;
use oauth::dpop::{self, Target};
use std::sync::Arc;

const NONCE: HeaderName = HeaderName::from_static(dpop::NONCE_HEADER);

/// The certificate of the connection on which a request came. It stands in no header.
pub(crate) fn shown(parts: &Parts) -> Option<&Shown> {
    parts.extensions.get::<Arc<Shown>>().map(AsRef::as_ref)
}

/// What the sender holds without sending anything.
pub(crate) fn holds(doors: &Doors, parts: &Parts) -> Held {
    let now = doors.vault.world().now();
    Held { proof: None, certificate: shown(parts).and_then(|shown| shown.thumbprint_at(now)) }
}

/// What the sender holds; the proof is still to be used up.
pub(crate) async fn held(doors: &Doors, parts: &Parts, access_token: Option<&str>) -> Result<Held, Problem> {
    let held = holds(doors, parts);
    let values = parts.headers.get_all(dpop::HEADER).iter().map(HeaderValue::as_bytes);
    let Some(text) = dpop::sent(values).map_err(OAuthError::from)? else { return Ok(held) };
    let mutual = doors.mutual.as_ref().map_or(doors.issuer.as_str(), |mutual| mutual.url.as_str());
    let target = Target {
        method: parts.method.as_str(),
        bases: &[doors.issuer.as_str(), mutual],
        path: parts.uri.path(),
        access_token,
    };
    let proof = doors.vault.dpop_proof(text, &target).await?;
    Ok(Held { proof: Some(proof), ..held })
}

/// The layer around the endpoints that take proofs.
pub(crate) async fn next_nonce(State(doors): State<Doors>, request: Request, next: Next) -> Response {
    let proves = request.headers().contains_key(dpop::HEADER);
    let mut response = next.run(request).await;
    if proves
        && let Ok(nonce) = doors.vault.dpop_nonce().await
        && let Ok(value) = HeaderValue::try_from(nonce)
    {
        response.headers_mut().insert(NONCE, value);
    }
    response
}
