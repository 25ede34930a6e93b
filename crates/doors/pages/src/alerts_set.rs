//! `POST /settings/alerts`: what of her apps she wants to be told.

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
use vault::{Alerts, Refusal};

fn read(form: &Form) -> Result<Alerts, Problem> {
    let typed = form.text("per_day").trim();
    let per_day = match typed {
        "" => None,
        // What is no number is outside every bound, and the vault says which numbers will do.
        typed => Some(typed.parse().unwrap_or(0)),
    };
    let night = match form.get("night") {
        Some(_) => Some((form.read("night_from")?, form.read("night_to")?)),
        None => None,
    };
    let east_min = form.read("east_min")?;
    let first_read = form.get("first_read").is_some();
    Ok(Alerts { first_read, first_delete: form.get("first_delete").is_some(), per_day, night, east_min })
}

/// `POST /settings/alerts`
pub(crate) async fn alerts_set(
    State(door): State<Arc<Door>>,
    person: Person,
    form: Form,
) -> Result<Response, Problem> {
    match door.vault.alerts_set(&person.own, read(&form)?).await {
        Ok(()) => Ok(go_to(&Done::AlertsSet.at("/settings"))),
        Err(refusal @ Refusal::Invalid(_)) => {
            let refused = Refused { alerts: Some(sentence(&refusal)), ..Refused::default() };
            draw(&door, person, StatusCode::UNPROCESSABLE_ENTITY, refused).await
        }
        Err(refusal) => Err(refusal.into()),
    }
}
