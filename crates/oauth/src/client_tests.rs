//! How an app proves itself, and how it cannot.
use super::*;
use model::{Actions, Kinds, ReachCap, Scopes, Since};
use proptest::prelude::*;

const APP: AppId = AppId::from_bytes([1; 16]);

fn client(kind: ClientKind) -> Client {
    Client {
        id: APP,
        profile: kind.profile(),
        kind,
        signs_requests: false,
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

fn header(text: &str) -> Vec<u8> {
    format!("Basic {}", BASE64.encode(text.as_bytes())).into_bytes()
}

/// The outcome of a request by a client of this kind: `ok`, or the error's code.
fn outcome(kind: ClientKind, authorization: Option<&[u8]>, form: &str) -> &'static str {
    let form = Params::parse(form.as_bytes()).unwrap();
    let result =
        presented(authorization, &form).and_then(|presented| judged(&presented, Some(&client(kind))));
    result.map_or_else(|error| error.code().as_str(), |()| "ok")
}

/// Decides on a proof for which no key is needed.
fn judged(presented: &Presented, client: Option<&Client>) -> Result<(), OAuthError> {
    let issuer = Issuer::parse("https://chat.example").unwrap();
    let authorities = Authorities::default();
    let now = Time::from_micros(0);
    let evidence = Evidence { issuer: &issuer, keys: None, shown: None, authorities: &authorities, now };
    match authenticate(presented, client, evidence) {
        Ok(proven) => {
            assert_eq!(proven.once, None);
            Ok(())
        }
        Err(Unproven::Refused(error)) => Err(error),
        Err(Unproven::KeyUnknown) => panic!("there is no key"),
    }
}

fn secret() -> ClientKind {
    ClientKind::Secret(secret_hash("s3cret+/%:"))
}

#[test]
fn a_public_client_names_itself() {
    assert_eq!(outcome(ClientKind::Public, None, &format!("client_id={APP}")), "ok");
    assert_eq!(outcome(ClientKind::Public, Some(&header(&format!("{APP}:"))), ""), "ok");
    assert_eq!(
        outcome(ClientKind::Public, None, &format!("client_id={APP}&client_secret=x")),
        "invalid_client"
    );
    assert_eq!(outcome(ClientKind::Public, None, ""), "invalid_request");
    assert_eq!(outcome(ClientKind::Public, None, "client_id=nobody"), "invalid_client");
}

#[test]
fn a_secret_comes_in_the_header_or_in_the_form() {
    let form = format!("client_id={APP}&client_secret=s3cret%2B%2F%25%3A");
    assert_eq!(outcome(secret(), None, &form), "ok");
    // RFC 6749 2.3.1: both halves are form-encoded inside the Basic credentials.
    let good = header(&format!("{APP}:s3cret%2B%2F%25%3A"));
    assert_eq!(outcome(secret(), Some(&good), ""), "ok");
    assert_eq!(outcome(secret(), Some(&good), &format!("client_id={APP}")), "ok");
    let lower = [b"bAsIc ", &good[6..]].concat();
    assert_eq!(outcome(secret(), Some(&lower), ""), "ok");
}

#[test]
fn a_wrong_or_missing_secret_is_invalid_client() {
    for (authorization, form) in [
        (None, format!("client_id={APP}")),
        (None, format!("client_id={APP}&client_secret=")),
        (None, format!("client_id={APP}&client_secret=s3cret")),
        (Some(header(&format!("{APP}:"))), String::new()),
        (Some(header(&format!("{APP}:wrong"))), String::new()),
        (Some(header(&format!("{APP}:s3cret+/%:"))), String::new()),
        (Some(header(&APP.to_string())), String::new()),
        (Some(header("app_nobody:s3cret")), String::new()),
        (Some(b"Basic !!!".to_vec()), String::new()),
        (Some(b"Basic".to_vec()), String::new()),
        (Some(b"Bearer abc".to_vec()), format!("client_id={APP}")),
        (Some(b"\xff\xff\xff\xff\xff\xff\xff".to_vec()), String::new()),
    ] {
        assert_eq!(
            outcome(secret(), authorization.as_deref(), &form),
            "invalid_client",
            "{authorization:?} {form}"
        );
    }
}

#[test]
fn two_ways_at_once_are_refused() {
    let good = header(&format!("{APP}:s3cret%2B%2F%25%3A"));
    let form = format!("client_id={APP}&client_secret=s3cret%2B%2F%25%3A");
    assert_eq!(outcome(secret(), Some(&good), &form), "invalid_request");
    let other = AppId::from_bytes([2; 16]);
    assert_eq!(outcome(secret(), Some(&good), &format!("client_id={other}")), "invalid_request");
    let assertion = format!("client_id={APP}&client_assertion=x");
    assert_eq!(outcome(secret(), None, &assertion), "invalid_client");
}

#[test]
fn another_or_no_client_and_a_suspended_one_are_refused() {
    let form = Params::parse(format!("client_id={APP}").as_bytes()).unwrap();
    let presented = presented(None, &form).unwrap();
    assert_eq!(judged(&presented, None).unwrap_err().code(), ErrorCode::InvalidClient);
    let other = Client { id: AppId::from_bytes([2; 16]), ..client(ClientKind::Public) };
    assert_eq!(judged(&presented, Some(&other)).unwrap_err().code(), ErrorCode::InvalidClient);
    let asleep = Client { live: false, ..client(ClientKind::Public) };
    assert_eq!(judged(&presented, Some(&asleep)).unwrap_err().code(), ErrorCode::UnauthorizedClient);
}

#[test]
fn secrets_do_not_travel_in_the_query() {
    assert!(check_query(b"").is_ok() && check_query(b"utm=1").is_ok());
    for name in
        ["client_secret", "code", "device_code", "refresh_token", "token", "code_verifier", "client_%73ecret"]
    {
        let error = check_query(format!("{name}=x").as_bytes()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidRequest, "{name}");
    }
}

#[test]
fn debug_shows_no_secret() {
    let form = Params::parse(format!("client_id={APP}&client_secret=hunter2").as_bytes()).unwrap();
    assert!(!format!("{:?}", presented(None, &form).unwrap()).contains("hunter2"));
    assert!(format!("{:?}", client(secret())).contains("Secret"));
}

proptest! {
    #[test]
    fn no_header_panics(bytes in proptest::collection::vec(any::<u8>(), 0..80), pair in any::<String>()) {
        for authorization in [bytes, header(&pair)] {
            let _ = presented(Some(&authorization), &Params::default());
        }
    }
}
