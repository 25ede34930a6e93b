//! `POST /revoke`: an app gives a token back (RFC 7009).

use crate::problem::Problem;
use crate::{Doors, client};
use axum::body::Bytes;
use axum::extract::State;
use http::request::Parts;
use http::{HeaderName, StatusCode, header};

/// 200 whether or not the token was any good; what was, is dead when this answers.
pub(crate) async fn revoke(
    State(doors): State<Doors>,
    mut parts: Parts,
    body: Bytes,
) -> Result<(StatusCode, [(HeaderName, &'static str); 1]), Problem> {
    let proved = client::proved(&doors, &mut parts, &body).await?;
    let token = oauth::token::parse_token(&proved.form)?;
    doors.vault.token_revoke(proved.app(), token).await?;
    Ok((StatusCode::OK, [(header::CACHE_CONTROL, "no-store")]))
}
