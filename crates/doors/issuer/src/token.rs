//! `POST /token`: a code or a refresh token for an access token.

use crate::problem::Problem;
use crate::{Doors, client};
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use http::request::Parts;
use oauth::token::TokenRequest;

/// Answers with tokens (RFC 6749 5.1, RFC 9396 7), or with why not.
pub(crate) async fn token(
    State(doors): State<Doors>,
    mut parts: Parts,
    body: Bytes,
) -> Result<Response, Problem> {
    let (proved, held) = client::proved_holding(&doors, &mut parts, &body).await?;
    let binding = held.binding(&proved.client)?;
    let json = match oauth::token::parse(&proved.form, &doors.issuer)? {
        TokenRequest::Own => {
            oauth::token::own_token(&proved.client)?;
            doors.vault.app_token(proved.app(), binding.access).await?.json()
        }
        request => {
            let app = proved.app();
            let verifier = proved.form.value("code_verifier").filter(|_| is_code(&request));
            let told = doors.vault.token_bound(app, request, binding).await?.json();
            if let Some(verifier) = verifier {
                doors.inside.challenges.note(app, verifier);
            }
            told
        }
    };
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
        (header::PRAGMA, "no-cache"),
    ];
    Ok((headers, json).into_response())
}

fn is_code(request: &TokenRequest) -> bool {
    matches!(request, TokenRequest::Code { .. })
}
