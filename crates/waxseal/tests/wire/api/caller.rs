//! Who asks: tokens of every kind, and what a challenge says.
use super::Scene;
use crate::stage::EVERYTHING;
use model::Time;

#[test]
fn without_a_token_the_challenge_says_where_to_get_one() {
    let scene = Scene::new();
    let resource = format!(r#"resource_metadata="{}/.well-known/oauth-protected-resource""#, scene.stage.url);
    for headers in [vec![], vec![("authorization", "Basic YWRhOnB3")], vec![("authorization", "Bearer")]] {
        let sent = headers.iter().any(|(_, value)| value.starts_with("Bearer"));
        let answer = scene.stage.send("GET", "/v1/me", &headers, None).expect(401);
        let error = if sent { r#", error="invalid_token""# } else { "" };
        assert_eq!(answer.header("www-authenticate"), Some(format!("Bearer {resource}{error}").as_str()));
        assert_eq!(answer.problem(), if sent { "token-invalid" } else { "token-missing" });
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    scene.stage.get("/.well-known/oauth-protected-resource").expect(200);
}

#[test]
fn a_token_that_opens_nothing_is_told_the_same_whatever_is_wrong_with_it() {
    let scene = Scene::new();
    let good = &scene.tokens.access;
    let other = format!("{}{}", &good[..good.len() - 2], if good.ends_with("AA") { "BB" } else { "AA" });
    let mut told = Vec::new();
    for token in [
        "x",
        "wxa_",
        &other,
        &format!("{good}x"),
        &good.to_uppercase(),
        &good[..20],
        scene.tokens.refresh.as_deref().unwrap(),
        &scene.ada.cookie,
        &"a".repeat(4000),
    ] {
        let answer = scene.stage.api(token).get("/v1/me").expect(401);
        assert_eq!(answer.problem(), "token-invalid");
        told.push((answer.header("www-authenticate").unwrap().to_owned(), answer.body));
    }
    told.dedup();
    assert_eq!(told.len(), 1);
}

#[test]
fn the_scheme_has_no_case_and_the_token_one_place() {
    let scene = Scene::new();
    let token = &scene.tokens.access;
    for scheme in ["bearer", "BEARER", "Bearer "] {
        scene
            .stage
            .send("GET", "/v1/me", &[("authorization", &format!("{scheme} {token}"))], None)
            .expect(200);
    }
    let twice = [("authorization", format!("Bearer {token}")), ("authorization", format!("Bearer {token}"))];
    let twice: Vec<(&str, &str)> = twice.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let answer = scene.stage.send("GET", "/v1/me", &twice, None).expect(400);
    assert_eq!(answer.json()["parameter"], "Authorization");

    let in_query = format!("/v1/me?access_token={token}");
    assert_eq!(scene.stage.get(&in_query).expect(400).json()["parameter"], "access_token");
    scene.api().get(&in_query).expect(400);
    scene.stage.post_form("/v1/conversations", &[("access_token", token)]).expect(401);
}

#[test]
fn a_token_ends_by_the_clock() {
    let scene = Scene::new();
    let ends_in = scene.tokens.answer["expires_in"].as_i64().unwrap();
    scene.stage.clock.advance_s(ends_in - 1);
    scene.api().get("/v1/me").expect(200);
    scene.stage.clock.advance_s(2);
    assert_eq!(scene.api().get("/v1/me").expect(401).problem(), "token-invalid");
}

#[test]
fn a_token_of_before_a_restart_goes_on_and_a_revoked_one_does_not() {
    let mut scene = Scene::new();
    scene.stage.restart();
    scene.api().get(&scene.messages()).expect(200);
    let own = scene.stage.own(&scene.ada);
    scene.stage.wait(scene.stage.vault().grant_revoke(&own, scene.tokens.grant)).unwrap();
    assert_eq!(scene.api().get(&scene.messages()).expect(401).problem(), "token-invalid");
    scene.stage.restart();
    scene.api().get("/v1/me").expect(401);
}

#[test]
fn the_operator_and_the_person_stop_an_app_at_once() {
    let scene = Scene::new();
    let (vault, app) = (scene.stage.vault(), scene.jukebox.id);
    scene.stage.wait(vault.app_suspend(app, "a breach")).unwrap();
    scene.api().get("/v1/me").expect(401);
    scene.stage.wait(vault.app_resume(app)).unwrap();
    scene.api().get("/v1/me").expect(200);

    let own = scene.stage.own(&scene.ada);
    scene.stage.wait(vault.grant_pause(&own, scene.tokens.grant, true)).unwrap();
    assert_eq!(scene.api().get(&scene.messages()).expect(403).problem(), "grant-paused");
    scene.api().get("/v1/me").expect(200);
    scene.stage.wait(vault.grant_pause(&own, scene.tokens.grant, false)).unwrap();
    scene.api().get(&scene.messages()).expect(200);

    let soon = Time::from_micros(vault.world().now().micros()).plus_seconds(60);
    scene.stage.wait(vault.app_retire(app, soon)).unwrap();
    scene.api().get(&scene.messages()).expect(200);
    scene.stage.clock.advance_s(61);
    scene.api().get(&scene.messages()).expect(401);
}

#[test]
fn a_lowered_ceiling_binds_grants_given_before() {
    let scene = Scene::new();
    let list_only = r#"[{"type":"messages","actions":["list"],"conversations":"all","since":"all",
        "kinds":["text"],"expires_in":31536000,"scopes":["openid"]}]"#;
    scene.stage.wait(scene.stage.vault().app_ceiling(scene.jukebox.id, list_only)).unwrap();
    let refused = scene.api().get(&scene.messages()).expect(403);
    assert_eq!((refused.problem().as_str(), &refused.json()["action"]), ("action-missing", &"read".into()));
    scene.api().get("/v1/conversations").expect(200);
    assert_eq!(scene.api().get("/v1/friends").expect(403).problem(), "scope-missing");
    assert!(scene.api().get("/v1/me").expect(200).json().get("handle").is_none());
    scene.stage.wait(scene.stage.vault().app_ceiling(scene.jukebox.id, EVERYTHING)).unwrap();
    scene.api().get(&scene.messages()).expect(200);
}
