//! `POST /apps/{grant}/narrow`: less than she let the app do, from this moment on.
//!
//! Invariant: the form is settled against the grant as it stands in the very transaction that narrows it.

use crate::Door;
use crate::caller::{At, Person};
use crate::consent_answer::choice;
use crate::done::Done;
use crate::form::Form;
use crate::grant_see::{Part, Refused, draw};
use crate::problem::{Problem, go_to, sentence};
use axum::extract::State;
use axum::response::Response;
use model::GrantId;
use oauth::consent::{offer_again, settle};
use std::sync::Arc;
use vault::Refusal;

/// `POST /apps/{grant}/narrow`
pub(crate) async fn grant_narrow(
    State(door): State<Arc<Door>>,
    person: Person,
    At(grant): At<GrantId>,
    form: Form,
) -> Result<Response, Problem> {
    let choice = choice(&form);
    let chosen = choice.clone();
    let narrowed = door.vault.grant_narrow(&person.own, grant, move |terms, given_at, now| {
        settle(&offer_again(terms, given_at, now), &chosen).map_err(|why| why.to_string())
    });
    match narrowed.await {
        Ok(()) => Ok(go_to(&Done::Narrowed.at(&format!("/apps/{grant}")))),
        Err(refusal @ Refusal::Invalid(_)) => {
            let refused = Refused { choice, why: sentence(&refusal) };
            draw(&door, person, grant, Part::default(), Some(refused)).await
        }
        Err(refusal) => Err(refusal.into()),
    }
}
