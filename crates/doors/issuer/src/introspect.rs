//! `POST /introspect`: what a token of its own is worth now, told to an app (RFC 7662; signed, RFC 9701).

use crate::problem::Problem;
use crate::{Doors, client};
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use http::request::Parts;
use oauth::introspection::{SIGNED_TYPE, wants_signed};
use oauth::{ErrorCode, OAuthError};

/// 200 whatever the token is; only an app that can prove itself is told.
pub(crate) async fn introspect(
    State(doors): State<Doors>,
    mut parts: Parts,
    body: Bytes,
) -> Result<Response, Problem> {
    let proved = client::proved(&doors, &mut parts, &body).await?;
    if !proved.client.kind.is_confidential() {
        let why =
            "an app that cannot prove itself is told nothing; it knows its tokens by the answers of the API";
        return Err(OAuthError::new(ErrorCode::InvalidClient, why).into());
    }
    let token = oauth::token::parse_token(&proved.form)?;
    let accepts = parts.headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let (kind, answer) = match accepts.into_iter().any(wants_signed) {
        true => (SIGNED_TYPE, doors.vault.token_introspect_signed(proved.app(), token).await?),
        false => ("application/json", doors.vault.token_introspect(proved.app(), token).await?.json()),
    };
    Ok(([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")], answer).into_response())
}
