//! `GET /v1/me`.
use super::{Scene, everything, read};
use crate::stage::Stage;
use api::shapes::Me;

#[test]
fn an_app_with_profile_learns_id_handle_and_name() {
    let scene = Scene::new();
    let answer = scene.api().get("/v1/me").expect(200);
    let me: Me = read(&answer);
    assert_eq!(me, Me { id: scene.ada.id.to_string(), handle: Some("ada".into()), name: Some("ada".into()) });
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("waxseal-receipt"), None);
}

#[test]
fn without_profile_only_the_id() {
    let stage = Stage::new();
    let ada = stage.person("ada");
    let ceiling = r#"[{"type":"messages","actions":["list","read","send","delete"],"conversations":"all",
        "since":"all","kinds":["text","card","receipt"],"expires_in":31536000,"scopes":["openid"]}]"#;
    let tokens = stage.grant(&ada, &stage.app(ceiling), everything());
    let me: Me = read(&stage.api(&tokens.access).get("/v1/me").expect(200));
    assert_eq!(me, Me { id: ada.id.to_string(), handle: None, name: None });
}
