//! `/sign-out`: this browser's session ends on the server.

use crate::caller::Person;
use crate::done::Done;
use crate::form::Form;
use crate::page::page;
use crate::problem::{Problem, go_to};
use crate::view::SignOut;
use crate::{Door, cookies, return_to};
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use std::sync::Arc;

/// What the browser is told to throw away: pages that it keeps for going back to, and whatever a script might have stored.
/// The cookie goes by itself: "cookies" would take those of every site beside this one as well.
const CLEARED: HeaderValue = HeaderValue::from_static("\"cache\", \"storage\"");

/// Goes on, signed out.
pub(crate) fn signed_out(door: &Door, address: &str) -> Response {
    let mut response = go_to(address);
    response.headers_mut().insert(HeaderName::from_static("clear-site-data"), CLEARED);
    if let Some(cookie) = cookies::clear_session(door.secure()) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// `GET /sign-out`
pub(crate) async fn sign_out_see(person: Person) -> Response {
    page(StatusCode::OK, &SignOut { page: person.page, return_to: String::new() })
}

/// `POST /sign-out`
pub(crate) async fn sign_out(
    State(door): State<Arc<Door>>,
    person: Person,
    form: Form,
) -> Result<Response, Problem> {
    door.vault.sign_out(&person.cookie).await?;
    let return_to = return_to::local(form.text("return_to")).map(str::to_owned);
    Ok(signed_out(&door, &return_to.unwrap_or_else(|| Done::SignedOut.at("/sign-in"))))
}
