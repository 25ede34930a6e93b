//! `GET /directory` and `GET /directory/{app}`: every app, the most that it may have and how that came about, for anyone.

use crate::Door;
use crate::caller::{At, frame};
use crate::page::page;
use crate::problem::Problem;
use crate::view::{
    Directory, DirectoryApp, DirectoryEntry, DirectoryEvent, Ending, FormerCeiling, Name, When,
    ceiling_lines, contents, count, deeds,
};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use model::{Action, Actions, AppId, Ceiling, Kind, Kinds, Part, Time};
use serde_json::Value;
use std::sync::Arc;
use vault::{ListedApp, Retirement};

/// A ceiling in phrases; one that cannot be read lets nothing through, and says so.
fn phrases(ceiling: &Value, left: impl Fn(Ceiling) -> Ceiling) -> Vec<String> {
    match oauth::details::parse_ceiling(&ceiling.to_string()) {
        Ok(ceiling) => ceiling_lines(&left(ceiling)),
        Err(_) => vec!["Nothing: its ceiling cannot be read".to_owned()],
    }
}

/// The ceilings that an app had before, newest first, each until the next was set.
fn former(history: &[Value]) -> Vec<FormerCeiling> {
    let set: Vec<(Time, &Value)> = history
        .iter()
        .filter_map(|event| Some((event["at"].as_str()?.parse().ok()?, event["terms"].get("ceiling")?)))
        .collect();
    let ended = set.windows(2).map(|pair| FormerCeiling {
        until: When::date(pair[1].0),
        ceiling: phrases(pair[0].1, |ceiling| ceiling),
    });
    ended.rev().collect()
}

/// What ends: `delete`, `cards`.
fn part(action: Option<Action>, kind: Option<Kind>) -> String {
    match (action, kind) {
        (Some(action), _) => deeds(Actions::NONE.with(action)),
        (None, Some(kind)) => contents(Kinds::NONE.with(kind)),
        (None, None) => "all of it".to_owned(),
    }
}

fn entry(app: &ListedApp, now: Time) -> DirectoryEntry {
    let retiring = app.retiring.iter().filter_map(|one| {
        let part = one.action.map(Part::Action).or(one.kind.map(Part::Kind))?;
        Some((part, one.at))
    });
    let left = |ceiling: Ceiling| {
        let ceiling = Ceiling { retiring: retiring.clone().collect(), ..ceiling };
        Ceiling { actions: ceiling.actions_at(now), kinds: ceiling.kinds_at(now), ..ceiling }
    };
    let ending = |one: &Retirement| Ending {
        what: part(one.action, one.kind),
        at: When::date(one.at),
        is_over: one.at <= now,
    };
    DirectoryEntry {
        id: app.id.to_string(),
        people_rounded: count(app.people_rounded()),
        ceiling: phrases(&app.ceiling, left),
        former: former(&app.history),
        app: app.name.as_str().into(),
        partner: app.partner.as_str().into(),
        purpose: None,
        retires: app.retires_at.map(|at| (When::date(at), at <= now)),
        endings: app.retiring.iter().map(ending).collect(),
        is_suspended: app.state == "suspended",
    }
}

/// An entry of the log about an app, in words. Words of a later version are left as they are.
fn event((entry, leaf): &(Value, Option<i64>)) -> Option<DirectoryEvent> {
    let terms = &entry["terms"];
    let words = |name: &str| -> Vec<&str> {
        let list = terms[name].as_array();
        list.map(|list| list.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
    };
    let ceiling = || phrases(&terms["ceiling"], |ceiling| ceiling).join("; ");
    let (what, detail) = match entry["what"].as_str()? {
        "registered" => ("Registered".to_owned(), Some(ceiling())),
        "ceiling" => ("Another ceiling".to_owned(), Some(ceiling())),
        "suspended" => ("Suspended".to_owned(), None),
        "resumed" => ("Goes on".to_owned(), None),
        "contained" => ("All that it was let do until then has ended".to_owned(), None),
        "retired" => {
            let actions =
                words("actions").into_iter().filter_map(Action::parse).map(|one| part(Some(one), None));
            let kinds = words("kinds").into_iter().filter_map(Kind::parse).map(|one| part(None, Some(one)));
            let parts: Vec<String> = actions.chain(kinds).collect();
            let on =
                terms["retires_at"].as_str().and_then(|at| at.parse().ok()).map(|at| When::date(at).text);
            let what = if parts.is_empty() { "all of it".to_owned() } else { parts.join(", ") };
            (format!("Announced to end on {}: {what}", on.unwrap_or_default()), None)
        }
        other => (other.to_owned(), None),
    };
    Some(DirectoryEvent {
        at: When::moment(entry["at"].as_str()?.parse().ok()?),
        what,
        detail: detail.or(entry["why"].as_str().map(|why| Name::from(why).plain())),
        leaf: *leaf,
    })
}

/// `GET /directory`
pub(crate) async fn directory(
    State(door): State<Arc<Door>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let now = door.vault.world().now();
    let apps = door.vault.app_list().await?.iter().map(|app| entry(app, now)).collect();
    let page_frame = frame(&door, &headers).await;
    Ok(page(StatusCode::OK, &Directory { page: page_frame, apps }))
}

/// `GET /directory/{app}`
pub(crate) async fn directory_app(
    State(door): State<Arc<Door>>,
    headers: HeaderMap,
    At(id): At<AppId>,
) -> Result<Response, Problem> {
    let now = door.vault.world().now();
    let app = door.vault.app_list().await?.into_iter().find(|app| app.id == id).ok_or(Problem::NoPage)?;
    let history = door.vault.app_history(id).await?;
    let view = DirectoryApp {
        page: frame(&door, &headers).await,
        entry: entry(&app, now),
        history: history.iter().rev().filter_map(event).collect(),
    };
    Ok(page(StatusCode::OK, &view))
}
