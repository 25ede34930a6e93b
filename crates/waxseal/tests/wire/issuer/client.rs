//! How an app proves itself with a key: `private_key_jwt`, registered or published, and every way in which it does not.
use super::{Fields, error, post_raw};
use crate::stage::{Answer, App, EVERYTHING, Stage};
use oauth::assertion::ASSERTION_TYPE;
use outbound::Private;
use serde_json::{Value, json};
use std::sync::Arc;
use testkit::{Signer, Site, ed25519, es256, rsa};
use vault::{Demands, NewKind};

fn app(stage: &Stage, signer: Signer) -> App {
    stage.app_with_key(EVERYTHING, signer, Demands::default())
}

/// A revocation of nothing: answered with 200 to an app that proves itself.
fn asks(assertion: &str) -> Fields {
    Fields::of(&[("token", "x"), ("client_assertion_type", ASSERTION_TYPE), ("client_assertion", assertion)])
}

#[track_caller]
fn refused(answer: Answer) -> String {
    let answer = answer.expect(401);
    assert_eq!(error(&answer), "invalid_client");
    answer.json()["error_description"].as_str().unwrap().to_owned()
}

#[test]
fn a_statement_proves_the_app_once_whatever_becomes_of_the_server() {
    let mut stage = Stage::new();
    for signer in [es256(), ed25519(), rsa()] {
        let app = app(&stage, signer);
        let assertion = app.assertion(&stage);
        asks(&assertion).post(&stage, "/revoke").expect(200);
        assert!(refused(asks(&assertion).post(&stage, "/revoke")).contains("used before"));
        let token = asks(&assertion).with("grant_type", "refresh_token").with("refresh_token", "x");
        assert!(refused(token.post(&stage, "/token")).contains("used before"), "at another endpoint");
        stage.restart();
        assert!(refused(asks(&assertion).post(&stage, "/revoke")).contains("used before"), "after a restart");
        // The same jti in a new statement is the same jti.
        let mut claims = app.claims(&stage);
        let jti = claims["jti"].clone();
        asks(&app.assertion_with(&json!({}), &claims)).post(&stage, "/revoke").expect(200);
        claims["exp"] = (claims["exp"].as_i64().unwrap() + 5).into();
        assert!(
            refused(asks(&app.assertion_with(&json!({}), &claims)).post(&stage, "/revoke")).contains("used")
        );
        // Another app may use it.
        let other = self::app(&stage, es256());
        let mut claims = other.claims(&stage);
        claims["jti"] = jti;
        asks(&other.assertion_with(&json!({}), &claims)).post(&stage, "/revoke").expect(200);
    }
}

#[test]
fn of_eight_that_state_the_same_at_once_one_is_heard() {
    let stage = Stage::new();
    let app = app(&stage, es256());
    let ask = asks(&app.assertion(&stage));
    let answers: Vec<_> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..8).map(|_| scope.spawn(|| ask.post(&stage, "/revoke").status)).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1, "{answers:?}");
    assert_eq!(answers.iter().filter(|status| **status == 401).count(), 7, "{answers:?}");
}

#[test]
fn what_is_used_up_is_forgotten_when_it_is_worth_nothing() {
    let stage = Stage::new();
    let app = app(&stage, es256());
    let assertion = app.assertion(&stage);
    asks(&assertion).post(&stage, "/revoke").expect(200);
    stage.clock.advance_s(61);
    while stage.wait(stage.vault().expire()).unwrap() {}
    assert!(refused(asks(&assertion).post(&stage, "/revoke")).contains("exp"), "it is over, not used before");
}

#[test]
fn a_statement_that_is_not_in_order_proves_nothing() {
    let stage = Stage::new();
    let (app, other) = (app(&stage, rsa()), app(&stage, es256()));
    let now = stage.clock.seconds();
    let spoilt = |name: &str, value: Value| {
        let mut claims = app.claims(&stage);
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value,
        }
        refused(asks(&app.assertion_with(&json!({}), &claims)).post(&stage, "/revoke"))
    };
    for (name, value) in [
        ("iss", json!(other.id)),
        ("sub", json!(other.id)),
        ("aud", json!([stage.url])),
        ("aud", json!(format!("{}/token", stage.url))),
        ("aud", json!("https://other.example")),
        ("exp", json!(now)),
        ("exp", json!(now + 3_600)),
        ("nbf", json!(now + 61)),
        ("iat", json!(now + 61)),
        ("jti", Value::Null),
        ("exp", Value::Null),
    ] {
        spoilt(name, value);
    }
    for header in [
        json!({"alg": "none"}),
        json!({"alg": "HS256"}),
        json!({"alg": "RS256"}),
        json!({"typ": "dpop+jwt"}),
        json!({"typ": "at+jwt"}),
        json!({"kid": "../../etc/passwd"}),
        json!({"crit": ["x"], "x": 1}),
    ] {
        let statement = app.assertion_with(&header, &app.claims(&stage));
        refused(asks(&statement).post(&stage, "/revoke"));
    }
    // Signed by someone else, who says where to find his key.
    let elsewhere = Site::new(&json!({"keys": [es256().jwk()]}).to_string());
    for header in [json!({"jku": elsewhere.url("/jwks")}), json!({"x5u": elsewhere.url("/")})] {
        let forged = other.assertion_with(&header, &app.claims(&stage));
        refused(asks(&forged).post(&stage, "/revoke"));
    }
    assert_eq!(elsewhere.asked(), 0);
    // One app's statement beside another's name, and beside another proof.
    let ask = asks(&app.assertion(&stage)).with("client_id", &other.id.to_string());
    refused(ask.post(&stage, "/revoke"));
    let two = asks(&app.assertion(&stage)).with("client_secret", "x").post(&stage, "/revoke").expect(400);
    assert_eq!(error(&two), "invalid_request");
    let basic = [("authorization", "Basic YTpi")];
    let two = post_raw(&stage, "/revoke", &basic, asks(&app.assertion(&stage)).body().as_bytes()).expect(400);
    assert_eq!(error(&two), "invalid_request");
    // None of these locks the app out.
    asks(&app.assertion(&stage)).post(&stage, "/revoke").expect(200);
    refused(Fields::of(&[("token", "x"), ("client_id", &app.id.to_string())]).post(&stage, "/revoke"));
}

/// An app that publishes its keys at this site.
fn publishing(stage: &Stage, site: &Site, signer: Signer) -> App {
    let app = stage.app_of("Vault", EVERYTHING, NewKind::KeysAt(site.url("/jwks")), Demands::default());
    App { signer: Some(Arc::new(signer)), ..app }
}

#[test]
fn keys_are_fetched_kept_and_rotated() {
    let mut stage = Stage::new();
    stage.private = Private::Loopback;
    stage.restart();
    let (old, new) = (es256(), ed25519());
    let site = Site::new(&json!({"keys": [old.jwk_named("old")]}).to_string());
    let both = json!({"keys": [old.jwk_named("old"), new.jwk_named("new")]}).to_string();
    let app = publishing(&stage, &site, old);
    let ask = |signer: &Signer, kid: &str| {
        asks(&signer.jws(&json!({ "kid": kid }), &app.claims(&stage))).post(&stage, "/revoke")
    };
    let old = app.signer.clone().unwrap();
    for _ in 0..5 {
        ask(&old, "old").expect(200);
    }
    assert_eq!(site.asked(), 1);
    // A new key works as soon as it is published, and is asked for at most every half minute.
    refused(ask(&new, "new"));
    assert_eq!(site.asked(), 1, "asked just now");
    site.says(200, &both);
    stage.clock.advance_s(30);
    ask(&new, "new").expect(200);
    ask(&old, "old").expect(200);
    for _ in 0..20 {
        refused(ask(&old, "made up"));
    }
    assert_eq!(site.asked(), 2);
    // A key that was taken back is not used for longer than keys are kept.
    site.says(200, &json!({"keys": [new.jwk_named("new")]}).to_string());
    stage.clock.advance_s(601);
    refused(ask(&old, "old"));
    ask(&new, "new").expect(200);
    assert_eq!(site.asked(), 3);
}

#[test]
fn nothing_is_fetched_from_within_the_house() {
    let stage = Stage::new();
    let site = Site::new(&json!({"keys": [es256().jwk_named("k1")]}).to_string());
    let port = site.url("").rsplit_once(':').unwrap().1.to_owned();
    for url in [
        site.url("/jwks"),
        format!("https://127.0.0.1:{port}/jwks"),
        format!("https://localhost:{port}/jwks"),
        format!("https://[::ffff:127.0.0.1]:{port}/jwks"),
        format!("https://2130706433:{port}/jwks"),
        "https://169.254.169.254/latest/meta-data/".to_owned(),
        "https://[fe80::1]/".to_owned(),
        "https://10.0.0.1/".to_owned(),
        "file:///etc/passwd".to_owned(),
    ] {
        let app = stage.app_of("Vault", EVERYTHING, NewKind::KeysAt(url.clone()), Demands::default());
        let app = App { signer: Some(Arc::new(es256())), ..app };
        let said = refused(asks(&app.assertion(&stage)).post(&stage, "/revoke"));
        assert!(said.contains("could not be fetched"), "{url}: {said}");
    }
    assert_eq!(site.asked(), 0);
}

#[test]
fn who_guesses_too_often_has_to_wait_and_nobody_else_does() {
    let stage = Stage::new();
    let app = stage.app_with_secret(EVERYTHING);
    let ask = |secret: &str| {
        let fields = Fields::revoke(&app, "x").with("client_secret", secret);
        fields.post(&stage, "/revoke")
    };
    for _ in 0..300 {
        refused(ask("guess"));
    }
    let stopped = ask("guess").expect(429);
    assert_eq!(stopped.header("retry-after"), Some("300"));
    assert_eq!(error(&stopped), "temporarily_unavailable");
    stage.clock.advance_s(301);
    ask(app.secret.as_deref().unwrap()).expect(200);
}
