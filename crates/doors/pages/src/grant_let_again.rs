//! `POST /apps/{grant}/let-again`: what the app lost because it did not use it, it may do again.

use crate::Door;
use crate::caller::{At, Person};
use crate::done::Done;
use crate::form::Form;
use crate::problem::{Problem, go_to};
use axum::extract::State;
use axum::response::Response;
use model::GrantId;
use std::sync::Arc;

/// `POST /apps/{grant}/let-again`
pub(crate) async fn grant_let_again(
    State(door): State<Arc<Door>>,
    person: Person,
    At(grant): At<GrantId>,
    _form: Form,
) -> Result<Response, Problem> {
    door.vault.grant_let_again(&person.own, grant).await?;
    Ok(go_to(&Done::LetAgain.at(&format!("/apps/{grant}"))))
}
