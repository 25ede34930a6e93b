//! What we say of ourselves: the documents agree, what they list works, and no header of a request changes them.
use super::{Fields, post_raw};
use crate::stage::{Answer, EVERYTHING, Stage, query};
use serde_json::{Value, json};

const OPENID: &str = "/.well-known/openid-configuration";
const SERVER: &str = "/.well-known/oauth-authorization-server";
const RESOURCE: &str = "/.well-known/oauth-protected-resource";

#[test]
fn the_documents_agree() {
    let stage = Stage::new();
    let (openid, server) = (stage.get(OPENID).expect(200), stage.get(SERVER).expect(200));
    assert_eq!(openid.body, server.body);
    let server = server.json();
    assert_eq!(server["issuer"], stage.url.as_str());
    assert_eq!(server["authorization_response_iss_parameter_supported"], true);
    assert_eq!(server["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(server["response_types_supported"], json!(["code"]));
    assert_eq!(server["authorization_details_types_supported"], json!(["messages"]));
    assert_eq!(server.get("registration_endpoint"), None);
    let resource = stage.get(RESOURCE).expect(200).json();
    assert_eq!(resource["resource"], stage.url.as_str());
    assert_eq!(resource["authorization_servers"], json!([stage.url]));
    assert_eq!(server["protected_resources"], json!([resource["resource"]]));
    assert_eq!(resource["bearer_methods_supported"], json!(["header"]));
    for same in ["scopes_supported", "authorization_details_types_supported"] {
        assert_eq!(resource[same], server[same]);
    }
    for document in [OPENID, SERVER, RESOURCE] {
        let answer = stage.get(document).expect(200);
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        stage.send("POST", document, &[], None).expect(405);
    }
}

#[test]
fn every_endpoint_that_is_listed_answers() {
    let stage = Stage::new();
    let server = stage.get(SERVER).expect(200).json();
    let named = |name: &str| name.ends_with("_endpoint") || name.ends_with("_uri");
    let listed: Vec<(&String, &str)> = server
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, _)| named(name))
        .map(|(name, url)| (name, url.as_str().unwrap().strip_prefix(stage.url.as_str()).unwrap()))
        .collect();
    assert_eq!(listed.len(), 10);
    for (name, path) in listed {
        let answer = match name.as_str() {
            "token_endpoint"
            | "revocation_endpoint"
            | "introspection_endpoint"
            | "device_authorization_endpoint"
            | "pushed_authorization_request_endpoint" => post_raw(&stage, path, &[], b"x=1").expect(400),
            "end_session_endpoint" => {
                assert_eq!(stage.get(path).expect(303).location(), "/sign-in?done=signed-out");
                continue;
            }
            "grant_management_endpoint" => stage.get(&format!("{path}/x")).expect(401),
            "authorization_endpoint" => stage.get(path).expect(400),
            "userinfo_endpoint" => stage.get(path).expect(401),
            "jwks_uri" => stage.get(path).expect(200),
            other => panic!("{other}: say here how it answers"),
        };
        assert!(!answer.body.is_empty() || name == "userinfo_endpoint", "{name}");
    }
}

#[test]
fn what_is_listed_works_and_what_is_not_is_refused() {
    let stage = Stage::new();
    let app = stage.app(EVERYTHING);
    let server = stage.get(SERVER).expect(200).json();
    let list = |name: &str| -> Vec<String> { serde_json::from_value(server[name].clone()).unwrap() };
    let refused = |answer: &Answer| query(answer.location(), "error");
    for prompt in list("prompt_values_supported") {
        let answer = stage.get(&Fields::ask(&app).with("prompt", &prompt).path()).expect(303);
        assert_ne!(refused(&answer).as_deref(), Some("invalid_request"), "{prompt}");
    }
    for mode in list("response_modes_supported") {
        assert_eq!(refused(&stage.get(&Fields::ask(&app).with("response_mode", &mode).path())), None);
    }
    let unlisted = [
        "password",
        "implicit",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "urn:ietf:params:oauth:grant-type:token-exchange",
    ];
    for grant_type in list("grant_types_supported").iter().map(String::as_str).chain(unlisted) {
        let ask = Fields::code(&app, "x")
            .with("grant_type", grant_type)
            .with("refresh_token", "x")
            .with("device_code", "x");
        let error = ask.post(&stage, "/token").expect(400).json()["error"].clone();
        let wanted = match grant_type {
            // It is not for apps that cannot prove themselves, like this one.
            "client_credentials" => "unauthorized_client",
            _ if unlisted.contains(&grant_type) => "unsupported_grant_type",
            _ => "invalid_grant",
        };
        assert_eq!(error, wanted, "{grant_type}");
    }
}

#[test]
fn no_header_of_a_request_changes_a_url() {
    let stage = Stage::new();
    let app = stage.app(EVERYTHING);
    let ask = Fields::ask(&app);
    let plain: Vec<Value> = [OPENID, SERVER, RESOURCE].map(|path| stage.get(path).json()).into();
    for headers in [
        vec![("host", "evil.example")],
        vec![("host", "127.0.0.1:1")],
        vec![("x-forwarded-host", "evil.example"), ("x-forwarded-proto", "https")],
        vec![("x-forwarded-port", "443"), ("x-forwarded-prefix", "/evil"), ("x-original-url", "/evil")],
        vec![("forwarded", "host=evil.example;proto=https")],
        vec![("x-host", "evil.example"), ("x-forwarded-server", "evil.example")],
    ] {
        let get = |path: &str| stage.send("GET", path, &headers, None);
        let now: Vec<Value> = [OPENID, SERVER, RESOURCE].map(|path| get(path).expect(200).json()).into();
        assert_eq!(now, plain, "{headers:?}");
        assert!(get(&ask.path()).expect(303).location().starts_with("/consent?request="));
        let back = get(&ask.clone().with("response_type", "token").path()).expect(303);
        assert_eq!(query(back.location(), "iss").as_deref(), Some(stage.url.as_str()));
        for path in ["/v1/me", "/userinfo"] {
            let challenge = get(path).expect(401).header("www-authenticate").unwrap().to_owned();
            assert!(challenge.contains(&stage.url) && !challenge.contains("evil"), "{challenge}");
        }
        assert!(get("/apps").expect(303).location().starts_with("/sign-in"));
    }
}

#[test]
fn scripts_of_other_sites_reach_what_they_need_and_never_with_cookies() {
    let stage = Stage::new();
    let origin = ("origin", "https://app.example");
    for (path, method) in [
        ("/par", "POST"),
        ("/token", "POST"),
        ("/revoke", "POST"),
        ("/introspect", "POST"),
        ("/userinfo", "GET"),
        ("/jwks", "GET"),
        (SERVER, "GET"),
    ] {
        let asks = [
            origin,
            ("access-control-request-method", method),
            ("access-control-request-headers", "authorization,content-type"),
        ];
        let answer = stage.send("OPTIONS", path, &asks, None).expect(200);
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{path}");
        assert_eq!(answer.header("access-control-allow-credentials"), None, "{path}");
        let answer = stage.send(method, path, &[origin], (method == "POST").then_some(&b""[..]));
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{path}");
        assert_eq!(answer.header("access-control-allow-credentials"), None, "{path}");
    }
    for path in ["/consent", "/sign-in", "/apps", "/"] {
        let answer = stage.send("GET", path, &[origin], None);
        assert_eq!(answer.header("access-control-allow-origin"), None, "{path}");
    }
}
