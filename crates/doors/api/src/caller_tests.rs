//! The header Authorization: what is a token and what is not.
use super::*;

fn headers(values: &[&'static [u8]]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(AUTHORIZATION, HeaderValue::from_bytes(value).unwrap());
    }
    headers
}

#[test]
fn a_token_is_read_whatever_the_case_of_its_scheme() {
    for value in [b"Bearer abc".as_slice(), b"bearer abc", b"BEARER abc", b"bEaReR   abc"] {
        assert_eq!(credentials(&headers(&[value])).ok(), Some((Scheme::Bearer, "abc")));
    }
    assert_eq!(credentials(&headers(&[b"Bearer"])).ok(), Some((Scheme::Bearer, "")));
    for value in [b"DPoP abc".as_slice(), b"dpop abc", b"dPoP  abc"] {
        assert_eq!(credentials(&headers(&[value])).ok(), Some((Scheme::DPoP, "abc")));
    }
}

#[test]
fn what_is_no_token_is_not_taken_for_one() {
    for values in [
        vec![],
        vec![b"Basic YTpi".as_slice()],
        vec![b"Bearerabc"],
        vec![b" "],
        vec![b"Bearer caf\xc3\xa9"],
        vec![b"Bearer abc", b"Bearer abc"],
        vec![b"Bearer abc", b"Basic YTpi"],
    ] {
        assert!(credentials(&headers(&values)).is_err(), "{values:?}");
    }
}
