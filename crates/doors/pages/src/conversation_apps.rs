//! `GET /conversations/{id}/apps`: whose apps are here, and what she can do about it.

use crate::Door;
use crate::caller::{At, Person};
use crate::page::page;
use crate::problem::Problem;
use crate::reach::title;
use crate::view::{AppHere, ConversationApps, Name, deeds};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use model::ConversationId;
use std::sync::Arc;
use vault::{ActiveApp, Connected, Conversation};

/// One app: whose it is here, and if it is hers, the grant to steer it by.
async fn here(
    door: &Door,
    person: &Person,
    found: &Conversation,
    grants: &[Connected],
    active: &ActiveApp,
) -> Result<AppHere, Problem> {
    let is_own = active.of == person.own.person();
    let now = door.vault.world().now();
    let grant = grants.iter().find(|one| is_own && one.grant.app == active.id && one.grant.live_at(now));
    let whose = found.others.iter().find(|other| other.face.id == active.of);
    Ok(AppHere {
        id: active.id.to_string(),
        app: active.name.as_str().into(),
        partner: door.vault.app(active.id).await?.partner.clone().into(),
        whose: whose.map_or(Name::from("you"), |other| other.face.name.as_str().into()),
        own_grant: grant.map(|one| one.grant.id.to_string()),
        may: deeds(active.actions),
    })
}

/// `GET /conversations/{id}/apps`
pub(crate) async fn conversation_apps(
    State(door): State<Arc<Door>>,
    person: Person,
    At(id): At<ConversationId>,
) -> Result<Response, Problem> {
    let found = door.vault.own_conversation(&person.own, id).await?;
    let grants = door.vault.connected(&person.own).await?;
    let mut apps = Vec::new();
    for active in &found.apps {
        apps.push(here(&door, &person, &found, &grants, active).await?);
    }
    let locked_by = found.others.iter().filter(|other| other.locked);
    let view = ConversationApps {
        id: id.to_string(),
        title: title(found.listed.title.as_deref(), &found.listed.others),
        apps,
        are_words_kept: found.words_out,
        are_words_kept_everywhere: door.vault.wishes(&person.own).await?.words_out,
        is_locked_by_me: found.locked,
        locked_by: locked_by.map(|other| other.face.name.as_str().into()).collect(),
        page: person.page,
    };
    Ok(page(StatusCode::OK, &view))
}
