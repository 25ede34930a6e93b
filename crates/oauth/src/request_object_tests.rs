//! Signed requests: what is taken, what each rule alone refuses, and that nothing outside counts.
use super::*;
use crate::client::{ClientKind, KeySource, Profile};
use model::{Actions, AppId, Ceiling, Kinds, ReachCap, Scopes, Since};
use proptest::prelude::*;
use serde_json::json;
use std::sync::Arc;
use testkit::{Signer, ed25519, es256, rsa};

const APP: AppId = AppId::from_bytes([1; 16]);
const OTHER: AppId = AppId::from_bytes([2; 16]);
const NOW: Time = Time::from_micros(1_795_435_200_000_000);
const ISSUER: &str = "https://chat.example";

fn client(kind: ClientKind) -> Client {
    Client {
        id: APP,
        profile: Profile::Fapi2,
        kind,
        signs_requests: true,
        binds_certificate: false,
        redirect_uris: vec!["https://app.example/cb".to_owned()],
        ceiling: Ceiling {
            actions: Actions::ALL,
            reach: ReachCap::All,
            since: Since::All,
            kinds: Kinds::ALL,
            expires_in_s: 86_400,
            scopes: Scopes::ALL,
            retiring: model::Retiring::default(),
        },
        live: true,
    }
}

fn keys(signer: &Signer) -> Arc<KeySet> {
    let set = json!({"keys": [signer.jwk_named("k1")]});
    Arc::new(KeySet::parse(set.to_string().as_bytes()).unwrap())
}

fn issuer() -> Issuer {
    Issuer::parse(ISSUER).unwrap()
}

fn claims() -> Value {
    let (app, now) = (APP.to_string(), NOW.seconds());
    json!({"iss": app, "aud": ISSUER, "client_id": app, "nbf": now, "iat": now, "exp": now + 300, "jti": "j",
        "response_type": "code", "state": "inside", "max_age": 60,
        "authorization_details": [{"type": "messages", "actions": ["read"]}],
        "resource": [ISSUER, "https://b.example"], "flag": true})
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    match value {
        Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
        value => claims[name] = value,
    }
    claims
}

/// What comes of this text: the parameters, or why not.
fn opened(text: &str, keys: &Arc<KeySet>) -> Result<Params, String> {
    let client = client(ClientKind::Keys(KeySource::Inline(keys.clone())));
    open(text, &client, Some(keys), &issuer(), NOW).map_err(|why| match why {
        Unproven::Refused(error) => {
            assert_eq!(error.code(), ErrorCode::InvalidRequestObject);
            error.description().to_owned()
        }
        Unproven::KeyUnknown => "key unknown".to_owned(),
    })
}

#[test]
fn what_is_inside_is_what_was_asked() {
    for signer in [es256(), rsa(), ed25519()] {
        let keys = keys(&signer);
        for header in [json!({}), json!({"kid": "k1"}), json!({"typ": TYPE}), json!({"typ": "JWT"})] {
            let params = opened(&signer.jws(&header, &claims()), &keys).unwrap();
            assert!(params.is_signed());
            assert_eq!(params.value("state"), Some("inside"));
            assert_eq!(params.value("max_age"), Some("60"));
            assert_eq!(params.value("client_id"), Some(APP.to_string().as_str()));
            let details = params.value("authorization_details").unwrap();
            assert!(crate::strict::object(format!("{{\"d\":{details}}}").as_bytes()).is_some(), "{details}");
            assert_eq!(params.values("resource").collect::<Vec<_>>(), [ISSUER, "https://b.example"]);
            assert_eq!((params.value("aud"), params.value("exp"), params.value("flag")), (None, None, None));
        }
        let many = with("aud", json!(["https://elsewhere.example", ISSUER]));
        assert!(opened(&signer.jws(&json!({}), &many), &keys).is_ok());
    }
}

#[test]
fn each_rule_alone_refuses() {
    let signer = es256();
    let keys = keys(&signer);
    let now = NOW.seconds();
    for (name, value) in [
        ("iss", Value::Null),
        ("iss", json!(OTHER)),
        ("iss", json!(ISSUER)),
        ("client_id", Value::Null),
        ("client_id", json!(OTHER)),
        ("sub", json!(APP)),
        ("aud", Value::Null),
        ("aud", json!(format!("{ISSUER}/"))),
        ("aud", json!(format!("{ISSUER}/par"))),
        ("aud", json!(["https://elsewhere.example"])),
        ("aud", json!([])),
        ("aud", json!({"a": ISSUER})),
        ("exp", Value::Null),
        ("exp", json!(now)),
        ("exp", json!(now - 1)),
        ("exp", json!(now + REQUEST_S_MAX + 1)),
        ("exp", json!("soon")),
        ("nbf", Value::Null),
        ("nbf", json!(now + 61)),
        ("nbf", json!(now - REQUEST_S_MAX - 1)),
        ("iat", json!(now + 61)),
        ("iat", json!("now")),
        ("request", json!("eyJ")),
        ("request_uri", json!("https://app.example/r")),
        ("request_uri", Value::Bool(false)),
        ("state", json!("a\0b")),
    ] {
        let text = signer.jws(&json!({}), &with(name, value.clone()));
        let why = opened(&text, &keys).unwrap_err();
        assert!(why.starts_with("the signed request is not valid: "), "{name} = {value}: {why}");
    }
    // A clock may be ten seconds ahead.
    for name in ["nbf", "iat"] {
        assert!(opened(&signer.jws(&json!({}), &with(name, json!(now + 10))), &keys).is_ok(), "{name}");
    }
    let mut old = with("nbf", json!(now - REQUEST_S_MAX + 10));
    old["exp"] = json!(now + 5);
    assert!(opened(&signer.jws(&json!({}), &old), &keys).is_ok());
    let mut many = claims();
    (0..70).for_each(|n| many[format!("p{n}")] = json!("x"));
    assert!(opened(&signer.jws(&json!({}), &many), &keys).is_err());
}

#[test]
fn who_did_not_sign_it_did_not_ask_it() {
    let (signer, other) = (es256(), es256());
    let own = keys(&signer);
    for typ in ["at+jwt", "dpop+jwt", "client-authentication+jwt", "logout+jwt", "token-introspection+jwt"] {
        assert!(opened(&signer.jws(&json!({ "typ": typ }), &claims()), &own).is_err(), "{typ}");
    }
    for alg in ["none", "HS256", "RS256", "ES384", "None", ""] {
        let text = signer.jws(&json!({"alg": alg}), &claims());
        assert!(opened(&text, &own).is_err(), "{alg}");
        let bare = format!("{}.", text.rsplit_once('.').unwrap().0);
        assert!(opened(&bare, &own).is_err(), "{alg} without a signature");
    }
    assert!(opened(&other.jws(&json!({}), &claims()), &own).is_err());
    assert!(opened(&other.jws(&json!({"kid": "k1"}), &claims()), &own).is_err());
    assert_eq!(opened(&other.jws(&json!({"kid": "k2"}), &claims()), &own).unwrap_err(), "key unknown");
    // Keys that a header brings lead nowhere.
    for header in
        [json!({"jwk": other.jwk()}), json!({"jku": "https://evil.example", "x5u": "https://e.example"})]
    {
        assert!(opened(&other.jws(&header, &claims()), &own).is_err());
    }
    for header in [json!({"crit": ["exp"]}), json!({"b64": false})] {
        assert!(opened(&signer.jws(&header, &claims()), &own).is_err());
    }
    // Encrypted, doubled, cut, and far too long.
    let text = signer.jws(&json!({}), &claims());
    let twice =
        signer.jws_of("{\"alg\":\"ES256\"}", &claims().to_string().replacen('{', "{\"state\":\"other\",", 1));
    for broken in ["", "eyJ", "a.b.c.d.e", &text[1..], &text[..text.len() - 1], &twice, &"a".repeat(40_000)] {
        assert!(opened(broken, &own).is_err(), "{broken}");
    }
}

#[test]
fn an_app_without_keys_signs_nothing() {
    let params = Params::parse(b"request=eyJ").unwrap();
    assert_eq!(sent(&params, &client(ClientKind::Public)), None);
    assert_eq!(sent(&params, &client(ClientKind::Secret([0; 32]))), None);
    let keyed = client(ClientKind::Keys(KeySource::Uri("https://app.example/jwks".to_owned())));
    assert_eq!(sent(&params, &keyed), Some("eyJ"));
    let both = Params::parse(b"request=eyJ&request_uri=https://app.example/r").unwrap();
    assert_eq!(sent(&both, &keyed), None);
    // Its keys are asked for only when all else is in order.
    let signer = es256();
    let unkeyed = |claims: &Value| open(&signer.jws(&json!({}), claims), &keyed, None, &issuer(), NOW);
    assert_eq!(unkeyed(&claims()), Err(Unproven::KeyUnknown));
    assert!(matches!(unkeyed(&with("exp", json!(0))), Err(Unproven::Refused(_))));
}

proptest! {
    #[test]
    fn nothing_that_was_signed_can_be_changed(at in 0_usize..2_000, flip in 1_u8..=255) {
        let signer = ed25519();
        let mut text = signer.jws(&json!({"kid": "k1"}), &claims()).into_bytes();
        let at = at % text.len();
        text[at] ^= flip;
        if let Ok(text) = String::from_utf8(text) {
            prop_assert!(opened(&text, &keys(&signer)).is_err());
        }
    }
}
