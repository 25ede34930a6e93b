//! `POST /token` with a refresh token: rotation, what reuse ends, and asking for less.
use super::{Fields, error, opens, reading};
use crate::stage::{App, EVERYTHING, Person, Stage, Tokens};
use serde_json::{Value, json};

fn scene() -> (Stage, Person, App, Tokens) {
    let stage = Stage::new();
    let (ada, app) = (stage.person("ada"), stage.app(EVERYTHING));
    let tokens =
        stage.grant(&ada, &app, json!({"actions": ["read", "send"], "conversations": "all", "since": "all"}));
    (stage, ada, app, tokens)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[track_caller]
fn refused(stage: &Stage, ask: &Fields, wanted: &str) {
    assert_eq!(error(&ask.post(stage, "/token").expect(400)), wanted, "{}", ask.body());
}

#[test]
fn each_is_worth_the_next_and_works_once() {
    let (stage, _, app, tokens) = scene();
    let mut last = tokens.answer.clone();
    for _ in 0..3 {
        stage.clock.advance_s(200);
        let next = Fields::refresh(&app, text(&last["refresh_token"])).post(&stage, "/token").expect(200);
        assert_eq!(next.header("cache-control"), Some("no-store"));
        let next = next.json();
        assert_ne!(next["refresh_token"], last["refresh_token"]);
        assert_ne!(next["access_token"], last["access_token"]);
        for same in ["scope", "authorization_details", "grant_id", "token_type", "expires_in"] {
            assert_eq!(next[same], tokens.answer[same], "{same}");
        }
        // Tokens that were issued before go on until they expire.
        assert!(opens(&stage, &next["access_token"]) && opens(&stage, &last["access_token"]));
        last = next;
    }
    assert!(!opens(&stage, &tokens.answer["access_token"]), "it has expired by now");

    // The second use of any of them ends all of them.
    refused(&stage, &Fields::refresh(&app, tokens.refresh.as_deref().unwrap()), "invalid_grant");
    assert!(!opens(&stage, &last["access_token"]));
    refused(&stage, &Fields::refresh(&app, text(&last["refresh_token"])), "invalid_grant");
}

#[test]
fn reuse_ends_the_family_and_not_the_grant_of_another() {
    let (stage, ada, app, tokens) = scene();
    let second = stage.grant(&ada, &app, reading());
    let ask = Fields::refresh(&app, tokens.refresh.as_deref().unwrap());
    let lost = ask.post(&stage, "/token").expect(200).json();
    // Whose answer was lost asks once more, and gets the same one.
    let again = ask.post(&stage, "/token").expect(200).json();
    assert_eq!(again["refresh_token"], lost["refresh_token"]);
    stage.clock.advance_s(oauth::token::REFRESH_GRACE_S);
    refused(&stage, &ask, "invalid_grant");
    let told = stage.browser_of(&ada).open("/notices").expect(200).words();
    assert!(told.contains("came a second time"), "{told}");
    assert!(!opens(&stage, &tokens.answer["access_token"]) && !opens(&stage, &again["access_token"]));
    assert!(opens(&stage, &second.answer["access_token"]));
    Fields::refresh(&app, second.refresh.as_deref().unwrap()).post(&stage, "/token").expect(200);
}

#[test]
fn eight_at_once_get_the_same_one() {
    let (stage, _, app, tokens) = scene();
    let ask = Fields::refresh(&app, tokens.refresh.as_deref().unwrap());
    let answers: Vec<_> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..8).map(|_| scope.spawn(|| ask.post(&stage, "/token"))).collect();
        all.into_iter().map(|one| one.join().unwrap().expect(200).json()).collect()
    });
    assert!(answers.iter().all(|answer| answer["refresh_token"] == answers[0]["refresh_token"]));
    Fields::refresh(&app, text(&answers[0]["refresh_token"])).post(&stage, "/token").expect(200);
}

#[test]
fn another_apps_is_not_known_and_goes_on_for_its_own() {
    let (stage, _, app, tokens) = scene();
    let (other, secret) = (stage.app(EVERYTHING), stage.app_with_secret(EVERYTHING));
    let refresh = tokens.refresh.as_deref().unwrap();
    refused(&stage, &Fields::refresh(&other, refresh), "invalid_grant");
    refused(&stage, &Fields::refresh(&secret, refresh), "invalid_grant");
    for odd in [tokens.access.as_str(), "wxr_unknown", &format!("{refresh}x"), &refresh[..20]] {
        refused(&stage, &Fields::refresh(&app, odd), "invalid_grant");
    }
    refused(&stage, &Fields::refresh(&app, ""), "invalid_request");
    let next = Fields::refresh(&app, refresh).post(&stage, "/token").expect(200).json();
    // A used one in another's hands ends nothing either.
    refused(&stage, &Fields::refresh(&other, refresh), "invalid_grant");
    assert!(opens(&stage, &next["access_token"]));
}

#[test]
fn an_app_with_a_secret_needs_it() {
    let stage = Stage::new();
    let (ada, app) = (stage.person("ada"), stage.app_with_secret(EVERYTHING));
    let tokens = stage.grant(&ada, &app, reading());
    let ask = Fields::refresh(&app, tokens.refresh.as_deref().unwrap());
    for spoilt in [ask.clone().without("client_secret"), ask.clone().with("client_secret", "wrong")] {
        assert_eq!(error(&spoilt.post(&stage, "/token").expect(401)), "invalid_client");
    }
    ask.post(&stage, "/token").expect(200);
}

#[test]
fn fewer_scopes_and_actions_can_be_asked_for_and_never_more() {
    let (stage, _, app, tokens) = scene();
    let ask = |last: &Value| Fields::refresh(&app, text(&last["refresh_token"]));
    let less = ask(&tokens.answer).with("scope", "openid").post(&stage, "/token").expect(200).json();
    assert_eq!(less["scope"], "openid");
    let api = stage.api(text(&less["access_token"]));
    assert_eq!(api.get("/v1/friends").expect(403).problem(), "scope-missing");
    assert!(api.get("/v1/me").expect(200).json().get("handle").is_none());

    // The refresh token keeps its breadth.
    let all = ask(&less).post(&stage, "/token").expect(200).json();
    assert_eq!(all["scope"], tokens.answer["scope"]);

    let mut details = tokens.answer["authorization_details"].clone();
    details[0]["actions"] = json!(["list"]);
    let narrow = ask(&all).with("authorization_details", &details.to_string());
    let narrow = narrow.post(&stage, "/token").expect(200).json();
    assert_eq!(narrow["authorization_details"], details);
    let api = stage.api(text(&narrow["access_token"]));
    api.get("/v1/conversations").expect(200);
    let read = api.get("/v1/conversations/con_00000000000000000000000000/messages");
    assert_eq!(read.expect(403).json()["action"], "read");

    for (name, value, wanted) in [
        ("scope", "openid email".to_owned(), "invalid_scope"),
        ("scope", "everything".to_owned(), "invalid_scope"),
        (
            "authorization_details",
            wider(&tokens, "actions", json!(["delete"])),
            "invalid_authorization_details",
        ),
        (
            "authorization_details",
            wider(&tokens, "expires_in", json!(31_536_000)),
            "invalid_authorization_details",
        ),
        ("authorization_details", wider(&tokens, "type", json!("payments")), "invalid_authorization_details"),
        ("authorization_details", "[]".to_owned(), "invalid_authorization_details"),
        ("authorization_details", "{".to_owned(), "invalid_authorization_details"),
        ("resource", "https://elsewhere.example".to_owned(), "invalid_target"),
    ] {
        refused(&stage, &ask(&narrow).with(name, &value), wanted);
    }
    // What was refused used nothing up.
    ask(&narrow).post(&stage, "/token").expect(200);
}

fn wider(tokens: &Tokens, name: &str, value: Value) -> String {
    let mut details = tokens.answer["authorization_details"].clone();
    details[0][name] = value;
    details.to_string()
}

#[test]
fn a_refreshed_token_is_never_wider_than_the_grant_at_that_moment() {
    let (stage, ada, app, tokens) = scene();
    let browser = stage.browser_of(&ada);
    let page = browser.open(&format!("/apps/{}", tokens.grant)).expect(200);
    let form = page.form(&format!("/apps/{}/narrow", tokens.grant)).tick("action", "send", false);
    browser.press(&form, None).expect(200);
    let ask = Fields::refresh(&app, tokens.refresh.as_deref().unwrap());
    refused(
        &stage,
        &ask.clone().with("authorization_details", &tokens.answer["authorization_details"].to_string()),
        "invalid_authorization_details",
    );
    let next = ask.post(&stage, "/token").expect(200).json();
    assert_eq!(next["authorization_details"][0]["actions"], json!(["list", "read"]));
}

#[test]
fn it_ends_unused_with_its_grant_and_with_its_app() {
    let (stage, ada, app, tokens) = scene();
    let idle = stage.grant(&ada, &app, reading());
    let refresh = |tokens: &Tokens| Fields::refresh(&app, tokens.refresh.as_deref().unwrap());
    stage.wait(stage.vault().app_suspend(app.id, "a breach")).unwrap();
    refused(&stage, &refresh(&idle), "unauthorized_client");
    stage.wait(stage.vault().app_resume(app.id)).unwrap();

    stage.wait(stage.vault().grant_revoke(&stage.own(&ada), tokens.grant)).unwrap();
    refused(&stage, &refresh(&tokens), "invalid_grant");

    stage.clock.advance_s(oauth::token::REFRESH_IDLE_S + 1);
    refused(&stage, &refresh(&idle), "invalid_grant");
}

#[test]
fn without_offline_access_it_ends_with_the_session() {
    let stage = Stage::new();
    let (ada, app) = (stage.person("ada"), stage.app(EVERYTHING));
    let redeemed = |scope: &str| {
        let ask = Fields::ask_for(&app, json!({"actions": ["read"]})).with("scope", scope);
        let code = super::code_of(&stage, &ada, &ask);
        Fields::code(&app, &code).post(&stage, "/token").expect(200).json()
    };
    let (online, offline) = (redeemed("openid"), redeemed("openid offline_access"));
    let browser = stage.browser_of(&ada);
    let form = browser.open("/settings").expect(200).form("/sign-out");
    browser.press(&form, None);
    assert!(!opens(&stage, &online["access_token"]) && opens(&stage, &offline["access_token"]));
    refused(&stage, &Fields::refresh(&app, text(&online["refresh_token"])), "invalid_grant");
    Fields::refresh(&app, text(&offline["refresh_token"])).post(&stage, "/token").expect(200);
}
