//! `/sign-in/again`: she proves once more that it is her, before something that a stranger at her desk must not do.
//!
//! Invariant: it is her account or nobody's: no handle is asked for. The session goes on under a new cookie, and the old
//! one opens nothing.

use crate::attempts::Address;
use crate::caller::Person;
use crate::form::Form;
use crate::page::page;
use crate::problem::Problem;
use crate::sign_in::signed_in;
use crate::view::SignInAgain;
use crate::{Door, return_to};
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use std::sync::Arc;
use vault::Refusal;

/// `GET /sign-in/again`
pub(crate) async fn sign_in_again_see(person: Person, uri: Uri) -> Response {
    let view = SignInAgain { page: person.page, problem: None, return_to: return_to::of_query(&uri) };
    page(StatusCode::OK, &view)
}

/// `POST /sign-in/again`
pub(crate) async fn sign_in_again(
    State(door): State<Arc<Door>>,
    person: Person,
    from: Address,
    form: Form,
) -> Result<Response, Problem> {
    let return_to = return_to::local(form.text("return_to")).unwrap_or_default().to_owned();
    let handle = person.page.viewer.as_ref().map(|viewer| viewer.handle.to_string()).unwrap_or_default();
    let now = door.vault.world().now();
    let attempt = door.attempts.sign_in(&handle, from, now).map_err(Problem::TooMany)?;
    match door.vault.sign_in_again(&person.own, form.text("password").to_owned()).await {
        Ok(cookie) => {
            attempt.went_well();
            Ok(signed_in(&door, &cookie, &return_to))
        }
        Err(Refusal::Password) => {
            let problem = Some("This is not your password.".to_owned());
            let view = SignInAgain { page: person.page, problem, return_to };
            Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &view))
        }
        Err(refusal) => Err(refusal.into()),
    }
}
