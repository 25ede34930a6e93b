//! `/sign-up`: a person makes an account.
//!
//! That a handle is taken must be said; the vault slows who would list the handles this way, or take them all.

use crate::caller::{Anyone, Whence};
use crate::form::Form;
use crate::page::page;
use crate::problem::{Problem, sentence};
use crate::sign_in::signed_in;
use crate::view::{Name, Page, SignUp};
use crate::{Door, return_to};
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use model::{Handle, person_name};
use std::sync::Arc;
use vault::Refusal;

fn empty(page: Page, return_to: String) -> SignUp {
    SignUp {
        page,
        handle: Name::default(),
        name: Name::default(),
        handle_problem: None,
        name_problem: None,
        password_problem: None,
        return_to,
    }
}

/// `GET /sign-up`
pub(crate) async fn sign_up_see(anyone: Anyone, uri: Uri) -> Response {
    let view = empty(anyone.page.clone(), return_to::of_query(&uri));
    anyone.answer(page(StatusCode::OK, &view))
}

/// `POST /sign-up`
pub(crate) async fn sign_up(
    State(door): State<Arc<Door>>,
    anyone: Anyone,
    Whence(visit): Whence,
    form: Form,
) -> Result<Response, Problem> {
    let return_to = return_to::local(form.text("return_to")).unwrap_or_default().to_owned();
    let mut view = empty(anyone.page.clone(), return_to);
    view.handle = form.text("handle").into();
    view.name = form.text("name").into();
    let name = person_name(form.text("name"));
    let handle = Handle::parse(form.text("handle"));
    view.name_problem = name.as_ref().err().map(sentence);
    view.handle_problem = handle.as_ref().err().map(sentence);
    if let (Ok(name), Ok(handle)) = (name, handle) {
        let asked = door.vault.handle_asked(visit.from).await?;
        let password = form.text("password").to_owned();
        match door.vault.sign_up(&handle, &name, password, visit).await {
            Ok(cookies) => {
                door.vault.uncount(asked).await?;
                if let Some(before) = &anyone.session {
                    door.vault.sign_out(before).await?;
                }
                return Ok(signed_in(&door, &cookies, &view.return_to));
            }
            Err(refusal @ Refusal::HandleTaken) => {
                view.handle_problem = Some(sentence(&refusal));
            }
            Err(refusal @ Refusal::Invalid(_)) => {
                door.vault.uncount(asked).await?;
                view.password_problem = Some(sentence(&refusal));
            }
            Err(refusal) => return Err(refusal.into()),
        }
    }
    Ok(anyone.answer(page(StatusCode::UNPROCESSABLE_ENTITY, &view)))
}
