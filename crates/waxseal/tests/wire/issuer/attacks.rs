//! Attacks on signing in, each as a whole, that must come to nothing. docs/attacks.md says where the others are.
use super::{Fields, allow, code_of, error, opens, reading};
use crate::stage::{App, EVERYTHING, PASSWORD, Person, Stage, query};
use serde_json::{Value, json};

fn scene() -> (Stage, Person, App) {
    let stage = Stage::new();
    let (ada, app) = (stage.person("ada"), stage.app_with_secret(EVERYTHING));
    (stage, ada, app)
}

/// A request that the app pushes, and the link with which it sends her on then.
fn pushed(stage: &Stage, app: &App, ask: &Fields) -> Fields {
    let ask = match &app.secret {
        Some(secret) => ask.clone().with("client_secret", secret),
        None => ask.clone(),
    };
    let told = ask.post(stage, "/par").expect(201).json();
    let uri = told["request_uri"].as_str().unwrap();
    Fields::of(&[("client_id", &app.id.to_string()), ("request_uri", uri)])
}

/// The app talks to two servers, and one of them would have it bring our answers to the wrong one. Whatever we answer names
/// us, so the app can tell; and a code that went astray is worth nothing to whoever got it.
#[test]
fn a_mix_up_is_seen_by_the_app_and_brings_nothing() {
    let (stage, ada, app) = scene();
    let evil = stage.app_named("Evil", EVERYTHING, true);
    let asks = [Fields::ask(&app), pushed(&stage, &app, &Fields::ask(&app).with("prompt", "consent"))];
    for ask in asks {
        let left = allow(&stage, &ada, &ask);
        assert_eq!(query(&left, "iss").as_deref(), Some(stage.url.as_str()), "{left}");
        let code = query(&left, "code").unwrap();
        assert_eq!(error(&Fields::code(&evil, &code).post(&stage, "/token").expect(400)), "invalid_grant");
        let mixed = Fields::code(&evil, &code).with("client_id", &app.id.to_string());
        assert_eq!(error(&mixed.post(&stage, "/token").expect(401)), "invalid_client");
        // That it was tried has not ended it: the right one redeems it, and is told the same issuer.
        let told = Fields::code(&app, &code).post(&stage, "/token").expect(200).json();
        assert!(opens(&stage, &told["access_token"]));
    }
    // So do the answers that say no.
    let asks = [
        Fields::ask(&app).with("response_type", "token"),
        Fields::ask(&app).with("prompt", "none"),
        Fields::ask(&app).with("scope", "openid").with("authorization_details", "["),
    ];
    for ask in asks {
        let left = stage.get(&ask.path()).expect(303).location().to_owned();
        assert!(query(&left, "error").is_some(), "{left}");
        assert_eq!(query(&left, "iss").as_deref(), Some(stage.url.as_str()), "{left}");
    }
    let (browser, page) = stage.asked(&ada, &Fields::ask(&app).with("prompt", "consent").path());
    let left = stage.consent(&browser, page.expect(200).form("/consent"), "deny");
    assert_eq!(query(&left, "iss").as_deref(), Some(stage.url.as_str()), "{left}");
    let server = stage.get("/.well-known/oauth-authorization-server").expect(200).json();
    assert_eq!(server["authorization_response_iss_parameter_supported"], true);
}

/// A code that was stolen on its way is put into the attacker's own sign-in, whose app has another verifier.
#[test]
fn a_code_that_is_injected_into_another_sign_in_is_worth_nothing_there() {
    let (stage, ada, app) = scene();
    let mallory = stage.person("mallory");
    let others = "another-verifier-of-more-than-forty-three-characters";
    let begun = Fields::ask_for(&app, reading()).with("code_challenge", &oauth::pkce::challenge_of(others));
    code_of(&stage, &mallory, &begun);
    let stolen = code_of(&stage, &ada, &Fields::ask_for(&app, reading()));
    let injected = Fields::code(&app, &stolen).with("code_verifier", others);
    assert_eq!(error(&injected.post(&stage, "/token").expect(400)), "invalid_grant");
    // Nor does the attempt end what is hers.
    let told = Fields::code(&app, &stolen).post(&stage, "/token").expect(200).json();
    assert!(opens(&stage, &told["access_token"]));
}

/// Nothing begins without a challenge, or with one that says its own verifier, and nothing that began with one ends without it.
#[test]
fn pkce_cannot_be_left_out_on_either_side() {
    let (stage, ada, app) = scene();
    let (ask, public) = (Fields::ask(&app), stage.app(EVERYTHING));
    let weaker = [
        ask.clone().without("code_challenge").without("code_challenge_method"),
        ask.clone().without("code_challenge"),
        ask.clone().without("code_challenge_method"),
        ask.clone().with("code_challenge_method", "plain"),
        ask.clone().with("code_challenge_method", "plain").with("code_challenge", super::VERIFIER),
        ask.clone().with("code_challenge_method", "s256"),
        ask.clone().with("code_challenge", ""),
        ask.clone().with("code_challenge", &"A".repeat(42)),
    ];
    for spoilt in weaker {
        for app in [&app, &public] {
            let ask = spoilt.clone().with("client_id", &app.id.to_string());
            let left = stage.get(&ask.path()).expect(303).location().to_owned();
            assert_eq!(query(&left, "error").as_deref(), Some("invalid_request"), "{left}");
            let secret = app.secret.clone().unwrap_or_default();
            let pushed = ask.with("client_secret", &secret).post(&stage, "/par").expect(400);
            assert_eq!(error(&pushed), "invalid_request");
        }
    }
    let code = code_of(&stage, &ada, &ask);
    let bare = Fields::code(&app, &code).without("code_verifier");
    assert_eq!(error(&bare.post(&stage, "/token").expect(400)), "invalid_grant");
    Fields::code(&app, &code).post(&stage, "/token").expect(200);
}

/// Whoever redeems a code second, with all that it takes, is a thief or follows one: what came of it is over everywhere.
#[test]
fn a_code_that_is_replayed_ends_what_it_brought_everywhere() {
    let (stage, ada, app) = scene();
    let code = code_of(&stage, &ada, &Fields::ask_for(&app, reading()));
    let told = Fields::code(&app, &code).post(&stage, "/token").expect(200).json();
    let text = |name: &str| told[name].as_str().unwrap();
    let worth = |token: &str| -> Value {
        Fields::revoke(&app, text(token)).post(&stage, "/introspect").expect(200).json()
    };
    stage.api(text("access_token")).get("/v1/conversations").expect(200);
    assert_eq!(
        (&worth("access_token")["active"], &worth("refresh_token")["active"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(error(&Fields::code(&app, &code).post(&stage, "/token").expect(400)), "invalid_grant");
    for path in ["/v1/me", "/v1/conversations", "/v1/grant"] {
        stage.api(text("access_token")).get(path).expect(401);
    }
    for token in ["access_token", "refresh_token"] {
        assert_eq!(worth(token), json!({"active": false}), "{token}");
    }
    let refresh = Fields::refresh(&app, text("refresh_token")).post(&stage, "/token").expect(400);
    assert_eq!(error(&refresh), "invalid_grant");
}

/// An attacker plants a cookie in her browser, before she signs in: what she signs in to is not what it opens.
#[test]
fn a_session_that_was_planted_is_not_the_one_she_signs_in_to() {
    let (stage, ada, app) = scene();
    let mallory = stage.person("mallory");
    let name = vault::session_cookie(false);
    for planted in ["wxb_planted".to_owned(), mallory.cookie.clone()] {
        let browser = stage.browser();
        browser.set_cookie(name, &planted);
        let form = browser.open("/sign-in").expect(200).form("/sign-in").fill("handle", "ada");
        browser.press(&form.fill("password", PASSWORD), None).expect(200);
        let hers = browser.cookie(name).unwrap();
        assert_ne!(hers, planted);
        assert_eq!(stage.wait(stage.vault().own(&hers)).unwrap().person(), ada.id);
        let question = browser.open(&Fields::ask(&app).with("prompt", "consent").path()).expect(200);
        let at = question.at.clone();
        // Whoever planted it is signed in nowhere with it, and has no part in her question.
        let thief = stage.browser();
        thief.set_cookie(name, &planted);
        for path in ["/settings", &at] {
            let seen = thief.open(path);
            assert!(seen.at.starts_with("/sign-in") || seen.answer.status == 404, "{path}: {}", seen.at);
        }
        let left = stage.consent(&browser, question.form("/consent"), "allow");
        let told = Fields::code(&app, &query(&left, "code").unwrap()).post(&stage, "/token").expect(200);
        let me = stage.api(told.json()["access_token"].as_str().unwrap()).get("/v1/me").expect(200).json();
        assert_eq!(me["id"], json!(ada.id));
    }
}

/// The other way round: she is made to send what the attacker was asked. A form belongs to the browser that it was drawn for.
#[test]
fn a_question_that_was_asked_elsewhere_is_not_answered_by_her() {
    let (stage, ada, app) = scene();
    let mallory = stage.person("mallory");
    let (his, page) = stage.asked(&mallory, &Fields::ask_for(&app, reading()).path());
    let form = page.expect(200).form("/consent");
    let hers = stage.browser_of(&ada);
    assert_eq!(hers.press(&form, Some(("decision", "allow"))).answer.status, 403);
    assert!(stage.wait(stage.vault().connected(&stage.own(&ada))).unwrap().is_empty());
    let left = stage.consent(&his, form, "allow");
    assert!(query(&left, "code").is_some(), "{left}");
}
