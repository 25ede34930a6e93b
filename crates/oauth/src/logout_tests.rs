//! Whose session an app may end without asking, where she goes on to, and what a logout token holds.
use super::*;

const PERSON: PersonId = PersonId::from_bytes([1; 16]);
const APP: AppId = AppId::from_bytes([2; 16]);
const SESSION: SessionId = SessionId::from_bytes([3; 16]);

fn hint() -> Hint {
    Hint { person: PERSON, app: APP, session: Some(SESSION) }
}

fn asked(raw: &str) -> EndSession {
    EndSession::parse(raw.as_bytes()).unwrap()
}

#[test]
fn only_the_id_token_of_the_very_session_ends_it_unasked() {
    let ask = asked(&format!("client_id={APP}"));
    assert!(ask.is_about(Some(&hint()), PERSON, SESSION));
    assert!(asked("").is_about(Some(&hint()), PERSON, SESSION));
    assert!(!ask.is_about(None, PERSON, SESSION));
    assert!(!ask.is_about(Some(&hint()), PersonId::from_bytes([9; 16]), SESSION));
    assert!(!ask.is_about(Some(&hint()), PERSON, SessionId::from_bytes([9; 16])));
    assert!(!ask.is_about(Some(&Hint { session: None, ..hint() }), PERSON, SESSION));
    let other = asked(&format!("client_id={}", AppId::from_bytes([9; 16])));
    assert!(!other.is_about(Some(&hint()), PERSON, SESSION), "the client_id contradicts it");
}

#[test]
fn she_goes_on_to_what_was_registered_and_nowhere_else() {
    let registered = vec!["https://app.example/out".to_owned(), "https://app.example/out?x=1".to_owned()];
    let back = |uri: &str, rest: &str| {
        let encoded = uri.replace('?', "%3F").replace('=', "%3D").replace('#', "%23");
        asked(&format!("post_logout_redirect_uri={encoded}{rest}")).back(&registered)
    };
    assert_eq!(back("https://app.example/out", "").as_deref(), Some("https://app.example/out"));
    let state = "&state=a%26b%20%C3%A4";
    assert_eq!(
        back("https://app.example/out", state).as_deref(),
        Some("https://app.example/out?state=a%26b%20%C3%A4")
    );
    assert_eq!(
        back("https://app.example/out?x=1", "&state=s").as_deref(),
        Some("https://app.example/out?x=1&state=s")
    );
    for odd in [
        "https://app.example/out/",
        "https://app.example/OUT",
        "https://evil.example/out",
        "https://app.example/out#x",
        "http://app.example/out",
        "//app.example/out",
        "",
    ] {
        assert_eq!(back(odd, ""), None, "{odd}");
    }
    assert_eq!(asked("").back(&registered), None);
}

#[test]
fn a_logout_token_is_nothing_else() {
    let issuer = Issuer::parse("https://seal.example").unwrap();
    let now = Time::from_micros(7_000_000);
    let token =
        LogoutToken { issuer: &issuer, person: PERSON, session: SESSION, app: APP, now, id: "j".to_owned() };
    let claims: serde_json::Value = serde_json::from_str(&token.claims_json()).unwrap();
    let wanted = json!({
        "iss": "https://seal.example", "sub": PERSON, "aud": APP, "sid": SESSION, "iat": 7, "exp": 127, "jti": "j",
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    });
    assert_eq!(claims, wanted, "and no nonce");
}
