//! `GET /v1/conversations/{id}/messages`.
use super::{Scene, read};
use api::shapes::{Content, Item, Message, MessageList, Withheld};
use serde_json::json;

fn seqs(list: &MessageList) -> Vec<i64> {
    list.items.iter().map(seq).collect()
}

fn seq(item: &Item) -> i64 {
    match item {
        Item::Message(message) => message.seq,
        Item::Placeholder(placeholder) => placeholder.seq,
    }
}

fn withheld(item: &Item) -> Option<Withheld> {
    match item {
        Item::Message(_) => None,
        Item::Placeholder(placeholder) => Some(placeholder.withheld),
    }
}

#[test]
fn a_message_is_told_whole() {
    let scene = Scene::new();
    let hard = "שלום \u{202e}abc\u{202c} 👩‍👩‍👧‍👦 é e\u{301} \u{feff}\t\r\n \"\\ <b>\u{1}\u{7f}";
    scene.stage.say(&scene.bea, scene.talk, hard);
    let answer = scene.api().get(&scene.messages()).expect(200);
    let list: MessageList = read(&answer);
    let [Item::Message(message)] = &list.items[..] else { panic!("{list:?}") };
    let Message { conversation, seq, from, via, content, .. } = &**message;
    assert_eq!((conversation, *seq, via), (&scene.talk.to_string(), 1, &None));
    assert_eq!((from.id.as_str(), from.handle.as_deref()), (&*scene.bea.id.to_string(), Some("bea")));
    assert_eq!(content, &Content::Text { text: hard.to_owned() });

    let record = scene.receipt(&answer).record;
    assert_eq!(record.grant, scene.tokens.grant.to_string());
    assert_eq!((record.n, record.count, record.withheld), (1, 1, 0));
    assert_eq!((record.first_seq, record.last_seq, record.action.as_str()), (Some(1), Some(1), "read"));
}

#[test]
fn every_page_of_a_conversation_is_reached_in_both_directions() {
    let scene = Scene::new();
    for number in 1..=7 {
        scene.stage.say(&scene.bea, scene.talk, &format!("number {number}"));
    }
    let page = |query: &str| -> MessageList {
        read(&scene.api().get(&format!("{}?{query}", scene.messages())).expect(200))
    };
    let newest = page("limit=3");
    assert_eq!((seqs(&newest), newest.next.as_deref()), (vec![5, 6, 7], Some("5")));
    let older = page("limit=3&before=5");
    assert_eq!((seqs(&older), older.next.as_deref()), (vec![2, 3, 4], Some("2")));
    let oldest = page("limit=3&cursor=2");
    assert_eq!((seqs(&oldest), oldest.next), (vec![1], None));

    let first = page("limit=3&after=0");
    assert_eq!((seqs(&first), first.next.as_deref()), (vec![1, 2, 3], Some("3")));
    let second = page("limit=3&after=3");
    assert_eq!((seqs(&second), second.next.as_deref()), (vec![4, 5, 6], Some("6")));
    let last = page("limit=3&after=0&cursor=6");
    assert_eq!((seqs(&last), last.next), (vec![7], None));

    assert_eq!(seqs(&page("after=2&before=5")), [3, 4]);
    assert_eq!(seqs(&page("after=7")), [] as [i64; 0]);
    assert_eq!(seqs(&page("before=1")), [] as [i64; 0]);
    assert_eq!(seqs(&page("before=0")), [] as [i64; 0]);
    assert_eq!(seqs(&page("before=9223372036854775807&after=9223372036854775807")), [] as [i64; 0]);
    assert_eq!(seqs(&page("before=9223372036854775807")).len(), 7);
}

#[test]
fn what_the_app_may_not_see_is_a_placeholder_that_says_why() {
    let scene =
        Scene::with(json!({"actions": ["read", "delete"], "conversations": "all", "kinds": ["card"]}));
    let text = scene.stage.say(&scene.bea, scene.talk, "words");
    let list: MessageList = read(&scene.api().get(&scene.messages()).expect(200));
    assert_eq!(withheld(&list.items[0]), Some(Withheld::Kind));

    let wide =
        scene.stage.grant(&scene.ada, &scene.jukebox, json!({"actions": ["read"], "conversations": "all"}));
    let api = scene.stage.api(&wide.access);
    let reasons = || -> Vec<Option<Withheld>> {
        let answer = api.get(&scene.messages()).expect(200);
        let list: MessageList = read(&answer);
        let record = scene.receipt(&answer).record;
        let shown = list.items.iter().filter(|item| withheld(item).is_none()).count() as u64;
        assert_eq!((record.count, record.withheld), (shown, list.items.len() as u64 - shown));
        list.items.iter().map(withheld).collect()
    };
    // The window opens with the second grant.
    let own = scene.stage.say(&scene.ada, scene.talk, "her own words");
    let other = scene.stage.say(&scene.bea, scene.talk, "another's words");
    assert_eq!((text, own, other), (1, 2, 3));
    assert_eq!(reasons(), [Some(Withheld::Window), None, None]);

    let (ada, bea) = (scene.stage.own(&scene.ada), scene.stage.own(&scene.bea));
    let vault = scene.stage.vault();
    scene.stage.wait(vault.wish_words_out(&bea, scene.talk, true)).unwrap();
    scene.stage.wait(vault.wish_words_out(&ada, scene.talk, true)).unwrap();
    assert_eq!(reasons(), [Some(Withheld::Window), None, Some(Withheld::Author)]);
    scene.stage.wait(vault.own_delete(&ada, scene.talk, own)).unwrap();
    assert_eq!(reasons()[1], Some(Withheld::Deleted));
    let raw = api.get(&format!("{}?after=1&limit=1", scene.messages())).expect(200);
    assert_eq!(raw.json()["items"][0], json!({"seq": 2, "withheld": "deleted"}));
}

#[test]
fn what_cannot_be_a_page_is_named() {
    let scene = Scene::new();
    for name in ["before", "after", "limit", "cursor"] {
        for value in ["-1", "+1", "01", "1.5", "1e3", "x", "%EF%BC%91", "9223372036854775808", "null"] {
            let answer = scene.api().get(&format!("{}?{name}={value}", scene.messages())).expect(400);
            assert_eq!((answer.problem().as_str(), &answer.json()["parameter"]), ("malformed", &name.into()));
            assert_eq!(answer.header("waxseal-receipt"), None);
        }
    }
}

#[test]
fn head_is_an_access_too() {
    let scene = Scene::new();
    let bearer = format!("Bearer {}", scene.tokens.access);
    let answer = scene.stage.send("HEAD", &scene.messages(), &[("authorization", &bearer)], None).expect(200);
    assert!(answer.body.is_empty());
    assert_eq!(scene.receipt(&answer).record.n, 1);
}
