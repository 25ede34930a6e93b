//! `GET /friends`: her friends, and the requests to and from her.

use crate::Door;
use crate::caller::Person;
use crate::page::page;
use crate::problem::Problem;
use crate::view::{Friend, Friends, Name, When};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use std::sync::Arc;

/// A friend, as she is listed.
pub(crate) fn friend(one: vault::Friend) -> Friend {
    Friend {
        id: one.face.id.to_string(),
        handle: one.face.handle.unwrap_or_default().into(),
        name: one.face.name.into(),
        since: When::date(one.since),
    }
}

/// The page; with a handle that was refused, and why.
pub(crate) async fn draw(
    door: &Door,
    person: Person,
    status: StatusCode,
    handle: Name,
    handle_problem: Option<String>,
) -> Result<Response, Problem> {
    let list = door.vault.friends(&person.own).await?;
    let shown = |people: Vec<vault::Friend>| people.into_iter().map(friend).collect();
    let view = Friends {
        page: person.page,
        asked_me: shown(list.asking),
        asked_by_me: shown(list.asked),
        friends: shown(list.friends),
        handle,
        handle_problem,
        is_hidden_from_apps: door.vault.wishes(&person.own).await?.hidden,
    };
    Ok(page(status, &view))
}

/// `GET /friends`
pub(crate) async fn friends_list(State(door): State<Arc<Door>>, person: Person) -> Result<Response, Problem> {
    draw(&door, person, StatusCode::OK, Name::default(), None).await
}
