//! `POST /apps/{grant}/pause`: the app can do nothing for now, or may go on.

use crate::Door;
use crate::caller::{At, Person};
use crate::done::Done;
use crate::form::Form;
use crate::problem::{Problem, go_to};
use axum::extract::State;
use axum::response::Response;
use model::GrantId;
use std::sync::Arc;

/// `POST /apps/{grant}/pause`: `on` or `off`.
pub(crate) async fn grant_pause(
    State(door): State<Arc<Door>>,
    person: Person,
    At(grant): At<GrantId>,
    form: Form,
) -> Result<Response, Problem> {
    let pause = form.switch("pause", "on", "off")?;
    door.vault.grant_pause(&person.own, grant, pause).await?;
    let done = if pause { Done::Paused } else { Done::Resumed };
    Ok(go_to(&done.at(&format!("/apps/{grant}"))))
}
