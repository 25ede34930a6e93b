//! `GET /v1/events`.
use super::{Scene, everything, text};
use crate::stage::{Event, Events};
use ledger::receipt::Receipt;
use model::Content;
use serde_json::json;

impl Scene {
    /// A stream of Ada's app, past its first event.
    fn events(&self) -> Events {
        let mut events = self.stage.events(&self.tokens.access, None);
        let grant = events.expect("grant");
        assert_eq!(grant.data["grant_id"], self.tokens.grant.to_string());
        assert_eq!(grant.data["state"], "active");
        events
    }

    /// The receipt that came with an event.
    #[track_caller]
    fn receipt_of(&self, event: &Event) -> Receipt {
        let key = self.stage.get("/ledger/key").expect(200).text().trim_end().parse().unwrap();
        Receipt::verify(event.data["receipt"].as_str().unwrap(), &[key]).unwrap()
    }

    fn own_ada(&self) -> vault::Own {
        self.stage.own(&self.ada)
    }
}

fn seqs(events: &[Event]) -> Vec<i64> {
    events.iter().map(|event| event.data["seq"].as_i64().unwrap()).collect()
}

#[test]
fn what_happens_is_told_with_a_receipt_for_each_batch() {
    let scene = Scene::new();
    let (stage, talk) = (&scene.stage, scene.talk.to_string());
    let mut events = scene.events();
    assert_eq!(events.retry.as_deref(), Some("2000"));
    let seq = stage.say(&scene.bea, scene.talk, "hello");
    let message = events.expect("message");
    assert_eq!(message.data["content"]["text"], "hello");
    let read = scene.api().get(&format!("{}/{seq}", scene.messages())).expect(200).json();
    let mut told = message.data.clone();
    told.as_object_mut().unwrap().remove("receipt");
    assert_eq!(told, read, "the message is what reading it answers");
    let record = scene.receipt_of(&message).record;
    assert_eq!((record.action.as_str(), record.count, record.withheld), ("read", 1, 0));
    assert_eq!((record.conversation.as_deref(), record.first_seq), (Some(talk.as_str()), Some(1)));

    let own = stage.own(&scene.bea);
    stage.wait(stage.vault().own_delete(&own, scene.talk, seq)).unwrap();
    let deleted = events.expect("deleted");
    assert_eq!(deleted.data["withheld"], "deleted");
    assert_eq!((&deleted.data["conversation"], &deleted.data["seq"]), (&json!(talk), &json!(1)));
    stage.wait(stage.vault().own_restore(&own, scene.talk, seq)).unwrap();
    assert_eq!(events.expect("restored").data["content"]["text"], "hello");

    stage.wait(stage.vault().own_mark_read(&scene.own_ada(), scene.talk, seq)).unwrap();
    let marker = events.expect("read");
    assert_eq!((&marker.data["person"], &marker.data["seq"]), (&json!(scene.ada.id.to_string()), &json!(1)));
    let record = scene.receipt_of(&marker).record;
    assert_eq!((record.action.as_str(), record.count, record.first_seq), ("list", 1, None));

    stage.wait(stage.vault().wish_words_out(&own, scene.talk, true)).unwrap();
    let conversation = events.expect("conversation");
    let seen = scene.api().get(&format!("/v1/conversations/{talk}")).expect(200).json();
    assert_eq!(conversation.data["participants"], seen["participants"]);
    stage.say(&scene.bea, scene.talk, "kept out");
    let withheld = events.expect("message");
    assert_eq!((&withheld.data["withheld"], &withheld.data["seq"]), (&json!("author"), &json!(2)));
    let record = scene.receipt_of(&withheld).record;
    assert_eq!((record.count, record.withheld, record.outcome.as_str()), (0, 1, "none"));

    stage.wait(stage.vault().wish_lock(&own, scene.talk, true)).unwrap();
    let gone = events.expect("conversation");
    assert_eq!((&gone.data["id"], &gone.data["gone"]), (&json!(talk), &json!(true)));
}

#[test]
fn a_stream_goes_on_where_it_was_over_a_restart_and_nothing_is_lost() {
    let mut scene = Scene::new();
    let mut events = scene.events();
    for n in 0..3 {
        scene.stage.say(&scene.bea, scene.talk, &format!("message {n}"));
    }
    let mut told: Vec<Event> = (0..3).map(|_| events.expect("message")).collect();
    assert_eq!(seqs(&told), [1, 2, 3]);
    let (second, third) = (told[1].clone(), told[2].clone());
    scene.stage.restart();
    // A stop ends streams in good order.
    events.ends();
    let cem = scene.stage.person("cem");
    scene.stage.friends(&scene.ada, &cem);
    let other = scene.stage.conversation(&[&cem, &scene.ada]);
    scene.stage.say(&cem, other, "elsewhere");
    scene.stage.say(&scene.bea, scene.talk, "after");
    for (last, expected) in [(&third, vec![4]), (&second, vec![3, 4])] {
        let mut events = scene.stage.events(&scene.tokens.access, Some(&last.id));
        assert_eq!(events.expect("grant").id, last.id, "what comes first does not move the position");
        let mut in_talk = Vec::new();
        let mut elsewhere = Vec::new();
        while in_talk.len() < expected.len() || elsewhere.len() < 2 {
            let event = events.next().unwrap();
            let conversation = event.data.get("conversation").or(event.data.get("id")).unwrap();
            if *conversation == scene.talk.to_string() {
                in_talk.push(event);
            } else {
                elsewhere.push(event);
            }
        }
        assert_eq!(seqs(&in_talk), expected);
        assert_eq!(
            elsewhere.iter().map(|event| event.name.as_str()).collect::<Vec<_>>(),
            ["conversation", "message"]
        );
        told.extend(in_talk);
    }
    // What came twice has the same id.
    assert_eq!(told.iter().filter(|event| event.id == third.id).count(), 2);
    assert_eq!(told.iter().filter(|event| event.data["seq"] == 3).count(), 2);
}

#[test]
fn a_position_from_which_nothing_goes_on_is_told_of_the_gap() {
    let scene = Scene::new();
    let mut events = scene.events();
    scene.stage.say(&scene.bea, scene.talk, "before");
    let old = events.expect("message").id;
    drop(events);
    scene.stage.clock.advance_s(vault::EVENTS_KEPT_S + 1);
    // The token is over by now; a fresh one is of the same grant.
    let tokens = scene.stage.grant(&scene.ada, &scene.jukebox, everything());
    for (last, why) in
        [(old.as_str(), "too-old"), ("nonsense", "unknown"), ("9000000000000000000", "unknown")]
    {
        let mut events = scene.stage.events(&tokens.access, Some(last));
        events.expect("grant");
        let gap = events.expect("gap");
        assert_eq!((&gap.data["why"], &gap.data["read_on"]), (&json!(why), &json!("/v1/conversations")));
        scene.stage.say(&scene.bea, scene.talk, &format!("after {last}"));
        let message = events.expect("message");
        assert_eq!(message.data["content"]["text"], format!("after {last}"));
        drop(events);
        scene.stage.streams_gone();
        // And from the gap it goes on.
        scene.stage.say(&scene.bea, scene.talk, "more");
        let mut events = scene.stage.events(&tokens.access, Some(&message.id));
        events.expect("grant");
        assert_eq!(events.expect("message").data["content"]["text"], "more");
    }
}

#[test]
fn a_revocation_ends_the_stream_and_nothing_comes_after_it() {
    type Revoke = fn(&Scene, model::GrantId);
    let ways: [(&str, Revoke); 4] = [
        ("grant-ended", |scene, grant| {
            scene.stage.wait(scene.stage.vault().grant_revoke(&scene.own_ada(), grant)).unwrap();
        }),
        ("token-revoked", |scene, _| {
            let id = scene.jukebox.id.to_string();
            let token = scene.tokens.access.as_str();
            scene.stage.post_form("/revoke", &[("token", token), ("client_id", &id)]).expect(200);
        }),
        ("action-missing", |scene, _| {
            let ceiling = r#"[{"type":"messages","actions":["send"],"conversations":"all","since":"all"}]"#;
            scene.stage.wait(scene.stage.vault().app_ceiling(scene.jukebox.id, ceiling)).unwrap();
        }),
        ("app-suspended", |scene, _| {
            scene.stage.wait(scene.stage.vault().app_suspend(scene.jukebox.id, "a breach")).unwrap();
        }),
    ];
    for (why, revoke) in ways {
        let scene = Scene::new();
        let mut events = scene.events();
        scene.stage.say(&scene.bea, scene.talk, "before");
        events.expect("message");
        revoke(&scene, scene.tokens.grant);
        scene.stage.say(&scene.bea, scene.talk, "after");
        assert_eq!(events.expect("revoked").data, json!({"why": why}));
        events.ends();
    }
    let scene = Scene::new();
    let stage = &scene.stage;
    let once = json!({"actions": ["read"], "conversations": "all", "since": "all", "uses": 1});
    let tokens = stage.grant(&scene.ada, &scene.jukebox, once);
    let mut events = stage.events(&tokens.access, None);
    events.expect("grant");
    stage.say(&scene.bea, scene.talk, "the only one");
    events.expect("message");
    stage.say(&scene.bea, scene.talk, "one too many");
    assert_eq!(events.expect("revoked").data["why"], "grant-spent");
    events.ends();
}

#[test]
fn a_token_whose_time_is_over_ends_the_stream_with_another_word() {
    let scene = Scene::new();
    let mut events = scene.events();
    scene.stage.clock.advance_s(oauth::token::ACCESS_TOKEN_S + 1);
    scene.stage.say(&scene.bea, scene.talk, "after");
    events.expect("expired");
    events.ends();
}

#[test]
fn while_it_is_paused_nothing_comes_and_nothing_is_missed() {
    let scene = Scene::new();
    let (stage, ada) = (&scene.stage, scene.own_ada());
    let mut events = scene.events();
    stage.wait(stage.vault().grant_pause(&ada, scene.tokens.grant, true)).unwrap();
    assert_eq!(events.expect("grant").data["state"], "paused");
    stage.say(&scene.bea, scene.talk, "meanwhile");
    let refused = stage.events_or_not(&scene.tokens.access, None);
    assert_eq!(refused.head[0], "HTTP/1.1 403 Forbidden");
    stage.wait(stage.vault().grant_pause(&ada, scene.tokens.grant, false)).unwrap();
    assert_eq!(events.expect("grant").data["state"], "active");
    assert_eq!(events.expect("message").data["content"]["text"], "meanwhile");
}

#[test]
fn an_app_that_may_only_list_hears_that_there_is_more_and_no_words() {
    let scene = Scene::with(json!({"actions": ["list"], "conversations": "all", "since": "all"}));
    let mut events = scene.events();
    let seq = scene.stage.say(&scene.bea, scene.talk, "a secret");
    let conversation = events.expect("conversation");
    assert_eq!(conversation.data["last_seq"], seq);
    assert!(!conversation.data.to_string().contains("a secret"));
    assert_eq!(scene.receipt_of(&conversation).record.action.as_str(), "list");
    let own = scene.stage.own(&scene.bea);
    scene.stage.wait(scene.stage.vault().own_delete(&own, scene.talk, seq)).unwrap();
    scene.stage.wait(scene.stage.vault().own_mark_read(&scene.own_ada(), scene.talk, seq)).unwrap();
    events.expect("read");
}

#[test]
fn what_is_out_of_reach_is_not_told() {
    let scene = Scene::with(json!({"actions": ["read", "send"], "conversations": "started", "since": "all"}));
    let mut events = scene.events();
    scene.stage.say(&scene.bea, scene.talk, "not for the app");
    let start = json!({"participants": ["@bea"], "title": null});
    let started = scene.api().post("/v1/conversations", None, &start).expect(201).json();
    assert_eq!(events.expect("conversation").data["id"], started["id"]);
    let path = format!("/v1/conversations/{}/messages", started["id"].as_str().unwrap());
    scene.api().post(&path, Some("key"), &text("for the app")).expect(201);
    assert_eq!(events.expect("message").data["content"]["text"], "for the app");
}

#[test]
fn words_cannot_begin_a_field_or_an_event() {
    let scene = Scene::new();
    let mut events = scene.events();
    let words = "a\r\n\r\nevent: revoked\ndata: {}\n\nid: 7\u{2028}\u{85}\u{feff}\rretry: 1\n\n";
    let content = Content::Text { text: words.to_owned() };
    let own = scene.stage.own(&scene.bea);
    scene.stage.wait(scene.stage.vault().own_send(&own, scene.talk, content, "key")).unwrap();
    assert_eq!(events.expect("message").data["content"]["text"], words);
    scene.stage.say(&scene.bea, scene.talk, "next");
    assert_eq!(events.expect("message").data["content"]["text"], "next");
    assert_eq!(events.retry.as_deref(), Some("2000"));
}

#[test]
fn a_grant_has_so_many_streams_and_no_more() {
    let scene = Scene::new();
    let open: Vec<Events> = (0..feed::STREAMS_OF_GRANT_MAX).map(|_| scene.events()).collect();
    let refused = scene.stage.events_or_not(&scene.tokens.access, None);
    assert_eq!(refused.head[0], "HTTP/1.1 429 Too Many Requests");
    assert!(refused.head.iter().any(|line| line.starts_with("retry-after: ")), "{:?}", refused.head);
    drop(open);
    scene.stage.streams_gone();
    scene.events();
}

#[test]
fn a_slow_reader_is_cut_and_not_waited_for() {
    let scene = Scene::new();
    let (mut slow, mut quick) = (scene.events(), scene.events());
    let words = "w".repeat(model::CONTENT_TEXT_CHARS_MAX);
    let mut sent = 0;
    // The system holds some megabytes for a reader; when they are full, what waits here grows until the stream is cut.
    while scene.stage.streams() == 2 && sent < 2000 {
        scene.stage.say(&scene.bea, scene.talk, &words);
        sent += 1;
        quick.expect("message");
    }
    assert!(sent < 2000, "the slow reader was not cut");
    let mut told = 0;
    while let Some(event) = slow.next() {
        assert_eq!(event.name, "message");
        told += 1;
    }
    assert!(told < sent, "{told} of {sent}");
    // It goes on from where it was.
    let mut again = scene.stage.events(&scene.tokens.access, Some(&slow.last));
    again.expect("grant");
    assert_eq!(again.expect("message").data["seq"], told + 1);
}
