//! `GET /v1/me`: for whom the app acts.

use crate::answer::json_of;
use crate::caller::Asking;
use crate::problem::Problem;
use crate::shapes::Me;
use axum::response::Response;
use model::Scopes;

/// The person for whom the app acts.
///
/// `id` is always there; `handle` and `name` need the scope `profile`.
#[utoipa::path(get, path = "/v1/me", tag = "person", responses((status = 200, description = "The person", body = Me)))]
pub(crate) async fn me(asking: Asking) -> Result<Response, Problem> {
    let caller = asking.caller().await?;
    let mut me = Me { id: caller.person().to_string(), handle: None, name: None };
    if caller.scopes().has(Scopes::PROFILE) {
        let face = asking.door.vault.person_face(caller.person()).await?;
        (me.handle, me.name) = (face.handle, Some(face.name));
    }
    json_of(&me)
}
