//! The lists of the server's own document: each proof and algorithm that stands there is taken, and no other.
use super::dpop::Holder;
use super::jwks::keys;
use super::{Fields, basic, error, post_raw};
use crate::stage::{App, EVERYTHING, Stage};
use aws_lc_rs::hmac;
use data_encoding::BASE64URL_NOPAD;
use oauth::assertion::ASSERTION_TYPE;
use oauth::client::Profile;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use testkit::{Signer, ed25519, es256, rsa};
use vault::Demands;

fn server(stage: &Stage) -> Value {
    stage.get("/.well-known/oauth-authorization-server").expect(200).json()
}

fn list(document: &Value, name: &str) -> BTreeSet<String> {
    let all: Vec<String> = serde_json::from_value(document[name].clone()).unwrap();
    let count = all.len();
    let listed: BTreeSet<String> = all.into_iter().collect();
    assert_eq!(listed.len(), count, "{name}: once each");
    listed
}

/// A request that is in order at each of the endpoints, but for who sends it.
fn fields() -> Fields {
    Fields::of(&[("token", "x"), ("grant_type", "refresh_token"), ("refresh_token", "x")])
}

fn stated(assertion: &str) -> Fields {
    fields().with("client_assertion_type", ASSERTION_TYPE).with("client_assertion", assertion)
}

/// An app with a key, which need not bind its tokens.
fn app_of(stage: &Stage, signer: Signer) -> App {
    stage.app_with_key(EVERYTHING, signer, Demands { profile: Some(Profile::OAuth21), ..Demands::default() })
}

/// Does an app prove itself here in this way?
fn proves(stage: &Stage, way: &str, path: &str) -> bool {
    let secret = stage.app_with_secret(EVERYTHING);
    let (id, word) = (secret.id.to_string(), secret.secret.clone().unwrap());
    let answer = match way {
        "none" => fields().by(&stage.app(EVERYTHING)).post(stage, path),
        "client_secret_post" => fields().by(&secret).post(stage, path),
        "client_secret_basic" => {
            let header = basic(&id, &word);
            post_raw(stage, path, &[("authorization", &header)], fields().body().as_bytes())
        }
        "private_key_jwt" => stated(&app_of(stage, es256()).assertion(stage)).post(stage, path),
        "client_secret_jwt" => {
            let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
            let signed = format!("{}.{}", part(&json!({"alg": "HS256"})), part(&secret.claims(stage)));
            let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, word.as_bytes()), signed.as_bytes());
            stated(&format!("{signed}.{}", BASE64URL_NOPAD.encode(tag.as_ref()))).post(stage, path)
        }
        other => panic!("{other}: say here how an app proves itself so"),
    };
    let proved = answer.status != 401;
    assert!(proved || error(&answer) == "invalid_client", "{way} {path}: {}", answer.text());
    proved
}

#[test]
fn each_listed_way_to_prove_an_app_is_taken_and_no_other() {
    let stage = Stage::new();
    let server = server(&stage);
    let known = ["none", "client_secret_post", "client_secret_basic", "private_key_jwt", "client_secret_jwt"];
    for (endpoint, path) in [("token", "/token"), ("revocation", "/revoke"), ("introspection", "/introspect")]
    {
        let listed = list(&server, &format!("{endpoint}_endpoint_auth_methods_supported"));
        // A certificate comes with a connection of its own.
        let others = listed.iter().map(String::as_str).filter(|way| !way.ends_with("tls_client_auth"));
        for way in others.chain(known).collect::<BTreeSet<&str>>() {
            assert_eq!(proves(&stage, way, path), listed.contains(way), "{way} {path}");
        }
    }
}

#[test]
fn each_listed_algorithm_is_taken_and_no_other() {
    let stage = Stage::new();
    let server = server(&stage);
    type Make = fn() -> Signer;
    let signers: [(&str, Make); 3] = [("ES256", es256), ("EdDSA", ed25519), ("PS256", rsa)];
    let unlisted = ["RS256", "RS512", "PS384", "ES384", "ES512", "HS256", "none", "Ed25519"];
    for (endpoint, path) in [("token", "/token"), ("revocation", "/revoke"), ("introspection", "/introspect")]
    {
        let listed = list(&server, &format!("{endpoint}_endpoint_auth_signing_alg_values_supported"));
        assert!(listed.iter().all(|alg| signers.iter().any(|(known, _)| known == alg)), "{listed:?}");
        for (alg, signer) in signers {
            let app = app_of(&stage, signer());
            let taken = stated(&app.assertion(&stage)).post(&stage, path).status != 401;
            assert_eq!(taken, listed.contains(alg), "{alg} {path}");
            for alg in unlisted {
                let spoilt = app.assertion_with(&json!({"alg": alg}), &app.claims(&stage));
                assert_eq!(error(&stated(&spoilt).post(&stage, path).expect(401)), "invalid_client", "{alg}");
            }
        }
    }
    let resource = stage.get("/.well-known/oauth-protected-resource").expect(200).json();
    let listed = list(&server, "dpop_signing_alg_values_supported");
    assert_eq!(listed, list(&resource, "dpop_signing_alg_values_supported"));
    let app = stage.app(EVERYTHING);
    for (alg, signer) in signers {
        let told = Holder::new(&stage, signer()).post(&Fields::refresh(&app, "x"), "/token").expect(400);
        let wanted = if listed.contains(alg) { "invalid_grant" } else { "invalid_dpop_proof" };
        assert_eq!(error(&told), wanted, "{alg}");
    }
    // What we sign with is what our keys are for.
    let ours: BTreeSet<String> =
        keys(&stage).iter().map(|key| key["alg"].as_str().unwrap().to_owned()).collect();
    for name in ["id_token_signing_alg_values_supported", "introspection_signing_alg_values_supported"] {
        assert_eq!(list(&server, name), ours, "{name}");
    }
}
