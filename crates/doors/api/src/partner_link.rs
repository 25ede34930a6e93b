//! `POST /v1/page`: a link that opens the page of an app to the people who run it.

use crate::answer::created;
use crate::app_caller::AppAsking;
use crate::problem::Problem;
use crate::webhook_shapes::{PartnerLink, json};
use axum::response::Response;

/// A link to the app's own page.
///
/// Needs a token of the app itself. The page shows people what `/v1/power` and `/v1/webhooks` show programs: rights that are held and never
/// used, people reached against people served, the webhooks with their log. The link opens once, within an hour; give it to whoever
/// runs the app and to nobody else.
#[utoipa::path(post, path = "/v1/page", tag = "webhooks",
    responses((status = 201, description = "It", body = PartnerLink)))]
pub(crate) async fn partner_link(asking: AppAsking) -> Result<Response, Problem> {
    let app = asking.app().await?;
    let (url, ends_at) = asking.door().vault.partner_link(app.id).await?;
    let link = PartnerLink { url, expires_at: ends_at.to_string() };
    Ok(created(json(&link)?, "/partner".to_owned()))
}
