//! The ID token, signed and verified with a real key; userinfo by scope.
use super::*;
use p256::ecdsa::signature::{Signer, Verifier};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};

const PERSON: PersonId = PersonId::from_bytes([1; 16]);
const APP: AppId = AppId::from_bytes([2; 16]);

fn token() -> IdToken<'static> {
    IdToken {
        issuer: "https://seal.example",
        person: PERSON,
        app: APP,
        now: Time::from_micros(1_800_000_000_500_000),
        signed_in_at: Time::from_micros(1_799_999_000_000_000),
        nonce: Some("n-0S6_WzA2Mj"),
        session: None,
        access_token: "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y",
    }
}

fn part(token: &str, at: usize) -> serde_json::Value {
    let part = token.split('.').nth(at).unwrap();
    serde_json::from_slice(&BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).unwrap()
}

#[test]
fn it_says_who_and_when_and_verifies() {
    let key = SigningKey::from_slice(&[7; 32]).unwrap();
    let sign = |input: &[u8]| -> Result<[u8; 64], std::convert::Infallible> {
        let signature: Signature = key.sign(input);
        Ok(signature.to_bytes().into())
    };
    let jws = token().signed("key-1", sign).unwrap();
    assert_eq!(part(&jws, 0), serde_json::json!({"alg": "ES256", "kid": "key-1", "typ": "JWT"}));
    assert_eq!(
        part(&jws, 1),
        serde_json::json!({
            "iss": "https://seal.example", "sub": PERSON.to_string(), "aud": APP.to_string(),
            "exp": 1_800_000_300, "iat": 1_800_000_000, "auth_time": 1_799_999_000,
            "nonce": "n-0S6_WzA2Mj", "at_hash": "77QmUPtjPfzWtF2AnpK9RQ",
        })
    );
    let (input, signature) = jws.rsplit_once('.').unwrap();
    let signature = Signature::from_slice(&BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap()).unwrap();
    VerifyingKey::from(&key).verify(input.as_bytes(), &signature).unwrap();
}

#[test]
fn no_nonce_is_invented_and_a_failed_signature_is_no_token() {
    let bare = IdToken { nonce: None, ..token() };
    assert!(!bare.claims_json().contains("nonce"));
    assert_eq!(bare.signed("k", |_| Err("the key is away")), Err("the key is away"));
}

#[test]
fn a_hint_is_believed_if_we_made_it() {
    let key = SigningKey::from_slice(&[7; 32]).unwrap();
    let sign = |input: &[u8]| -> Result<[u8; 64], std::convert::Infallible> {
        let signature: Signature = key.sign(input);
        Ok(signature.to_bytes().into())
    };
    let read = |token: &str| {
        hint(token, "https://seal.example", |kid, input, signature| {
            let signature = Signature::from_slice(signature).unwrap();
            kid == "key-1" && VerifyingKey::from(&key).verify(input, &signature).is_ok()
        })
    };
    let session = SessionId::from_bytes([3; 16]);
    let good = IdToken { session: Some(session), ..token() }.signed("key-1", sign).unwrap();
    assert_eq!(read(&good), Some(Hint { person: PERSON, app: APP, session: Some(session) }));
    assert_eq!(read(&token().signed("key-1", sign).unwrap()).unwrap().session, None);

    let elsewhere = IdToken { issuer: "https://evil.example", ..token() }.signed("key-1", sign).unwrap();
    let other_key = token().signed("key-2", sign).unwrap();
    let none = format!(
        "{}.{}.",
        BASE64URL_NOPAD.encode(br#"{"alg":"none","kid":"key-1","typ":"JWT"}"#),
        part_of(&good, 1)
    );
    let logout = BASE64URL_NOPAD.encode(br#"{"alg":"ES256","kid":"key-1","typ":"logout+jwt"}"#);
    let logout = format!("{logout}.{}.{}", part_of(&good, 1), part_of(&good, 2));
    let spoilt = good.replacen('.', ".e", 1);
    let padded = format!("{good}=");
    for bad in
        ["", "a.b", "a.b.c", &elsewhere, &other_key, &none, &logout, &spoilt, &padded, &"x".repeat(5_000)]
    {
        assert_eq!(read(bad), None, "{bad}");
    }
}

fn part_of(token: &str, at: usize) -> &str {
    token.split('.').nth(at).unwrap()
}

#[test]
fn at_hash_by_the_known_example() {
    // The example in OpenID Connect Core, appendix A.3 and A.4.
    assert_eq!(at_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"), "77QmUPtjPfzWtF2AnpK9RQ");
}

#[test]
fn userinfo_tells_by_scope() {
    let json =
        |scopes| userinfo(PERSON, "ada", "Ada", scopes).map(|info| serde_json::to_value(info).unwrap());
    let sub = PERSON.to_string();
    assert_eq!(json(Scopes::OPENID).unwrap(), serde_json::json!({"sub": sub}));
    assert_eq!(
        json(Scopes::parse("openid profile")).unwrap(),
        serde_json::json!({"sub": sub, "name": "Ada", "preferred_username": "ada"})
    );
    assert_eq!(json(Scopes::PROFILE).unwrap_err().code(), ErrorCode::InsufficientScope);
}
