//! `GET` and `POST /userinfo`: who signed in (OpenID Connect Core 5.3).

use crate::Doors;
use crate::held::{held, holds};
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};
use model::Scopes;
use oauth::bound::Presented;
use oauth::dpop::{self, ProofInvalid};
use oauth::{ErrorCode, OAuthError};
use vault::Refusal;

/// How the token came.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Bearer,
    DPoP,
}

/// The token of the `Authorization` header; the scheme in any case.
pub(crate) fn credentials(headers: &HeaderMap) -> Option<(Scheme, &str)> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let (value, None) = (all.next()?, all.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let scheme = match scheme {
        _ if scheme.eq_ignore_ascii_case("Bearer") => Scheme::Bearer,
        _ if scheme.eq_ignore_ascii_case("DPoP") => Scheme::DPoP,
        _ => return None,
    };
    Some((scheme, token.trim()))
}

/// RFC 6750 3, RFC 9449 7.1: the challenge names an error only if a token was sent, and a scope only if that is what is missing.
fn challenge(doors: &Doors, scheme: Scheme, error: Option<&OAuthError>, scope: Option<&str>) -> Response {
    let metadata = doors.issuer.url(oauth::metadata::RESOURCE_PATH);
    let mut value = match scheme {
        Scheme::Bearer => format!("Bearer resource_metadata=\"{metadata}\""),
        Scheme::DPoP => {
            let algs = dpop::ALGORITHMS.join(" ");
            format!("DPoP algs=\"{algs}\", resource_metadata=\"{metadata}\"")
        }
    };
    let mut status = StatusCode::UNAUTHORIZED;
    if let Some(error) = error {
        if error.code() == ErrorCode::InsufficientScope {
            status = StatusCode::FORBIDDEN;
        }
        value.push_str(&format!(
            ", error=\"{}\", error_description=\"{}\"",
            error.code().as_str(),
            error.description()
        ));
    }
    if let Some(scope) = scope {
        value.push_str(&format!(", scope=\"{scope}\""));
    }
    let headers = [(header::WWW_AUTHENTICATE, value), (header::CACHE_CONTROL, "no-store".to_owned())];
    match error {
        Some(error) => (status, headers, Json(error)).into_response(),
        None => (status, headers).into_response(),
    }
}

/// Why nothing is told.
fn refused(doors: &Doors, scheme: Scheme, refusal: Refusal) -> Response {
    let (scheme, code, why, scope) = match refusal {
        Refusal::Token | Refusal::NotFound => {
            let why = "the access token is unknown, expired or revoked";
            (scheme, ErrorCode::InvalidToken, why.to_owned(), None)
        }
        Refusal::Unproven => (Scheme::DPoP, ErrorCode::InvalidToken, refusal.to_string(), None),
        Refusal::Replayed => (Scheme::DPoP, ErrorCode::InvalidDpopProof, refusal.to_string(), None),
        Refusal::Scope(scope_missing) => {
            (scheme, ErrorCode::InsufficientScope, refusal.to_string(), Some(scope_missing))
        }
        Refusal::No(no) => (scheme, ErrorCode::InsufficientScope, no.to_string(), None),
        refusal => return Problem::from(refusal).into_response(),
    };
    challenge(doors, scheme, Some(&OAuthError::new(code, why)), scope)
}

/// What was presented: the token, and what its sender holds.
pub(crate) async fn presented(
    doors: &Doors,
    parts: &Parts,
    (scheme, token): (Scheme, &str),
) -> Result<Presented, Problem> {
    let held = match scheme {
        Scheme::Bearer => holds(doors, parts),
        Scheme::DPoP => held(doors, parts, Some(token)).await?,
    };
    if scheme == Scheme::DPoP && held.proof.is_none() {
        return Err(OAuthError::from(ProofInvalid::Missing).into());
    }
    Ok(Presented { token: token.to_owned(), held })
}

/// Tells an app who its person is, as far as its scopes go.
pub(crate) async fn userinfo(State(doors): State<Doors>, parts: Parts) -> Response {
    let Some((scheme, token)) = credentials(&parts.headers) else {
        return challenge(&doors, Scheme::Bearer, None, None);
    };
    let presented = match presented(&doors, &parts, (scheme, token)).await {
        Ok(presented) => presented,
        Err(problem) => {
            return match problem.of_proof() {
                Some(error) => challenge(&doors, scheme, Some(error), None),
                None => problem.into_response(),
            };
        }
    };
    let found = async {
        let caller = doors.vault.caller(presented).await?;
        caller.require(Scopes::OPENID, "openid")?;
        let face = doors.vault.person_face(caller.person()).await?;
        Ok::<_, Refusal>((caller.scopes(), face))
    };
    let (scopes, face) = match found.await {
        Ok(found) => found,
        Err(refusal) => return refused(&doors, scheme, refusal),
    };
    let handle = face.handle.unwrap_or_default();
    match oauth::id_token::userinfo(face.id, &handle, &face.name, scopes) {
        Ok(info) => ([(header::CACHE_CONTROL, "no-store")], Json(info)).into_response(),
        Err(error) => challenge(&doors, scheme, Some(&error), Some("openid")),
    }
}
