//! Signed requests (RFC 9101): what an app signed is what she is asked, and nothing that stands beside it.
use super::{Fields, allow, error, reading, sent_back, told_on_a_page};
use crate::stage::{App, EVERYTHING, Person, REDIRECT, Stage, asked, query};
use oauth::assertion::ASSERTION_TYPE;
use oauth::client::Profile;
use outbound::Private;
use serde_json::{Value, json};
use std::sync::Arc;
use testkit::{Site, es256};
use vault::{Demands, NewKind};

const FREE: Demands =
    Demands { profile: Some(Profile::OAuth21), signs_requests: false, binds_certificate: false };
const SIGNS: Demands = Demands { signs_requests: true, ..FREE };

fn scene(demands: Demands) -> (Stage, Person, App) {
    let stage = Stage::new();
    let (ada, app) = (stage.person("ada"), stage.app_with_key(EVERYTHING, es256(), demands));
    (stage, ada, app)
}

/// What the app signs: these fields, and what makes them a request.
fn claims(stage: &Stage, app: &App, fields: &Fields) -> Value {
    let now = stage.clock.seconds();
    let mut claims =
        json!({"iss": app.id, "aud": stage.url, "nbf": now, "iat": now, "exp": now + 300, "jti": "j"});
    for (name, value) in &fields.0 {
        claims[name] = match name.as_str() {
            "authorization_details" => serde_json::from_str(value).unwrap(),
            _ => value.as_str().into(),
        };
    }
    claims
}

/// A link with nothing but this request.
fn link(app: &App, claims: &Value) -> Fields {
    let request = app.assertion_with(&json!({"typ": "oauth-authz-req+jwt", "kid": "k1"}), claims);
    Fields::of(&[("client_id", &app.id.to_string()), ("request", &request)])
}

fn signed(stage: &Stage, app: &App, fields: &Fields) -> Fields {
    link(app, &claims(stage, app, fields))
}

/// The form of this app, with a statement of who it is.
fn by(stage: &Stage, app: &App, fields: Fields) -> Fields {
    fields.with("client_assertion_type", ASSERTION_TYPE).with("client_assertion", &app.assertion(stage))
}

#[test]
fn what_was_signed_is_what_she_is_asked_whatever_stands_beside_it() {
    let (stage, ada, app) = scene(FREE);
    let inside = Fields::ask_for(&app, reading()).with("scope", "openid").with("nonce", "inside");
    let outside = signed(&stage, &app, &inside)
        .with("response_type", "token")
        .with("redirect_uri", "https://evil.example/")
        .with("state", "outside")
        .with("scope", "openid profile friends offline_access")
        .with("code_challenge", &oauth::pkce::challenge_of(&"x".repeat(43)))
        .with("prompt", "none")
        .with(
            "authorization_details",
            &asked(json!({"actions": ["delete"], "conversations": "all"})).to_string(),
        );
    let left = allow(&stage, &ada, &outside);
    assert!(left.starts_with(&format!("{REDIRECT}?code=")), "{left}");
    assert_eq!(query(&left, "state").as_deref(), Some("s-1"));
    let redeem = by(&stage, &app, Fields::code(&app, &query(&left, "code").unwrap()));
    let told = redeem.post(&stage, "/token").expect(200).json();
    assert_eq!(told["scope"], "openid");
    assert_eq!(told["authorization_details"][0]["actions"], json!(["list", "read"]));
    // What is missing inside is missing, whatever stands outside.
    let bare = inside.clone().without("code_challenge");
    let missing = signed(&stage, &app, &bare).with("code_challenge", &inside.0[5].1);
    sent_back(&stage, &missing, "invalid_request");
}

#[test]
fn a_pushed_request_may_be_signed_and_then_only_that_counts() {
    let (stage, ada, app) = scene(Demands::default());
    let inside = Fields::ask_for(&app, reading());
    let push = |form: Fields| by(&stage, &app, form).post(&stage, "/par");
    let form =
        signed(&stage, &app, &inside).with("state", "outside").with("redirect_uri", "https://evil.example/");
    let pushed = push(form).expect(201).json();
    let uri = pushed["request_uri"].as_str().unwrap();
    let left = allow(&stage, &ada, &Fields::of(&[("client_id", &app.id.to_string()), ("request_uri", uri)]));
    assert_eq!(query(&left, "state").as_deref(), Some("s-1"), "{left}");
    assert!(query(&left, "code").is_some());
    // The profile wants it pushed, signed or not.
    let back = stage.get(&signed(&stage, &app, &inside).path()).expect(303).location().to_owned();
    assert_eq!(query(&back, "error").as_deref(), Some("invalid_request"), "{back}");
    // A DPoP key inside binds the code as one outside would.
    let keyed = inside.clone().with("dpop_jkt", "short");
    assert_eq!(error(&push(signed(&stage, &app, &keyed)).expect(400)), "invalid_request");
    // One and the same text is no statement of who asks.
    let text = signed(&stage, &app, &inside).0[1].1.clone();
    let posed = signed(&stage, &app, &inside)
        .with("client_assertion_type", ASSERTION_TYPE)
        .with("client_assertion", &text);
    assert_eq!(error(&posed.post(&stage, "/par").expect(401)), "invalid_client");
}

#[test]
fn a_badly_signed_request_is_refused() {
    let (stage, _, app) = scene(FREE);
    let (other, stranger) = (stage.app_with_key(EVERYTHING, es256(), FREE), es256());
    let inside = Fields::ask_for(&app, reading());
    let good = claims(&stage, &app, &inside);
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        link(&app, &claims)
    };
    let now = stage.clock.seconds();
    let by_stranger = stranger.jws(&json!({"kid": "k1"}), &good);
    let by_other = other.assertion_with(&json!({"kid": "k1"}), &good);
    let none = stranger.jws(&json!({"alg": "none"}), &good);
    let unsigned = format!("{}.", none.rsplit_once('.').unwrap().0);
    let id = app.id.to_string();
    let bare = |request: &str| Fields::of(&[("client_id", &id), ("request", request)]);
    for form in [
        bare(&unsigned),
        bare(&none),
        bare(&by_stranger),
        bare(&by_other),
        bare("eyJ"),
        with("aud", json!("https://elsewhere.example")),
        with("iss", json!(other.id)),
        with("client_id", json!(other.id)),
        with("exp", json!(now - 1)),
        with("exp", json!(now + 3_601)),
        with("nbf", json!(now - 3_601)),
        with("nbf", Value::Null),
        with("request_uri", json!("https://app.example/r")),
        bare(&app.assertion(&stage)),
    ] {
        let answer = by(&stage, &app, form.clone()).post(&stage, "/par").expect(400);
        assert_eq!(error(&answer), "invalid_request_object");
        // Nothing in it is believed, not even where to answer; what stands beside it may say, if that is registered.
        let page = told_on_a_page(&stage, &form);
        assert!(page.contains("did not sign its request"), "{page}");
        told_on_a_page(&stage, &form.clone().with("redirect_uri", "https://evil.example/"));
        sent_back(
            &stage,
            &form.with("redirect_uri", REDIRECT).with("state", "s-1"),
            "invalid_request_object",
        );
    }
    // Another app's request in a link of one's own is another app's.
    let swapped = signed(&stage, &app, &inside).with("client_id", &other.id.to_string());
    told_on_a_page(&stage, &swapped);
}

#[test]
fn an_app_that_signs_its_requests_sends_no_others() {
    let (stage, ada, app) = scene(SIGNS);
    let ask = Fields::ask_for(&app, reading());
    sent_back(&stage, &ask, "invalid_request");
    assert_eq!(error(&by(&stage, &app, ask.clone()).post(&stage, "/par").expect(400)), "invalid_request");
    let device = by(&stage, &app, Fields::of(&[("scope", "openid"), ("client_id", &app.id.to_string())]));
    assert_eq!(error(&device.post(&stage, "/device_authorization").expect(400)), "unauthorized_client");
    let left = allow(&stage, &ada, &signed(&stage, &app, &ask));
    assert!(query(&left, "code").is_some(), "{left}");
    for kind in [NewKind::Public, NewKind::Secret] {
        let new = vault::NewApp {
            name: "Shop".to_owned(),
            partner: "Shop Ltd".to_owned(),
            redirect_uris: vec![REDIRECT.to_owned()],
            ceiling: EVERYTHING.to_owned(),
            kind,
            demands: SIGNS,
        };
        assert!(stage.wait(stage.vault().app_add(new)).unwrap_err().to_string().contains("keys"));
    }
    let metadata = stage.get("/.well-known/openid-configuration").expect(200).json();
    assert_eq!(metadata["request_parameter_supported"], true);
    assert_eq!(metadata["request_uri_parameter_supported"], false);
    assert_eq!(metadata["request_object_signing_alg_values_supported"], json!(["ES256", "PS256", "EdDSA"]));
}

#[test]
fn keys_are_fetched_for_what_could_be_signed_with_them_and_a_request_never() {
    let mut stage = Stage::new();
    stage.private = Private::Loopback;
    stage.restart();
    let ada = stage.person("ada");
    let signer = Arc::new(es256());
    let site = Site::new(&json!({"keys": [signer.jwk_named("k1")]}).to_string());
    let app = stage.app_of("Vault", EVERYTHING, NewKind::KeysAt(site.url("/jwks")), FREE);
    let app = App { signer: Some(signer), ..app };
    let inside = Fields::ask_for(&app, reading());
    let mut late = claims(&stage, &app, &inside);
    late["exp"] = json!(0);
    told_on_a_page(&stage, &link(&app, &late));
    assert_eq!(site.asked(), 0, "what could not be taken fetches nothing");
    let left = allow(&stage, &ada, &signed(&stage, &app, &inside));
    assert!(query(&left, "code").is_some(), "{left}");
    assert_eq!(site.asked(), 1);
    // An address of a request is refused, beside a signed one too, and nobody goes there.
    let elsewhere = site.url("/request");
    sent_back(&stage, &inside.clone().with("request_uri", &elsewhere), "request_uri_not_supported");
    let both = signed(&stage, &app, &inside).with("request_uri", &elsewhere);
    let told = both.with("redirect_uri", REDIRECT).with("state", "s-1");
    sent_back(&stage, &told, "request_uri_not_supported");
    assert_eq!(site.asked(), 1);
}
