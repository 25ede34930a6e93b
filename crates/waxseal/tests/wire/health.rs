//! Alive, ready, and what every answer says to browsers.
use crate::stage::Stage;

#[test]
fn a_server_is_alive_and_ready() {
    let stage = Stage::new();
    assert_eq!(stage.get("/healthz").expect(200).text(), "alive\n");
    assert_eq!(stage.get("/readyz").expect(200).text(), "ready\n");
}

#[test]
fn every_answer_guards_the_browser() {
    let stage = Stage::new();
    for path in ["/healthz", "/nothing/here", "/.well-known/openid-configuration"] {
        let answer = stage.get(path);
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("cross-origin-opener-policy"), Some("same-origin"), "{path}");
        assert!(answer.header("referrer-policy").is_some(), "{path}");
    }
}

#[test]
fn a_restart_keeps_the_data_and_the_address() {
    let mut stage = Stage::new();
    let (ada, url) = (stage.person("ada"), stage.url.clone());
    stage.restart();
    assert_eq!(stage.url, url);
    assert_eq!(stage.wait(stage.vault().own(&ada.cookie)).unwrap().person(), ada.id);
}
