//! `POST /apps/{grant}/revoke`: when this answers, no token of the grant opens anything.

use crate::Door;
use crate::caller::{At, Person};
use crate::done::Done;
use crate::form::Form;
use crate::problem::{Problem, go_to};
use axum::extract::State;
use axum::response::Response;
use model::GrantId;
use std::sync::Arc;

/// `POST /apps/{grant}/revoke`
pub(crate) async fn grant_revoke(
    State(door): State<Arc<Door>>,
    person: Person,
    At(grant): At<GrantId>,
    _: Form,
) -> Result<Response, Problem> {
    door.vault.grant_revoke(&person.own, grant).await?;
    Ok(go_to(&Done::Revoked.at(&format!("/apps/{grant}"))))
}
