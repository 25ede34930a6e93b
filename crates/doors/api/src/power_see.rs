//! `GET /v1/power`: what the app could reach today across all people, beside what it used.

use crate::answer::json_of;
use crate::app_caller::AppAsking;
use crate::problem::Problem;
use crate::webhook_shapes::{ActionPower, HeldPower, Power};
use axum::response::Response;

/// What the app could reach today across all people, beside what it used in 30 days.
///
/// Needs a token of the app itself. Numbers only, never whose. `alarm` says that the app reaches more than ten people for each
/// that it serves: ask for less, or give back what is not used.
#[utoipa::path(get, path = "/v1/power", tag = "webhooks",
    responses((status = 200, description = "It", body = Power)))]
pub(crate) async fn power_see(asking: AppAsking) -> Result<Response, Problem> {
    let app = asking.app().await?;
    let power = asking.door().vault.power(app.id).await?;
    let held = |held: vault::Held| HeldPower { reach: held.reach, used: held.used };
    json_of(&Power {
        at: power.at.to_string(),
        since: power.since.to_string(),
        people: held(power.people),
        conversations: held(power.conversations),
        actions: power
            .actions
            .iter()
            .map(|one| ActionPower {
                action: one.action.as_str().to_owned(),
                people: held(one.people),
                times: one.times,
                never_used: one.never_used,
            })
            .collect(),
        alarm: power.is_alarming(),
    })
}
