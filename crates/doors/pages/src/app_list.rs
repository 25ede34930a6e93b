//! `GET /apps`: connected apps, could beside did.

use crate::Door;
use crate::caller::Person;
use crate::grant_card::grant_card;
use crate::page::page;
use crate::problem::Problem;
use crate::view::Apps;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use std::sync::Arc;

/// `GET /apps`
pub(crate) async fn app_list(State(door): State<Arc<Door>>, person: Person) -> Result<Response, Problem> {
    let mut grants = door.vault.connected(&person.own).await?;
    grants.sort_by_key(|one| std::cmp::Reverse(one.grant.used_at.unwrap_or(one.grant.given_at)));
    let (mut connected, mut ended) = (Vec::new(), Vec::new());
    for one in &grants {
        let app = door.vault.app(one.grant.app).await?;
        let card = grant_card(&door, &person.own, one, &app).await?;
        if card.ended_because.is_some() { ended.push(card) } else { connected.push(card) }
    }
    Ok(page(StatusCode::OK, &Apps { page: person.page, connected, ended }))
}
