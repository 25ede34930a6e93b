//! `POST /conversations/{id}/read`: she has read up to here.

use crate::Door;
use crate::caller::{At, Person};
use crate::form::Form;
use crate::problem::{Problem, go_to};
use axum::extract::State;
use axum::response::Response;
use model::ConversationId;
use std::sync::Arc;

/// `POST /conversations/{id}/read`
pub(crate) async fn read_mark(
    State(door): State<Arc<Door>>,
    person: Person,
    At(conversation): At<ConversationId>,
    form: Form,
) -> Result<Response, Problem> {
    let seq = form.read("seq")?;
    door.vault.own_mark_read(&person.own, conversation, seq).await?;
    Ok(go_to(&format!("/conversations/{conversation}")))
}
