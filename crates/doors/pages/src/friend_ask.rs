//! `POST /friends/request`: she asks someone, by handle, to be her friend.
//!
//! That nobody has a handle must be said; the vault slows who would list the handles this way.

use crate::Door;
use crate::caller::{Person, Whence};
use crate::done::Done;
use crate::form::Form;
use crate::friends_list::draw;
use crate::problem::{Problem, go_to, sentence};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use model::Handle;
use std::sync::Arc;
use vault::Refusal;

/// `POST /friends/request`
pub(crate) async fn friend_ask(
    State(door): State<Arc<Door>>,
    person: Person,
    Whence(visit): Whence,
    form: Form,
) -> Result<Response, Problem> {
    let typed = form.text("handle");
    let asked = door.vault.handle_asked(visit.from).await?;
    let problem = match Handle::parse(typed) {
        Ok(handle) => match door.vault.friend_ask(&person.own, &handle).await {
            Ok(()) => {
                door.vault.uncount(asked).await?;
                return Ok(go_to(&Done::Asked.at("/friends")));
            }
            Err(Refusal::NotFound) => format!("Nobody here is called @{handle}. Check the spelling."),
            Err(refusal @ Refusal::Invalid(_)) => {
                door.vault.uncount(asked).await?;
                sentence(&refusal)
            }
            Err(refusal) => return Err(refusal.into()),
        },
        Err(why) => {
            door.vault.uncount(asked).await?;
            sentence(&why)
        }
    };
    draw(&door, person, StatusCode::UNPROCESSABLE_ENTITY, typed.into(), Some(problem)).await
}
