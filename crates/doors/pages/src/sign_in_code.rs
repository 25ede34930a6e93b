//! `/sign-in/code`: the second step of signing in, for who has set up one-time codes.
//!
//! Invariant: nothing here says whose account it is; who has not just given the right password is sent back to the first step.

use crate::caller::{Anyone, Whence};
use crate::form::Form;
use crate::problem::{Problem, go_to, sentence};
use crate::sign_in::{page_of_signing_in, signed_in};
use crate::view::SignInCode;
use crate::{Door, cookies, return_to};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use std::sync::Arc;
use vault::Refusal;

/// `GET /sign-in/code`
pub(crate) async fn sign_in_code_see(
    State(door): State<Arc<Door>>,
    anyone: Anyone,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let return_to = return_to::of_query(&uri);
    if cookies::half(&headers, door.secure()).is_none() {
        return go_to("/sign-in");
    }
    let view = SignInCode { page: anyone.page.clone(), problem: None, return_to: return_to.clone() };
    anyone.answer(page_of_signing_in(&door, StatusCode::OK, &return_to, &view).await)
}

/// `POST /sign-in/code`
pub(crate) async fn sign_in_code(
    State(door): State<Arc<Door>>,
    anyone: Anyone,
    Whence(visit): Whence,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Problem> {
    let return_to = return_to::local(form.text("return_to")).unwrap_or_default().to_owned();
    let half = cookies::half(&headers, door.secure()).ok_or_else(|| Problem::sign_in(&return_to))?;
    match door.vault.sign_in_code(half, form.text("code"), visit).await {
        Ok(cookies) => {
            if let Some(before) = &anyone.session {
                door.vault.sign_out(before).await?;
            }
            Ok(signed_in(&door, &cookies, &return_to))
        }
        Err(refusal @ Refusal::Code) => {
            let problem = Some(sentence(&refusal));
            let view = SignInCode { page: anyone.page.clone(), problem, return_to: return_to.clone() };
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(anyone.answer(page_of_signing_in(&door, status, &return_to, &view).await))
        }
        Err(Refusal::SignedOut) => Err(Problem::sign_in(&return_to)),
        Err(refusal) => Err(refusal.into()),
    }
}
