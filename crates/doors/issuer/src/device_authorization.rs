//! `POST /device_authorization`: a device asks for a code that a person types elsewhere (RFC 8628).

use crate::arrivals::Address;
use crate::problem::Problem;
use crate::{Doors, client};
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use http::request::Parts;
use oauth::device::{self, DeviceAnswer};

/// The two codes, or why there are none.
pub(crate) async fn device_authorization(
    State(doors): State<Doors>,
    from: Address,
    mut parts: Parts,
    body: Bytes,
) -> Result<Response, Problem> {
    let proved = client::proved(&doors, &mut parts, &body).await?;
    let now = doors.vault.world().now();
    let request = device::authorize(&proved.form, &proved.client, &doors.issuer)?;
    // Whatever the person would have to be told that it cannot be, the device is told now.
    oauth::consent::offer(request.asked.as_ref(), request.scopes, &proved.client.ceiling, now)?;
    let entered = doors.inside.questions.enter(from, now);
    entered.map_err(|wait_s| Problem::too_many(wait_s, "too many devices ask from your network; wait"))?;
    let agent =
        parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (device_code, user_code) = doors.vault.device_add(&request, from.text(), agent).await?;
    let answer = DeviceAnswer::new(&doors.issuer, device_code, user_code);
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response())
}
