//! Recommending a film: off to Waxseal's share sheet, and back with one bit.
//!
//! Invariant: there is no token here and no right; whom it was sent to, Marquee cannot even ask.

use crate::browse::no_film;
use crate::films::Film;
use crate::{Marquee, films};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use std::sync::Arc;

/// The cookie that goes with her to the share sheet.
const AWAY: &str = "marquee-away";

/// The film as a card of Waxseal.
pub(crate) fn card(marquee: &Marquee, film: &Film) -> serde_json::Value {
    let address = marquee.own.at(&format!("/films/{}", film.slug));
    serde_json::json!({"type": "card", "kind": "film", "title": film.title, "url": address})
}

/// `GET /films/{slug}/recommend`: sends her to the share sheet.
pub(crate) async fn recommend(State(marquee): State<Arc<Marquee>>, Path(slug): Path<String>) -> Response {
    let Some(film) = films::film(&slug) else { return no_film(&marquee) };
    let Some(nonce) = frame::unguessable() else { return not_now(&marquee) };
    let state = format!("{nonce}.{slug}");
    let back = marquee.own.at("/shared");
    let sheet = frame::query(
        &marquee.waxseal.at("/share"),
        &[
            ("client_id", &marquee.client_id),
            ("redirect_uri", &back),
            ("state", &state),
            ("card", &card(&marquee, film).to_string()),
        ],
    );
    frame::to(&sheet, Some(frame::crossing(&marquee.own, AWAY, &state)))
}

#[derive(Deserialize)]
pub(crate) struct Back {
    state: Option<String>,
    sent: Option<String>,
}

/// `GET /shared?sent=1&state`: she is back. `sent` is all that there is to learn.
pub(crate) async fn shared(
    State(marquee): State<Arc<Marquee>>,
    headers: HeaderMap,
    Query(back): Query<Back>,
) -> Response {
    let state = back.state.as_deref();
    let film = state.and_then(|state| state.split_once('.')).and_then(|(_, slug)| films::film(slug));
    match film.filter(|_| frame::crossing_of(&headers, AWAY, state)) {
        Some(film) => {
            let told = if back.sent.as_deref() == Some("1") { "?shared=1" } else { "" };
            let own = &marquee.own;
            frame::to(&format!("/films/{}{told}", film.slug), Some(frame::crossing_over(own, AWAY)))
        }
        None => marquee.sorry(
            StatusCode::BAD_REQUEST,
            "That was not from here",
            "This answer belongs to no film that was recommended in this browser within the last half hour.",
        ),
    }
}

fn not_now(marquee: &Marquee) -> Response {
    let what = "Something is missing on our side. Try again in a minute.";
    marquee.sorry(StatusCode::SERVICE_UNAVAILABLE, "Not now", what)
}
