//! `GET` and `POST /userinfo`: who signed in, as far as the scopes go.
use super::{Fields, code_of};
use crate::stage::{Answer, App, EVERYTHING, Person, Stage};
use serde_json::{Value, json};

fn scene() -> (Stage, Person, App) {
    let stage = Stage::new();
    let (ada, app) = (stage.person("ada"), stage.app(EVERYTHING));
    (stage, ada, app)
}

fn tokens(stage: &Stage, ada: &Person, app: &App, scope: &str) -> Value {
    let code = code_of(stage, ada, &Fields::ask(app).with("scope", scope));
    Fields::code(app, &code).post(stage, "/token").expect(200).json()
}

fn ask(stage: &Stage, method: &str, token: &str) -> Answer {
    let header = format!("Bearer {token}");
    stage.send(method, "/userinfo", &[("authorization", &header)], None)
}

#[test]
fn it_tells_who_signed_in_by_scope() {
    let (stage, ada, app) = scene();
    for (scope, told) in [
        ("openid", json!({"sub": ada.id})),
        ("openid profile", json!({"sub": ada.id, "name": "ada", "preferred_username": "ada"})),
        ("openid friends offline_access", json!({"sub": ada.id})),
    ] {
        let token = tokens(&stage, &ada, &app, scope);
        let token = token["access_token"].as_str().unwrap();
        for method in ["GET", "POST"] {
            let answer = ask(&stage, method, token).expect(200);
            assert_eq!(answer.header("cache-control"), Some("no-store"));
            assert_eq!(answer.header("content-type"), Some("application/json"));
            assert_eq!(answer.json(), told, "{method} {scope}");
        }
        for method in ["PUT", "DELETE"] {
            ask(&stage, method, token).expect(405);
        }
    }
}

#[test]
fn without_openid_it_tells_nothing() {
    let (stage, ada, app) = scene();
    let told = tokens(&stage, &ada, &app, "profile");
    assert_eq!((told.get("id_token"), &told["scope"]), (None, &json!("profile")));
    let answer = ask(&stage, "GET", told["access_token"].as_str().unwrap()).expect(403);
    assert_eq!(answer.json()["error"], "insufficient_scope");
    let challenge = answer.header("www-authenticate").unwrap();
    assert!(challenge.contains("error=\"insufficient_scope\"") && challenge.contains("scope=\"openid\""));
}

#[test]
fn a_token_is_taken_from_one_header_and_nowhere_else() {
    let (stage, ada, app) = scene();
    let told = tokens(&stage, &ada, &app, "openid");
    let token = told["access_token"].as_str().unwrap();
    let metadata = format!("resource_metadata=\"{}/.well-known/oauth-protected-resource\"", stage.url);
    let none = [
        stage.get("/userinfo"),
        stage.get(&format!("/userinfo?access_token={token}")),
        stage.post_form("/userinfo", &[("access_token", token)]),
        stage.send("GET", "/userinfo", &[("authorization", "Basic YTpi")], None),
        stage.send("GET", "/userinfo", &[("cookie", &format!("waxseal={}", ada.cookie))], None),
    ];
    for answer in none {
        let answer = answer.expect(401);
        assert_eq!(answer.header("www-authenticate"), Some(format!("Bearer {metadata}").as_str()));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    let refresh = told["refresh_token"].as_str().unwrap();
    for odd in
        ["x", &token[..20], &format!("{token}x"), refresh, &ada.cookie, told["id_token"].as_str().unwrap()]
    {
        let answer = ask(&stage, "GET", odd).expect(401);
        let challenge = answer.header("www-authenticate").unwrap();
        assert!(challenge.starts_with(&format!("Bearer {metadata}, error=\"invalid_token\"")), "{challenge}");
    }
    let header = format!("bEARER  {token}");
    stage.send("GET", "/userinfo", &[("authorization", &header)], None).expect(200);
}

#[test]
fn a_token_that_is_over_tells_nothing() {
    let (stage, ada, app) = scene();
    let told = tokens(&stage, &ada, &app, "openid");
    let token = told["access_token"].as_str().unwrap();
    stage.wait(stage.vault().app_suspend(app.id, "a breach")).unwrap();
    ask(&stage, "GET", token).expect(401);
    stage.wait(stage.vault().app_resume(app.id)).unwrap();
    ask(&stage, "GET", token).expect(200);
    stage.clock.advance_s(301);
    ask(&stage, "GET", token).expect(401);
    let next = Fields::refresh(&app, told["refresh_token"].as_str().unwrap())
        .post(&stage, "/token")
        .expect(200)
        .json();
    let next = next["access_token"].as_str().unwrap();
    ask(&stage, "GET", next).expect(200);
    stage.wait(stage.vault().grant_end(told["grant_id"].as_str().unwrap().parse().unwrap())).unwrap();
    ask(&stage, "GET", next).expect(401);
}

#[test]
fn while_a_grant_is_paused_it_tells_nothing_and_says_so() {
    let (stage, ada, app) = scene();
    let told = tokens(&stage, &ada, &app, "openid profile");
    let grant = told["grant_id"].as_str().unwrap().parse().unwrap();
    let token = told["access_token"].as_str().unwrap();
    stage.wait(stage.vault().grant_pause(&stage.own(&ada), grant, true)).unwrap();
    let answer = ask(&stage, "GET", token).expect(403);
    assert_eq!(answer.json()["error"], "insufficient_scope");
    assert!(answer.json()["error_description"].as_str().unwrap().contains("paused"));
    // No scope would help.
    assert!(!answer.header("www-authenticate").unwrap().contains("scope=\"openid\""));
    stage.wait(stage.vault().grant_pause(&stage.own(&ada), grant, false)).unwrap();
    ask(&stage, "GET", token).expect(200);
}
