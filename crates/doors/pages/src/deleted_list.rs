//! `GET /deleted`: what can still be restored.

use crate::Door;
use crate::caller::Person;
use crate::messages_shown::beginning;
use crate::page::page;
use crate::problem::Problem;
use crate::reach::title;
use crate::view::{Deleted, DeletedRow, Name, Pager, When, count};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use model::ConversationId;
use std::collections::HashMap;
use std::sync::Arc;
use vault::{Own, RESTORE_S, Refusal};

/// The titles of her conversations among these; one that she has left has none.
pub(crate) async fn titles(
    door: &Door,
    own: &Own,
    conversations: Vec<ConversationId>,
) -> Result<HashMap<ConversationId, Name>, Problem> {
    let mut titles = HashMap::new();
    for id in conversations {
        if titles.contains_key(&id) {
            continue;
        }
        match door.vault.own_conversation(own, id).await {
            Ok(found) => {
                titles.insert(id, title(found.listed.title.as_deref(), &found.listed.others));
            }
            Err(Refusal::NotFound) => {}
            Err(refusal) => return Err(refusal.into()),
        }
    }
    Ok(titles)
}

/// `GET /deleted`
pub(crate) async fn deleted_list(State(door): State<Arc<Door>>, person: Person) -> Result<Response, Problem> {
    let deleted = door.vault.own_deleted(&person.own).await?;
    let conversations = deleted.iter().map(|one| one.message.conversation).collect();
    let titles = titles(&door, &person.own, conversations).await?;
    let rows = deleted.into_iter().map(|one| DeletedRow {
        conversation: one.message.conversation.to_string(),
        title: titles.get(&one.message.conversation).cloned().unwrap_or_default(),
        seq: count(one.message.seq),
        from: one.message.from.name.into(),
        words: beginning(one.message.content),
        deleted: When::moment(one.deleted_at),
        by_app: one.by_app.map(Name::from),
        is_for_everyone: one.for_everyone,
        until: When::date(one.deleted_at.plus_seconds(RESTORE_S)),
    });
    let view = Deleted { page: person.page, rows: rows.collect(), pager: Pager::default() };
    Ok(page(StatusCode::OK, &view))
}
