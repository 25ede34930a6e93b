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

/// Down to the last ten, or to two digits: 0, 40, 1300.
fn rounded(people: i64) -> i64 {
    let mut step = 10;
    while people >= step * 100 {
        step *= 10;
    }
    people.max(0) / step * step
}

/// Every app, its partner, its ceiling with its history, how many people let it in, and when it retires.
#[utoipa::path(get, path = "/directory.json", tag = "for anyone", security(()),
    responses((status = 200, description = "All of them, by name", body = shapes::Directory)))]
pub(crate) async fn directory(State(door): State<Arc<Door>>) -> Result<Response, Problem> {
    let apps = door.vault.app_list().await?;
    let items = apps.into_iter().map(|app| Entry { people_rounded: rounded(app.people), app }).collect();
    let mut response = json_of(&Directory { items, next: None })?;
    put(&mut response, CACHE_CONTROL, "public, max-age=10".to_owned());
    open(response.headers_mut());
    Ok(response)
}

#[cfg(test)]
mod tests {
    #[test]
    fn people_are_rounded_down_to_tens_or_two_digits() {
        let cases = [
            (-1, 0),
            (0, 0),
            (9, 0),
            (10, 10),
            (99, 90),
            (100, 100),
            (999, 990),
            (1_049, 1_000),
            (123_456, 120_000),
        ];
        for (people, rounded) in cases {
            assert_eq!(super::rounded(people), rounded, "{people}");
        }
    }
}
