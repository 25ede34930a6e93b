//! `/conversations/new`: a new conversation with one friend, or with several as a group.

use crate::Door;
use crate::caller::Person;
use crate::form::Form;
use crate::friends_list::friend;
use crate::page::page;
use crate::problem::{Problem, go_to, sentence};
use crate::view::ConversationNew;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use model::{PersonId, person_name};
use std::sync::Arc;
use vault::Refusal;

async fn draw(
    door: &Door,
    person: Person,
    status: StatusCode,
    (ticked, title): (Vec<String>, &str),
    problem: Option<String>,
) -> Result<Response, Problem> {
    let friends = door.vault.friends(&person.own).await?.friends.into_iter().map(friend).collect();
    let view = ConversationNew { page: person.page, friends, ticked, title: title.into(), problem };
    Ok(page(status, &view))
}

/// `GET /conversations/new`
pub(crate) async fn conversation_new(
    State(door): State<Arc<Door>>,
    person: Person,
) -> Result<Response, Problem> {
    draw(&door, person, StatusCode::OK, (Vec::new(), ""), None).await
}

/// `POST /conversations`
pub(crate) async fn conversation_start(
    State(door): State<Arc<Door>>,
    person: Person,
    form: Form,
) -> Result<Response, Problem> {
    let ticked = form.all("participant");
    let others: Vec<PersonId> =
        ticked.iter().map(|id| id.parse()).collect::<Result<_, _>>().map_err(|_| Problem::Malformed)?;
    let title = form.text("title").trim();
    let problem = match (others.is_empty(), title) {
        (true, _) => Some("Pick at least one friend.".to_owned()),
        (false, "") => None,
        (false, title) => person_name(title).err().map(|why| sentence(&why)),
    };
    if let Some(problem) = problem {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return draw(&door, person, status, (ticked, title), Some(problem)).await;
    }
    let named = (!title.is_empty()).then(|| title.to_owned());
    match door.vault.own_start(&person.own, others.clone(), named).await {
        Ok(id) => Ok(go_to(&format!("/conversations/{id}"))),
        Err(refusal @ (Refusal::NotFriends | Refusal::TooMany(_))) => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            draw(&door, person, status, (ticked, title), Some(sentence(&refusal))).await
        }
        Err(refusal) => Err(refusal.into()),
    }
}
