//! `POST /deleted/{conversation}/{seq}/restore`: what she or her apps deleted in the last 30 days comes back.

use crate::Door;
use crate::caller::{At, Person};
use crate::done::Done;
use crate::form::Form;
use crate::problem::{Problem, go_to};
use axum::extract::State;
use axum::response::Response;
use model::ConversationId;
use std::sync::Arc;

/// `POST /deleted/{conversation}/{seq}/restore`
pub(crate) async fn message_restore(
    State(door): State<Arc<Door>>,
    person: Person,
    At((conversation, seq)): At<(ConversationId, i64)>,
    _: Form,
) -> Result<Response, Problem> {
    door.vault.own_restore(&person.own, conversation, seq).await?;
    Ok(go_to(&Done::Restored.at("/deleted")))
}
