//! `DELETE /v1/webhooks/{id}`: an app is to be told there no more.

use crate::answer::nothing;
use crate::app_caller::AppAsking;
use crate::paging::{Place, named};
use crate::problem::Problem;
use axum::response::Response;
use model::WebhookId;

/// Removes a webhook.
///
/// What was still to be told there is not told; its log goes with it.
#[utoipa::path(delete, path = "/v1/webhooks/{webhook}", tag = "webhooks",
    params(("webhook" = String, Path, description = "Its id")),
    responses((status = 204, description = "It is gone")))]
pub(crate) async fn webhook_remove(asking: AppAsking, place: Place<WebhookId>) -> Result<Response, Problem> {
    let app = asking.app().await?;
    asking.door().vault.webhook_remove(app.id, named(place)?).await?;
    Ok(nothing())
}
