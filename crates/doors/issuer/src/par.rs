//! `POST /par`: an app pushes what it will ask of a person (RFC 9126).

use crate::arrivals::{Address, Most};
use crate::problem::Problem;
use crate::{Doors, client};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequestParts, State};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{StatusCode, header};
use oauth::authorize::Request;
use oauth::par::Pushed;

/// How many requests one app may push; one that cannot prove itself shares with whoever is at its address.
pub(crate) const PUSHES: Most = Most { times: 500, window_s: 5 };

/// Answers with a handle on the request, or with why nobody could be asked this.
pub(crate) async fn par(
    State(doors): State<Doors>,
    mut parts: Parts,
    body: Bytes,
) -> Result<Response, Problem> {
    let (proved, held) = client::proved_holding(&doors, &mut parts, &body).await?;
    let now = doors.vault.world().now();
    oauth::par::check_form(&proved.form)?;
    let params = client::opened(&doors, &proved.form, &proved.client).await?;
    let request = oauth::par::push(&params, &proved.client, &held, &doors.issuer)?;
    let hinted = crate::authorize::hinted(&doors, &params).await?;
    let request = Request { hinted, ..request };
    oauth::consent::offer(request.asked.as_ref(), request.scopes, &proved.client.ceiling, now)?;
    let entered = if proved.client.kind.is_confidential() {
        doors.inside.pushes.enter(proved.app(), now)
    } else {
        let Ok(from) = Address::from_request_parts(&mut parts, &()).await;
        doors.inside.questions.enter(from, now)
    };
    entered.map_err(|wait_s| Problem::too_many(wait_s, "too many requests were pushed; wait"))?;
    let handle = doors.vault.authorization_push(&request).await?;
    let headers = [(header::CACHE_CONTROL, "no-cache, no-store")];
    Ok((StatusCode::CREATED, headers, Json(Pushed::new(&handle))).into_response())
}
