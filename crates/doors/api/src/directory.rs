//! `GET /directory.json`: every app, for anyone.

use crate::Door;
use crate::answer::{json_of, put};
use crate::ledger_tile::open;
use crate::problem::Problem;
use crate::shapes;
use axum::extract::State;
use axum::response::Response;
use http::header::CACHE_CONTROL;
use serde::Serialize;
use std::sync::Arc;
use vault::ListedApp;

#[derive(Serialize)]
struct Entry {
    #[serde(flatten)]
    app: ListedApp,
    /// Rounded, so that nobody's coming or going can be seen.
    people_rounded: i64,
}

#[derive(Serialize)]
struct Directory {
    items: Vec<Entry>,
    next: Option<String>,
}

/// Every app, its partner, its ceiling with its history, how many people let it in, and when it retires.
#[utoipa::path(get, path = "/directory.json", tag = "for anyone", security(()),
    responses((status = 200, description = "All of them, by name", body = shapes::Directory)))]
pub(crate) async fn directory(State(door): State<Arc<Door>>) -> Result<Response, Problem> {
    let apps = door.vault.app_list().await?;
    let items = apps.into_iter().map(|app| Entry { people_rounded: app.people_rounded(), app }).collect();
    let mut response = json_of(&Directory { items, next: None })?;
    put(&mut response, CACHE_CONTROL, "public, max-age=10".to_owned());
    open(response.headers_mut());
    Ok(response)
}
