//! `GET` and `POST /authorize`: an app sends a person here; she goes on to the consent page, or back with an error.
//!
//! Invariant: what is not in order never reaches a page that could be agreed to, and nothing is sent to an address that
//! is not registered.

use crate::arrivals::{Address, Arrivals};
use crate::problem::Problem;
use crate::{Doors, client};
use axum::Extension;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use model::Time;
use oauth::Params;
use oauth::authorize::{Next, PageError, Rejected, authorize};
use std::sync::Arc;
use vault::{Refusal, session_of};

/// What is needed of a request beside its parameters.
pub(crate) struct Visit {
    headers: HeaderMap,
    from: Address,
    arrivals: Arc<Arrivals>,
}

pub(crate) async fn authorize_get(
    State(doors): State<Doors>,
    Extension(arrivals): Extension<Arc<Arrivals>>,
    from: Address,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let params = Params::parse(query.unwrap_or_default().as_bytes());
    answer(&doors, params, &Visit { headers, from, arrivals }).await
}

pub(crate) async fn authorize_post(
    State(doors): State<Doors>,
    Extension(arrivals): Extension<Arc<Arrivals>>,
    from: Address,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let params = client::form(&headers, &body);
    answer(&doors, params, &Visit { headers, from, arrivals }).await
}

async fn answer(doors: &Doors, params: Result<Params, oauth::OAuthError>, visit: &Visit) -> Response {
    let params = match params {
        Ok(params) => params,
        Err(error) => {
            return page(doors, &format!("The link that sent you here is broken: {}.", error.description()));
        }
    };
    match go_on(doors, &params, visit).await {
        Ok(response) => response,
        Err(problem) => broken(doors, &problem.into_response()),
    }
}

async fn go_on(doors: &Doors, params: &Params, visit: &Visit) -> Result<Response, Problem> {
    let vault = &doors.vault;
    let now = vault.world().now();
    let app = match oauth::client::client_id(params) {
        Some(id) => vault.app_find(id).await?.map(|app| client::client(app, now)),
        None => None,
    };
    let request = match authorize(params, app.as_ref(), &doors.issuer) {
        Ok(request) => request,
        Err(Rejected::Page(error)) => return Ok(page_error(doors, error)),
        Err(Rejected::Back { uri, .. }) => return Ok(back(&uri)),
    };
    let ceiling = app.map(|app| app.ceiling);
    if let Some(ceiling) = &ceiling
        && let Err(error) = oauth::consent::offer(request.asked.as_ref(), request.scopes, ceiling, now)
    {
        return Ok(back(&request.error_uri(&doors.issuer, &error)));
    }
    if request.prompt.none {
        let signed_in_at = signed_in_at(doors, &visit.headers).await?;
        if let Next::Refuse(error) = request.next(signed_in_at, now, false, now) {
            return Ok(back(&request.error_uri(&doors.issuer, &error)));
        }
    }
    if let Err(wait_s) = visit.arrivals.enter(visit.from, now) {
        return Ok(too_many(doors, wait_s));
    }
    let waiting = vault.authorization_add(&request).await?;
    Ok(back(&format!("/consent?request={waiting}")))
}

/// When the person in this browser signed in, if she did.
async fn signed_in_at(doors: &Doors, headers: &HeaderMap) -> Result<Option<Time>, Refusal> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let Some(cookie) = session_of(cookies, doors.issuer.is_secure()) else { return Ok(None) };
    let found = async { doors.vault.signed_in_at(&doors.vault.own(cookie).await?).await };
    match found.await {
        Ok(at) => Ok(Some(at)),
        Err(Refusal::SignedOut) => Ok(None),
        Err(refusal) => Err(refusal),
    }
}

/// 303: whatever the method was, the browser goes on with GET (RFC 9700 4.12).
fn back(uri: &str) -> Response {
    ([(header::CACHE_CONTROL, "no-store"), (header::REFERRER_POLICY, "no-referrer")], Redirect::to(uri))
        .into_response()
}

fn page_error(doors: &Doors, error: PageError) -> Response {
    page(doors, &error.to_string())
}

/// It is said here, for the app can do nothing about it.
fn too_many(doors: &Doors, wait_s: i64) -> Response {
    let mut response =
        page(doors, "Too many requests came from your network in a short time. Wait a little and try again.");
    *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait_s));
    response
}

/// What the door tells an app in JSON, as the person at the browser can read it.
fn broken(doors: &Doors, told: &Response) -> Response {
    let mut response =
        page(doors, "The server cannot do this now. Go back to the app and try again shortly.");
    *response.status_mut() = told.status();
    if let Some(wait) = told.headers().get(header::RETRY_AFTER) {
        response.headers_mut().insert(header::RETRY_AFTER, wait.clone());
    }
    response
}

fn page(doors: &Doors, sentence: &str) -> Response {
    let html = (doors.show)("This app cannot sign you in", sentence);
    let headers = [
        (header::CACHE_CONTROL, "no-store"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
    ];
    (StatusCode::BAD_REQUEST, headers, Html(html)).into_response()
}
