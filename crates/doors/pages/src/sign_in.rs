//! `/sign-in`: a person comes with handle and password.
//!
//! Invariant: the page never says which of the two was wrong. Each sign-in makes a new session and ends the one before it
//! in this browser.

use crate::attempts::Address;
use crate::caller::Anyone;
use crate::form::Form;
use crate::page::page;
use crate::problem::{Problem, go_to, sentence};
use crate::view::{Name, SignIn};
use crate::{Door, cookies, return_to};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::Response;
use std::sync::Arc;
use vault::Refusal;

/// What the browser says it is.
pub(crate) fn agent(headers: &HeaderMap) -> &str {
    headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Goes on, signed in.
pub(crate) fn signed_in(door: &Door, cookie: &str, return_to: &str) -> Response {
    let mut response = go_to(return_to::local(return_to).unwrap_or("/"));
    if let Some(cookie) = cookies::set_session(cookie, door.secure()) {
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

/// `GET /sign-in`
pub(crate) async fn sign_in_see(State(door): State<Arc<Door>>, anyone: Anyone, uri: Uri) -> Response {
    let return_to = return_to::of_query(&uri);
    let (on_behalf_of, handle) = behalf(&door, &return_to).await;
    let view = SignIn { page: anyone.page.clone(), handle, problem: None, return_to, on_behalf_of };
    anyone.answer(page(StatusCode::OK, &view))
}

/// `POST /sign-in`
pub(crate) async fn sign_in(
    State(door): State<Arc<Door>>,
    anyone: Anyone,
    from: Address,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Problem> {
    let (handle, password) = (form.text("handle"), form.text("password").to_owned());
    let return_to = return_to::local(form.text("return_to")).unwrap_or_default().to_owned();
    let attempt = door.attempts.sign_in(handle, from, door.vault.world().now()).map_err(Problem::TooMany)?;
    match door.vault.sign_in(handle, password, agent(&headers)).await {
        Ok(cookie) => {
            attempt.went_well();
            if let Some(before) = &anyone.session {
                door.vault.sign_out(before).await?;
            }
            Ok(signed_in(&door, &cookie, &return_to))
        }
        Err(refusal @ Refusal::Password) => {
            let (on_behalf_of, _) = behalf(&door, &return_to).await;
            let view = SignIn {
                page: anyone.page.clone(),
                handle: handle.into(),
                problem: Some(sentence(&refusal)),
                return_to,
                on_behalf_of,
            };
            Ok(anyone.answer(page(StatusCode::UNPROCESSABLE_ENTITY, &view)))
        }
        Err(refusal) => Err(refusal.into()),
    }
}
