//! `/sign-in`: a person comes with handle and password.
//!
//! Invariant: the page never says which of the two was wrong. Each sign-in makes a new session and ends the one before it
//! in this browser.

use crate::caller::{Anyone, Whence};
use crate::consent_see::destination;
use crate::form::Form;
use crate::page::{page_returning_to, query_value};
use crate::problem::{Problem, go_to, sentence};
use crate::view::{self, Name};
use crate::{Door, cookies, return_to};
use askama::Template;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::Response;
use std::sync::Arc;
use vault::{Cookies, Refusal, SignIn, Waiting};

/// Goes on, signed in.
pub(crate) fn signed_in(door: &Door, cookies: &Cookies, return_to: &str) -> Response {
    let mut response = go_to(return_to::local(return_to).unwrap_or("/"));
    for cookie in cookies::set_signed_in(cookies, door.secure()) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// Goes on to the page for the code.
fn half_signed_in(door: &Door, half: &str, return_to: &str) -> Response {
    let mut response = go_to(&format!("/sign-in/code?return_to={}", query_value(return_to)));
    if let Some(cookie) = cookies::set_half(half, door.secure()) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// The request of an app that waits for her.
async fn waiting(door: &Door, return_to: &str) -> Option<Waiting> {
    let id = return_to.strip_prefix("/consent?request=")?.parse().ok()?;
    door.vault.authorization(id).await.ok()
}

/// A page with a form that signs her in, for who goes on to `return_to`. An app that she let in before is gone back to without
/// another page, and a browser holds the policy of a form's page to every redirect that follows the form.
pub(crate) async fn page_of_signing_in(
    door: &Door,
    status: StatusCode,
    return_to: &str,
    view: &impl Template,
) -> Response {
    let waiting = waiting(door, return_to).await;
    let redirect_uri = waiting.map(|waiting| waiting.request.redirect_uri).filter(|uri| !uri.is_empty());
    let origin = redirect_uri.map(|uri| destination(&uri).0).unwrap_or_default();
    page_returning_to(status, &origin, view)
}

/// The app on whose behalf the person is here, and whom it thinks she is.
async fn behalf(door: &Door, return_to: &str) -> (Option<Name>, Name) {
    let Some(waiting) = waiting(door, return_to).await else { return (None, Name::default()) };
    let app = door.vault.app(waiting.request.client_id).await.ok();
    let hint = waiting.request.login_hint.map(Name::from).unwrap_or_default();
    (app.map(|app| app.name.clone().into()), hint)
}

/// The page once more, with what was refused.
pub(crate) async fn refused(
    door: &Door,
    anyone: Anyone,
    handle: Name,
    problem: String,
    return_to: String,
) -> Response {
    let (on_behalf_of, _) = behalf(door, &return_to).await;
    let view = view::SignIn {
        page: anyone.page.clone(),
        handle,
        problem: Some(problem),
        return_to: return_to.clone(),
        takes_passkeys: door.vault.passkey_party().is_some(),
        on_behalf_of,
    };
    anyone.answer(page_of_signing_in(door, StatusCode::UNPROCESSABLE_ENTITY, &return_to, &view).await)
}

/// `GET /sign-in`
pub(crate) async fn sign_in_see(State(door): State<Arc<Door>>, anyone: Anyone, uri: Uri) -> Response {
    let return_to = return_to::of_query(&uri);
    let (on_behalf_of, handle) = behalf(&door, &return_to).await;
    let view = view::SignIn {
        page: anyone.page.clone(),
        handle,
        problem: None,
        return_to: return_to.clone(),
        takes_passkeys: door.vault.passkey_party().is_some(),
        on_behalf_of,
    };
    anyone.answer(page_of_signing_in(&door, StatusCode::OK, &return_to, &view).await)
}

/// `POST /sign-in`
pub(crate) async fn sign_in(
    State(door): State<Arc<Door>>,
    anyone: Anyone,
    Whence(visit): Whence,
    form: Form,
) -> Result<Response, Problem> {
    let (handle, password) = (form.text("handle"), form.text("password").to_owned());
    let return_to = return_to::local(form.text("return_to")).unwrap_or_default().to_owned();
    match door.vault.sign_in(handle, password, visit).await {
        Ok(SignIn::Done(cookies)) => {
            if let Some(before) = &anyone.session {
                door.vault.sign_out(before).await?;
            }
            Ok(signed_in(&door, &cookies, &return_to))
        }
        Ok(SignIn::Half(half)) => Ok(half_signed_in(&door, &half, &return_to)),
        Err(refusal @ Refusal::Password) => {
            Ok(refused(&door, anyone, handle.into(), sentence(&refusal), return_to).await)
        }
        Err(refusal) => Err(refusal.into()),
    }
}
