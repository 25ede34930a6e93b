//! `POST /v1/webhooks`: an app says where it is to be told of what happens.

use crate::answer::created;
use crate::app_caller::AppAsking;
use crate::body::JsonBody;
use crate::problem::Problem;
use crate::problems as listed;
use crate::webhook_shapes::{self as shapes, json};
use axum::response::Response;
use serde::Deserialize;
use vault::{NewWebhook, Refusal, Signing, WEBHOOKS_OF_APP_MAX, Wants};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    url: String,
    #[serde(default)]
    events: Option<Vec<String>>,
    #[serde(default)]
    signing: Option<String>,
}

fn invalid(detail: String) -> Problem {
    Problem::new(listed::INVALID, detail)
}

/// Says where the app is to be told of what happens.
///
/// Needs a token of the app itself. From now on what happens in conversations that its grants reach is posted to `url`, in the
/// order of each conversation, signed as Standard Webhooks says; see docs/webhooks.md. The `secret` (or `public_key`) is in
/// this answer alone. A grant without the scope `offline_access` is told of only while the person is signed in.
#[utoipa::path(post, path = "/v1/webhooks", tag = "webhooks", request_body = shapes::WebhookNew,
    responses((status = 201, description = "It is registered", body = shapes::Webhook,
        headers(("Location" = String, description = "Where it is")))))]
pub(crate) async fn webhook_add(asking: AppAsking, body: JsonBody) -> Result<Response, Problem> {
    let app = asking.app().await?;
    let body: Body = body.read()?;
    asking.door().outbound.check(&body.url).map_err(|why| invalid(format!("`url`: {why}")))?;
    let wants = match &body.events {
        None => Wants::ALL,
        Some(names) => Wants::of(names.iter().map(String::as_str))
            .filter(|wants| !wants.is_empty())
            .ok_or_else(|| invalid(format!("`events` is a list of some of {}", Wants::NAMES.join(", "))))?,
    };
    let signing = Signing::parse(body.signing.as_deref().unwrap_or("hmac"))
        .ok_or_else(|| invalid("`signing` is hmac or ed25519".to_owned()))?;
    let new = NewWebhook { url: body.url, wants, signing };
    let (webhook, key) =
        asking.door().vault.webhook_add(app.id, new).await.map_err(|refusal| match refusal {
            Refusal::Conflict(why) => invalid(why).with("limit", WEBHOOKS_OF_APP_MAX),
            other => other.into(),
        })?;
    let place = format!("/v1/webhooks/{}", webhook.id);
    Ok(created(json(&shapes::Webhook::with_key(&webhook, key))?, place))
}
