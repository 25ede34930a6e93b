//! `/grants/{grant_id}`: an app looks at a grant that it holds, gives it back, and asks to change it.
use super::{Fields, allow, basic, error, opens, reading};
use crate::stage::{Answer, App, EVERYTHING, Person, Stage, Tokens, query};
use serde_json::json;

struct Scene {
    stage: Stage,
    ada: Person,
    app: App,
    tokens: Tokens,
}

impl Scene {
    fn new() -> Scene {
        let stage = Stage::new();
        let (ada, app) = (stage.person("ada"), stage.app_with_secret(EVERYTHING));
        let tokens = stage.grant(&ada, &app, reading());
        Scene { stage, ada, app, tokens }
    }

    fn ask(&self, method: &str, grant: &str, authorization: &str) -> Answer {
        self.stage.send(method, &format!("/grants/{grant}"), &[("authorization", authorization)], None)
    }

    fn basic(&self) -> String {
        basic(&self.app.id.to_string(), self.app.secret.as_deref().unwrap())
    }

    fn grant(&self) -> String {
        self.tokens.grant.to_string()
    }
}

#[test]
fn the_app_sees_its_grant_as_it_stands() {
    let scene = Scene::new();
    let bearer = format!("Bearer {}", scene.tokens.access);
    for authorization in [scene.basic(), bearer] {
        let answer = scene.ask("GET", &scene.grant(), &authorization).expect(200);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let told = answer.json();
        assert_eq!(told["grant_id"], json!(scene.tokens.grant));
        assert_eq!(told["authorization_details"], scene.tokens.answer["authorization_details"]);
        assert_eq!(told["scopes"][0]["scope"], scene.tokens.answer["scope"]);
        assert_eq!(told["scopes"][0]["resources"], json!([scene.stage.url]));
        assert_eq!(told["claims"], json!(["sub", "name", "preferred_username"]));
        assert_eq!(told["state"], "active");
    }
    // What the person did is seen at once.
    let (vault, ada) = (scene.stage.vault(), scene.stage.own(&scene.ada));
    scene.stage.wait(vault.grant_pause(&ada, scene.tokens.grant, true)).unwrap();
    let seen = |status| scene.ask("GET", &scene.grant(), &scene.basic()).expect(status);
    assert_eq!(seen(200).json()["state"], "paused");
    scene.stage.wait(vault.grant_pause(&ada, scene.tokens.grant, false)).unwrap();
    let browser = scene.stage.browser_of(&scene.ada);
    let page = browser.open(&format!("/apps/{}", scene.tokens.grant)).expect(200);
    let form = page.form(&format!("/apps/{}/narrow", scene.tokens.grant)).tick("action", "read", false);
    browser.press(&form, None).expect(200);
    assert_eq!(seen(200).json()["authorization_details"][0]["actions"], json!(["list"]));
    scene.stage.wait(vault.grant_revoke(&ada, scene.tokens.grant)).unwrap();
    seen(404);
}

#[test]
fn the_app_gives_it_back_and_all_of_it_dies() {
    let scene = Scene::new();
    let apart = scene.stage.grant(&scene.stage.person("bea"), &scene.app, reading());
    scene.ask("DELETE", &scene.grant(), &scene.basic()).expect(204);
    assert!(!opens(&scene.stage, &scene.tokens.answer["access_token"]));
    let refresh = Fields::refresh(&scene.app, scene.tokens.refresh.as_deref().unwrap());
    assert_eq!(error(&refresh.post(&scene.stage, "/token").expect(400)), "invalid_grant");
    scene.ask("DELETE", &scene.grant(), &scene.basic()).expect(404);
    assert!(opens(&scene.stage, &apart.answer["access_token"]), "another person's goes on");
    // With a token of the very grant, too.
    scene.ask("DELETE", &apart.grant.to_string(), &format!("Bearer {}", apart.access)).expect(204);
    assert!(!opens(&scene.stage, &apart.answer["access_token"]));
}

#[test]
fn what_is_anothers_over_or_not_there_is_the_same() {
    let scene = Scene::new();
    let other = scene.stage.app_named("Other", EVERYTHING, true);
    let theirs = basic(&other.id.to_string(), other.secret.as_deref().unwrap());
    for method in ["GET", "DELETE"] {
        let unknown = "gra_00000000000000000000000000";
        let answers = [
            scene.ask(method, &scene.grant(), &theirs),
            scene.ask(method, unknown, &theirs),
            scene.ask(method, "x", &theirs),
            scene.ask(method, "%00", &theirs),
        ];
        for answer in answers {
            assert!(answer.expect(404).body.is_empty());
        }
    }
    assert!(opens(&scene.stage, &scene.tokens.answer["access_token"]));
}

#[test]
fn who_does_not_prove_itself_learns_nothing() {
    let scene = Scene::new();
    let wrong = basic(&scene.app.id.to_string(), "wxs_wrong");
    let public = scene.stage.app(EVERYTHING);
    let its = scene.stage.grant(&scene.stage.person("bea"), &public, reading());
    for method in ["GET", "DELETE"] {
        scene.stage.send(method, &format!("/grants/{}", scene.grant()), &[], None).expect(401);
        let refused = scene.ask(method, &scene.grant(), &wrong).expect(401);
        assert!(refused.header("www-authenticate").is_some());
        scene.ask(method, &scene.grant(), &basic(&public.id.to_string(), "")).expect(401);
        scene.ask(method, &scene.grant(), "Bearer wxa_x").expect(401);
        // The id of a grant is no secret: a public app's grant is looked at with `/v1/grant`, and another's token is not it.
        scene.ask(method, &its.grant.to_string(), &format!("Bearer {}", its.access)).expect(403);
        scene.ask(method, &its.grant.to_string(), &format!("Bearer {}", scene.tokens.access)).expect(403);
    }
    scene.stage.send("POST", &format!("/grants/{}", scene.grant()), &[], None).expect(405);
}

#[test]
fn the_app_asks_to_change_it_and_the_person_decides() {
    let scene = Scene::new();
    let more = Fields::ask_for(
        &scene.app,
        json!({"actions": ["read", "send"], "conversations": "all", "since": "all"}),
    )
    .with("grant_management_action", "merge")
    .with("grant_id", &scene.grant());
    let back = allow(&scene.stage, &scene.ada, &more);
    let code = query(&back, "code").unwrap_or_else(|| panic!("{back}"));
    let told = Fields::code(&scene.app, &code).post(&scene.stage, "/token").expect(200).json();
    assert_eq!(told["grant_id"], json!(scene.tokens.grant), "the same grant");
    let seen = scene.ask("GET", &scene.grant(), &scene.basic()).expect(200).json();
    assert_eq!(seen["authorization_details"][0]["actions"], json!(["list", "read", "send"]));
    let old = scene.stage.api(&scene.tokens.access);
    let read = "/v1/conversations/con_00000000000000000000000000/messages";
    old.get(read).expect(404);
    let less = Fields::ask_for(&scene.app, json!({"actions": ["list"]}))
        .with("grant_management_action", "replace")
        .with("grant_id", &scene.grant());
    allow(&scene.stage, &scene.ada, &less);
    // What is gone is gone for the tokens that were issued before, and for what comes of them.
    assert_eq!(old.get(read).expect(403).json()["action"], "read");
    old.get("/v1/conversations").expect(200);
    for refresh in [scene.tokens.refresh.as_deref().unwrap(), told["refresh_token"].as_str().unwrap()] {
        let next = Fields::refresh(&scene.app, refresh).post(&scene.stage, "/token").expect(200).json();
        assert_eq!(next["authorization_details"][0]["actions"], json!(["list"]));
        scene.stage.api(next["access_token"].as_str().unwrap()).get(read).expect(403);
    }
    let seen = scene.ask("GET", &scene.grant(), &scene.basic()).expect(200).json();
    assert_eq!(seen["authorization_details"][0]["actions"], json!(["list"]));
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let scene = Scene::new();
    let other = scene.stage.app_named("Other", EVERYTHING, true);
    let theirs = scene.stage.grant(&scene.ada, &other, reading()).grant.to_string();
    let secret = scene.app.secret.as_deref().unwrap();
    let ask = Fields::ask_for(&scene.app, reading()).with("client_secret", secret);
    let grant = scene.grant();
    for (action, id, wanted) in [
        (Some("create"), Some(grant.as_str()), "invalid_request"),
        (Some("merge"), None, "invalid_request"),
        (Some("replace"), None, "invalid_request"),
        (None, Some(grant.as_str()), "invalid_request"),
        (Some("update"), Some(grant.as_str()), "invalid_request"),
        (Some("CREATE"), None, "invalid_request"),
        (Some("merge"), Some("x"), "invalid_grant_id"),
        (Some("replace"), Some("con_00000000000000000000000000"), "invalid_grant_id"),
    ] {
        let mut fields = ask.clone();
        for (name, value) in [("grant_management_action", action), ("grant_id", id)] {
            fields = value.map_or(fields.clone(), |value| fields.with(name, value));
        }
        let refused = fields.post(&scene.stage, "/par").expect(400);
        assert_eq!(error(&refused), wanted, "{action:?} {id:?}");
        let left = scene.stage.get(&fields.without("client_secret").path()).expect(303);
        assert_eq!(query(left.location(), "error").as_deref(), Some(wanted), "{action:?} {id:?}");
    }
    // Whose it is turns out when she is there: another app's, another person's, and one that never was are the same.
    let bea = scene.stage.person("bea");
    let hers = scene.stage.grant(&bea, &scene.app, reading()).grant.to_string();
    for id in [theirs.as_str(), hers.as_str(), "gra_00000000000000000000000000"] {
        for action in ["merge", "replace"] {
            let ask = Fields::ask_for(&scene.app, reading());
            let ask = ask.with("grant_management_action", action).with("grant_id", id);
            let (_, page) = scene.stage.asked(&scene.ada, &ask.path());
            let left = page.answer.location();
            assert_eq!(query(left, "error").as_deref(), Some("invalid_grant_id"), "{action} {id}: {left}");
            assert_eq!(query(left, "code"), None);
        }
    }
    // One that was made anew stands beside the other.
    let anew = Fields::ask_for(&scene.app, reading()).with("grant_management_action", "create");
    let code = query(&allow(&scene.stage, &scene.ada, &anew), "code").unwrap();
    let told = Fields::code(&scene.app, &code).post(&scene.stage, "/token").expect(200).json();
    assert_ne!(told["grant_id"], json!(scene.tokens.grant));
    assert!(opens(&scene.stage, &scene.tokens.answer["access_token"]));
}
