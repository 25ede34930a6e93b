//! This door's dialect of errors: RFC 6749 JSON, and for the person a page.
//!
//! Invariant: what broke inside is logged once, here, and never told outside.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use oauth::dpop::ProofInvalid;
use oauth::{ErrorCode, OAuthError};
use vault::{Fault, Refusal, TokenRefusal};

/// An error that goes out as JSON.
#[derive(Debug)]
pub(crate) struct Problem {
    error: OAuthError,
    /// The scheme of the `Authorization` header that did not prove the client, for `WWW-Authenticate`.
    challenge: Option<&'static str>,
    /// Too many of these: in how many seconds there is room for more.
    wait_s: Option<i64>,
}

impl Problem {
    /// There were too many of these.
    pub(crate) fn too_many(wait_s: i64, why: &str) -> Self {
        let error = OAuthError::new(ErrorCode::TemporarilyUnavailable, why);
        Problem { error, challenge: None, wait_s: Some(wait_s) }
    }

    /// Did the client fail to prove itself?
    pub(crate) fn is_unproven(&self) -> bool {
        self.error.code() == ErrorCode::InvalidClient
    }

    /// What is wrong with a DPoP proof, if that is what is wrong.
    pub(crate) fn of_proof(&self) -> Option<&OAuthError> {
        let codes = [ErrorCode::InvalidDpopProof, ErrorCode::UseDpopNonce];
        codes.contains(&self.error.code()).then_some(&self.error)
    }

    /// The same, answered to a client that used `Authorization`.
    pub(crate) fn challenged(mut self, used_header: bool) -> Self {
        if used_header && self.error.code() == ErrorCode::InvalidClient {
            self.challenge = Some("Basic realm=\"waxseal\"");
        }
        self
    }

    /// The same, answered to a client that sent an access token.
    pub(crate) fn of_bearer(mut self) -> Self {
        if self.error.code() == ErrorCode::InvalidToken {
            self.challenge = Some("Bearer realm=\"waxseal\", error=\"invalid_token\"");
        }
        self
    }
}

impl From<OAuthError> for Problem {
    fn from(error: OAuthError) -> Self {
        Problem { error, challenge: None, wait_s: None }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let error = match refusal {
            Refusal::Replayed => ProofInvalid::Replayed.into(),
            Refusal::Token | Refusal::SignedOut => {
                OAuthError::new(ErrorCode::InvalidToken, "the access token is unknown, expired or revoked")
            }
            Refusal::Unproven => OAuthError::new(ErrorCode::InvalidToken, refusal.to_string()),
            Refusal::Fault(fault) => broke(&fault),
            refusal => OAuthError::new(ErrorCode::InvalidRequest, refusal.to_string()),
        };
        error.into()
    }
}

impl From<TokenRefusal> for Problem {
    fn from(refusal: TokenRefusal) -> Self {
        match refusal {
            TokenRefusal::OAuth(error) => error.into(),
            TokenRefusal::Refusal(refusal) => refusal.into(),
        }
    }
}

/// Logs a fault and says no more than that there was one.
fn broke(fault: &Fault) -> OAuthError {
    tracing::error!(%fault, "an OAuth request could not be answered");
    match fault {
        Fault::Unknown
        | Fault::Full
        | Fault::ReadOnly
        | Fault::Contended
        | Fault::Unreachable(_)
        | Fault::Overloaded
        | Fault::Closed => OAuthError::new(
            ErrorCode::TemporarilyUnavailable,
            "the server cannot do this now; try again shortly",
        ),
        Fault::Conflict(_) | Fault::Damaged(_) | Fault::Panicked(_) | Fault::Shape(_) | Fault::Other(_) => {
            OAuthError::new(ErrorCode::ServerError, "the server could not do this")
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = match self.wait_s {
            Some(_) => StatusCode::TOO_MANY_REQUESTS,
            None => StatusCode::from_u16(self.error.status()).unwrap_or(StatusCode::BAD_REQUEST),
        };
        let mut response = (status, Json(&self.error)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(challenge) = self.challenge {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(wait_s) = self.wait_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait_s));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_says_when_to_come_back_and_nothing_says_what_broke() {
        let told = |fault| Problem::from(Refusal::Fault(fault)).into_response();
        for fault in [Fault::Unknown, Fault::Full, Fault::ReadOnly, Fault::Unreachable("db.internal".into())]
        {
            let response = told(fault);
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(response.headers()[header::RETRY_AFTER], "5");
        }
        let bug = Problem::from(Refusal::Fault(Fault::Shape("table tokens".into())));
        assert!(!bug.error.to_string().contains("table"));
        assert_eq!(bug.into_response().status(), StatusCode::INTERNAL_SERVER_ERROR);
    }
}
