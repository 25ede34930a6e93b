//! `POST /introspect`: what a token is worth now, told to its own app alone, and signed if it asks for that.
use super::jwks::{keys, verified_as};
use super::{Fields, error, post_raw, reading};
use crate::stage::{Answer, App, EVERYTHING, Person, Stage, Tokens};
use serde_json::{Value, json};

fn scene() -> (Stage, Person, App, Tokens) {
    let stage = Stage::new();
    let (ada, app) = (stage.person("ada"), stage.app_with_secret(EVERYTHING));
    let tokens = stage.grant(&ada, &app, reading());
    (stage, ada, app, tokens)
}

#[track_caller]
fn told(stage: &Stage, app: &App, token: &str) -> Value {
    let answer = Fields::revoke(app, token).post(stage, "/introspect").expect(200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    answer.json()
}

fn inactive() -> Value {
    json!({"active": false})
}

#[test]
fn it_says_what_the_gate_would_let_through() {
    let (stage, ada, app, tokens) = scene();
    let seen = told(&stage, &app, &tokens.access);
    let now = stage.vault().world().now().seconds();
    let wanted = json!({
        "active": true, "iss": stage.url, "aud": stage.url, "sub": ada.id, "client_id": app.id, "scope": tokens.answer["scope"],
        "token_type": "Bearer", "iat": now, "exp": now + oauth::token::ACCESS_TOKEN_S,
        "authorization_details": tokens.answer["authorization_details"], "grant_id": tokens.grant,
    });
    assert_eq!(seen, wanted);
    let refresh = tokens.refresh.as_deref().unwrap();
    let seen = told(&stage, &app, refresh);
    assert_eq!((&seen["active"], &seen["grant_id"]), (&json!(true), &json!(tokens.grant)));
    assert_eq!((seen.get("token_type"), seen.get("aud")), (None, None));

    // What she takes away is gone from the next answer on.
    let browser = stage.browser_of(&ada);
    let page = browser.open(&format!("/apps/{}", tokens.grant)).expect(200);
    let form = page.form(&format!("/apps/{}/narrow", tokens.grant)).tick("action", "read", false);
    browser.press(&form, None).expect(200);
    assert_eq!(told(&stage, &app, &tokens.access)["authorization_details"][0]["actions"], json!(["list"]));
    stage.wait(stage.vault().grant_pause(&stage.own(&ada), tokens.grant, true)).unwrap();
    assert_eq!(told(&stage, &app, &tokens.access), inactive());
    assert_eq!(
        told(&stage, &app, refresh)["active"],
        true,
        "it can be exchanged, for when the grant goes on"
    );
    stage.wait(stage.vault().grant_pause(&stage.own(&ada), tokens.grant, false)).unwrap();
    assert_eq!(told(&stage, &app, &tokens.access)["active"], true);

    stage.clock.advance_s(oauth::token::ACCESS_TOKEN_S);
    assert_eq!(told(&stage, &app, &tokens.access), inactive());
    let next = Fields::refresh(&app, refresh).post(&stage, "/token").expect(200).json();
    assert_eq!(told(&stage, &app, refresh), inactive(), "it was used");
    stage.wait(stage.vault().grant_revoke(&stage.own(&ada), tokens.grant)).unwrap();
    for token in ["access_token", "refresh_token"] {
        assert_eq!(told(&stage, &app, next[token].as_str().unwrap()), inactive());
    }
}

#[test]
fn of_what_is_unknown_or_anothers_nothing_is_said() {
    let (stage, ada, app, tokens) = scene();
    let other = stage.app_named("Other", EVERYTHING, true);
    for token in [&tokens.access, tokens.refresh.as_ref().unwrap()] {
        assert_eq!(told(&stage, &other, token), inactive());
    }
    for token in ["wxa_unknown", "x", "wxr_x", &ada.cookie, &"x".repeat(5000), "\u{1F9A6}"] {
        assert_eq!(told(&stage, &app, token), inactive());
    }
    stage.own(&ada);
    assert_eq!(error(&Fields::revoke(&app, "").post(&stage, "/introspect").expect(400)), "invalid_request");
}

#[test]
fn who_does_not_prove_who_it_is_is_told_nothing() {
    let (stage, _, app, tokens) = scene();
    let public = stage.app(EVERYTHING);
    let ask = Fields::revoke(&app, &tokens.access);
    for spoilt in [
        ask.clone().without("client_secret"),
        ask.clone().with("client_secret", "wrong"),
        Fields::revoke(&public, &tokens.access),
    ] {
        assert_eq!(error(&spoilt.post(&stage, "/introspect").expect(401)), "invalid_client");
    }
    stage.send("GET", "/introspect", &[], None).expect(405);
}

#[test]
fn who_asks_for_a_signed_answer_gets_one() {
    let (stage, _, app, tokens) = scene();
    let signed = |token: &str| -> Answer {
        let accept = [("accept", "application/token-introspection+jwt")];
        post_raw(&stage, "/introspect", &accept, Fields::revoke(&app, token).body().as_bytes()).expect(200)
    };
    let answer = signed(&tokens.access);
    assert_eq!(answer.header("content-type"), Some("application/token-introspection+jwt"));
    let verified =
        |answer: &Answer| verified_as("token-introspection+jwt", &keys(&stage), &answer.text()).unwrap();
    let claims = verified(&answer);
    assert_eq!(claims["token_introspection"], told(&stage, &app, &tokens.access));
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!(stage.url), &json!(app.id)));
    assert_eq!((claims.get("sub"), claims.get("exp")), (None, None));
    assert_eq!(verified(&signed("x"))["token_introspection"], inactive());
    // It is no hint at whom to sign in.
    let asked = Fields::ask(&app).with("prompt", "none").with("id_token_hint", &answer.text());
    let back = stage.get(&asked.path()).expect(303);
    assert_eq!(crate::stage::query(back.location(), "error").as_deref(), Some("login_required"));
}
