//! The header Content-Type: what is declared as JSON.
use super::*;
use http::HeaderValue;

fn typed(values: &[&'static str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(CONTENT_TYPE, HeaderValue::from_static(value));
    }
    headers
}

#[test]
fn json_is_declared_in_any_spelling() {
    for value in
        ["application/json", "Application/JSON", "application/json; charset=utf-8", "application/json ;x=y"]
    {
        assert!(is_json(&typed(&[value])), "{value}");
    }
}

#[test]
fn what_a_browser_form_can_send_is_not_json() {
    for values in [
        vec![],
        vec!["text/plain"],
        vec!["application/x-www-form-urlencoded"],
        vec!["multipart/form-data; boundary=application/json"],
        vec!["text/json"],
        vec!["application/jsonp"],
        vec!["application/json", "application/json"],
    ] {
        assert!(!is_json(&typed(&values)), "{values:?}");
    }
}
