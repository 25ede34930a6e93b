//! `GET /v1/grant`.
use super::{Scene, read};
use api::shapes::{Action, GrantNow};
use serde_json::json;

#[test]
fn a_grant_is_told_as_it_stands() {
    let scene = Scene::with(json!({"actions": ["read", "delete"], "conversations": "all", "uses": 5}));
    let seen = || -> GrantNow { read(&scene.api().get("/v1/grant").expect(200)) };
    let fresh = seen();
    assert_eq!(fresh.grant_id, scene.tokens.grant.to_string());
    assert_eq!((fresh.app.id.as_str(), fresh.app.name.as_str()), (&*scene.jukebox.id.to_string(), "Jukebox"));
    assert_eq!((fresh.state.as_str(), fresh.used, fresh.uses, &fresh.used_at), ("active", 0, Some(5), &None));
    assert_eq!(fresh.scope, "openid profile friends offline_access");
    assert_eq!(
        serde_json::to_value(&fresh.authorization_details).unwrap(),
        scene.tokens.answer["authorization_details"]
    );
    // `read` brings `list` with it.
    let actions: Vec<Action> = fresh.unused.iter().map(|unused| unused.action).collect();
    assert_eq!(actions, [Action::List, Action::Read, Action::Delete]);
    assert!(fresh.unused.iter().all(|unused| unused.since == fresh.given_at));

    scene.stage.clock.advance_s(60);
    scene.api().get(&scene.messages()).expect(200);
    let used = seen();
    assert_eq!(used.used, 1);
    let since = |action| used.unused.iter().find(|unused| unused.action == action).unwrap().since.clone();
    assert_eq!(Some(since(Action::Read)), used.used_at);
    assert!(since(Action::Read) > used.given_at);
    assert_eq!(since(Action::Delete), used.given_at);

    for _ in 0..4 {
        scene.api().get(&scene.messages()).expect(200);
    }
    let spent = seen();
    assert_eq!((spent.state.as_str(), spent.used), ("spent", 5));
    let refused = scene.api().get(&scene.messages()).expect(403);
    assert_eq!(refused.problem(), "grant-spent");
    assert_eq!(seen().used, 5);
}

#[test]
fn a_mere_sign_in_is_a_grant_of_nothing() {
    let scene = Scene::new();
    let app = scene.stage.app(crate::stage::EVERYTHING);
    let path = scene.stage.authorize_path(&app, "openid", None);
    let browser = scene.stage.browser_of(&scene.ada);
    let form = browser.open(&path).expect(200).form("/consent");
    let left = scene.stage.consent(&browser, form, "allow");
    let code = crate::stage::query(&left, "code").unwrap();
    let token = scene.stage.redeem(&app, &code).expect(200).json()["access_token"].clone();
    let api = scene.stage.api(token.as_str().unwrap());
    let grant: GrantNow = read(&api.get("/v1/grant").expect(200));
    assert_eq!((grant.authorization_details.len(), grant.unused.len()), (0, 0));
    for path in ["/v1/conversations", &scene.messages()] {
        assert_eq!(api.get(path).expect(403).problem(), "action-missing");
    }
}
