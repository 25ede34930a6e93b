//! `GET /jwks`, and the ID tokens that are checked with it: read here as any client would, with another library.
use super::{Fields, code_of};
use crate::stage::{App, EVERYTHING, Person, Stage};
use data_encoding::BASE64URL_NOPAD;
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use vault::{KeyPurpose, Turn};

fn scene() -> (Stage, Person, App) {
    let stage = Stage::new();
    let (ada, app) = (stage.person("ada"), stage.app(EVERYTHING));
    (stage, ada, app)
}

fn decoded(text: &str) -> Vec<u8> {
    BASE64URL_NOPAD.decode(text.as_bytes()).unwrap()
}

pub(super) fn keys(stage: &Stage) -> Vec<Value> {
    let answer = stage.get("/jwks").expect(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    answer.json()["keys"].as_array().unwrap().clone()
}

/// The claims of an ID token, if a key of the set has signed it.
fn verified(keys: &[Value], token: &str) -> Option<Value> {
    verified_as("JWT", keys, token)
}

/// The claims of a statement of this type, if a key of the set has signed it.
pub(super) fn verified_as(kind: &str, keys: &[Value], token: &str) -> Option<Value> {
    let [head, claims, signature] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
    let header: Value = serde_json::from_slice(&decoded(head)).unwrap();
    assert_eq!((&header["alg"], &header["typ"]), (&json!("ES256"), &json!(kind)));
    let key = keys.iter().find(|key| key["kid"] == header["kid"])?;
    assert_eq!((&key["kty"], &key["crv"], &key["alg"]), (&json!("EC"), &json!("P-256"), &json!("ES256")));
    let point = [vec![4], decoded(key["x"].as_str().unwrap()), decoded(key["y"].as_str().unwrap())].concat();
    let key = VerifyingKey::from_sec1_bytes(&point).unwrap();
    let signature = Signature::from_slice(&decoded(signature)).unwrap();
    key.verify(format!("{head}.{claims}").as_bytes(), &signature).ok()?;
    Some(serde_json::from_slice(&decoded(claims)).unwrap())
}

fn redeemed(stage: &Stage, ada: &Person, app: &App, ask: Fields) -> Value {
    Fields::code(app, &code_of(stage, ada, &ask)).post(stage, "/token").expect(200).json()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[test]
fn only_public_members_are_published() {
    let (stage, ..) = scene();
    stage.wait(stage.vault().keys_rotate(KeyPurpose::IdToken, Turn::Ahead)).unwrap();
    let answer = stage.get("/jwks").expect(200);
    assert_eq!(answer.header("cache-control"), Some("public, max-age=450"));
    let keys = keys(&stage);
    assert_eq!(keys.len(), 2);
    let mut kids = Vec::new();
    for key in &keys {
        let mut names: Vec<&str> = key.as_object().unwrap().keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["alg", "crv", "kid", "kty", "use", "x", "y"]);
        assert_eq!(key["use"], "sig");
        // RFC 7638: the kid is the thumbprint.
        let required = format!(r#"{{"crv":"P-256","kty":"EC","x":{},"y":{}}}"#, key["x"], key["y"]);
        assert_eq!(text(&key["kid"]), BASE64URL_NOPAD.encode(&Sha256::digest(required)));
        kids.push(key["kid"].clone());
    }
    kids.dedup();
    assert_eq!(kids.len(), 2);
}

#[test]
fn an_id_token_says_who_when_and_for_whom_and_is_signed() {
    let (stage, ada, app) = scene();
    stage.clock.advance_s(100);
    let nonce = "n-0S6_WzA2Mj \u{e9}\"\\".repeat(8);
    let told = redeemed(&stage, &ada, &app, Fields::ask(&app).with("nonce", &nonce));
    let token = text(&told["id_token"]);
    let claims = verified(&keys(&stage), token).unwrap();
    let half = &Sha256::digest(text(&told["access_token"]))[..16];
    let now = stage.vault().world().now().seconds();
    let session = stage.own(&ada).session().to_string();
    let wanted = json!({"iss": stage.url, "sub": ada.id, "aud": app.id, "iat": now, "exp": now + 300,
        "auth_time": now - 100, "nonce": nonce, "sid": session, "at_hash": BASE64URL_NOPAD.encode(half)});
    assert_eq!(claims, wanted);
    assert!(text(&claims["sub"]).len() <= 255 && text(&claims["sub"]).is_ascii());

    // One bit more or less, and it is not signed.
    let [head, body, signature] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
    let mut spoilt = wanted;
    spoilt["aud"] = json!("app_other");
    let spoilt = BASE64URL_NOPAD.encode(spoilt.to_string().as_bytes());
    assert_ne!(spoilt, body);
    assert_eq!(verified(&keys(&stage), &format!("{head}.{spoilt}.{signature}")), None);
}

#[test]
fn without_openid_or_nonce_there_is_none() {
    let (stage, ada, app) = scene();
    let told = redeemed(&stage, &ada, &app, Fields::ask(&app).with("scope", "profile"));
    assert_eq!(told.get("id_token"), None);
    let told = redeemed(&stage, &ada, &app, Fields::ask(&app));
    assert_eq!(verified(&keys(&stage), text(&told["id_token"])).unwrap().get("nonce"), None);
}

#[test]
fn a_refreshed_one_keeps_who_and_when_and_invents_no_nonce() {
    let (stage, ada, app) = scene();
    let told = redeemed(&stage, &ada, &app, Fields::ask(&app).with("nonce", "once"));
    let first = verified(&keys(&stage), text(&told["id_token"])).unwrap();
    // Long after the code and the first access token have been tidied away.
    stage.clock.advance_s(86_400);
    while stage.wait(stage.vault().expire()).unwrap() {}
    let ask = Fields::refresh(&app, text(&told["refresh_token"]));
    let next = ask.post(&stage, "/token").expect(200).json();
    let second = verified(&keys(&stage), text(&next["id_token"])).unwrap();
    for same in ["iss", "sub", "aud", "auth_time", "sid"] {
        assert_eq!(second[same], first[same], "{same}");
    }
    assert_eq!(second.get("nonce"), None);
    assert_ne!((&second["iat"], &second["at_hash"]), (&first["iat"], &first["at_hash"]));
}

#[test]
fn a_new_key_is_published_before_it_signs_and_the_old_one_until_what_it_signed_is_over() {
    let (stage, ada, app) = scene();
    let sign = || text(&redeemed(&stage, &ada, &app, Fields::ask(&app))["id_token"]).to_owned();
    let kid = |token: &str| -> Value {
        let head = decoded(token.split('.').next().unwrap());
        serde_json::from_slice::<Value>(&head).unwrap()["kid"].clone()
    };
    let before = keys(&stage);
    let first = sign();
    stage.wait(stage.vault().keys_rotate(KeyPurpose::IdToken, Turn::Ahead)).unwrap();
    let both = keys(&stage);
    assert_eq!((before.len(), both.len()), (1, 2));

    // Published, and not yet used: a client that fetched the set before the rotation still reads all tokens.
    stage.clock.advance_s(vault::KEY_AHEAD_S - 1);
    let last_of_old = sign();
    assert_eq!(kid(&last_of_old), kid(&first));
    assert!(verified(&before, &last_of_old).is_some());

    stage.clock.advance_s(1);
    let of_new = sign();
    assert_ne!(kid(&of_new), kid(&first));
    assert!(verified(&both, &of_new).is_some() && verified(&before, &of_new).is_none());

    // The last token of the old key is good for 300 s from its making.
    stage.clock.advance_s(298);
    assert!(verified(&keys(&stage), &last_of_old).is_some());
    stage.clock.advance_s(62);
    let after = keys(&stage);
    assert_eq!(after.len(), 1);
    assert!(verified(&after, &sign()).is_some() && verified(&after, &first).is_none());
}

#[test]
fn two_rotations_in_a_row_leave_always_one_that_signs() {
    let (mut stage, ada, app) = scene();
    for _ in 0..3 {
        stage.wait(stage.vault().keys_rotate(KeyPurpose::IdToken, Turn::Ahead)).unwrap();
        stage.clock.advance_s(100);
        let told = redeemed(&stage, &ada, &app, Fields::ask(&app));
        assert!(verified(&keys(&stage), text(&told["id_token"])).is_some());
    }
    stage.clock.advance_s(5_000);
    let told = redeemed(&stage, &ada, &app, Fields::ask(&app));
    assert!(verified(&keys(&stage), text(&told["id_token"])).is_some());
    let before = keys(&stage);
    stage.restart();
    assert_eq!(keys(&stage), before);
}
