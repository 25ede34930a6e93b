//! `POST /conversations/{id}/send`: a message of her own.
//!
//! Invariant: the page's key makes pressing twice send once, and what is refused stands in the field again.

use crate::Door;
use crate::caller::{At, Person};
use crate::conversation_see::{around, open};
use crate::form::Form;
use crate::problem::{Problem, go_to};
use crate::view::grouped;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use model::{CONTENT_TEXT_CHARS_MAX, Content, ContentInvalid, ConversationId};
use std::sync::Arc;
use vault::Refusal;

/// Why the text cannot be sent, to its writer.
fn problem(why: &ContentInvalid, text: &str) -> String {
    match why {
        ContentInvalid::Empty(_) => "Write something first.".to_owned(),
        ContentInvalid::TooLong { max, .. } => format!(
            "That is {} characters; a message holds at most {}.",
            grouped(text.chars().count() as u64),
            grouped(*max as u64)
        ),
        // A text has no other faults: a form with NUL in it is not read at all.
        _ => {
            format!("This cannot be sent; a message is text of at most {CONTENT_TEXT_CHARS_MAX} characters.")
        }
    }
}

/// `POST /conversations/{id}/send`
pub(crate) async fn message_send(
    State(door): State<Arc<Door>>,
    person: Person,
    At(id): At<ConversationId>,
    form: Form,
) -> Result<Response, Problem> {
    // A form writes each line break as CR LF, whatever was typed.
    let text = form.text("text").replace("\r\n", "\n");
    let key = form.get("key").filter(|key| !key.is_empty()).ok_or(Problem::Malformed)?;
    let content = Content::Text { text: text.clone() };
    let refused = match content.validate() {
        Ok(()) => match door.vault.own_send(&person.own, id, content, key).await {
            Ok(_) => return Ok(go_to(&format!("/conversations/{id}"))),
            Err(Refusal::KeyReused) => {
                "Another text was sent from this page before. Here is this one: send it once more.".to_owned()
            }
            Err(refusal) => return Err(refusal.into()),
        },
        Err(why) => problem(&why, &text),
    };
    let mut open = open(&door, &person, id, None).await?;
    open.draft = text;
    open.draft_problem = Some(refused);
    around(&door, person, StatusCode::UNPROCESSABLE_ENTITY, open).await
}
