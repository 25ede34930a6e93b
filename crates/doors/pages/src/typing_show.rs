//! `POST /conversations/{id}/typing`: she writes just now. Sent by `live.js`; nothing of it is stored.

use crate::Door;
use crate::caller::{At, Person};
use crate::form::Form;
use crate::problem::Problem;
use axum::extract::State;
use axum::http::StatusCode;
use model::ConversationId;
use std::sync::Arc;

/// `POST /conversations/{id}/typing`
pub(crate) async fn typing_show(
    State(door): State<Arc<Door>>,
    person: Person,
    At(conversation): At<ConversationId>,
    _: Form,
) -> Result<StatusCode, Problem> {
    door.vault.own_is_in(&person.own, conversation).await?;
    door.feed.typing(conversation, person.own.person());
    Ok(StatusCode::NO_CONTENT)
}
