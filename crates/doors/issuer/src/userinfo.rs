//! `GET` and `POST /userinfo`: who signed in (OpenID Connect Core 5.3).

use crate::Doors;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use model::Scopes;
use oauth::{ErrorCode, OAuthError};
use vault::Refusal;

/// The token of an `Authorization: Bearer` header; the scheme in any case.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let (value, None) = (all.next()?, all.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim())
}

/// RFC 6750 3: the challenge names an error only if a token was sent, and a scope only if that is what is missing.
fn challenge(doors: &Doors, error: Option<&OAuthError>, scope: Option<&str>) -> Response {
    let metadata = doors.issuer.url(oauth::metadata::RESOURCE_PATH);
    let mut value = format!("Bearer resource_metadata=\"{metadata}\"");
    let mut status = StatusCode::UNAUTHORIZED;
    if let Some(error) = error {
        status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::UNAUTHORIZED);
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
fn refused(doors: &Doors, refusal: Refusal) -> Response {
    let (code, why, scope) = match refusal {
        Refusal::Token | Refusal::NotFound => {
            let why = "the access token is unknown, expired or revoked";
            (ErrorCode::InvalidToken, why.to_owned(), None)
        }
        Refusal::Scope(scope) => (ErrorCode::InsufficientScope, refusal.to_string(), Some(scope)),
        Refusal::No(no) => (ErrorCode::InsufficientScope, no.to_string(), None),
        refusal => return Problem::from(refusal).into_response(),
    };
    challenge(doors, Some(&OAuthError::new(code, why)), scope)
}

/// Tells an app who its person is, as far as its scopes go.
pub(crate) async fn userinfo(State(doors): State<Doors>, headers: HeaderMap) -> Response {
    let Some(token) = bearer(&headers) else { return challenge(&doors, None, None) };
    let found = async {
        let caller = doors.vault.caller(token).await?;
        caller.require(Scopes::OPENID, "openid")?;
        let face = doors.vault.person_face(caller.person()).await?;
        Ok::<_, Refusal>((caller.scopes(), face))
    };
    let (scopes, face) = match found.await {
        Ok(found) => found,
        Err(refusal) => return refused(&doors, refusal),
    };
    let handle = face.handle.unwrap_or_default();
    match oauth::id_token::userinfo(face.id, &handle, &face.name, scopes) {
        Ok(info) => ([(header::CACHE_CONTROL, "no-store")], Json(info)).into_response(),
        Err(error) => challenge(&doors, Some(&error), Some("openid")),
    }
}
