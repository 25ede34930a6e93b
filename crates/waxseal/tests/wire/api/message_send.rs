//! `POST /v1/conversations/{id}/messages`.
use super::{Scene, read, text};
use api::shapes::{Content, Message, MessageList};
use serde_json::{Value, json};

#[test]
fn what_is_sent_is_there_for_everyone_marked_with_the_app() {
    let scene = Scene::new();
    let answer =
        scene.api().post(&scene.messages(), Some("first"), &text("hello from the jukebox")).expect(201);
    let sent: Message = read(&answer);
    assert_eq!(answer.header("location"), Some(format!("{}/1", scene.messages()).as_str()));
    assert_eq!(answer.header("idempotency-replayed"), None);
    assert_eq!((sent.seq, sent.from.handle.as_deref()), (1, Some("ada")));
    assert_eq!(sent.via.as_ref().map(|app| app.name.as_str()), Some("Jukebox"));
    assert_eq!(scene.api().get(answer.header("location").unwrap()).expect(200).json(), answer.json());
    let record = scene.receipt(&answer).record;
    assert_eq!((record.action.as_str(), record.count, record.last_seq), ("send", 1, Some(1)));
}

#[test]
fn every_kind_of_content_comes_back_as_it_was_sent() {
    let scene = Scene::new();
    for (key, content) in [
        json!({"type": "text", "text": "\u{feff}\u{202e}x 👩🏽‍🚀\r\n\t"}),
        json!({"type": "card", "kind": "track", "title": "Blue", "url": "https://music.example/1", "image": null, "note": "listen"}),
        json!({"type": "receipt", "amount": "12.50", "currency": "EUR", "reference": "A-1", "note": null}),
    ]
    .into_iter()
    .enumerate()
    {
        let body = json!({"content": content});
        let answer = scene.api().post(&scene.messages(), Some(&key.to_string()), &body).expect(201);
        let sent: Message = read(&answer);
        let wanted: Content = serde_json::from_value(content).unwrap();
        assert_eq!(sent.content, wanted);
    }
    let number = json!({"content": {"type": "receipt", "amount": 12.5, "currency": "EUR"}});
    let answer = scene.api().post(&scene.messages(), Some("number"), &number).expect(201);
    assert_eq!(answer.json()["content"]["amount"], "12.5");
}

#[test]
fn the_same_key_sends_once_and_is_answered_the_same() {
    let scene = Scene::new();
    let send = |key, words| scene.api().post(&scene.messages(), Some(key), &text(words));
    let first = send("one", "hello").expect(201);
    let again = send("one", "hello").expect(201);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!((again.json(), again.header("location")), (first.json(), first.header("location")));
    assert_eq!(again.header("waxseal-receipt"), first.header("waxseal-receipt"));
    assert_eq!(send("one", "something else").expect(422).problem(), "idempotency-key-reused");
    send("two", "hello").expect(201);
    let list: MessageList = read(&scene.api().get(&scene.messages()).expect(200));
    assert_eq!(list.items.len(), 2);

    // A key of another person's grant is another key.
    let other = scene.stage.grant(&scene.bea, &scene.jukebox, super::everything());
    let api = scene.stage.api(&other.access);
    let sent = api.post(&scene.messages(), Some("one"), &text("from Bea")).expect(201);
    assert_eq!(sent.header("idempotency-replayed"), None);
}

#[test]
fn a_key_is_forgotten_after_a_day() {
    let scene = Scene::new();
    scene.api().post(&scene.messages(), Some("one"), &text("hello")).expect(201);
    let token = |scene: &Scene| {
        let id = scene.jukebox.id.to_string();
        let refresh = scene.tokens.refresh.clone().unwrap();
        let fields = [("grant_type", "refresh_token"), ("refresh_token", &refresh), ("client_id", &id)];
        scene.stage.post_form("/token", &fields).expect(200).json()["access_token"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    scene.stage.clock.advance_s(24 * 3600 + 1);
    let token = token(&scene);
    let answer = scene.stage.api(&token).post(&scene.messages(), Some("one"), &text("hello")).expect(201);
    assert_eq!((answer.header("idempotency-replayed"), &answer.json()["seq"]), (None, &2.into()));
}

#[test]
fn the_last_use_can_be_told_again() {
    let scene = Scene::with(json!({"actions": ["send"], "conversations": "all", "uses": 1}));
    let first = scene.api().post(&scene.messages(), Some("last"), &text("hello")).expect(201);
    let again = scene.api().post(&scene.messages(), Some("last"), &text("hello")).expect(201);
    assert_eq!((again.json(), again.header("idempotency-replayed")), (first.json(), Some("true")));
    let refused = scene.api().post(&scene.messages(), Some("next"), &text("hello")).expect(403);
    assert_eq!(refused.problem(), "grant-spent");
    let refused = scene.api().post(&scene.messages(), Some("last"), &text("other")).expect(422);
    assert_eq!(refused.problem(), "idempotency-key-reused");
}

#[test]
fn without_a_key_nothing_is_sent() {
    let scene = Scene::new();
    let refused = scene.api().post(&scene.messages(), None, &text("hello")).expect(400);
    assert_eq!(refused.problem(), "idempotency-key-missing");
    for key in ["", "two words", &"k".repeat(256)] {
        let refused = scene.api().post(&scene.messages(), Some(key), &text("hello")).expect(400);
        assert_eq!(refused.json()["parameter"], "Idempotency-Key", "{key}");
    }
    scene.api().post(&scene.messages(), Some(&"k".repeat(255)), &text("hello")).expect(201);
}

#[test]
fn kinds_and_actions_that_the_grant_has_not_are_named() {
    let scene = Scene::with(json!({"actions": ["send"], "conversations": "all", "kinds": ["card"]}));
    let refused = scene.api().post(&scene.messages(), Some("k"), &text("hello")).expect(403);
    assert_eq!((refused.problem().as_str(), &refused.json()["kind"]), ("kind-missing", &"text".into()));
    let card = json!({"content": {"type": "card", "kind": "track", "title": "Blue"}});
    scene.api().post(&scene.messages(), Some("k"), &card).expect(201);
    let refused = scene.api().get(&scene.messages()).expect(403);
    assert_eq!((refused.problem().as_str(), &refused.json()["action"]), ("action-missing", &"read".into()));
    let challenge = refused.header("www-authenticate").unwrap();
    assert!(challenge.starts_with("Bearer resource_metadata=") && challenge.contains("insufficient_scope"));
}

#[test]
fn content_that_cannot_be_taken_is_refused_with_a_sentence() {
    let scene = Scene::new();
    let card = |more: Value| {
        let mut card = json!({"type": "card", "kind": "track", "title": "Blue"});
        card.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        card
    };
    for (number, content) in [
        json!({"type": "text", "text": ""}),
        json!({"type": "text", "text": "x".repeat(20_001)}),
        json!({"type": "text", "text": "👩".repeat(20_001)}),
        json!({"type": "text", "text": "a\u{0}b"}),
        json!({"type": "text"}),
        json!({"type": "text", "text": null}),
        json!({"type": "text", "text": 1}),
        json!({"type": "text", "text": "x", "html": "y"}),
        json!({"type": "sealed", "text": "x"}),
        json!({"type": null, "text": "x"}),
        json!({"text": "x"}),
        json!("x"),
        json!(null),
        json!([]),
        card(json!({"url": "javascript:alert(1)"})),
        card(json!({"image": "http://pictures.example/1.png"})),
        card(json!({"url": "https://user@evil.example"})),
        card(json!({"title": "x".repeat(301)})),
        card(json!({"note": "a\u{0}b"})),
        json!({"type": "receipt", "amount": "1e9", "currency": "EUR"}),
        json!({"type": "receipt", "amount": "1", "currency": "euro"}),
        json!({"type": "receipt", "amount": true, "currency": "EUR"}),
    ]
    .into_iter()
    .enumerate()
    {
        let key = format!("k{number}");
        let answer =
            scene.api().post(&scene.messages(), Some(&key), &json!({"content": content})).expect(422);
        assert_eq!(answer.problem(), "invalid", "{content}");
        assert!(answer.body.len() < 1000, "{content}");
    }
    scene.api().post(&scene.messages(), Some("max"), &text(&"👩".repeat(20_000))).expect(201);
}

#[test]
fn bodies_that_cannot_be_read_are_refused_with_a_sentence() {
    let scene = Scene::new();
    let json = Some("application/json");
    let deep = format!(r#"{{"content":{{"text":{}1{}}}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    let too_large = format!(r#"{{"content":{{"type":"text","text":"{}"}}}}"#, "x".repeat(256 * 1024));
    let cases: [(&[u8], Option<&str>, u16, &str); 16] = [
        (b"", json, 400, "malformed"),
        (b" ", json, 400, "malformed"),
        (b"{", json, 400, "malformed"),
        (b"hello", json, 400, "malformed"),
        (br#"{"content":{"type":"text","text":"a"}}}"#, json, 400, "malformed"),
        (b"\xff\xfe{}", json, 400, "malformed"),
        (b"{\"content\":{\"type\":\"text\",\"text\":\"\xc3\x28\"}}", json, 400, "malformed"),
        (br#"{"content":{"type":"text","text":"\ud800"}}"#, json, 400, "malformed"),
        (deep.as_bytes(), json, 400, "malformed"),
        (
            br#"{"content":{"type":"text","text":"a"},"content":{"type":"text","text":"b"}}"#,
            json,
            422,
            "invalid",
        ),
        (br#"{"content":{"type":"text","text":"a","text":"b"}}"#, json, 422, "invalid"),
        (br#"{"content":{"type":"text","type":"card","text":"b"}}"#, json, 422, "invalid"),
        (br#"{"content":{"type":"text","text":"a"},"seq":1}"#, json, 422, "invalid"),
        (too_large.as_bytes(), json, 413, "body-too-large"),
        (br#"{"content":{"type":"text","text":"a"}}"#, None, 415, "body-type"),
        (br#"{"content":{"type":"text","text":"a"}}"#, Some("text/plain"), 415, "body-type"),
    ];
    for (body, kind, status, problem) in cases {
        let answer = scene.post_raw(&scene.messages(), kind, body).expect(status);
        assert_eq!(answer.problem(), problem, "{:.60}", String::from_utf8_lossy(body));
        assert!(answer.body.len() < 1000);
    }
    assert_eq!(scene.post_raw(&scene.messages(), json, too_large.as_bytes()).json()["limit"], 262_144);
    let list: MessageList = read(&scene.api().get(&scene.messages()).expect(200));
    assert_eq!(list.items, []);
}

#[test]
fn who_asks_is_settled_before_what_is_asked() {
    let scene = Scene::new();
    let headers = [("content-type", "application/json")];
    scene.stage.send("POST", &scene.messages(), &headers, Some(b"{")).expect(401);
    scene.stage.api("wxa_nothing").post(&scene.messages(), None, &json!({})).expect(401);
}
