//! `POST /consent`: the person lets an app in, as narrowly as she likes, or does not.
//!
//! Invariant: what is stored is what `oauth::consent` leaves of a question put anew; the form can only narrow it.

use crate::Door;
use crate::caller::Person;
use crate::consent_see::{address, draw, question};
use crate::done::Done;
use crate::form::Form;
use crate::problem::{Problem, go_to};
use axum::extract::State;
use axum::response::Response;
use oauth::consent::{Agreed, Choice};
use oauth::metadata::DEVICE_PATH;
use std::sync::Arc;
use vault::{Facts, Refusal};

/// The choices in a form. `kinds` says that the form had boxes for kinds: then none ticked means none, and without it
/// that they stay as offered.
pub(crate) fn choice(form: &Form) -> Choice {
    let kinds = form.all("kind");
    let had_kinds = !kinds.is_empty() || form.get("kinds").is_some();
    let one = |name| form.get(name).map(str::to_owned);
    Choice {
        actions: form.all("action"),
        kinds: had_kinds.then_some(kinds),
        reach: one("reach"),
        conversations: form.all("conversation"),
        since: one("since"),
        expires_in: one("expires_in"),
    }
}

/// A question that someone answered in the meantime.
pub(crate) fn answered(refusal: Refusal) -> Problem {
    if refusal == Refusal::NotFound { Problem::Answered } else { refusal.into() }
}

/// Settles the form on what stands in the very transaction that stores what comes of it.
fn decide(facts: &Facts, choice: &Choice) -> Result<Agreed, Refusal> {
    let question = facts.question().map_err(|error| Refusal::Conflict(error.description().to_owned()))?;
    question.settle(choice).map_err(|why| Refusal::Invalid(why.to_string()))
}

/// `POST /consent`
pub(crate) async fn consent_answer(
    State(door): State<Arc<Door>>,
    person: Person,
    form: Form,
) -> Result<Response, Problem> {
    let question = question(&door, &person, form.text("request")).await?;
    let id = question.id;
    let choice = choice(&form);
    match form.text("decision") {
        "allow" => match question.asks.settle(&choice) {
            Ok(agreed) if question.wants_sign_in(&agreed.terms) => Err(Problem::sign_in_again(&address(id))),
            Ok(_) if question.is_of_a_device() => {
                let allowed = door.vault.device_allow(&person.own, id, move |facts| decide(facts, &choice));
                allowed.await.map_err(answered)?;
                Ok(go_to(&Done::DeviceAllowed.at(DEVICE_PATH)))
            }
            Ok(_) => {
                let allowed = door.vault.consent_allow(&person.own, id, move |facts| decide(facts, &choice));
                let (request, code) = allowed.await.map_err(answered)?;
                Ok(go_to(&request.success_uri(&door.issuer, &code)))
            }
            Err(_) => draw(&door, person, question, Some(&choice), true).await,
        },
        "deny" if question.is_of_a_device() => {
            door.vault.device_deny(&person.own, id).await.map_err(answered)?;
            Ok(go_to(&Done::DeviceDenied.at(DEVICE_PATH)))
        }
        "deny" => {
            let request = door.vault.consent_deny(&person.own, id).await.map_err(answered)?;
            Ok(go_to(&request.denied_uri(&door.issuer)))
        }
        "update" => draw(&door, person, question, Some(&choice), false).await,
        _ => Err(Problem::Malformed),
    }
}
