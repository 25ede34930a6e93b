//! `/partner`: what an app's own people see: what it could do beside what it does, and how its webhooks fare.
//!
//! Invariant: everything here is the app's own: numbers over people and never whose, its webhooks and their log without contents. It is
//! opened by a link that the app or the operator asked for; a person's session opens nothing here, and this none of hers.

use crate::caller::{Anyone, At, Queried};
use crate::done::Done;
use crate::form::Form;
use crate::page::page;
use crate::problem::{Problem, go_to};
use crate::view::{
    Delivery, Hook, Pager, Partner, PartnerEnter, PartnerHook, Right, When, action_label, ceiling_lines,
    count, counted, deeds, grouped,
};
use crate::{Door, cookies};
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::Response;
use model::{Action, Actions, Ceiling, DeliveryId, Time, WebhookId};
use serde::Deserialize;
use std::sync::Arc;
use vault::{ActionPower, AppFacts, Power, Refusal, Webhook};

/// How many deliveries stand on one page.
const DELIVERIES: i64 = 50;

/// Somebody who runs an app.
pub(crate) struct Runs {
    app: Arc<AppFacts>,
    cookie: String,
    anyone: Anyone,
}

impl FromRequestParts<Arc<Door>> for Runs {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, door: &Arc<Door>) -> Result<Self, Problem> {
        let cookie = cookies::partner(&parts.headers, door.secure()).ok_or(Problem::NoPartner)?.to_owned();
        let app = door.vault.partner(&cookie).await.map_err(|refusal| match refusal {
            Refusal::SignedOut => Problem::NoPartner,
            other => other.into(),
        })?;
        let anyone = Anyone::from_request_parts(parts, door).await?;
        Ok(Runs { app, cookie, anyone })
    }
}

fn hook(webhook: &Webhook) -> Hook {
    let state = match (webhook.state, webhook.failures) {
        ("paused", _) => "paused".to_owned(),
        (_, 0) => "well".to_owned(),
        (_, failures) => format!("failed {} in a row", counted(count(failures), "time", "times")),
    };
    Hook {
        id: webhook.id.to_string(),
        url: webhook.url.as_str().into(),
        events: webhook.wants.names().collect::<Vec<_>>().join(", "),
        signing: webhook.signing.as_str(),
        is_well: webhook.state == "active" && webhook.failures == 0,
        state,
        why: webhook.why.clone(),
        failing_since: webhook.failing_since.map(When::moment),
        next_at: webhook.next_at.map(When::moment),
    }
}

fn right(power: &ActionPower) -> Right {
    Right {
        label: action_label(power.action),
        held: grouped(count(power.people.reach)),
        used: grouped(count(power.people.used)),
        times: grouped(count(power.times)),
        never: count(power.never_used),
        is_idle: power.people.reach > 0 && power.people.used == 0,
    }
}

/// What of the ceiling nobody let it have, or it never does.
fn too_much(power: &Power, ceiling: &Ceiling) -> Option<String> {
    let held = ceiling.actions_at(power.at);
    let idle =
        |action: &Action| power.actions.iter().any(|one| one.action == *action && one.people.used == 0);
    let unused: Actions = held.iter().filter(idle).collect();
    (!unused.is_empty()).then(|| deeds(unused))
}

/// `GET /partner`
pub(crate) async fn partner(State(door): State<Arc<Door>>, runs: Runs) -> Result<Response, Problem> {
    let Runs { app, anyone, .. } = runs;
    let (power, now) = (door.vault.power(app.id).await?, door.vault.world().now());
    let webhooks = door.vault.webhooks(app.id).await?;
    let ceiling = Ceiling {
        actions: app.ceiling.actions_at(now),
        kinds: app.ceiling.kinds_at(now),
        ..app.ceiling.clone()
    };
    let view = Partner {
        page: anyone.page.clone(),
        id: app.id.to_string(),
        app: app.name.as_str().into(),
        partner: app.partner.as_str().into(),
        is_live: app.live_at(now),
        retires: app.retires_at.map(When::date),
        ceiling: ceiling_lines(&ceiling),
        too_much: too_much(&power, &ceiling),
        since: When::date(power.since),
        reached: count(power.people.reach),
        served: count(power.people.used),
        conversations: (grouped(count(power.conversations.reach)), grouped(count(power.conversations.used))),
        is_alarming: power.is_alarming(),
        rights: power.actions.iter().map(right).collect(),
        hooks: webhooks.iter().map(hook).collect(),
    };
    Ok(anyone.answer(page(StatusCode::OK, &view)))
}

/// Which link.
#[derive(Deserialize, Default)]
pub(crate) struct Link {
    key: Option<String>,
}

/// `GET /partner/enter`: asks first, so that a link that a mail program looks at is not spent.
pub(crate) async fn partner_enter_see(anyone: Anyone, Queried(link): Queried<Link>) -> Response {
    let view = PartnerEnter { page: anyone.page.clone(), key: link.key.unwrap_or_default() };
    anyone.answer(page(StatusCode::OK, &view))
}

/// `POST /partner/enter`
pub(crate) async fn partner_enter(State(door): State<Arc<Door>>, form: Form) -> Result<Response, Problem> {
    let entered = door.vault.partner_enter(form.text("key")).await;
    let cookie = entered.map_err(|refusal| match refusal {
        Refusal::NotFound => Problem::NoPartner,
        other => other.into(),
    })?;
    let mut response = go_to("/partner");
    if let Some(cookie) = cookies::set_partner(&cookie, door.secure()) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// `POST /partner/leave`
pub(crate) async fn partner_leave(
    State(door): State<Arc<Door>>,
    runs: Runs,
    _form: Form,
) -> Result<Response, Problem> {
    door.vault.partner_leave(&runs.cookie).await?;
    let mut response = go_to("/directory");
    if let Some(cookie) = cookies::clear_partner(door.secure()) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// Which deliveries.
#[derive(Deserialize, Default)]
pub(crate) struct Part {
    /// Those before this moment and id: `1795435200000000.dlv_…`.
    before: Option<String>,
}

fn before(text: &str) -> Option<(Time, DeliveryId)> {
    let (at, id) = text.split_once('.')?;
    Some((Time::from_micros(at.parse().ok()?), id.parse().ok()?))
}

fn delivery(one: &vault::Delivery) -> Delivery {
    let answer = match (one.status, &one.why) {
        (Some(status), _) => format!("answered {status}"),
        (None, Some(why)) => why.clone(),
        (None, None) => "no answer".to_owned(),
    };
    Delivery {
        id: one.id.to_string(),
        what: one.what.clone(),
        state: one.state.clone(),
        answer: format!(
            "{answer} in {} ms, {}",
            grouped(count(one.ms)),
            counted(count(one.tries), "try", "tries")
        ),
        at: When::moment(one.tried_at),
        next_at: one.next_at.map(When::moment),
        is_taken: one.state == "delivered",
    }
}

/// `GET /partner/webhooks/{webhook}`
pub(crate) async fn partner_webhook(
    State(door): State<Arc<Door>>,
    runs: Runs,
    At(id): At<WebhookId>,
    Queried(part): Queried<Part>,
) -> Result<Response, Problem> {
    let Runs { app, anyone, .. } = runs;
    let webhook = door.vault.webhook(app.id, id).await?;
    let from = part.before.as_deref().and_then(before);
    let mut found = door.vault.webhook_deliveries(app.id, id, from, DELIVERIES + 1).await?;
    let is_more = found.len() as i64 > DELIVERIES;
    found.truncate(DELIVERIES as usize);
    let address = format!("/partner/webhooks/{id}");
    let older = found.last().filter(|_| is_more);
    let view = PartnerHook {
        page: anyone.page.clone(),
        app: app.name.as_str().into(),
        hook: hook(&webhook),
        pager: Pager {
            newer: from.map(|_| address.clone()),
            older: older.map(|last| format!("{address}?before={}.{}", last.tried_at.micros(), last.id)),
        },
        deliveries: found.iter().map(delivery).collect(),
    };
    Ok(anyone.answer(page(StatusCode::OK, &view)))
}

/// `POST /partner/webhooks/{webhook}/resume`
pub(crate) async fn partner_resume(
    State(door): State<Arc<Door>>,
    runs: Runs,
    At(id): At<WebhookId>,
    _form: Form,
) -> Result<Response, Problem> {
    door.vault.webhook_resume(runs.app.id, id).await?;
    Ok(go_to(&Done::HookResumed.at(&format!("/partner/webhooks/{id}"))))
}

/// `POST /partner/webhooks/{webhook}/replay`: `hours`, how far back.
pub(crate) async fn partner_replay(
    State(door): State<Arc<Door>>,
    runs: Runs,
    At(id): At<WebhookId>,
    form: Form,
) -> Result<Response, Problem> {
    let hours: i64 = form.read("hours")?;
    if !(1..=168).contains(&hours) {
        return Err(Problem::Malformed);
    }
    let since = door.vault.world().now().plus_seconds(-hours * 3600);
    door.vault.webhook_replay(runs.app.id, id, since).await?;
    Ok(go_to(&Done::HookReplays.at(&format!("/partner/webhooks/{id}"))))
}
