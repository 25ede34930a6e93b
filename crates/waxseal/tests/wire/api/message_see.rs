//! `GET /v1/conversations/{id}/messages/{seq}`.
use super::{Scene, read};
use api::shapes::{Item, Message};
use serde_json::json;

#[test]
fn one_message_is_the_one_of_the_list() {
    let scene = Scene::new();
    for number in 1..=3 {
        scene.stage.say(&scene.bea, scene.talk, &format!("number {number}"));
    }
    let list = scene.api().get(&scene.messages()).expect(200).json();
    for seq in 1..=3 {
        let answer = scene.api().get(&format!("{}/{seq}", scene.messages())).expect(200);
        let message: Message = read(&answer);
        assert_eq!(message.seq, seq);
        assert_eq!(answer.json(), list["items"][usize::try_from(seq - 1).unwrap()]);
        let record = scene.receipt(&answer).record;
        assert_eq!(
            (record.first_seq, record.last_seq, record.count),
            (Some(seq as u64), Some(seq as u64), 1)
        );
    }
}

#[test]
fn what_is_withheld_is_a_placeholder() {
    let scene = Scene::with(json!({"actions": ["read"], "conversations": "all", "kinds": ["card"]}));
    scene.stage.say(&scene.bea, scene.talk, "words");
    let answer = scene.api().get(&format!("{}/1", scene.messages())).expect(200);
    let _: Item = read(&answer);
    assert_eq!(answer.json(), json!({"seq": 1, "withheld": "kind"}));
}

#[test]
fn to_look_for_what_is_not_there_is_an_access() {
    let scene = Scene::new();
    scene.stage.say(&scene.bea, scene.talk, "the only one");
    let answer = scene.api().get(&format!("{}/2", scene.messages())).expect(404);
    assert_eq!(answer.problem(), "not-found");
    let record = scene.receipt(&answer).record;
    assert_eq!((record.n, record.count, record.outcome.as_str()), (1, 0, "none"));
}

#[test]
fn what_is_no_seq_is_not_there() {
    let scene = Scene::new();
    for seq in
        ["0", "-1", "+1", "01", "1.0", "one", "9223372036854775807", "9223372036854775808", "%31x", "1/"]
    {
        let answer = scene.api().get(&format!("{}/{seq}", scene.messages())).expect(404);
        assert_eq!(
            (answer.problem().as_str(), answer.header("waxseal-receipt")),
            ("not-found", None),
            "{seq}"
        );
    }
}
