//! `POST /v1/conversations/{id}/typing`.
use super::{Scene, everything};
use serde_json::json;

#[test]
fn others_are_told_and_she_is_not() {
    let scene = Scene::new();
    let of_bea = scene.stage.grant(&scene.bea, &scene.jukebox, everything());
    let mut beas = scene.stage.events(&of_bea.access, None);
    beas.expect("grant");
    let mut adas = scene.stage.events(&scene.tokens.access, None);
    adas.expect("grant");
    let path = format!("/v1/conversations/{}/typing", scene.talk);
    let answer = scene.api().post(&path, None, &json!({})).expect(204);
    let record = scene.receipt(&answer).record;
    assert_eq!((record.action.as_str(), record.count, record.outcome.as_str()), ("send", 0, "none"));
    let typing = beas.expect("typing");
    assert_eq!(typing.data["person"], scene.ada.id.to_string());
    assert_eq!(typing.data["conversation"], scene.talk.to_string());
    // Of her own writing her app is not told: the next thing that it hears is another.
    scene.stage.say(&scene.bea, scene.talk, "an answer");
    adas.expect("message");
}

#[test]
fn out_of_reach_and_without_the_action_it_is_refused() {
    let scene = Scene::new();
    let elsewhere = scene.elsewhere();
    let path = |id: model::ConversationId| format!("/v1/conversations/{id}/typing");
    scene.api().post(&path(elsewhere), None, &json!({})).expect(404);
    let reads = scene.stage.grant(
        &scene.ada,
        &scene.jukebox,
        json!({"actions": ["read"], "conversations": "all", "since": "all"}),
    );
    let refused = scene.stage.api(&reads.access).post(&path(scene.talk), None, &json!({})).expect(403);
    assert_eq!(refused.json()["action"], "send");
}
