//! `/device`: a person types the code that a device shows, and goes on to its question.
//!
//! Invariant: codes are few enough to be guessed by whoever may try for ever; so nobody may. What a wrong code was wrong
//! about is not told.

use crate::Door;
use crate::caller::{Person, Queried, Whence};
use crate::consent_see::address;
use crate::form::Form;
use crate::page::page;
use crate::problem::{Problem, go_to};
use crate::view::{self, Name};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use oauth::device::typed;
use serde::Deserialize;
use std::sync::Arc;
use vault::Refusal;

/// What a link may bring along.
#[derive(Deserialize, Default)]
pub(crate) struct Shown {
    #[serde(default)]
    user_code: String,
}

/// `GET /device`: the form, with the code in it if it came along. It is not taken until she has sent it.
pub(crate) async fn device_see(person: Person, Queried(Shown { user_code }): Queried<Shown>) -> Response {
    let user_code = typed(&user_code).unwrap_or_default().into();
    page(StatusCode::OK, &view::Device { page: person.page, user_code, problem: None })
}

/// `POST /device`
pub(crate) async fn device(
    State(door): State<Arc<Door>>,
    person: Person,
    Whence(visit): Whence,
    form: Form,
) -> Result<Response, Problem> {
    let text = form.text("user_code");
    let counted = door.vault.device_code_asked(&person.own, &visit).await?;
    let found = match typed(text) {
        Some(code) => door.vault.device_typed(&person.own, &code).await,
        None => Err(Refusal::NotFound),
    };
    match found {
        Ok(question) => {
            door.vault.uncount(counted).await?;
            Ok(go_to(&address(question)))
        }
        Err(Refusal::NotFound) => {
            let why = "No device waits with this code. It may be mistyped, or older than 10 minutes: then let the \
                       device show a new one.";
            let user_code = Name::from(text.chars().take(20).collect::<String>());
            let view = view::Device { page: person.page, user_code, problem: Some(why.to_owned()) };
            Ok(page(StatusCode::UNPROCESSABLE_ENTITY, &view))
        }
        Err(refusal) => Err(refusal.into()),
    }
}
