//! Keys repeat where the message repeats, and only there.

use super::{Keys, identity_of};

fn identity(text: &str) -> super::Identity {
    identity_of([text.as_bytes()])
}

#[test]
fn parts_do_not_run_together() {
    let pair = |a: &str, b: &str| identity_of([a.as_bytes(), b.as_bytes()]);
    assert_ne!(pair("ab", "c"), pair("a", "bc"));
    assert_ne!(pair("ab", ""), identity("ab"));
}

#[test]
fn duplicates_of_one_part_stay_and_those_of_another_go() {
    let mut keys = Keys::new("f", "t");
    let first = keys.next(0, identity("ok")).unwrap();
    let second = keys.next(0, identity("ok")).unwrap();
    assert_ne!(first, second);
    assert_eq!(keys.next(1, identity("ok")), None);
    assert_eq!(keys.next(1, identity("ok")), None);
    assert!(keys.next(1, identity("ok")).is_some(), "a third one is new");
}

#[test]
fn keys_are_of_their_format_and_thread() {
    let key = |format, thread| Keys::new(format, thread).next(0, identity("ok"));
    assert_eq!(key("f", "t"), key("f", "t"));
    assert_ne!(key("f", "t"), key("f", "u"));
    assert_ne!(key("f", "t"), key("g", "t"));
}

#[test]
fn keys_never_change_between_versions() {
    // Whoever imported with an older Waxseal must not get all messages a second time: this value may not change.
    let key = Keys::new("jsonl", "c1").next(0, identity("ok")).unwrap();
    let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, "b1c11f3f67652d3bb9aea6e780793b4e081ba8b96dde8b6846a85b8778e04f41");
}
