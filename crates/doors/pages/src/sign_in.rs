//! `/sign-in`: a person comes with handle and password.
//!
//! Invariant: the page never says which of the two was wrong. Each sign-in makes a new session and ends the one before it
//! in this browser.

use crate::caller::{Anyone, Whence};
use crate::form::Form;
use crate::page::{page, query_value};
use crate::problem::{Problem, go_to, sentence};
use crate::view::{self, Name};
use crate::{Door, cookies, return_to};
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::Response;
use std::sync::Arc;
use vault::{Cookies, Refusal, SignIn};

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

/// The app on whose behalf the person is here, and whom it thinks she is.
async fn behalf(door: &Door, return_to: &str) -> (Option<Name>, Name) {
    let asked = return_to.strip_prefix("/consent?request=").and_then(|id| id.parse().ok());
    let Some(id) = asked else { return (None, Name::default()) };
    let Ok(waiting) = door.vault.authorization(id).await else { return (None, Name::default()) };
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
        return_to,
        takes_passkeys: door.vault.passkey_party().is_some(),
        on_behalf_of,
    };
    anyone.answer(page(StatusCode::UNPROCESSABLE_ENTITY, &view))
}

/// `GET /sign-in`
pub(crate) async fn sign_in_see(State(door): State<Arc<Door>>, anyone: Anyone, uri: Uri) -> Response {
    let return_to = return_to::of_query(&uri);
    let (on_behalf_of, handle) = behalf(&door, &return_to).await;
    let view = view::SignIn {
        page: anyone.page.clone(),
        handle,
        problem: None,
        return_to,
        takes_passkeys: door.vault.passkey_party().is_some(),
        on_behalf_of,
    };
    anyone.answer(page(StatusCode::OK, &view))
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
