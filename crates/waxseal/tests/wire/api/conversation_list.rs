//! `GET /v1/conversations`.
use super::{Scene, read};
use api::shapes::{Action, ConversationList};
use serde_json::json;

#[test]
fn the_newest_activity_comes_first_page_by_page_each_once() {
    let scene = Scene::new();
    scene.elsewhere();
    let mut talks = vec![scene.talk];
    for number in 0..4 {
        let friend = scene.stage.person(&format!("friend{number}"));
        scene.stage.friends(&scene.ada, &friend);
        talks.push(scene.stage.conversation(&[&scene.ada, &friend]));
    }
    scene.stage.say(&scene.bea, scene.talk, "up to the top");
    let mut wanted: Vec<String> = talks.iter().map(ToString::to_string).collect();
    wanted[1..].reverse();

    let (mut found, mut path) = (Vec::new(), "/v1/conversations?limit=2".to_owned());
    loop {
        let answer = scene.api().get(&path).expect(200);
        let page: ConversationList = read(&answer);
        let record = scene.receipt(&answer).record;
        assert_eq!((record.action.as_str(), record.count), ("list", page.items.len() as u64));
        found.extend(page.items.into_iter().map(|conversation| conversation.id));
        match page.next {
            Some(next) => path = format!("/v1/conversations?limit=2&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(found, wanted);
}

#[test]
fn a_conversation_tells_who_is_in_it_and_whose_apps() {
    let scene = Scene::new();
    scene.stage.say(&scene.bea, scene.talk, "hello");
    let list: ConversationList = read(&scene.api().get("/v1/conversations").expect(200));
    let [talk] = &list.items[..] else { panic!("{list:?}") };
    let mut handles: Vec<_> = talk.participants.iter().map(|person| person.handle.as_deref()).collect();
    handles.sort_unstable();
    assert_eq!(handles, [Some("ada"), Some("bea")]);
    assert_eq!((talk.last_seq, talk.active_apps[0].name.as_str()), (1, "Jukebox"));
    assert_eq!(talk.active_apps[0].actions, [Action::List, Action::Read, Action::Send, Action::Delete]);
    assert_eq!(list.next, None);
}

#[test]
fn outside_the_reach_nothing_is_listed() {
    let scene = Scene::with(json!({"actions": ["list", "send"]}));
    let empty: ConversationList = read(&scene.api().get("/v1/conversations").expect(200));
    assert_eq!(empty.items, []);
    let started = scene.api().post("/v1/conversations", None, &json!({"participants": ["@bea"]})).expect(201);
    let list: ConversationList = read(&scene.api().get("/v1/conversations").expect(200));
    assert_eq!(list.items[0].id, started.json()["id"].as_str().unwrap());
    assert_eq!(list.items.len(), 1);
}

#[test]
fn cursors_and_limits_that_cannot_be_read_are_named() {
    let scene = Scene::new();
    // 17.per_00000000000000000000000000: well made, and of another kind.
    let forged = "MTcucGVyXzAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAw";
    for cursor in ["x", "17", "....", "a%20b", forged, &"A".repeat(5000)] {
        let answer = scene.api().get(&format!("/v1/conversations?cursor={cursor}")).expect(400);
        assert_eq!((answer.problem().as_str(), &answer.json()["parameter"]), ("malformed", &"cursor".into()));
    }
    for limit in ["0", "201", "-1", "ten", "1e2", "99999999999999999999"] {
        let answer = scene.api().get(&format!("/v1/conversations?limit={limit}")).expect(400);
        assert_eq!(answer.json()["parameter"], "limit");
    }
    for query in ["limit=1&limit=2", "limit=%zz", "limit=%ff", "cursor=%00"] {
        assert_eq!(scene.api().get(&format!("/v1/conversations?{query}")).expect(400).problem(), "malformed");
    }
    scene.api().get("/v1/conversations?unknown=1&limit=200").expect(200);
}
