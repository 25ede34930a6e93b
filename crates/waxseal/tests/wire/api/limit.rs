//! How much one grant may ask for, the apps of one person together, and one app in all.
use super::{Scene, everything};
use crate::stage::EVERYTHING;
use api::Limit;

#[test]
fn a_grant_that_asks_for_too_much_waits_and_others_do_not() {
    let mut scene = Scene::new();
    scene.stage.limit = Some(Limit { requests: 3, window_s: 60 });
    scene.stage.restart();
    for _ in 0..3 {
        scene.api().get("/v1/me").expect(200);
    }
    let answer = scene.api().get(&scene.messages()).expect(429);
    assert_eq!((answer.problem().as_str(), &answer.json()["limit"]), ("too-many-requests", &3.into()));
    let wait_s: i64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=20).contains(&wait_s), "{wait_s}");
    assert_eq!(answer.header("ratelimit-policy"), Some(r#""grant";q=3;w=60"#));
    assert_eq!(answer.header("ratelimit"), Some(format!(r#""grant";r=0;t={wait_s}"#).as_str()));

    let other = scene.stage.grant(&scene.bea, &scene.stage.app(EVERYTHING), everything());
    scene.stage.api(&other.access).get("/v1/me").expect(200);
    scene.stage.clock.advance_s(wait_s);
    scene.api().get(&scene.messages()).expect(200);
}

#[test]
fn a_persons_apps_share_and_another_person_is_not_slowed() {
    let mut scene = Scene::new();
    scene.stage.limit = Some(Limit { requests: 2, window_s: 60 });
    scene.stage.restart();
    let app = || scene.stage.app(EVERYTHING);
    let hers: Vec<_> = (0..6).map(|_| scene.stage.grant(&scene.ada, &app(), everything())).collect();
    for tokens in &hers[..5] {
        for path in ["/v1/me", "/v1/conversations"] {
            scene.stage.api(&tokens.access).get(path).expect(200);
        }
    }
    for path in ["/v1/me", "/v1/conversations"] {
        let answer = scene.stage.api(&hers[5].access).get(path).expect(429);
        assert_eq!((answer.problem().as_str(), &answer.json()["limit"]), ("too-many-requests", &10.into()));
        assert_eq!(answer.header("ratelimit-policy"), Some(r#""person";q=10;w=60"#));
        assert!(answer.header("retry-after").is_some());
    }
    let other = scene.stage.grant(&scene.bea, &app(), everything());
    scene.stage.api(&other.access).get("/v1/me").expect(200);
}
