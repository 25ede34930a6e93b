//! `GET /v1/webhooks` and `GET /v1/webhooks/{id}`: where an app is told of what happens, and how that goes.

use crate::answer::json_of;
use crate::app_caller::AppAsking;
use crate::paging::{Place, named};
use crate::problem::Problem;
use crate::webhook_shapes as shapes;
use axum::response::Response;
use model::WebhookId;

/// The webhooks of the app.
///
/// Needs a token of the app itself.
#[utoipa::path(get, path = "/v1/webhooks", tag = "webhooks",
    responses((status = 200, description = "All of them, oldest first", body = shapes::WebhookList)))]
pub(crate) async fn webhook_list(asking: AppAsking) -> Result<Response, Problem> {
    let app = asking.app().await?;
    let webhooks = asking.door().vault.webhooks(app.id).await?;
    json_of(&shapes::WebhookList { items: webhooks.iter().map(shapes::Webhook::of).collect(), next: None })
}

/// One webhook of the app.
///
/// `state` is `paused` when the receiver has taken nothing for three days, or said that it is gone; `why` says which. Nothing is
/// lost: let it go on with `POST /v1/webhooks/{webhook}/resume` within four days.
#[utoipa::path(get, path = "/v1/webhooks/{webhook}", tag = "webhooks",
    params(("webhook" = String, Path, description = "Its id")),
    responses((status = 200, description = "It", body = shapes::Webhook)))]
pub(crate) async fn webhook_see(asking: AppAsking, place: Place<WebhookId>) -> Result<Response, Problem> {
    let app = asking.app().await?;
    let webhook = asking.door().vault.webhook(app.id, named(place)?).await?;
    json_of(&shapes::Webhook::of(&webhook))
}
