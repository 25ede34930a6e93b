//! `POST /settings/name`: the name by which others see her.

use crate::Door;
use crate::caller::Person;
use crate::done::Done;
use crate::form::Form;
use crate::problem::{Problem, go_to, sentence};
use crate::settings::{Refused, draw};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use std::sync::Arc;
use vault::Refusal;

/// `POST /settings/name`
pub(crate) async fn rename(
    State(door): State<Arc<Door>>,
    person: Person,
    form: Form,
) -> Result<Response, Problem> {
    let typed = form.text("name");
    match door.vault.rename(&person.own, typed).await {
        Ok(()) => Ok(go_to(&Done::Renamed.at("/settings"))),
        Err(refusal @ Refusal::Invalid(_)) => {
            let refused = Refused { name: Some((typed.into(), sentence(&refusal))), ..Refused::default() };
            draw(&door, person, StatusCode::UNPROCESSABLE_ENTITY, refused).await
        }
        Err(refusal) => Err(refusal.into()),
    }
}
