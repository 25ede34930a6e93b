//! `/sign-in/again`: she proves once more that it is her, before something that a stranger at her desk must not do.
//!
//! Invariant: it is her account or nobody's: no handle is asked for. The session goes on under a new cookie, and the old
//! one opens nothing.

use crate::caller::{Person, Whence};
use crate::form::Form;
use crate::problem::{Problem, go_to};
use crate::sign_in::page_of_signing_in;
use crate::view::SignInAgain;
use crate::{Door, cookies, return_to};
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::Response;
use std::sync::Arc;
use vault::Refusal;

/// The page, with what was refused.
pub(crate) async fn draw(
    door: &Door,
    person: Person,
    problem: Option<String>,
    return_to: String,
) -> Result<Response, Problem> {
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let asks_code = door.vault.second_factor(&person.own).await?.codes_since.is_some();
    let has_passkeys =
        door.vault.passkey_party().is_some() && !door.vault.passkeys(&person.own).await?.is_empty();
    let view =
        SignInAgain { page: person.page, has_passkeys, asks_code, problem, return_to: return_to.clone() };
    Ok(page_of_signing_in(door, status, &return_to, &view).await)
}

/// `GET /sign-in/again`
pub(crate) async fn sign_in_again_see(
    State(door): State<Arc<Door>>,
    person: Person,
    uri: Uri,
) -> Result<Response, Problem> {
    draw(&door, person, None, return_to::of_query(&uri)).await
}

/// `POST /sign-in/again`
pub(crate) async fn sign_in_again(
    State(door): State<Arc<Door>>,
    person: Person,
    Whence(visit): Whence,
    form: Form,
) -> Result<Response, Problem> {
    let return_to = return_to::local(form.text("return_to")).unwrap_or_default().to_owned();
    let password = form.text("password").to_owned();
    match door.vault.sign_in_again(&person.own, password, form.text("code"), visit).await {
        Ok(cookie) => Ok(renewed(&door, &cookie, &return_to)),
        Err(Refusal::Password) => {
            draw(&door, person, Some("This is not your password.".to_owned()), return_to).await
        }
        Err(Refusal::Code) => {
            draw(&door, person, Some("The code is not right, or was used before.".to_owned()), return_to)
                .await
        }
        Err(refusal) => Err(refusal.into()),
    }
}

/// Goes on under the new cookie.
pub(crate) fn renewed(door: &Door, cookie: &str, return_to: &str) -> Response {
    let mut response = go_to(return_to::local(return_to).unwrap_or("/"));
    if let Some(cookie) = cookies::set_session(cookie, door.secure()) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}
