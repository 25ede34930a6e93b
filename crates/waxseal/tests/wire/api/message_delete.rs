//! `DELETE /v1/conversations/{id}/messages/{seq}`.
use super::{Scene, everything};
use serde_json::json;

#[test]
fn her_own_is_deleted_for_everyone_and_anothers_for_her() {
    let scene = Scene::new();
    let of_bea = scene.stage.grant(&scene.bea, &scene.jukebox, everything());
    let hers = scene.stage.say(&scene.ada, scene.talk, "Ada's");
    let others = scene.stage.say(&scene.bea, scene.talk, "Bea's");
    for seq in [hers, others] {
        let answer = scene.api().delete(&format!("{}/{seq}", scene.messages())).expect(204);
        assert!(answer.body.is_empty());
        let record = scene.receipt(&answer).record;
        assert_eq!((record.action.as_str(), record.count, record.outcome.as_str()), ("delete", 1, "ok"));
    }
    let ada = scene.api().get(&scene.messages()).expect(200).json();
    assert_eq!(ada["items"], json!([{"seq": 1, "withheld": "deleted"}, {"seq": 2, "withheld": "deleted"}]));
    let bea = scene.stage.api(&of_bea.access).get(&scene.messages()).expect(200).json();
    assert_eq!(bea["items"][0]["withheld"], "deleted");
    assert_eq!(bea["items"][1]["content"]["text"], "Bea's");

    let again = scene.api().delete(&format!("{}/{hers}", scene.messages())).expect(204);
    let record = scene.receipt(&again).record;
    assert_eq!((record.count, record.outcome.as_str()), (0, "none"));

    // She can take it back.
    let own = scene.stage.own(&scene.ada);
    scene.stage.wait(scene.stage.vault().own_restore(&own, scene.talk, hers)).unwrap();
    let back = scene.api().get(&format!("{}/{hers}", scene.messages())).expect(200).json();
    assert_eq!(back["content"]["text"], "Ada's");
}

#[test]
fn what_the_app_may_not_see_it_may_not_delete() {
    let scene = Scene::with(json!({"actions": ["delete"], "conversations": "all", "kinds": ["card"]}));
    let seq = scene.stage.say(&scene.ada, scene.talk, "words");
    let refused = scene.api().delete(&format!("{}/{seq}", scene.messages())).expect(403);
    assert_eq!((refused.problem().as_str(), &refused.json()["withheld"]), ("withheld", &"kind".into()));
    assert_eq!(refused.header("www-authenticate"), None);
}

#[test]
fn what_is_not_there_or_out_of_reach_is_not_found() {
    let scene = Scene::new();
    let elsewhere = scene.elsewhere();
    scene.stage.say(&scene.bea, elsewhere, "private");
    for path in [
        format!("{}/1", scene.messages()),
        format!("{}/0", scene.messages()),
        format!("{}/x", scene.messages()),
        format!("/v1/conversations/{elsewhere}/messages/1"),
    ] {
        let answer = scene.api().delete(&path).expect(404);
        assert_eq!(
            (answer.problem().as_str(), answer.header("waxseal-receipt")),
            ("not-found", None),
            "{path}"
        );
    }
}

#[test]
fn without_the_action_nothing_is_deleted() {
    let scene = Scene::with(json!({"actions": ["read", "send"], "conversations": "all"}));
    let seq = scene.stage.say(&scene.ada, scene.talk, "words");
    let refused = scene.api().delete(&format!("{}/{seq}", scene.messages())).expect(403);
    assert_eq!((refused.problem().as_str(), &refused.json()["action"]), ("action-missing", &"delete".into()));
    scene.api().get(&format!("{}/{seq}", scene.messages())).expect(200);
}
