//! How much one grant may ask for.
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
