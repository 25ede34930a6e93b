//! `GET /v1/webhooks/{id}/deliveries`: what a webhook was told, and what became of it.

use crate::answer::json_of;
use crate::app_caller::AppAsking;
use crate::paging::{Place, Query, cursor, named};
use crate::problem::Problem;
use crate::webhook_shapes as shapes;
use axum::response::Response;
use model::WebhookId;

/// What a webhook was told in the last seven days, newest try first.
///
/// Never what was in it: ids, times, and what the receiver answered.
#[utoipa::path(get, path = "/v1/webhooks/{webhook}/deliveries", tag = "webhooks",
    params(
        ("webhook" = String, Path, description = "Its id"),
        ("limit" = Option<u16>, Query, description = "How many at most; 50 if it is left out", minimum = 1, maximum = 200),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses((status = 200, description = "A page of them", body = shapes::DeliveryList)))]
pub(crate) async fn delivery_list(
    asking: AppAsking,
    place: Place<WebhookId>,
    query: Query,
) -> Result<Response, Problem> {
    let app = asking.app().await?;
    let (limit, before) = (query.limit()?, query.cursor_place()?);
    let mut found = asking.door().vault.webhook_deliveries(app.id, named(place)?, before, limit + 1).await?;
    let more = i64::try_from(found.len()).is_ok_and(|found| found > limit);
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let last = found.last().filter(|_| more);
    let next = last.map(|last| cursor(&format!("{}.{}", last.tried_at.micros(), last.id)));
    json_of(&shapes::DeliveryList { items: found.iter().map(shapes::Delivery::of).collect(), next })
}
