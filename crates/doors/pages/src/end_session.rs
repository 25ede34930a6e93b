//! `/end-session`: an app sends a person here to sign out (OpenID Connect RP-Initiated Logout).
//!
//! Invariant: another site's link or image signs nobody out: without the ID token of the very session she is asked.

use crate::consent_see::destination;
use crate::done::Done;
use crate::page::{page, page_returning_to};
use crate::problem::{Problem, go_to};
use crate::sign_out::signed_out;
use crate::view::SignOut;
use crate::{Door, caller::Person, return_to};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use oauth::logout::EndSession;
use oauth::metadata::END_SESSION_PATH;
use std::sync::Arc;

/// `GET`
pub(crate) async fn end_session(
    State(door): State<Arc<Door>>,
    person: Result<Person, Problem>,
    uri: Uri,
) -> Result<Response, Problem> {
    let asked = EndSession::parse(uri.query().unwrap_or_default().as_bytes()).unwrap_or_default();
    let hint = match &asked.hint {
        Some(token) => door.vault.id_token_hint(token).await?,
        None => None,
    };
    let registered = match asked.app(hint.as_ref()) {
        Some(app) => door.vault.post_logout_redirect_uris(app).await?,
        None => Vec::new(),
    };
    let back = asked.back(&registered);
    let onward = back.clone().unwrap_or_else(|| Done::SignedOut.at("/sign-in"));
    let person = match person {
        Ok(person) => person,
        Err(Problem::GoTo(_)) => return Ok(go_to(&onward)),
        Err(problem) => return Err(problem),
    };
    if asked.is_about(hint.as_ref(), person.own.person(), person.own.session()) {
        door.vault.sign_out(&person.cookie).await?;
        return Ok(signed_out(&door, &onward));
    }
    // Once she has signed out she comes by here again, and goes on.
    let here = uri.path_and_query().map_or(END_SESSION_PATH, |here| here.as_str());
    let view =
        SignOut { page: person.page, return_to: return_to::local(here).unwrap_or_default().to_owned() };
    Ok(match back {
        Some(back) => page_returning_to(StatusCode::OK, &destination(&back).0, &view),
        None => page(StatusCode::OK, &view),
    })
}

/// `POST`: the same, once the browser has come again with the cookie that it does not send along with another site's form.
pub(crate) async fn end_session_posted(body: Bytes) -> Response {
    let address = String::from_utf8(body.to_vec()).map(|form| format!("{END_SESSION_PATH}?{form}"));
    let address = address.ok().filter(|address| return_to::local(address).is_some());
    go_to(&address.unwrap_or_else(|| END_SESSION_PATH.to_owned()))
}
