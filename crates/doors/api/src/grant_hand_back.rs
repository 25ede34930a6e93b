//! `DELETE /v1/grant`: the app hands its grant back.

use crate::answer::nothing;
use crate::caller::Asking;
use crate::problem::Problem;
use axum::response::Response;

/// Hands the grant back: it ends at once, with every token of it.
#[utoipa::path(delete, path = "/v1/grant", tag = "grant", responses((status = 204, description = "It has ended")))]
pub(crate) async fn grant_hand_back(asking: Asking) -> Result<Response, Problem> {
    let caller = asking.caller().await?;
    asking.door.vault.grant_hand_back(&caller).await?;
    Ok(nothing())
}
