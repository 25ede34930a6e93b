//! Passkeys: signing in with one, and proving with one again that it is her.
//!
//! Invariant: whoever asks to sign names nobody and is told of nobody. What is to be signed is given out to one browser for
//! one form of ours; all else is as with a password.

use crate::caller::{Anyone, Person, Whence};
use crate::form::Form;
use crate::problem::{Problem, sentence};
use crate::sign_in::signed_in;
use crate::view::Name;
use crate::{Door, return_to, sign_in, sign_in_again};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use std::sync::Arc;
use vault::{CHALLENGE_S, PasskeyAsked, Refusal};

/// What `static/passkey.js` is told. Kept by nobody.
pub(crate) fn told(what: &Value) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (StatusCode::OK, headers, what.to_string()).into_response()
}

/// The ids of passkeys, as `static/passkey.js` reads them.
pub(crate) fn spelled(ids: &[Vec<u8>]) -> Vec<String> {
    ids.iter().map(|id| BASE64URL_NOPAD.encode(id)).collect()
}

fn asked(asked: &PasskeyAsked) -> Response {
    told(&json!({"get": {
        "challenge": BASE64URL_NOPAD.encode(&asked.challenge),
        "rpId": asked.party.id,
        "allowCredentials": spelled(&asked.known),
        "userVerification": "required",
        "timeout": CHALLENGE_S * 1000,
    }}))
}

/// `POST /sign-in/passkey/begin`
pub(crate) async fn passkey_sign_in_begin(
    State(door): State<Arc<Door>>,
    Whence(visit): Whence,
    form: Form,
) -> Result<Response, Problem> {
    Ok(asked(&door.vault.passkey_sign_in_begin(form.text("csrf"), &visit).await?))
}

/// `POST /sign-in/passkey`
pub(crate) async fn passkey_sign_in(
    State(door): State<Arc<Door>>,
    anyone: Anyone,
    Whence(visit): Whence,
    form: Form,
) -> Result<Response, Problem> {
    let return_to = return_to::local(form.text("return_to")).unwrap_or_default().to_owned();
    match door.vault.passkey_sign_in(form.text("csrf"), form.text("credential"), visit).await {
        Ok(cookies) => {
            if let Some(before) = &anyone.session {
                door.vault.sign_out(before).await?;
            }
            Ok(signed_in(&door, &cookies, &return_to))
        }
        Err(refusal @ Refusal::Invalid(_)) => {
            Ok(sign_in::refused(&door, anyone, Name::default(), sentence(&refusal), return_to).await)
        }
        Err(refusal) => Err(refusal.into()),
    }
}

/// `POST /sign-in/again/passkey/begin`
pub(crate) async fn passkey_again_begin(
    State(door): State<Arc<Door>>,
    person: Person,
    Whence(visit): Whence,
    form: Form,
) -> Result<Response, Problem> {
    Ok(asked(&door.vault.passkey_again_begin(&person.own, form.text("csrf"), &visit).await?))
}

/// `POST /sign-in/again/passkey`
pub(crate) async fn passkey_again(
    State(door): State<Arc<Door>>,
    person: Person,
    form: Form,
) -> Result<Response, Problem> {
    let return_to = return_to::local(form.text("return_to")).unwrap_or_default().to_owned();
    let signed = form.text("credential");
    match door.vault.passkey_sign_in_again(&person.own, form.text("csrf"), signed).await {
        Ok(cookie) => Ok(sign_in_again::renewed(&door, &cookie, &return_to)),
        Err(refusal @ Refusal::Invalid(_)) => {
            sign_in_again::draw(&door, person, Some(sentence(&refusal)), return_to).await
        }
        Err(refusal) => Err(refusal.into()),
    }
}
