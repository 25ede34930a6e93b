//! `/grants/{grant_id}`: an app that can prove itself looks at a grant that it holds, or gives it back (Grant Management
//! for OAuth 2.0).
//!
//! Invariant: a grant that is another app's, over, or was never there is one and the same 404.

use crate::problem::Problem;
use crate::{Doors, client, userinfo};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{StatusCode, header};
use model::{AppId, GrantId, GrantState};
use oauth::grant_management::{GrantFacts, GrantTold};
use oauth::{ErrorCode, OAuthError};
use vault::Refusal;

/// Which app asks: by what it proves itself with in the header, or by an access token of the very grant.
async fn asking(doors: &Doors, parts: &mut Parts, grant: Option<GrantId>) -> Result<AppId, Problem> {
    let presented = match userinfo::credentials(&parts.headers) {
        Some(credentials) => userinfo::presented(doors, parts, credentials).await?,
        None => return Ok(client::proved_by_header(doors, parts).await?.id),
    };
    let caller = doors.vault.caller(presented).await.map_err(|refusal| Problem::from(refusal).of_bearer())?;
    let app = doors.vault.app(caller.app()).await?;
    let why = match () {
        () if Some(caller.grant()) != grant => "the access token is one of another grant",
        () if !app.kind.is_confidential() => "grant management is for clients that authenticate",
        () => return Ok(app.id),
    };
    Err(OAuthError::new(ErrorCode::InsufficientScope, why).into())
}

fn none() -> Response {
    (StatusCode::NOT_FOUND, [(header::CACHE_CONTROL, "no-store")]).into_response()
}

/// `GET`: the grant as it stands.
pub(crate) async fn grant_query(
    State(doors): State<Doors>,
    Path(grant): Path<String>,
    mut parts: Parts,
) -> Result<Response, Problem> {
    let named = grant.parse().ok();
    let app = asking(&doors, &mut parts, named).await?;
    let Some(grant) = named else { return Ok(none()) };
    let grant = match doors.vault.grant_of_app(app, grant).await {
        Err(Refusal::NotFound) => return Ok(none()),
        found => found?,
    };
    let facts = GrantFacts {
        id: grant.id,
        scopes: grant.scopes,
        terms: &grant.terms,
        purpose: &grant.purpose,
        agreed_at: grant.agreed_at,
        state: match grant.state {
            GrantState::Paused => "paused",
            _ => "active",
        },
    };
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, GrantTold::of(&facts, &doors.issuer).json()).into_response())
}

/// `DELETE`: it ends at once, with every token of it.
pub(crate) async fn grant_revoke(
    State(doors): State<Doors>,
    Path(grant): Path<String>,
    mut parts: Parts,
) -> Result<Response, Problem> {
    let named = grant.parse().ok();
    let app = asking(&doors, &mut parts, named).await?;
    let Some(grant) = named else { return Ok(none()) };
    match doors.vault.grant_end_by_app(app, grant).await {
        Err(Refusal::NotFound) => Ok(none()),
        done => {
            done?;
            Ok((StatusCode::NO_CONTENT, [(header::CACHE_CONTROL, "no-store")]).into_response())
        }
    }
}
