//! `GET /v1/conversations/{id}`.
use super::{Scene, read};
use api::shapes::Conversation;
use model::ConversationId;
use serde_json::json;

#[test]
fn a_conversation_is_seen_with_a_receipt() {
    let scene = Scene::with(json!({"actions": ["list"], "conversations": "all"}));
    let answer = scene.api().get(&format!("/v1/conversations/{}", scene.talk)).expect(200);
    let conversation: Conversation = read(&answer);
    assert_eq!((conversation.id, conversation.last_seq), (scene.talk.to_string(), 0));
    let record = scene.receipt(&answer).record;
    assert_eq!((record.action.as_str(), record.conversation), ("list", Some(scene.talk.to_string())));
    let refused = scene.api().get(&scene.messages()).expect(403);
    assert_eq!(refused.json()["action"], "read");
    assert!(refused.header("www-authenticate").unwrap().contains(r#"error="insufficient_scope""#));
}

#[test]
fn outside_the_reach_and_not_there_are_the_same() {
    let scene = Scene::new();
    let (elsewhere, nowhere) = (scene.elsewhere(), ConversationId::from_bytes([7; 16]));
    let mut told = Vec::new();
    for id in [
        elsewhere.to_string(),
        nowhere.to_string(),
        scene.ada.id.to_string(),
        scene.jukebox.id.to_string(),
        scene.talk.to_string().to_uppercase(),
        format!("{}x", scene.talk),
        "con_".to_owned(),
        "%2e%2e".to_owned(),
        "%ff".to_owned(),
        "%00".to_owned(),
        "x".repeat(3000),
    ] {
        for tail in ["", "/messages", "/messages/1"] {
            let answer = scene.api().get(&format!("/v1/conversations/{id}{tail}")).expect(404);
            told.push((answer.header("waxseal-receipt").map(str::to_owned), answer.body));
        }
    }
    told.dedup();
    assert_eq!(told.len(), 1);
}

#[test]
fn a_lock_takes_a_conversation_out_of_every_reach() {
    let scene = Scene::new();
    let own = scene.stage.own(&scene.bea);
    scene.stage.wait(scene.stage.vault().wish_lock(&own, scene.talk, true)).unwrap();
    scene.api().get(&format!("/v1/conversations/{}", scene.talk)).expect(404);
    scene.api().get(&scene.messages()).expect(404);
    scene.stage.wait(scene.stage.vault().wish_lock(&own, scene.talk, false)).unwrap();
    scene.api().get(&scene.messages()).expect(200);
}
