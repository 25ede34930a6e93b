//! `POST /v1/webhooks/{id}/resume`, `/keys` and `/replay`: a paused webhook goes on, gets a new key, tells again.

use crate::answer::{json_of, nothing};
use crate::app_caller::AppAsking;
use crate::body::JsonBody;
use crate::paging::{Place, named};
use crate::problem::Problem;
use crate::problems as listed;
use crate::webhook_shapes as shapes;
use axum::response::Response;
use model::{Time, WebhookId};
use serde::Deserialize;

/// Lets a webhook go on.
///
/// One that is paused goes on from where it stopped; one whose receiver failed is tried at once.
#[utoipa::path(post, path = "/v1/webhooks/{webhook}/resume", tag = "webhooks",
    params(("webhook" = String, Path, description = "Its id")),
    responses((status = 200, description = "It", body = shapes::Webhook)))]
pub(crate) async fn webhook_resume(asking: AppAsking, place: Place<WebhookId>) -> Result<Response, Problem> {
    let app = asking.app().await?;
    let webhook = asking.door().vault.webhook_resume(app.id, named(place)?).await?;
    json_of(&shapes::Webhook::of(&webhook))
}

/// Gives a webhook a new key.
///
/// For 24 hours each delivery carries two signatures, with the new key and with the one before, so that a receiver can change
/// over without losing one. The new key is in this answer alone.
#[utoipa::path(post, path = "/v1/webhooks/{webhook}/keys", tag = "webhooks",
    params(("webhook" = String, Path, description = "Its id")),
    responses((status = 200, description = "It, with the new key", body = shapes::Webhook)))]
pub(crate) async fn webhook_turn(asking: AppAsking, place: Place<WebhookId>) -> Result<Response, Problem> {
    let app = asking.app().await?;
    let (webhook, key) = asking.door().vault.webhook_turn(app.id, named(place)?).await?;
    json_of(&shapes::Webhook::with_key(&webhook, key))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    since: String,
}

/// Tells a webhook again what happened since a moment.
///
/// At most the last seven days. What it was told before comes with the same `webhook-id`, and is an access like the first time:
/// what the grant no longer reaches is not told again.
#[utoipa::path(post, path = "/v1/webhooks/{webhook}/replay", tag = "webhooks",
    params(("webhook" = String, Path, description = "Its id")), request_body = shapes::ReplayNew,
    responses((status = 204, description = "It will be told again")))]
pub(crate) async fn webhook_replay(
    asking: AppAsking,
    place: Place<WebhookId>,
    body: JsonBody,
) -> Result<Response, Problem> {
    let app = asking.app().await?;
    let webhook = named(place)?;
    let Body { since } = body.read()?;
    let since: Time =
        since.parse().map_err(|why| Problem::new(listed::INVALID, format!("`since`: {why}")))?;
    asking.door().vault.webhook_replay(app.id, webhook, since).await?;
    Ok(nothing())
}
