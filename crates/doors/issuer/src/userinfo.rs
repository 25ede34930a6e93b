//! `GET` and `POST /userinfo`: who signed in (OpenID Connect Core 5.3).

use crate::Doors;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use oauth::{ErrorCode, OAuthError};
use vault::Refusal;

/// The token of an `Authorization: Bearer` header; the scheme in any case.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let (value, None) = (all.next()?, all.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim())
}

/// RFC 6750 3: the challenge names an error only if a token was sent.
fn challenge(doors: &Doors, error: Option<&OAuthError>) -> Response {
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
        if error.code() == ErrorCode::InsufficientScope {
            value.push_str(", scope=\"openid\"");
        }
    }
    let headers = [(header::WWW_AUTHENTICATE, value), (header::CACHE_CONTROL, "no-store".to_owned())];
    match error {
        Some(error) => (status, headers, Json(error)).into_response(),
        None => (status, headers).into_response(),
    }
}

/// Tells an app who its person is, as far as its scopes go.
pub(crate) async fn userinfo(State(doors): State<Doors>, headers: HeaderMap) -> Response {
    let Some(token) = bearer(&headers) else { return challenge(&doors, None) };
    let found = async {
        let caller = doors.vault.caller(token).await?;
        let face = doors.vault.person_face(caller.person()).await?;
        Ok::<_, Refusal>((caller.scopes(), face))
    };
    let (scopes, face) = match found.await {
        Ok(found) => found,
        Err(Refusal::Token | Refusal::NotFound) => {
            let why = "the access token is unknown, expired or revoked";
            return challenge(&doors, Some(&OAuthError::new(ErrorCode::InvalidToken, why)));
        }
        Err(refusal) => return crate::problem::Problem::from(refusal).into_response(),
    };
    let handle = face.handle.unwrap_or_default();
    match oauth::id_token::userinfo(face.id, &handle, &face.name, scopes) {
        Ok(info) => ([(header::CACHE_CONTROL, "no-store")], Json(info)).into_response(),
        Err(error) => challenge(&doors, Some(&error)),
    }
}
