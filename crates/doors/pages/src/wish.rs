//! What she wishes of other people's apps: keep my words out, let none in here, hide me among friends.

use crate::Door;
use crate::caller::{At, Person};
use crate::done::Done;
use crate::form::Form;
use crate::problem::{Problem, go_to};
use axum::extract::State;
use axum::response::Response;
use model::ConversationId;
use std::sync::Arc;
use vault::Wishes;

/// `POST /conversations/{id}/apps/words`: `kept` or `shared`, here.
pub(crate) async fn wish_words_here(
    State(door): State<Arc<Door>>,
    person: Person,
    At(conversation): At<ConversationId>,
    form: Form,
) -> Result<Response, Problem> {
    let kept = form.switch("words", "kept", "shared")?;
    door.vault.wish_words_out(&person.own, conversation, kept).await?;
    Ok(go_to(&Done::Wished.at(&format!("/conversations/{conversation}/apps"))))
}

/// `POST /conversations/{id}/apps/lock`: `on` or `off`.
pub(crate) async fn wish_lock(
    State(door): State<Arc<Door>>,
    person: Person,
    At(conversation): At<ConversationId>,
    form: Form,
) -> Result<Response, Problem> {
    let on = form.switch("lock", "on", "off")?;
    door.vault.wish_lock(&person.own, conversation, on).await?;
    Ok(go_to(&Done::Wished.at(&format!("/conversations/{conversation}/apps"))))
}

async fn wish(door: &Door, person: &Person, wishes: Wishes) -> Result<Response, Problem> {
    door.vault.wish_everywhere(&person.own, wishes.words_out, wishes.hidden).await?;
    Ok(go_to(&Done::Wished.at("/settings")))
}

/// `POST /settings/words`: `kept` or `shared`, everywhere.
pub(crate) async fn wish_words_everywhere(
    State(door): State<Arc<Door>>,
    person: Person,
    form: Form,
) -> Result<Response, Problem> {
    let words_out = form.switch("words", "kept", "shared")?;
    let present = door.vault.wishes(&person.own).await?;
    wish(&door, &person, Wishes { words_out, ..present }).await
}

/// `POST /settings/hide`: `on` or `off`.
pub(crate) async fn wish_hide(
    State(door): State<Arc<Door>>,
    person: Person,
    form: Form,
) -> Result<Response, Problem> {
    let hidden = form.switch("hide", "on", "off")?;
    let present = door.vault.wishes(&person.own).await?;
    wish(&door, &person, Wishes { hidden, ..present }).await
}
