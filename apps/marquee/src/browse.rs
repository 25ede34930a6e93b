//! `/`: the films; `/films/{slug}`: one of them. Nobody needs to sign in to look.

use crate::view::{Browse, FilmPage};
use crate::{Marquee, films, poster, svg};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use std::sync::Arc;

#[derive(Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    q: String,
    #[serde(default)]
    genre: String,
}

/// `GET /?q&genre`
pub(crate) async fn browse(
    State(marquee): State<Arc<Marquee>>,
    headers: HeaderMap,
    Query(wanted): Query<Wanted>,
) -> Response {
    let films = films::found(&wanted.q, &wanted.genre);
    let frame = marquee.frame("films", marquee.members.of(&headers).as_ref());
    let view = Browse { frame, words: wanted.q, genre: wanted.genre, genres: films::genres(), films };
    frame::page(StatusCode::OK, &view)
}

#[derive(Deserialize)]
pub(crate) struct Told {
    shared: Option<String>,
}

/// `GET /films/{slug}`
pub(crate) async fn film_see(
    State(marquee): State<Arc<Marquee>>,
    headers: HeaderMap,
    Path(slug): Path<String>,
    Query(told): Query<Told>,
) -> Response {
    let Some(film) = films::film(&slug) else { return no_film(&marquee) };
    let mut frame = marquee.frame("films", marquee.members.of(&headers).as_ref());
    frame.flash = told.shared.map(|_| "Sent. Your friends find it in Waxseal.");
    frame::page(StatusCode::OK, &FilmPage { frame, film })
}

pub(crate) fn no_film(marquee: &Marquee) -> Response {
    marquee.sorry(StatusCode::NOT_FOUND, "We do not show that one", "No film here is called that.")
}

/// `GET /posters/{slug}.svg`
pub(crate) async fn poster_see(State(marquee): State<Arc<Marquee>>, Path(name): Path<String>) -> Response {
    match name.strip_suffix(".svg").and_then(films::film) {
        Some(film) => svg(poster::poster(film)),
        None => no_film(&marquee),
    }
}

/// Whatever else is asked for.
pub(crate) async fn nothing_here(State(marquee): State<Arc<Marquee>>) -> Response {
    marquee.sorry(StatusCode::NOT_FOUND, "Nothing here", "The page may have moved, or never was.")
}
