//! `POST /friends/{id}/accept`, `/decline`, `/withdraw`, `/remove`: what she does about a friend, or someone on the way.

use crate::Door;
use crate::caller::{At, Person};
use crate::done::Done;
use crate::form::Form;
use crate::problem::{Problem, go_to};
use axum::extract::State;
use axum::response::Response;
use model::PersonId;
use std::sync::Arc;

/// `POST /friends/{id}/{answer}`
pub(crate) async fn friend_answer(
    State(door): State<Arc<Door>>,
    person: Person,
    At((other, answer)): At<(PersonId, String)>,
    _: Form,
) -> Result<Response, Problem> {
    let (own, vault) = (&person.own, &door.vault);
    let done = match answer.as_str() {
        "accept" => vault.friend_answer(own, other, true).await.map(|()| Done::Befriended),
        "decline" => vault.friend_answer(own, other, false).await.map(|()| Done::Declined),
        "withdraw" => vault.friend_answer(own, other, false).await.map(|()| Done::Withdrawn),
        "remove" => vault.friend_remove(own, other).await.map(|()| Done::Removed),
        _ => return Err(Problem::NoPage),
    };
    let done = done?;
    Ok(go_to(&done.at("/friends")))
}
