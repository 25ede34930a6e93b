//! The authorization endpoint: what becomes a page, what a redirect, what a request.
use super::*;
use crate::client::ClientKind;
use model::{Actions, Ceiling, Kinds, ReachCap, Since};
use proptest::prelude::*;

const APP: AppId = AppId::from_bytes([1; 16]);
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const DETAILS: &str = r#"[{"type":"messages","actions":["read"],"purpose":"Shows and answers chats"}]"#;

fn issuer() -> Issuer {
    Issuer::parse("https://seal.example").unwrap()
}

fn client() -> Client {
    Client {
        id: APP,
        kind: ClientKind::Public,
        profile: crate::client::Profile::OAuth21,
        signs_requests: false,
        binds_certificate: false,
        redirect_uris: vec!["https://app.example/cb?tenant=7".to_owned(), "http://127.0.0.1/cb".to_owned()],
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

/// A good request with these parameters put in; an empty value takes one away.
fn params(changes: &[(&str, &str)]) -> Params {
    let id = APP.to_string();
    let mut pairs = vec![
        ("response_type", "code"),
        ("client_id", id.as_str()),
        ("redirect_uri", "https://app.example/cb?tenant=7"),
        ("scope", "openid profile"),
        ("state", "s t&"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    for (name, value) in changes {
        pairs.retain(|(other, _)| other == &"resource" || other != name);
        pairs.push((name, value));
    }
    let mut raw = String::new();
    for (name, value) in pairs {
        raw.push('&');
        raw.push_str(name);
        raw.push('=');
        crate::params::push_encoded(&mut raw, value);
    }
    Params::parse(raw.as_bytes()).unwrap()
}

fn ask(changes: &[(&str, &str)]) -> Result<Request, Rejected> {
    authorize(&params(changes), Some(&client()), &issuer())
}

fn page(changes: &[(&str, &str)]) -> PageError {
    match ask(changes) {
        Err(Rejected::Page(error)) => error,
        other => panic!("{changes:?}: {other:?}"),
    }
}

/// The code of the error that goes back to the app, whose redirect is checked on the way.
fn back(changes: &[(&str, &str)]) -> &'static str {
    match ask(changes) {
        Err(Rejected::Back { error, uri }) => {
            assert!(uri.starts_with("https://app.example/cb?tenant=7&error="), "{uri}");
            assert!(uri.ends_with("&state=s%20t%26&iss=https%3A%2F%2Fseal.example"), "{uri}");
            assert!(!uri.contains(CHALLENGE) && !uri.contains('#'), "{uri}");
            error.code().as_str()
        }
        other => panic!("{changes:?}: {other:?}"),
    }
}

#[test]
fn a_good_request() {
    let request = ask(&[
        ("authorization_details", DETAILS),
        ("nonce", "n"),
        ("prompt", "login consent"),
        ("max_age", "60"),
        ("login_hint", "ada"),
        ("resource", "https://seal.example"),
        ("ui_locales", "de"),
        ("acr_values", "x"),
        ("claims", "{}"),
        ("display", "page"),
        ("response_mode", "query"),
    ])
    .unwrap();
    assert_eq!((request.client_id, request.state.as_deref()), (APP, Some("s t&")));
    assert_eq!(request.redirect_uri, "https://app.example/cb?tenant=7");
    assert_eq!(
        (request.scopes, request.code_challenge.as_str()),
        (Scopes::parse("openid profile"), CHALLENGE)
    );
    assert_eq!(request.asked, Some(details::parse_request(DETAILS).unwrap()));
    assert_eq!((request.nonce.as_deref(), request.login_hint.as_deref()), (Some("n"), Some("ada")));
    assert!(request.prompt.login && request.prompt.consent && !request.prompt.none);
    assert_eq!(request.max_age, Some(60));
    let json = serde_json::to_string(&request).unwrap();
    assert_eq!(serde_json::from_str::<Request>(&json).unwrap(), request);
}

#[test]
fn a_bare_request_is_a_mere_sign_in() {
    let request = ask(&[("state", ""), ("scope", "email unknown")]).unwrap();
    assert_eq!((request.state.clone(), request.asked.clone(), request.nonce.clone()), (None, None, None));
    assert_eq!(request.scopes, Scopes::default(), "unknown scopes are ignored");
    let uri = request.success_uri(&issuer(), "c0de");
    assert_eq!(uri, "https://app.example/cb?tenant=7&code=c0de&iss=https%3A%2F%2Fseal.example");
    let json = serde_json::to_string(&request).unwrap();
    assert_eq!(serde_json::from_str::<Request>(&json).unwrap(), request);
}

#[test]
fn an_unknown_client_or_address_is_a_page() {
    assert_eq!(page(&[("client_id", "")]), PageError::ClientUnknown);
    assert_eq!(page(&[("client_id", "app_nobody")]), PageError::ClientUnknown);
    assert_eq!(page(&[("client_id", &AppId::from_bytes([2; 16]).to_string())]), PageError::ClientUnknown);
    assert_eq!(authorize(&params(&[]), None, &issuer()), Err(Rejected::Page(PageError::ClientUnknown)));
    for uri in
        ["", "https://app.example/cb", "https://app.example/cb?tenant=8", "https://evil.example/", "/cb"]
    {
        assert_eq!(page(&[("redirect_uri", uri)]), PageError::RedirectUnknown, "{uri}");
    }
    let asleep = Client { live: false, ..client() };
    assert_eq!(
        authorize(&params(&[]), Some(&asleep), &issuer()),
        Err(Rejected::Page(PageError::ClientNotLive))
    );
    // Whatever else is wrong: no redirect before client and address are right.
    assert_eq!(
        page(&[("redirect_uri", "https://evil.example/"), ("response_type", "token")]),
        PageError::RedirectUnknown
    );
}

#[test]
fn a_loopback_address_may_bring_its_port() {
    assert_eq!(
        ask(&[("redirect_uri", "http://127.0.0.1:54321/cb")]).unwrap().redirect_uri,
        "http://127.0.0.1:54321/cb"
    );
}

#[test]
fn only_codes_and_only_by_query() {
    for kind in ["token", "code token", "id_token token", "id_token", "none", "CODE"] {
        assert_eq!(back(&[("response_type", kind)]), "unsupported_response_type", "{kind}");
    }
    assert_eq!(back(&[("response_type", "")]), "invalid_request");
    for mode in ["fragment", "form_post", "query.jwt"] {
        assert_eq!(back(&[("response_mode", mode)]), "invalid_request", "{mode}");
    }
}

#[test]
fn pkce_is_required_of_everyone() {
    for changes in [
        &[("code_challenge", "")][..],
        &[("code_challenge_method", "")],
        &[("code_challenge_method", "plain")],
        &[("code_challenge_method", "s256")],
        &[("code_challenge_method", "S512")],
        &[("code_challenge", "short")],
        &[("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM=")],
        &[("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw.cM")],
    ] {
        assert_eq!(back(changes), "invalid_request", "{changes:?}");
    }
}

#[test]
fn what_is_not_supported_is_said() {
    assert_eq!(back(&[("request", "x")]), "request_not_supported");
    assert_eq!(back(&[("request_uri", "urn:x")]), "request_uri_not_supported");
    assert_eq!(back(&[("registration", "{}")]), "registration_not_supported");
    assert_eq!(back(&[("resource", "https://other.example")]), "invalid_target");
    assert_eq!(
        back(&[("resource", "https://seal.example"), ("resource", "https://seal.example/")]),
        "invalid_target"
    );
    assert_eq!(back(&[("authorization_details", "[]")]), "invalid_authorization_details");
    assert_eq!(back(&[("authorization_details", "not json")]), "invalid_authorization_details");
}

#[test]
fn prompt_and_max_age() {
    for prompt in ["none login", "login none", "none none consent", "create", "LOGIN"] {
        assert_eq!(back(&[("prompt", prompt)]), "invalid_request", "{prompt}");
    }
    for age in ["-1", "+1", "1.5", "x", "99999999999999999999", " 1"] {
        assert_eq!(back(&[("max_age", age)]), "invalid_request", "{age}");
    }
    assert_eq!(ask(&[("max_age", "0")]).unwrap().max_age, Some(0));
}

#[test]
fn echoes_are_limited() {
    let (long, longer) = ("é".repeat(ECHO_CHARS_MAX), "é".repeat(ECHO_CHARS_MAX + 1));
    let request = ask(&[("state", &long), ("nonce", &long), ("login_hint", &longer)]).unwrap();
    assert_eq!((request.state, request.nonce), (Some(long.clone()), Some(long)));
    assert_eq!(request.login_hint, None, "a hint never breaks a request");
    assert_eq!(page(&[("state", &longer)]), PageError::StateTooLong);
    assert_eq!(back(&[("nonce", &longer)]), "invalid_request");
}

#[test]
fn a_person_may_say_no() {
    let uri = ask(&[]).unwrap().denied_uri(&issuer());
    assert!(
        uri.contains("error=access_denied") && uri.contains("state=s%20t%26") && uri.contains("iss="),
        "{uri}"
    );
}

const SHE: PersonId = PersonId::from_bytes([3; 16]);
const ASKED_AT: Time = Time::from_micros(1_000_000_000);

/// What comes next at ten seconds after the request, for a person who signed in so many seconds after it (or before).
fn next(changes: &[(&str, &str)], signed_in_s: Option<i64>, consented: bool) -> String {
    let at = signed_in_s.map(|seconds| (ASKED_AT.plus_seconds(seconds), SHE));
    match ask(changes).unwrap().next(at, ASKED_AT, consented, ASKED_AT.plus_seconds(10)) {
        Next::Refuse(error) => error.code().as_str().to_owned(),
        other => format!("{other:?}"),
    }
}

#[test]
fn what_comes_next() {
    assert_eq!(next(&[], None, false), "SignIn");
    assert_eq!(next(&[], Some(-1000), false), "Consent");
    assert_eq!(next(&[], Some(-1000), true), "Issue");
    assert_eq!(next(&[("prompt", "none")], None, false), "login_required");
    assert_eq!(next(&[("prompt", "none")], Some(-1000), false), "consent_required");
    assert_eq!(next(&[("prompt", "none")], Some(-1000), true), "Issue");
    for prompt in ["login", "select_account"] {
        assert_eq!(
            next(&[("prompt", prompt)], Some(-1000), true),
            "SignIn",
            "a consent does not stand for a sign-in"
        );
        assert_eq!(next(&[("prompt", prompt)], Some(5), false), "Consent");
    }
    assert_eq!(next(&[("max_age", "60")], Some(-1000), false), "SignIn");
    assert_eq!(next(&[("max_age", "60")], Some(-50), false), "Consent");
    assert_eq!(next(&[("max_age", "60")], Some(-51), false), "SignIn");
    assert_eq!(next(&[("max_age", "0")], Some(5), false), "Consent", "signing in once is enough");
    assert_eq!(next(&[("max_age", "60"), ("prompt", "none")], Some(-1000), false), "login_required");
}

proptest! {
    #[test]
    fn no_request_panics(raw in "[a-z_]{0,12}", values in proptest::collection::vec(any::<String>(), 12)) {
        let names = [
            "response_type", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method", "nonce",
            "prompt", "max_age", "authorization_details", "resource", &raw,
        ];
        for (name, value) in names.into_iter().zip(&values) {
            let value = value.replace('\0', "");
            let _ = ask(&[(name, &value)]);
        }
    }

    #[test]
    fn nothing_is_sent_to_an_address_that_is_not_registered(uri in "https?://[a-z0-9.:@/?#-]{0,30}") {
        if let Ok(request) = ask(&[("redirect_uri", &uri)]) {
            prop_assert!(redirect::is_registered(&client().redirect_uris, &request.redirect_uri));
        } else {
            prop_assert_eq!(page(&[("redirect_uri", &uri)]), PageError::RedirectUnknown);
        }
    }
}
