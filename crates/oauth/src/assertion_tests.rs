//! Client assertions: the rules CA-01 to CA-09 of FAPI 2.0 and RFC 7523bis.
use super::*;
use crate::certificate::Authorities;
use crate::client::{Client, ClientKind, Evidence, KeySource, Profile, Unproven, authenticate, presented};
use crate::error::ErrorCode;
use crate::params::Params;
use model::{Actions, Ceiling, Kinds, ReachCap, Scopes, Since};
use serde_json::json;
use std::sync::Arc;
use testkit::{Signer, es256, rsa};

const APP: AppId = AppId::from_bytes([1; 16]);
const OTHER: AppId = AppId::from_bytes([2; 16]);
const NOW: Time = Time::from_micros(1_795_435_200_000_000);
const ISSUER: &str = "https://chat.example";

fn client(kind: ClientKind) -> Client {
    Client {
        id: APP,
        profile: kind.profile(),
        kind,
        signs_requests: false,
        binds_certificate: false,
        redirect_uris: Vec::new(),
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

/// A statement in order.
fn claims() -> Value {
    let (app, now) = (APP.to_string(), NOW.seconds());
    json!({"iss": app, "sub": app, "aud": ISSUER, "exp": now + 60, "iat": now, "nbf": now, "jti": "j-1"})
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    match value {
        Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
        value => claims[name] = value,
    }
    claims
}

/// What comes of a form with this assertion: what it used up, or the error's code.
fn outcome(form: &str, keys: Option<&KeySet>, kind: ClientKind) -> Result<Option<Once>, &'static str> {
    let form = Params::parse(form.as_bytes()).unwrap();
    let issuer = Issuer::parse(ISSUER).unwrap();
    let presented = presented(None, &form).map_err(|error| error.code().as_str())?;
    let authorities = Authorities::default();
    let evidence = Evidence { issuer: &issuer, keys, shown: None, authorities: &authorities, now: NOW };
    match authenticate(&presented, Some(&client(kind)), evidence) {
        Ok(proven) => Ok(proven.once),
        Err(Unproven::Refused(error)) => Err(error.code().as_str()),
        Err(Unproven::KeyUnknown) => Err("key unknown"),
    }
}

fn form(assertion: &str) -> String {
    let kind = ASSERTION_TYPE.replace(':', "%3A");
    format!("client_assertion_type={kind}&client_assertion={assertion}")
}

fn sent(signer: &Signer, header: Value, claims: &Value) -> Result<Option<Once>, &'static str> {
    let keys = keys(signer);
    let kind = ClientKind::Keys(KeySource::Inline(keys.clone()));
    outcome(&form(&signer.jws(&header, claims)), Some(&keys), kind)
}

#[test]
fn a_statement_in_order_proves_the_app() {
    for signer in [es256(), rsa(), testkit::ed25519()] {
        let once = sent(&signer, json!({"kid": "k1"}), &claims()).unwrap().unwrap();
        assert_eq!(once.until, NOW.plus_seconds(60));
        assert_eq!(sent(&signer, json!({}), &claims()).unwrap(), Some(once), "the same jti is the same use");
        let other = sent(&signer, json!({}), &with("jti", json!("j-2"))).unwrap();
        assert_ne!(other, Some(once));
        for typ in ["client-authentication+jwt", "JWT"] {
            assert!(sent(&signer, json!({ "typ": typ }), &claims()).is_ok());
        }
    }
    let signer = es256();
    for (name, value) in [
        ("nbf", json!(NOW.seconds() + 10)),
        ("iat", json!(NOW.seconds() + 10)),
        ("nbf", Value::Null),
        ("iat", Value::Null),
        ("exp", json!(NOW.seconds() + ASSERTION_S_MAX)),
        ("exp", json!(NOW.seconds() + 1)),
        ("more", json!({"a": [1]})),
    ] {
        assert!(sent(&signer, json!({}), &with(name, value.clone())).is_ok(), "{name} {value}");
    }
}

#[test]
fn each_rule_alone_refuses() {
    let signer = es256();
    let now = NOW.seconds();
    for (name, value) in [
        ("iss", Value::Null),
        ("sub", Value::Null),
        ("iss", json!(OTHER.to_string())),
        ("sub", json!(OTHER.to_string())),
        ("sub", json!("nobody")),
        ("iss", json!("")),
        ("aud", Value::Null),
        ("aud", json!([ISSUER])),
        ("aud", json!([ISSUER, "https://else.example"])),
        ("aud", json!("https://chat.example/")),
        ("aud", json!("https://chat.example/token")),
        ("aud", json!("https://chat.example/par")),
        ("aud", json!("https://CHAT.example")),
        ("aud", json!("https://other.example")),
        ("exp", Value::Null),
        ("exp", json!(now)),
        ("exp", json!(now - 1)),
        ("exp", json!(now + ASSERTION_S_MAX + CLOCK_AHEAD_S + 1)),
        ("exp", json!(now + 3_600)),
        ("exp", json!("soon")),
        ("nbf", json!(now + 61)),
        ("iat", json!(now + 61)),
        ("nbf", json!("now")),
        ("jti", Value::Null),
        ("jti", json!("")),
        ("jti", json!(1)),
        ("jti", json!("j".repeat(JTI_BYTES_MAX + 1))),
    ] {
        let refused = sent(&signer, json!({}), &with(name, value.clone()));
        assert_eq!(refused, Err("invalid_client"), "{name} {value}");
    }
}

#[test]
fn a_token_of_another_kind_is_no_statement() {
    let signer = es256();
    for typ in [
        "at+jwt",
        "dpop+jwt",
        "logout+jwt",
        "secevent+jwt",
        "token-introspection+jwt",
        "oauth-authz-req+jwt",
        "",
    ] {
        assert_eq!(sent(&signer, json!({ "typ": typ }), &claims()), Err("invalid_client"), "{typ}");
    }
}

#[test]
fn keys_are_not_confused() {
    let (signer, other) = (rsa(), es256());
    let own = keys(&signer);
    let kind = || ClientKind::Keys(KeySource::Inline(own.clone()));
    let ask = |text: &str| outcome(&form(text), Some(&own), kind());
    // Signed by another key, whatever the header says of it.
    for header in [
        json!({}),
        json!({"jwk": other.jwk()}),
        json!({"jku": "https://evil.example", "x5u": "https://evil.example"}),
    ] {
        assert_eq!(ask(&other.jws(&header, &claims())), Err("invalid_client"), "{header}");
    }
    // The public key as a shared secret.
    for alg in ["none", "HS256", "RS256", "PS384"] {
        assert_eq!(ask(&signer.jws(&json!({ "alg": alg }), &claims())), Err("invalid_client"), "{alg}");
    }
    // A key that is not in the set: perhaps a newer one has it, but only for a statement that is in order else.
    let unknown = json!({"kid": "k2"});
    assert_eq!(ask(&signer.jws(&unknown, &claims())), Err("key unknown"));
    assert_eq!(ask(&signer.jws(&unknown, &with("aud", json!([ISSUER])))), Err("invalid_client"));
    assert_eq!(outcome(&form(&signer.jws(&json!({}), &claims())), None, kind()), Err("key unknown"));
}

#[test]
fn a_statement_is_for_apps_that_are_registered_for_it() {
    let signer = es256();
    let (own, text) = (keys(&signer), signer.jws(&json!({}), &claims()));
    let secret = ClientKind::Secret(crate::client::secret_hash("x"));
    for kind in [ClientKind::Public, secret] {
        assert_eq!(outcome(&form(&text), Some(&own), kind), Err("invalid_client"));
    }
    let keyed = || ClientKind::Keys(KeySource::Inline(own.clone()));
    let alone = format!("client_id={APP}");
    let with_secret = format!("client_id={APP}&client_secret=x");
    for bare in [alone, with_secret] {
        assert_eq!(outcome(&bare, Some(&own), keyed()), Err("invalid_client"), "{bare}");
    }
    let ask = |form: &str| outcome(form, Some(&own), keyed());
    assert!(ask(&format!("client_id={APP}&{}", form(&text))).is_ok());
    assert_eq!(ask(&format!("client_id={OTHER}&{}", form(&text))), Err("invalid_client"));
    assert_eq!(ask(&format!("client_id=nobody&{}", form(&text))), Err("invalid_client"));
    assert_eq!(ask(&format!("client_secret=x&{}", form(&text))), Err("invalid_request"));
    assert_eq!(ask(&format!("client_assertion={text}")), Err("invalid_client"));
    assert_eq!(ask(&form(&text).replace("jwt-bearer", "saml2-bearer")), Err("invalid_client"));
    assert_eq!(
        ask(&format!("client_assertion_type={ASSERTION_TYPE}&client_id={APP}")),
        Err("invalid_client")
    );
    assert_eq!(ask(&form("")), Err("invalid_client"));
    assert_eq!(ask(&form(&"x".repeat(ASSERTION_BYTES_MAX + 1))), Err("invalid_client"));
}

#[test]
fn an_app_with_a_key_is_held_to_fapi() {
    let keyed = ClientKind::Keys(KeySource::Uri("https://keys.example".to_owned()));
    assert_eq!((keyed.profile(), keyed.is_confidential(), keyed.has_key()), (Profile::Fapi2, true, true));
    let secret = ClientKind::Secret([0; 32]);
    assert_eq!(
        (secret.profile(), secret.is_confidential(), secret.has_key()),
        (Profile::OAuth21, true, false)
    );
    assert_eq!(
        (ClientKind::Public.profile(), ClientKind::Public.is_confidential()),
        (Profile::OAuth21, false)
    );
    assert_eq!(Profile::parse("fapi2"), Some(Profile::Fapi2));
    assert_eq!((Profile::parse("FAPI2"), Profile::parse("")), (None, None));
    assert_eq!(crate::client::replayed().code(), ErrorCode::InvalidClient);
}
