//! `GET` and `POST /authorize`: an app sends a person here; she goes on to the consent page, or back with an error.
//!
//! Invariant: what is not in order never reaches a page that could be agreed to, and nothing is sent to an address that
//! is not registered.

use crate::arrivals::Address;
use crate::problem::Problem;
use crate::{Doors, client};
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::response::{Html, IntoResponse, Redirect, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use model::AuthorizationId;
use oauth::authorize::{Hinted, Next, PageError, Rejected, Request, authorize, unsigned};
use oauth::{ErrorCode, OAuthError, Params};
use std::borrow::Cow;
use vault::{Facts, Own, Refusal, Waiting, session_of};

/// What is needed of a request beside its parameters.
pub(crate) struct Visit {
    headers: HeaderMap,
    from: Address,
}

pub(crate) async fn authorize_get(
    State(doors): State<Doors>,
    from: Address,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let params = Params::parse(query.unwrap_or_default().as_bytes());
    answer(&doors, params, &Visit { headers, from }).await
}

pub(crate) async fn authorize_post(
    State(doors): State<Doors>,
    from: Address,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let params = client::form(&headers, &body);
    answer(&doors, params, &Visit { headers, from }).await
}

async fn answer(doors: &Doors, params: Result<Params, OAuthError>, visit: &Visit) -> Response {
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
    if let Some(handle) = oauth::par::handle(params) {
        return opened(doors, params, handle, visit).await;
    }
    let app = match oauth::client::client_id(params) {
        Some(id) => vault.app_find(id).await?.map(|app| app.client_at(now)),
        None => None,
    };
    let opened = match &app {
        Some(app) => client::opened(doors, params, app)
            .await
            .map_err(|error| unsigned(params, app, &doors.issuer, error)),
        None => Ok(Cow::Borrowed(params)),
    };
    let request = match opened.and_then(|params| {
        let request = authorize(&params, app.as_ref(), &doors.issuer)?;
        Ok((request, params))
    }) {
        Ok((request, params)) => Request { hinted: hinted(doors, &params).await?, ..request },
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
        return Ok(back(&without_a_page(doors, (&request, None), &visit.headers).await?));
    }
    if let Err(wait_s) = doors.inside.questions.enter(visit.from, now) {
        return Ok(too_many(doors, wait_s));
    }
    let waiting = vault.authorization_add(&request).await?;
    Ok(back(&format!("/consent?request={waiting}")))
}

/// A browser brings the handle of a request that was pushed. What else stands in the link counts for nothing; without the
/// request there is no address to which anything could be sent back.
async fn opened(doors: &Doors, params: &Params, handle: &str, visit: &Visit) -> Result<Response, Problem> {
    let vault = &doors.vault;
    let now = vault.world().now();
    let app = match oauth::client::client_id(params) {
        Some(id) => vault.app_find(id).await?,
        None => None,
    };
    let Some(app) = app else { return Ok(page_error(doors, PageError::ClientUnknown)) };
    if !app.live_at(now) {
        return Ok(page_error(doors, PageError::ClientNotLive));
    }
    if let Err(wait_s) = doors.inside.questions.enter(visit.from, now) {
        return Ok(too_many(doors, wait_s));
    }
    let over = |refusal| match refusal {
        Refusal::NotFound => Ok(page_error(doors, PageError::PushedUnknown)),
        refusal => Err(refusal.into()),
    };
    let Waiting { id, request, .. } = match vault.authorization_open(app.id, handle).await {
        Ok(waiting) => waiting,
        Err(refusal) => return over(refusal),
    };
    if !request.prompt.none {
        return Ok(back(&format!("/consent?request={id}")));
    }
    match without_a_page(doors, (&request, Some(id)), &visit.headers).await {
        Ok(uri) => Ok(back(&uri)),
        Err(refusal) => over(refusal),
    }
}

/// Whom the app means by an ID token of ours. A hint that we did not make says nothing; but who sent one wanted somebody,
/// so nothing is answered without a page then.
pub(crate) async fn hinted(doors: &Doors, params: &Params) -> Result<Option<Hinted>, Problem> {
    let Some(token) = params.value("id_token_hint") else { return Ok(None) };
    let hint = doors.vault.id_token_hint(token).await?;
    Ok(Some(hint.map_or(Hinted::Nobody, |hint| Hinted::Person(hint.person))))
}

/// The app wants no page: a code if she let all of this before, or else what it would take. A request that was `pushed` is
/// answered with either.
async fn without_a_page(
    doors: &Doors,
    (request, pushed): (&Request, Option<AuthorizationId>),
    headers: &HeaderMap,
) -> Result<String, Refusal> {
    let (vault, issuer) = (&doors.vault, &doors.issuer);
    let error = match recalled(doors, (request, pushed), headers).await? {
        Ok(code) => return Ok(request.success_uri(issuer, &code)),
        Err(error) => error,
    };
    if let Some(pushed) = pushed {
        vault.authorization_drop(pushed).await?;
    }
    Ok(request.error_uri(issuer, &error))
}

/// The code for what she let before, or why there is none.
async fn recalled(
    doors: &Doors,
    (request, pushed): (&Request, Option<AuthorizationId>),
    headers: &HeaderMap,
) -> Result<Result<String, OAuthError>, Refusal> {
    let vault = &doors.vault;
    let now = vault.world().now();
    let own = signed_in(doors, headers).await?;
    let signed_in = match &own {
        Some(own) => Some((vault.signed_in_at(own).await?, own.person())),
        None => None,
    };
    let refused = |consented| match request.next(signed_in, now, consented, now) {
        Next::Refuse(error) => Some(error),
        _ => None,
    };
    let (Some(own), None) = (own, refused(true)) else {
        let signed_out = || OAuthError::new(ErrorCode::LoginRequired, "the person must sign in first");
        return Ok(Err(refused(true).unwrap_or_else(signed_out)));
    };
    let must_ask = || OAuthError::new(ErrorCode::ConsentRequired, "the person must be asked first");
    match vault.consent_of(&own, request.clone()).await?.question() {
        Err(error) => Ok(Err(error)),
        Ok(question) if question.answered().is_none() => Ok(Err(must_ask())),
        Ok(_) => match vault.consent_recall(&own, (request.clone(), pushed), Facts::answered).await {
            Ok(code) => Ok(Ok(code)),
            // What stood a moment ago does not stand any more.
            Err(Refusal::Conflict(_)) => Ok(Err(must_ask())),
            Err(refusal) => Err(refusal),
        },
    }
}

/// The person in this browser, if somebody is signed in.
async fn signed_in(doors: &Doors, headers: &HeaderMap) -> Result<Option<Own>, Refusal> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let Some(cookie) = session_of(cookies, doors.issuer.is_secure()) else { return Ok(None) };
    match doors.vault.own(cookie).await {
        Ok(own) => Ok(Some(own)),
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
