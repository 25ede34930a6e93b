//! Alive, ready, and what every answer says to browsers.
use crate::stage::{PASSWORD, Stage, form};
use waxseal::listener::Peer;

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

/// Behind a proxy that ends TLS, and says who asks and how.
#[test]
fn over_https_browsers_stay_there_and_what_came_in_plain_is_refused() {
    let mut stage = Stage::new();
    stage.person("ada");
    assert_eq!(stage.get("/healthz").header("strict-transport-security"), None, "on loopback");
    (stage.public, stage.peer) = (Some("https://seal.example"), Peer::Forwarded);
    stage.restart();
    let paths = [
        "/healthz",
        "/nothing",
        "/v1/me",
        "/v1/nothing",
        "/sign-in",
        "/apps",
        "/static/style.css",
        "/jwks",
        "/.well-known/oauth-authorization-server",
    ];
    for path in paths {
        for proto in [None, Some("https"), Some("http, https")] {
            let headers: Vec<_> = proto.map(|proto| ("x-forwarded-proto", proto)).into_iter().collect();
            let answer = stage.send("GET", path, &headers, None);
            assert_ne!(answer.status, 403, "{path} {proto:?}");
            let told = answer.header("strict-transport-security");
            assert_eq!(told, Some("max-age=31536000; includeSubDomains"), "{path} {proto:?}");
        }
        for proto in ["http", "https,http", " HTTP "] {
            let answer = stage.send("GET", path, &[("x-forwarded-proto", proto)], None).expect(403);
            assert_eq!(answer.header("location"), None, "{path}: not led to https, or nobody would notice");
        }
    }
    let plain = [("x-forwarded-proto", "http"), ("content-type", "application/x-www-form-urlencoded")];
    for path in ["/token", "/par", "/introspect", "/revoke", "/v1/conversations", "/sign-in"] {
        stage.send("POST", path, &plain, Some(b"x=1")).expect(403);
    }
    // Her cookies are bound to the host, and to https.
    let page = stage.get("/sign-in").expect(200);
    let before = page.header("set-cookie").unwrap();
    assert!(before.starts_with("__Host-") && before.contains("; Secure"), "{before}");
    let csrf = crate::stage::Form::first(&page.text(), "/sign-in").values("csrf")[0].to_owned();
    let cookie = before.split(';').next().unwrap();
    let body = form(&[("csrf", csrf.as_str()), ("handle", "ada"), ("password", PASSWORD)]);
    let headers = [("cookie", cookie), ("content-type", "application/x-www-form-urlencoded")];
    let answer = stage.send("POST", "/sign-in", &headers, Some(body.as_bytes())).expect(303);
    let session = answer.header("set-cookie").unwrap();
    assert!(session.starts_with("__Host-waxseal=wxb_") && session.contains("; Secure"), "{session}");
    assert!(session.contains("; HttpOnly") && session.contains("; SameSite=Lax"), "{session}");
    // Without a proxy nobody is believed who says how he came.
    stage.peer = Peer::Direct;
    stage.restart();
    stage.send("GET", "/healthz", &[("x-forwarded-proto", "http")], None).expect(200);
}
