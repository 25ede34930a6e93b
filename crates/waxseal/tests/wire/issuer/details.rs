//! `authorization_details` that are not as documented: refused whole, with what is wrong, and nothing is asked.
use super::{Fields, goes_on, sent_back};
use crate::raw;
use crate::stage::{EVERYTHING, Stage, query};
use serde_json::{Value, json};

/// One object in order, spoilt by the test.
fn spoilt(spoil: impl FnOnce(&mut Value)) -> String {
    let mut details = crate::stage::asked(json!({"actions": ["read"]}));
    spoil(&mut details[0]);
    details.to_string()
}

fn with(name: &str, value: Value) -> String {
    spoilt(|object| object[name] = value)
}

fn without(name: &str) -> String {
    spoilt(|object| drop(object.as_object_mut().unwrap().remove(name)))
}

/// Shapes, types and actions that are not documented.
fn misshapen() -> Vec<String> {
    let good = crate::stage::asked(json!({"actions": ["read"]}))[0].clone();
    vec![
        // Not the array of one object that it must be.
        "[]".into(),
        "{}".into(),
        "null".into(),
        "\"messages\"".into(),
        "[[]]".into(),
        "[null]".into(),
        "[1]".into(),
        "[{}]".into(),
        "[".into(),
        "not json".into(),
        good.to_string(),
        json!([good, good]).to_string(),
        json!([good, {"type": "payments"}]).to_string(),
        format!("{} x", json!([good])),
        json!([["messages", ["read"], null, null, null, null, null, null, "Shows and answers"]]).to_string(),
        // Types and fields that are not known.
        with("type", json!("payments")),
        with("type", json!("Messages")),
        with("type", json!(["messages"])),
        without("type"),
        with("locations", json!(["https://elsewhere.example"])),
        with("Actions", json!(["read"])),
        with("", json!(1)),
        spoilt(|object| {
            *object = json!({"type": "messages", "actions": ["read"], "purpose": "Shows chats", "x": {}})
        }),
        // Actions.
        without("actions"),
        with("actions", json!([])),
        with("actions", json!("read")),
        with("actions", json!(null)),
        with("actions", json!(["write"])),
        with("actions", json!(["READ"])),
        with("actions", json!(["read", "read"])),
        with("actions", json!([1])),
        with("actions", json!({"read": true})),
    ]
}

/// Values that the fields of a reach do not take.
fn out_of_range() -> Vec<String> {
    let conversation = "con_00000000000000000000000000";
    vec![
        // Which conversations.
        with("conversations", json!("mine")),
        with("conversations", json!("")),
        with("conversations", json!([])),
        with("conversations", json!(null)),
        with("conversations", json!(true)),
        with("conversations", json!(["con_nonsense"])),
        with("conversations", json!([conversation, conversation])),
        with("conversations", json!(["msg_00000000000000000000000000"])),
        // How far back.
        with("since", json!("yesterday")),
        with("since", json!("")),
        with("since", json!(null)),
        with("since", json!(3)),
        with("since", json!("P")),
        with("since", json!("P-3D")),
        with("since", json!("P1.5D")),
        with("since", json!("P99999999999999999999D")),
        with("since", json!("2026-13-01T00:00:00Z")),
        with("since", json!("2026-11-23")),
        // Kinds of content, time, uses.
        with("kinds", json!([])),
        with("kinds", json!(["text", "text"])),
        with("kinds", json!(["video"])),
        with("kinds", json!(null)),
        with("expires_in", json!(0)),
        with("expires_in", json!(-1)),
        with("expires_in", json!(31_536_001)),
        with("expires_in", json!(1.5)),
        with("expires_in", json!("3600")),
        with("expires_in", json!(null)),
        with("uses", json!(0)),
        with("uses", json!(-1)),
        with("uses", json!(1.0)),
        with("uses", json!("1")),
        with("uses", json!(u64::MAX)),
    ]
}

/// Purposes that say nothing, fields twice, and too much of everything.
fn overdone() -> Vec<String> {
    let good = crate::stage::asked(json!({"actions": ["read"]}))[0].clone();
    vec![
        // What it can do without, and what for.
        with("optional", json!(["send"])),
        with("optional", json!(["read", "read"])),
        with("optional", json!(null)),
        without("purpose"),
        with("purpose", json!("")),
        with("purpose", json!("too short")),
        with("purpose", json!("          a          ")),
        with("purpose", json!("x".repeat(201))),
        with("purpose", json!("two\nlines, and long enough")),
        with("purpose", json!("\u{202E}turned around, and long enough")),
        with("purpose", json!(["a list of more than ten"])),
        // Twice the same field, and too much of everything.
        json!([good]).to_string().replace("\"actions\"", "\"actions\":[\"list\"],\"actions\""),
        with("purpose", json!("x".repeat(20_000))),
        "[".repeat(8_000) + &"]".repeat(8_000),
        with("x", json!({"y": {"z": [[[[[[]]]]]]}})),
    ]
}

#[test]
fn what_is_not_documented_is_refused_whole() {
    let stage = Stage::new();
    let app = stage.app(EVERYTHING);
    let wrong = [misshapen(), out_of_range(), overdone()].concat();
    for details in &wrong {
        let ask = Fields::ask(&app).with("authorization_details", details);
        let back = sent_back(&stage, &ask, "invalid_authorization_details");
        let why = query(&back, "error_description").unwrap();
        assert!(why.starts_with("authorization_details: "), "{details}: {why}");
        assert!(why.len() > 30 && why.chars().all(super::is_allowed), "{details}: {why}");
    }
}

#[test]
fn what_is_documented_is_taken() {
    let stage = Stage::new();
    let app = stage.app(EVERYTHING);
    let ids: Vec<String> =
        (0..250).map(|_| model::ConversationId::new(stage.vault().world()).to_string()).collect();
    for details in [
        with("actions", json!(["list", "read", "send", "delete"])),
        with("conversations", json!("chosen")),
        with("conversations", json!(ids)),
        with("since", json!("2026-11-23T12:00:00+02:00")),
        with("since", json!("P1Y2M3W4DT5H6M7S")),
        with("kinds", json!(["receipt"])),
        with("expires_in", json!(1)),
        with("expires_in", json!(31_536_000)),
        with("uses", json!(null)),
        with("uses", json!((1_u64 << 53) - 1)),
        with("optional", json!([])),
        with("purpose", json!("\u{1F9A6}".repeat(200))),
        format!(" \n{}\t", with("purpose", json!("ten chars."))),
    ] {
        goes_on(&stage, &Fields::ask(&app).with("authorization_details", &details));
    }
    // An empty parameter counts as absent.
    goes_on(&stage, &Fields::ask(&app).with("authorization_details", ""));
}

#[test]
fn too_much_is_refused_before_it_is_read() {
    let stage = Stage::new();
    let app = stage.app(EVERYTHING);
    let huge = with("purpose", json!("x".repeat(80_000)));
    assert_eq!(Fields::ask(&app).with("authorization_details", &huge).post(&stage, "/authorize").status, 413);
    let deep = "[".repeat(60_000);
    sent_back(
        &stage,
        &Fields::ask(&app).with("authorization_details", &deep[..10_000]),
        "invalid_authorization_details",
    );
    let longest = format!("{}&x={}", Fields::ask(&app).path(), "x".repeat(64_000));
    stage.get(&longest).expect(303);
    let longer = format!("/authorize?x={}", "x".repeat(500_000));
    let answered = raw::status(&stage, &raw::request(&stage, "GET", &longer, &[], b""));
    assert!(matches!(answered, Some(414 | 431)), "{answered:?}");
}
