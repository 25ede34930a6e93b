//! `POST /conversations/{id}/messages/{seq}/delete`: her own message goes for everyone, another's for herself.

use crate::Door;
use crate::caller::{At, Person};
use crate::done::Done;
use crate::form::Form;
use crate::problem::{Problem, go_to};
use axum::extract::State;
use axum::response::Response;
use model::ConversationId;
use std::sync::Arc;

/// `POST /conversations/{id}/messages/{seq}/delete`
pub(crate) async fn message_delete(
    State(door): State<Arc<Door>>,
    person: Person,
    At((conversation, seq)): At<(ConversationId, i64)>,
    _: Form,
) -> Result<Response, Problem> {
    door.vault.own_delete(&person.own, conversation, seq).await?;
    Ok(go_to(&Done::Deleted.at(&format!("/conversations/{conversation}"))))
}
