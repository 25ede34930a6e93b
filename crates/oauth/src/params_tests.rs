//! Parameters: strict where two readers could differ, forgiving where the specifications say so.
use super::*;
use proptest::prelude::*;

fn error(raw: &[u8]) -> String {
    let error = Params::parse(raw).unwrap_err();
    assert_eq!(error.code().as_str(), "invalid_request");
    error.description().to_owned()
}

#[test]
fn values_are_decoded() {
    let params = Params::parse(b"a=1+2&b=%C3%A9%3d&c=x=y&&d").unwrap();
    assert_eq!(params.value("a"), Some("1 2"));
    assert_eq!(params.value("b"), Some("é="));
    assert_eq!(params.value("c"), Some("x=y"));
    assert_eq!(params.value("d"), None);
    assert_eq!(params.value("e"), None);
}

#[test]
fn an_empty_value_is_absent() {
    let params = Params::parse(b"state=&scope").unwrap();
    assert_eq!((params.value("state"), params.value("scope")), (None, None));
    assert!(params.required("state").is_err());
}

#[test]
fn a_name_given_twice_is_refused_however_it_is_written() {
    for raw in ["a=1&a=1", "a=1&%61=2", "a=&a=1", "unknown=1&unknown=2"] {
        assert!(error(raw.as_bytes()).contains("more than once"), "{raw}");
    }
}

#[test]
fn only_resource_may_be_repeated() {
    let params = Params::parse(b"resource=a&resource=&resource=b").unwrap();
    assert_eq!(params.values("resource").collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn broken_encoding_is_refused() {
    for raw in [&b"a=%"[..], b"a=%4", b"a=%4g", b"a=%+1", b"a=\xff", b"a=%ff", b"a=%00", b"a=\0", b"%zz=1"] {
        assert!(error(raw).contains("form-encoded"), "{raw:?}");
    }
}

#[test]
fn there_are_limits() {
    let many = (0..65).map(|n| format!("p{n}=1")).collect::<Vec<_>>();
    assert!(Params::parse(many[..64].join("&").as_bytes()).is_ok());
    assert!(error(many.join("&").as_bytes()).contains("64 parameters"));
    assert!(error(&[b'a'; PARAMS_BYTES_MAX + 1]).contains("64 KiB"));
}

#[test]
fn debug_shows_no_values() {
    let shown = format!("{:?}", Params::parse(b"client_secret=hunter2").unwrap());
    assert!(shown.contains("client_secret") && !shown.contains("hunter2"), "{shown}");
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(raw in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Params::parse(&raw);
    }

    #[test]
    fn what_is_encoded_is_decoded(text in "[^\\x00]{0,40}") {
        let mut raw = String::from("x=");
        push_encoded(&mut raw, &text);
        let params = Params::parse(raw.as_bytes()).unwrap();
        prop_assert_eq!(params.value("x").unwrap_or_default(), text);
    }
}
