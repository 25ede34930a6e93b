//! `/recover/{token}`: whoever lost the password sets a new one, by a link from those who run the server.
//!
//! Invariant: it signs nobody in. A link that is over, used, stopped or never was looks the same; who has it learns the handle
//! and nothing else.

use crate::Door;
use crate::caller::{Anyone, At, Person};
use crate::done::Done;
use crate::form::Form;
use crate::page::page;
use crate::problem::{Problem, go_to, sentence};
use crate::view::{Recover, When};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use std::sync::Arc;
use vault::Refusal;

async fn draw(
    door: &Door,
    anyone: Anyone,
    token: String,
    problem: Option<String>,
) -> Result<Response, Problem> {
    let recovery = door.vault.recovery(&token).await?;
    let is_open = recovery.opens_at <= door.vault.world().now();
    let view = Recover {
        page: anyone.page.clone(),
        token,
        handle: recovery.handle.as_str().into(),
        opens: (!is_open).then(|| When::moment(recovery.opens_at)),
        ends: When::moment(recovery.ends_at),
        problem,
    };
    let status = if view.problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(anyone.answer(page(status, &view)))
}

/// `GET /recover/{token}`
pub(crate) async fn recover_see(
    State(door): State<Arc<Door>>,
    At(token): At<String>,
    anyone: Anyone,
) -> Result<Response, Problem> {
    draw(&door, anyone, token, None).await
}

/// `POST /recover/{token}`
pub(crate) async fn recover(
    State(door): State<Arc<Door>>,
    At(token): At<String>,
    anyone: Anyone,
    form: Form,
) -> Result<Response, Problem> {
    match door.vault.recover(&token, form.text("password").to_owned()).await {
        Ok(()) => Ok(go_to(&Done::Recovered.at("/sign-in"))),
        Err(refusal @ Refusal::Invalid(_)) => draw(&door, anyone, token, Some(sentence(&refusal))).await,
        Err(refusal) => Err(refusal.into()),
    }
}

/// `POST /settings/recovery/stop`: she did not ask for it.
pub(crate) async fn recovery_stop(
    State(door): State<Arc<Door>>,
    person: Person,
    _: Form,
) -> Result<Response, Problem> {
    door.vault.recovery_stop(&person.own).await?;
    Ok(go_to(&Done::RecoveryStopped.at("/settings")))
}
