//! `DELETE /v1/grant`.
use super::{Scene, everything};

#[test]
fn what_is_handed_back_is_over_at_once_and_nothing_else_is() {
    let scene = Scene::new();
    let other = scene.stage.grant(&scene.bea, &scene.jukebox, everything());
    let answer = scene.api().delete("/v1/grant").expect(204);
    assert!(answer.body.is_empty());
    for path in ["/v1/grant", "/v1/me", &scene.messages()] {
        assert_eq!(scene.api().get(path).expect(401).problem(), "token-invalid");
    }
    scene.api().delete("/v1/grant").expect(401);
    scene.stage.api(&other.access).get(&scene.messages()).expect(200);
}
