//! What the server signed is believed; what says that it did is not.
use super::*;
use crate::keys::AppKey;
use serde_json::{Value, json};

/// A key, the set that publishes it, and what it signs.
fn keys() -> (AppKey, Jwks) {
    let key = AppKey::generate().unwrap().named("one");
    let jwks = serde_json::from_str(&key.public_jwks()).unwrap();
    (key, jwks)
}

fn header(more: Value) -> Value {
    let mut header = json!({"alg": "ES256", "kid": "one", "typ": "JWT"});
    for (name, value) in more.as_object().unwrap() {
        header[name] = value.clone();
    }
    header
}

#[test]
fn a_text_of_a_published_key_opens() {
    let (key, jwks) = keys();
    let token = key.sign(&header(json!({})), &json!({"sub": "per_a"}));
    assert_eq!(jwks.open::<Value>(&token, "JWT"), Ok(json!({"sub": "per_a"})));
    assert_eq!(
        jwks.open::<Value>(&token, "jwt"),
        Ok(json!({"sub": "per_a"})),
        "types are compared as media types are"
    );
    assert!(jwks.has_key_of(&token));
    assert_eq!(
        jwks.open::<Value>(&token, "secevent+jwt"),
        Err(SignatureFault::Form),
        "one kind is not another"
    );
}

#[test]
fn headers_that_would_lead_elsewhere_do_not() {
    let (key, jwks) = keys();
    for (more, why) in [
        (json!({"alg": "none"}), SignatureFault::Form),
        (json!({"alg": "HS256"}), SignatureFault::Form),
        (json!({"typ": null}), SignatureFault::Form),
        (json!({"crit": ["exp"]}), SignatureFault::Form),
        (json!({"kid": "two"}), SignatureFault::UnknownKey),
        (json!({"kid": null}), SignatureFault::UnknownKey),
    ] {
        let token = key.sign(&header(more.clone()), &json!({}));
        assert_eq!(jwks.open::<Value>(&token, "JWT"), Err(why), "{more}");
    }
    // The key of whoever signed, brought along in the header.
    let (other, others) = keys();
    let jwk = serde_json::from_str::<Value>(&other.public_jwks()).unwrap()["keys"][0].clone();
    let token = other.sign(&header(json!({"jwk": jwk})), &json!({}));
    assert_eq!(jwks.open::<Value>(&token, "JWT"), Err(SignatureFault::False));
    assert!(others.open::<Value>(&token, "JWT").is_ok());
}

#[test]
fn what_is_no_signed_text_is_refused_and_a_changed_one_too() {
    let (key, jwks) = keys();
    let token = key.sign(&header(json!({})), &json!({"sub": "per_a"}));
    let long = format!("{token}{}", "A".repeat(JWS_BYTES_MAX));
    for text in ["", ".", "..", "a.b.c", "é.é.é", &token[1..], token.trim_end_matches(|c| c != '.'), &long]
    {
        assert!(jwks.open::<Value>(text, "JWT").is_err(), "{text}");
        let _ = jwks.has_key_of(text);
    }
    let claims = token.find('.').unwrap() + 1;
    let changed: String =
        token.char_indices().map(|(at, c)| if at == claims + 2 { flip(c) } else { c }).collect();
    assert!(jwks.open::<Value>(&changed, "JWT").is_err());
    assert!(Jwks::default().open::<Value>(&token, "JWT").is_err());
}

fn flip(letter: char) -> char {
    if letter == 'A' { 'B' } else { 'A' }
}
