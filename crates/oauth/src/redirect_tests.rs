//! Redirect URIs: what can be registered, what is the same one, and what the answer looks like.
use super::*;
use crate::error::ErrorCode;
use proptest::prelude::*;

fn issuer() -> Issuer {
    Issuer::parse("https://seal.example").unwrap()
}

#[test]
fn these_can_be_registered() {
    for uri in [
        "https://app.example/callback",
        "https://app.example",
        "https://app.example:8443/a?b=c&d=%20",
        "https://[2001:db8::1]/done",
        "http://127.0.0.1/callback",
        "http://127.0.0.1:7000/callback",
        "http://[::1]:7000/",
        "http://localhost:3000/callback",
        "com.example.app:/done",
        "com.example.app://done/here",
    ] {
        assert_eq!(check_registration(uri), Ok(()), "{uri}");
    }
}

#[test]
fn these_cannot() {
    use RedirectInvalid::*;
    for (uri, why) in [
        ("/callback", Characters),
        ("callback", Characters),
        ("", Characters),
        ("https://app.example/a b", Characters),
        ("https://app.example/é", Characters),
        ("https://app.example\\@evil.example/", Characters),
        ("https://app.example/%zz", Characters),
        ("https://app.example/%4", Characters),
        ("https://app.example/\r\nLocation:x", Characters),
        ("https://app.example/#x", Fragment),
        ("https://app.example/#", Fragment),
        ("https://me@app.example/", UserName),
        ("https://me:pw@app.example/", UserName),
        ("https://app.example/a/../b", DotSegment),
        ("https://app.example/a/%2E%2e/b", DotSegment),
        ("https://app.example/.", DotSegment),
        ("https://", Host),
        ("https:/callback", Host),
        ("https:callback", Host),
        ("https://App.Example/", Host),
        ("https://app..example/", Host),
        ("https://app.example./", Host),
        ("https://app.example:/", Host),
        ("https://app.example:0/", Host),
        ("https://app.example:65536/", Host),
        ("https://app.example:80x/", Host),
        ("https://[::g]/", Host),
        ("https://[::1/", Host),
        ("https://*.example/", Host),
        ("http://app.example/", PlainHttp),
        ("http://127.0.0.2/", PlainHttp),
        ("http://127.0.0.1.evil.example/", PlainHttp),
        ("http://localhost.evil.example/", PlainHttp),
        ("javascript:alert(1)", Scheme),
        ("data:text/html,x", Scheme),
        ("file:///etc/passwd", Scheme),
        ("myapp:/done", Scheme),
        ("HTTPS://app.example/", Scheme),
        ("com.example.app:done", Scheme),
        ("com..app:/done", Scheme),
        ("urn:ietf:wg:oauth:2.0:oob", Scheme),
    ] {
        assert_eq!(check_registration(uri), Err(why), "{uri}");
    }
    assert_eq!(check_registration(&format!("https://app.example/{}", "a".repeat(2000))), Err(Characters));
}

#[test]
fn nearly_the_same_is_not_the_same() {
    let registered = ["https://app.example/cb".to_owned()];
    assert!(is_registered(&registered, "https://app.example/cb"));
    for near in [
        "https://app.example/cb/",
        "https://app.example/cb/more",
        "https://app.example/cb?x=1",
        "https://app.example/cb?",
        "https://app.example/cb#",
        "https://app.example/CB",
        "https://App.example/cb",
        "HTTPS://app.example/cb",
        "http://app.example/cb",
        "https://app.example:443/cb",
        "https://app.example:8443/cb",
        "https://me@app.example/cb",
        "https://app.example@evil.example/cb",
        "https://app.example.evil.example/cb",
        "https://evil.example/cb",
        "https://app.example/%63b",
        "https://app.example/x/../cb",
        "https://app.example/./cb",
        "https://app.example//cb",
        "https://app.example./cb",
        "https://app.example\\cb",
        " https://app.example/cb",
        "https://app.example/cb ",
        "https://app.example/cb\0",
        "//app.example/cb",
        "/cb",
        "",
    ] {
        assert!(!is_registered(&registered, near), "{near}");
    }
}

#[test]
fn loopback_may_change_its_port_and_nothing_else() {
    for host in ["127.0.0.1", "[::1]"] {
        let with_port = [format!("http://{host}:7000/cb?x=1")];
        let without = [format!("http://{host}/cb?x=1")];
        for registered in [&with_port, &without] {
            for port in ["", ":1", ":7000", ":65535"] {
                assert!(is_registered(registered, &format!("http://{host}{port}/cb?x=1")), "{host}{port}");
            }
            for near in
                [":0", ":65536", ":", ":07000", ":7a", ":7000@evil.example", ".evil.example", "x", ":+80"]
            {
                assert!(!is_registered(registered, &format!("http://{host}{near}/cb?x=1")), "{host}{near}");
            }
            for end in ["/cb", "/cb?x=2", "/cb?x=1&y", "/cb/?x=1", "/CB?x=1", "", "/cb?x=1#"] {
                assert!(!is_registered(registered, &format!("http://{host}:7001{end}")), "{end}");
            }
            assert!(!is_registered(registered, &format!("https://{host}:7000/cb?x=1")));
        }
    }
    assert!(!is_registered(&["http://127.0.0.1/cb".to_owned()], "http://[::1]/cb"));
    assert!(!is_registered(&["http://localhost:1/cb".to_owned()], "http://localhost:2/cb"));
    assert!(!is_registered(&["https://127.0.0.1:1/cb".to_owned()], "https://127.0.0.1:2/cb"));
}

#[test]
fn the_answer_keeps_a_registered_query_and_escapes_what_it_adds() {
    assert_eq!(
        success("https://app.example/cb", Some("a b&c=d"), &issuer(), "xyz"),
        "https://app.example/cb?code=xyz&state=a%20b%26c%3Dd&iss=https%3A%2F%2Fseal.example"
    );
    assert_eq!(
        success("https://app.example/cb?tenant=7", None, &issuer(), "xyz"),
        "https://app.example/cb?tenant=7&code=xyz&iss=https%3A%2F%2Fseal.example"
    );
    assert!(
        success("https://app.example/cb?", None, &issuer(), "x")
            .starts_with("https://app.example/cb?code=x&")
    );
    assert!(
        success("com.example.app:/done", None, &issuer(), "x").starts_with("com.example.app:/done?code=x&")
    );
}

#[test]
fn an_error_carries_state_and_issuer() {
    let denied = OAuthError::new(ErrorCode::AccessDenied, "no");
    assert_eq!(
        error("https://app.example/cb", Some("é"), &issuer(), &denied),
        "https://app.example/cb?error=access_denied&error_description=no&state=%C3%A9&iss=https%3A%2F%2Fseal.example"
    );
}

proptest! {
    #[test]
    fn no_text_panics(uri in any::<String>(), near in "(https?://|a\\.b:)?[\\[\\]a-z0-9:./?#@%é]{0,30}") {
        for uri in [&uri, &near] {
            let _ = check_registration(uri);
            let _ = is_registered(&["http://127.0.0.1/cb".to_owned(), "http://[::1]/".to_owned()], uri);
        }
    }

    #[test]
    fn what_can_be_registered_matches_itself(near in "(https?://|a\\.b:/)[a-z0-9:./?%]{0,30}") {
        if check_registration(&near).is_ok() {
            prop_assert!(is_registered(std::slice::from_ref(&near), &near));
        }
    }

    #[test]
    fn state_comes_back_as_it_was_sent(state in "[^\\x00]{1,50}") {
        let uri = success("https://app.example/cb", Some(&state), &issuer(), "x");
        let params = crate::Params::parse(uri.split_once('?').unwrap().1.as_bytes()).unwrap();
        prop_assert_eq!(params.value("state"), Some(state.as_str()));
        prop_assert!(!uri.contains('#'));
    }
}
