//! `POST /settings/sessions/{id}/end` and `/settings/sessions/end`: another browser is signed out, or all are.

use crate::Door;
use crate::caller::{At, Fresh};
use crate::done::Done;
use crate::form::Form;
use crate::problem::{Problem, go_to};
use crate::sign_out::signed_out;
use axum::extract::State;
use axum::response::Response;
use model::SessionId;
use std::sync::Arc;

/// `POST /settings/sessions/{id}/end`
pub(crate) async fn session_end(
    State(door): State<Arc<Door>>,
    Fresh(person): Fresh,
    At(session): At<SessionId>,
    _: Form,
) -> Result<Response, Problem> {
    door.vault.session_end(&person.own, session).await?;
    Ok(go_to(&Done::SessionEnded.at("/settings")))
}

/// `POST /settings/sessions/end`: all of them, this one last.
pub(crate) async fn sessions_end(
    State(door): State<Arc<Door>>,
    Fresh(person): Fresh,
    _: Form,
) -> Result<Response, Problem> {
    door.vault.sessions_end_others(&person.own).await?;
    door.vault.sign_out(&person.cookie).await?;
    Ok(signed_out(&door, &Done::SignedOut.at("/sign-in")))
}
