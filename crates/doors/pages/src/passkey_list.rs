//! `/settings/passkeys`: her passkeys; making one, naming one, removing one.
//!
//! Invariant: each wants that she has just proved who she is. The last thing that lets her in cannot be removed here.

use crate::Door;
use crate::caller::{Fresh, Whence};
use crate::done::Done;
use crate::form::Form;
use crate::page::page;
use crate::passkey::{spelled, told};
use crate::problem::{Problem, go_to, sentence};
use crate::settings::browser;
use crate::view::{Name, Passkey, Passkeys, When};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use data_encoding::BASE64URL_NOPAD;
use factors::passkey::ALGORITHMS;
use serde_json::{Value, json};
use std::sync::Arc;
use vault::{CHALLENGE_S, Refusal};

/// What the page is drawn at again.
const PATH: &str = "/settings/passkeys";

async fn draw(
    door: &Door,
    Fresh(person): Fresh,
    name: Name,
    problem: Option<String>,
) -> Result<Response, Problem> {
    let passkeys = door.vault.passkeys(&person.own).await?;
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let passkey = |one: vault::Passkey| Passkey {
        id: BASE64URL_NOPAD.encode(&one.id),
        name: one.name.as_str().into(),
        since: When::date(one.created_at),
        last_used: one.used_at.map(When::date),
        is_backed_up: one.is_backed_up,
        copied: one.copied_at.map(When::date),
    };
    let view = Passkeys {
        page: person.page,
        passkeys: passkeys.into_iter().map(passkey).collect(),
        name,
        can_be_made: door.vault.passkey_party().is_some(),
        problem,
    };
    Ok(page(status, &view))
}

/// `GET /settings/passkeys`
pub(crate) async fn passkeys_see(
    State(door): State<Arc<Door>>,
    Whence(visit): Whence,
    fresh: Fresh,
) -> Result<Response, Problem> {
    draw(&door, fresh, browser(&visit.agent), None).await
}

/// `POST /settings/passkeys/begin`: what the browser is asked for.
pub(crate) async fn passkey_new_begin(
    State(door): State<Arc<Door>>,
    Fresh(person): Fresh,
    Whence(visit): Whence,
    form: Form,
) -> Result<Response, Problem> {
    let wanted = door.vault.passkey_new_begin(&person.own, form.text("csrf"), &visit).await?;
    let kinds: Vec<Value> = ALGORITHMS.map(|alg| json!({"type": "public-key", "alg": alg})).into();
    Ok(told(&json!({"create": {
        "challenge": BASE64URL_NOPAD.encode(&wanted.challenge),
        "rp": {"id": wanted.party.id, "name": "Waxseal"},
        "user": {
            "id": BASE64URL_NOPAD.encode(wanted.person.as_bytes()),
            "name": wanted.handle,
            "displayName": wanted.name,
        },
        "pubKeyCredParams": kinds,
        "excludeCredentials": spelled(&wanted.known),
        "authenticatorSelection": {
            "residentKey": "required", "requireResidentKey": true, "userVerification": "required",
        },
        "attestation": "none",
        "timeout": CHALLENGE_S * 1000,
    }})))
}

/// `POST /settings/passkeys`: the browser made one.
pub(crate) async fn passkey_add(
    State(door): State<Arc<Door>>,
    fresh: Fresh,
    form: Form,
) -> Result<Response, Problem> {
    let name = form.text("name");
    let made = form.text("credential");
    match door.vault.passkey_add(&fresh.0.own, form.text("csrf"), made, name).await {
        Ok(()) => Ok(go_to(&Done::PasskeyAdded.at(PATH))),
        Err(refusal @ (Refusal::Invalid(_) | Refusal::Conflict(_))) => {
            draw(&door, fresh, name.into(), Some(sentence(&refusal))).await
        }
        Err(refusal) => Err(refusal.into()),
    }
}

/// Which passkey a form of the list is about.
fn which(form: &Form) -> Result<Vec<u8>, Problem> {
    BASE64URL_NOPAD.decode(form.text("passkey").as_bytes()).map_err(|_| Problem::Malformed)
}

/// `POST /settings/passkeys/name`
pub(crate) async fn passkey_rename(
    State(door): State<Arc<Door>>,
    fresh: Fresh,
    form: Form,
) -> Result<Response, Problem> {
    match door.vault.passkey_rename(&fresh.0.own, which(&form)?, form.text("name")).await {
        Ok(()) => Ok(go_to(&Done::PasskeyRenamed.at(PATH))),
        Err(refusal @ Refusal::Invalid(_)) => {
            draw(&door, fresh, Name::default(), Some(sentence(&refusal))).await
        }
        Err(refusal) => Err(refusal.into()),
    }
}

/// `POST /settings/passkeys/end`
pub(crate) async fn passkey_remove(
    State(door): State<Arc<Door>>,
    fresh: Fresh,
    form: Form,
) -> Result<Response, Problem> {
    match door.vault.passkey_remove(&fresh.0.own, which(&form)?).await {
        Ok(()) => Ok(go_to(&Done::PasskeyRemoved.at(PATH))),
        Err(refusal @ Refusal::Conflict(_)) => {
            draw(&door, fresh, Name::default(), Some(sentence(&refusal))).await
        }
        Err(refusal) => Err(refusal.into()),
    }
}
