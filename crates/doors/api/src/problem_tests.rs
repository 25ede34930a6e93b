//! Problem documents: their form, their challenges, and what never stands in them.
use super::*;
use crate::problems::PROBLEMS;
use axum::body::to_bytes;
use model::{Action, Clock, Entropy, Kind, Time};
use serde_json::json;

struct Still;

impl Clock for Still {
    fn now(&self) -> Time {
        Time::from_micros(0)
    }
}

impl Entropy for Still {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0xab);
    }
}

/// The status, the headers and the document of a problem.
fn written(problem: impl Into<Problem>) -> (u16, http::HeaderMap, Value) {
    let response =
        problem.into().write("https://seal.example", &World::new(Still, Still), Some(Scheme::Bearer));
    let (parts, body) = response.into_parts();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let bytes = runtime.block_on(to_bytes(body, usize::MAX)).unwrap();
    assert_eq!(parts.headers[CONTENT_TYPE], "application/problem+json");
    (parts.status.as_u16(), parts.headers, serde_json::from_slice(&bytes).unwrap())
}

#[test]
fn a_document_is_that_of_its_kind() {
    for listed in PROBLEMS {
        let (status, _, document) = written(Problem::new(*listed, "why"));
        assert_eq!(status, listed.status);
        let kind = format!("/problems/{}", listed.name);
        let wanted = json!({"type": kind, "title": listed.title, "status": status, "detail": "why"});
        assert_eq!(document, wanted);
    }
}

#[test]
fn what_broke_stays_inside() {
    let secret = || "secret-4711".to_owned();
    for (fault, status) in [
        (Fault::Conflict(secret()), 500),
        (Fault::Damaged(secret()), 500),
        (Fault::Shape(secret()), 500),
        (Fault::Other(secret()), 500),
        (Fault::Panicked("secret-4711"), 500),
        (Fault::Unreachable(secret()), 503),
        (Fault::Full, 503),
        (Fault::ReadOnly, 503),
        (Fault::Contended, 503),
        (Fault::Overloaded, 503),
        (Fault::Unknown, 503),
        (Fault::Closed, 503),
    ] {
        let (told, headers, document) = written(Refusal::Fault(fault.clone()));
        assert_eq!(told, status, "{fault:?}");
        assert_eq!(document["event"], "abababababababab");
        let text = document.to_string();
        assert!(!text.contains("4711") && !text.contains("disk") && !text.contains("database"), "{text}");
        assert_eq!(headers.contains_key(RETRY_AFTER), status == 503);
    }
}

#[test]
fn what_is_missing_is_named_and_challenged() {
    let challenge = |headers: &http::HeaderMap| headers[WWW_AUTHENTICATE].to_str().unwrap().to_owned();
    let to = r#"Bearer resource_metadata="https://seal.example/.well-known/oauth-protected-resource""#;

    let (status, headers, document) = written(Refusal::No(No::Action(Action::Send)));
    assert_eq!((status, &document["action"]), (403, &json!("send")));
    assert_eq!(challenge(&headers), format!(r#"{to}, error="insufficient_scope""#));

    let (status, headers, document) = written(Refusal::No(No::Kind(Kind::Card)));
    assert_eq!((status, &document["kind"]), (403, &json!("card")));
    assert_eq!(challenge(&headers), format!(r#"{to}, error="insufficient_scope""#));

    let (status, headers, document) = written(Refusal::Scope("friends"));
    assert_eq!((status, &document["scope"]), (403, &json!("friends")));
    assert_eq!(challenge(&headers), format!(r#"{to}, error="insufficient_scope", scope="friends""#));

    let (status, headers, _) = written(Refusal::Token);
    assert_eq!((status, challenge(&headers)), (401, format!(r#"{to}, error="invalid_token""#)));

    let (status, headers, _) = written(Refusal::No(No::Spent));
    assert_eq!((status, headers.get(WWW_AUTHENTICATE)), (403, None));
}

#[test]
fn a_long_detail_is_cut_between_characters() {
    let (_, _, document) = written(Problem::new(listed::INVALID, "\u{1f469}".repeat(100_000)));
    assert_eq!(document["detail"].as_str().unwrap().chars().count(), DETAIL_CHARS_MAX + 1);
}
