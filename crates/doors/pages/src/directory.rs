//! `GET /directory`: every app and the most that it may have, for anyone.

use crate::Door;
use crate::caller::frame;
use crate::page::page;
use crate::problem::Problem;
use crate::view::{Directory, DirectoryEntry, FormerCeiling, When, ceiling_lines, count};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use model::Time;
use serde_json::Value;
use std::sync::Arc;
use vault::ListedApp;

/// A ceiling in phrases; one that cannot be read lets nothing through, and says so.
fn phrases(ceiling: &Value) -> Vec<String> {
    match oauth::details::parse_ceiling(&ceiling.to_string()) {
        Ok(ceiling) => ceiling_lines(&ceiling),
        Err(_) => vec!["Nothing: its ceiling cannot be read".to_owned()],
    }
}

/// The ceilings that an app had before, newest first, each until the next was set.
fn former(history: &[Value]) -> Vec<FormerCeiling> {
    let set: Vec<(Time, &Value)> = history
        .iter()
        .filter_map(|event| Some((event["at"].as_str()?.parse().ok()?, event["terms"].get("ceiling")?)))
        .collect();
    let ended = set
        .windows(2)
        .map(|pair| FormerCeiling { until: When::date(pair[1].0), ceiling: phrases(pair[0].1) });
    ended.rev().collect()
}

fn entry(app: ListedApp) -> DirectoryEntry {
    DirectoryEntry {
        id: app.id.to_string(),
        people_rounded: count(app.people_rounded()),
        ceiling: phrases(&app.ceiling),
        former: former(&app.history),
        app: app.name.into(),
        partner: app.partner.into(),
        purpose: None,
        retires: app.retires_at.map(When::date),
        is_suspended: app.state == "suspended",
    }
}

/// `GET /directory`
pub(crate) async fn directory(
    State(door): State<Arc<Door>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let apps = door.vault.app_list().await?.into_iter().map(entry).collect();
    let page_frame = frame(&door, &headers).await;
    Ok(page(StatusCode::OK, &Directory { page: page_frame, apps }))
}
