//! Idempotency keys: what is one and what is not.
use super::*;
use http::HeaderValue;

fn keyed(values: &[&[u8]]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(IDEMPOTENCY_KEY, HeaderValue::from_bytes(value).unwrap());
    }
    headers
}

#[test]
fn a_key_is_visible_ascii() {
    let longest = "k".repeat(KEY_CHARS_MAX);
    for good in ["0", "8e03978e-40d5-43e8-bc93-6894a57f9324", "\"quoted\"", "~!", &longest] {
        assert_eq!(key(&keyed(&[good.as_bytes()])).ok(), Some(good));
    }
}

#[test]
fn what_is_no_key_is_refused() {
    let too_long = "k".repeat(KEY_CHARS_MAX + 1);
    let each: [&[&[u8]]; 7] =
        [&[], &[b""], &[b"a b"], &[b"a\tb"], &[b"caf\xc3\xa9"], &[too_long.as_bytes()], &[b"a", b"a"]];
    for values in each {
        assert!(key(&keyed(values)).is_err(), "{values:?}");
    }
}
