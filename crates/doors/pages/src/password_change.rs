//! `POST /settings/password`: a new password, after the old one was given again.
//!
//! Invariant: the old one can be guessed here no faster than at signing in.

use crate::Door;
use crate::caller::{Fresh, Whence};
use crate::done::Done;
use crate::form::Form;
use crate::problem::{Problem, go_to, sentence};
use crate::settings::{Refused, draw};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use std::sync::Arc;
use vault::Refusal;

/// `POST /settings/password`
pub(crate) async fn password_change(
    State(door): State<Arc<Door>>,
    Fresh(person): Fresh,
    Whence(visit): Whence,
    form: Form,
) -> Result<Response, Problem> {
    let (old, new) = (form.text("password").to_owned(), form.text("password_new").to_owned());
    let refused = match door.vault.password_change(&person.own, old, new, visit).await {
        Ok(()) => return Ok(go_to(&Done::PasswordChanged.at("/settings"))),
        Err(Refusal::Password) => {
            Refused { password: Some("This is not your present password.".to_owned()), ..Refused::default() }
        }
        Err(refusal @ Refusal::Invalid(_)) => {
            Refused { password_new: Some(sentence(&refusal)), ..Refused::default() }
        }
        Err(refusal) => return Err(refusal.into()),
    };
    draw(&door, person, StatusCode::UNPROCESSABLE_ENTITY, refused).await
}
