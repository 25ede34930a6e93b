//! `GET /v1/grant`: what the app may do, and what of it it does.

use crate::answer::json_of;
use crate::caller::Asking;
use crate::problem::Problem;
use crate::shapes;
use axum::response::Response;
use model::{Action, AppId, GrantId, GrantState, Time, Uses};
use oauth::details::Granted;
use serde::Serialize;
use vault::Grant;

/// The app that was let in.
#[derive(Serialize)]
struct App<'a> {
    id: AppId,
    name: &'a str,
}

/// Since when a granted action was not used.
#[derive(Serialize)]
struct Unused {
    action: Action,
    since: Time,
    lapses_at: Option<Time>,
}

/// The grant as it stands.
#[derive(Serialize)]
pub(crate) struct Standing {
    grant_id: GrantId,
    state: &'static str,
    scope: String,
    authorization_details: Granted,
    given_at: Time,
    ends_at: Time,
    used: i64,
    uses: Option<u64>,
    used_at: Option<Time>,
}

impl Standing {
    /// How a grant stands, as its app is told.
    pub(crate) fn of(grant: &Grant) -> Standing {
        Standing {
            grant_id: grant.id,
            state: grant.state.as_str(),
            scope: grant.scopes.to_string(),
            authorization_details: oauth::details::granted(&grant.terms, &grant.purpose, grant.agreed_at),
            given_at: grant.given_at,
            ends_at: grant.terms.ends_at,
            used: grant.used,
            uses: grant.terms.uses,
            used_at: grant.used_at,
        }
    }
}

/// The same with whose it is, and what of it lies idle.
#[derive(Serialize)]
struct GrantNow<'a> {
    #[serde(flatten)]
    standing: Standing,
    app: App<'a>,
    lapses_at: Option<Time>,
    unused: Vec<Unused>,
}

/// The app's grant as it stands.
///
/// The token's own limits may be narrower; the ceiling of the app always binds.
#[utoipa::path(get, path = "/v1/grant", tag = "grant",
    responses((status = 200, description = "The grant", body = shapes::GrantNow)))]
pub(crate) async fn grant_see(asking: Asking) -> Result<Response, Problem> {
    let caller = asking.caller().await?;
    let vault = &asking.door.vault;
    let grant = vault.grant_of_caller(&caller).await?;
    let last_used = vault.actions_last_used(&caller).await?;
    let uses = last_used.uses.as_ref();
    let unused = grant.terms.actions.closed().iter().map(|action| {
        let used = last_used.actions.iter().find(|(used, _)| *used == action);
        Unused {
            action,
            since: used.map_or(last_used.looked_back_to.unwrap_or(grant.given_at), |(_, at)| *at),
            lapses_at: uses.filter(|_| grant.state == GrantState::Active).map(|uses| uses.right_ends(action)),
        }
    });
    json_of(&GrantNow {
        standing: Standing::of(&grant),
        app: App { id: caller.app(), name: caller.app_name() },
        lapses_at: uses.map(Uses::grant_ends),
        unused: unused.collect(),
    })
}
