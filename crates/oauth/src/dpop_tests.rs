//! Proofs, in order and not: each member left out or spoilt in turn, each key that is none.
use super::*;
use serde_json::{Map, json};
use testkit::{Signer, ed25519, es256, rsa};

const NOW: Time = Time::from_micros(1_795_435_200_000_000);
const TOKEN: &str = "wxa_token";
const BASES: &[&str] = &["https://seal.example"];

fn target() -> Target<'static> {
    Target { method: "GET", bases: BASES, path: "/v1/me", access_token: Some(TOKEN) }
}

fn ath(token: &str) -> String {
    BASE64URL_NOPAD.encode(&Sha256::digest(token.as_bytes()))
}

fn header(signer: &Signer) -> Value {
    json!({"typ": "dpop+jwt", "jwk": signer.jwk()})
}

fn claims() -> Value {
    json!({"jti": "j-1", "htm": "GET", "htu": "https://seal.example/v1/me", "iat": NOW.seconds(), "ath": ath(TOKEN)})
}

fn checked(text: &str, target: &Target<'_>, now: Time) -> Result<Proof, ProofInvalid> {
    Unverified::read(text, target, now)?.verify()
}

fn check(signer: &Signer, header: &Value, claims: &Value) -> Result<Proof, ProofInvalid> {
    checked(&signer.jws(header, claims), &target(), NOW)
}

/// With this member, or without it.
fn with(mut object: Value, name: &str, value: Value) -> Value {
    match value {
        Value::Null => drop(object.as_object_mut().unwrap().remove(name)),
        value => object[name] = value,
    }
    object
}

#[test]
fn a_proof_in_order_tells_the_key_and_is_noted() {
    for signer in [es256(), ed25519()] {
        let proof = check(&signer, &header(&signer), &claims()).unwrap();
        let key = PublicKey::from_jwk(signer.jwk().as_object().unwrap()).unwrap();
        assert_eq!(proof.key, Thumbprint(key.thumbprint()));
        assert_eq!(proof.nonce, None);
        assert_eq!(proof.once.until, NOW.plus_seconds(PROOF_S + CLOCK_AHEAD_S));
        let again = check(&signer, &header(&signer), &claims()).unwrap();
        assert_eq!(proof, again);
        let other = check(&signer, &header(&signer), &with(claims(), "jti", json!("j-2"))).unwrap();
        assert_ne!(proof.once, other.once);
        let nonce = check(&signer, &header(&signer), &with(claims(), "nonce", json!("n"))).unwrap();
        assert_eq!(nonce.nonce.as_deref(), Some("n"));
        // What nobody knows is nobody's business.
        let more = with(with(claims(), "x", json!(1)), "exp", json!(0));
        check(&signer, &with(header(&signer), "kid", json!("k")), &more).unwrap();
    }
    let (one, other) = (es256(), es256());
    let once = |signer: &Signer| check(signer, &header(signer), &claims()).unwrap().once;
    assert_ne!(once(&one), once(&other), "one app cannot use up another's");
}

#[test]
fn every_member_is_needed_and_is_what_it_must_be() {
    let signer = es256();
    for (name, values) in [
        ("jti", vec![Value::Null, json!(""), json!(7), json!("x".repeat(513))]),
        ("htm", vec![Value::Null, json!("POST"), json!("get"), json!(["GET"])]),
        (
            "htu",
            vec![
                Value::Null,
                json!("https://seal.example/v1/grant"),
                json!("https://seal.example/v1/me/"),
                json!("https://seal.example/V1/me"),
                json!("https://evil.example/v1/me"),
                json!("https://seal.example:8443/v1/me"),
                json!("http://seal.example/v1/me"),
                json!("https://ada@seal.example/v1/me"),
                json!("/v1/me"),
                json!("seal.example/v1/me"),
                json!("https:///v1/me"),
                json!("https://seal.example/v1%2Fme"),
                json!("https://seal.example/v1/%zz"),
                json!("https://seal.example/v1/me%"),
                json!(""),
                json!(1),
            ],
        ),
        (
            "iat",
            vec![
                Value::Null,
                json!(NOW.seconds() - PROOF_S - 1),
                json!(NOW.seconds() + 61),
                json!(NOW.seconds() - 3600),
                json!(NOW.seconds() + 3600),
                json!("now"),
                json!(-1),
            ],
        ),
        ("ath", vec![Value::Null, json!(ath("another")), json!(TOKEN), json!(1)]),
        ("nonce", vec![json!(1), json!(["n"])]),
    ] {
        for value in values {
            let spoilt = check(&signer, &header(&signer), &with(claims(), name, value.clone()));
            assert!(spoilt.is_err(), "{name}: {value}");
        }
    }
    for fit in [-PROOF_S, -10, 0, 10] {
        check(&signer, &header(&signer), &with(claims(), "iat", json!(NOW.seconds() + fit))).unwrap();
    }
}

#[test]
fn the_url_is_compared_as_urls_are() {
    let signer = ed25519();
    for fit in [
        "https://seal.example/v1/me?limit=2",
        "https://seal.example/v1/me#x",
        "HTTPS://SEAL.example/v1/me",
        "https://seal.example:443/v1/me",
        "https://seal.example:/v1/me",
        "https://seal.example/v1/%6de",
        "https://seal.example/x/../v1/./me",
    ] {
        let claims = with(claims(), "htu", json!(fit));
        assert!(check(&signer, &header(&signer), &claims).is_ok(), "{fit}");
    }
    let escaped = Target { path: "/v1/a%2fb", ..target() };
    let proof = |htu: &str| signer.jws(&header(&signer), &with(claims(), "htu", json!(htu)));
    assert!(checked(&proof("https://seal.example/v1/a%2Fb"), &escaped, NOW).is_ok());
    let two = Target { bases: &["https://seal.example", "https://keys.seal.example:8443"], ..target() };
    assert!(checked(&proof("https://keys.seal.example:8443/v1/me"), &two, NOW).is_ok());
    let root = Target { path: "/", ..target() };
    assert!(checked(&proof("https://seal.example"), &root, NOW).is_ok());
}

#[test]
fn the_key_is_in_the_header_public_and_the_signers() {
    let (signer, other, big) = (es256(), es256(), rsa());
    let none = |header: &Value| check(&signer, header, &claims()).unwrap_err();
    assert_eq!(none(&with(header(&signer), "jwk", Value::Null)), ProofInvalid::KeyMissing);
    assert_eq!(none(&with(header(&signer), "jwk", json!("k1"))), ProofInvalid::KeyMissing);
    assert_eq!(none(&with(header(&signer), "jwk", other.jwk())), JwsInvalid::Signature.into());
    assert_eq!(none(&with(header(&signer), "jwk", ed25519().jwk())), JwsInvalid::Signature.into());
    let mut private = signer.jwk();
    private["d"] = json!("AAAA");
    assert_eq!(none(&with(header(&signer), "jwk", private)), ProofInvalid::KeyPrivate);
    let secret = json!({"kty": "oct", "k": "c2VjcmV0"});
    assert_eq!(none(&with(header(&signer), "jwk", secret)), ProofInvalid::KeyPrivate);
    for (name, value) in [("x", json!("")), ("x", json!("AA")), ("crv", json!("P-384")), ("kty", json!("XY"))]
    {
        assert!(matches!(
            none(&with(header(&signer), "jwk", with(signer.jwk(), name, value))),
            ProofInvalid::Key(_)
        ));
    }
    // A point that is not on the curve.
    let zeros = BASE64URL_NOPAD.encode(&[0; 32]);
    let nowhere = json!({"kty": "EC", "crv": "P-256", "x": zeros, "y": zeros});
    assert_eq!(none(&with(header(&signer), "jwk", nowhere)), JwsInvalid::Signature.into());
    let ps256 = check(&big, &header(&big), &claims());
    assert_eq!(ps256.unwrap_err(), ProofInvalid::Algorithm);
}

#[test]
fn another_kind_another_algorithm_or_too_much_is_refused() {
    let signer = es256();
    for (name, value) in [
        ("typ", Value::Null),
        ("typ", json!("JWT")),
        ("typ", json!("at+jwt")),
        ("typ", json!("client-authentication+jwt")),
        ("alg", json!("none")),
        ("alg", json!("HS256")),
        ("alg", json!("RS256")),
        ("alg", json!("ES384")),
        ("alg", json!("EdDSA")),
        ("crit", json!(["x"])),
        ("b64", json!(false)),
    ] {
        assert!(
            check(&signer, &with(header(&signer), name, value.clone()), &claims()).is_err(),
            "{name}: {value}"
        );
    }
    let twice = r#"{"jti":"a","jti":"b","htm":"GET","htu":"https://seal.example/v1/me","iat":1}"#;
    let doubled = signer.jws_of(&with(header(&signer), "alg", json!("ES256")).to_string(), twice);
    assert!(checked(&doubled, &target(), NOW).is_err());
    let huge = with(claims(), "x", json!("x".repeat(PROOF_BYTES_MAX)));
    assert_eq!(check(&signer, &header(&signer), &huge).unwrap_err(), JwsInvalid::TooLong.into());
    for odd in ["", ".", "..", "a.b.c", "\u{0}"] {
        assert!(checked(odd, &target(), NOW).is_err());
    }
    let whole = signer.jws(&header(&signer), &claims());
    for spoilt in [whole.replace('.', ".."), format!("{whole}="), format!("{whole}.x"), whole[1..].to_owned()]
    {
        assert!(checked(&spoilt, &target(), NOW).is_err(), "{spoilt}");
    }
    let no_members = signer.jws(&header(&signer), &Value::Object(Map::new()));
    assert!(checked(&no_members, &target(), NOW).is_err());
}

#[test]
fn of_two_headers_none_counts() {
    assert_eq!(sent([]), Ok(None));
    assert_eq!(sent([b"x".as_slice()]), Ok(Some("x")));
    assert_eq!(sent([b"x".as_slice(), b"x"]), Err(ProofInvalid::Many));
    assert!(sent([b"\xff".as_slice()]).is_err());
}

#[test]
fn where_there_is_no_token_no_hash_is_needed() {
    let signer = es256();
    let at_token = Target { method: "POST", path: "/token", access_token: None, ..target() };
    let claims =
        json!({"jti": "j", "htm": "POST", "htu": "https://seal.example/token", "iat": NOW.seconds()});
    checked(&signer.jws(&header(&signer), &claims), &at_token, NOW).unwrap();
}
