//! `POST /v1/conversations`.
use super::{Scene, read, text};
use api::shapes::Conversation;
use serde_json::{Value, json};

fn start(scene: &Scene, body: &Value) -> crate::stage::Answer {
    scene.api().post("/v1/conversations", None, body)
}

#[test]
fn an_app_starts_a_conversation_with_friends_by_handle_or_id() {
    let scene = Scene::with(json!({"actions": ["list", "send"]}));
    let cem = scene.stage.person("cem");
    scene.stage.friends(&scene.ada, &cem);
    let (bea, cem) = (scene.bea.id.to_string(), cem.id.to_string());
    let body = json!({"participants": ["@Bea", bea, cem], "title": " Sunday's music 🎵 "});
    let answer = start(&scene, &body).expect(201);
    let started: Conversation = read(&answer);
    assert_eq!(answer.header("location"), Some(format!("/v1/conversations/{}", started.id).as_str()));
    assert_eq!(started.title.as_deref(), Some("Sunday's music 🎵"));
    let mut people: Vec<&str> = started.participants.iter().map(|person| person.id.as_str()).collect();
    people.sort_unstable();
    let ada = scene.ada.id.to_string();
    let mut wanted = [ada.as_str(), bea.as_str(), cem.as_str()];
    wanted.sort_unstable();
    assert_eq!(people, wanted);
    assert_eq!(scene.receipt(&answer).record.conversation.as_deref(), Some(started.id.as_str()));

    let messages = format!("/v1/conversations/{}/messages", started.id);
    scene.api().post(&messages, Some("k"), &text("hello")).expect(201);
    scene.api().post(&scene.messages(), Some("k2"), &text("hello")).expect(404);
}

#[test]
fn whoever_is_not_a_friend_is_told_like_whoever_does_not_exist() {
    let scene = Scene::new();
    let stranger = scene.stage.person("stranger");
    let mut told = Vec::new();
    for who in [
        "@stranger".to_owned(),
        stranger.id.to_string(),
        "@nobody-at-all".to_owned(),
        "@".to_owned(),
        "@ada".to_owned(),
        scene.ada.id.to_string(),
        "per_".to_owned(),
        "per_00000000000000000000000000".to_owned(),
        "@bea\u{0}".to_owned(),
        "@беа".to_owned(),
    ] {
        for participants in [json!([who]), json!(["@bea", who])] {
            let answer = start(&scene, &json!({"participants": participants})).expect(422);
            assert_eq!(answer.problem(), "not-friends");
            told.push(answer.body);
        }
    }
    told.dedup();
    assert_eq!(told.len(), 1);
}

#[test]
fn without_the_action_nobody_can_be_looked_for() {
    let scene = Scene::with(json!({"actions": ["read"], "conversations": "all"}));
    scene.stage.person("stranger");
    for who in ["@bea", "@stranger", "@nobody-at-all", "@ada"] {
        let refused = start(&scene, &json!({"participants": [who]})).expect(403);
        assert_eq!(
            (refused.problem().as_str(), &refused.json()["action"]),
            ("action-missing", &"send".into())
        );
    }
}

#[test]
fn what_cannot_be_a_conversation_is_refused_with_a_sentence() {
    let scene = Scene::new();
    for (body, problem) in [
        (json!({}), "invalid"),
        (json!([]), "invalid"),
        (json!(null), "invalid"),
        (json!({"participants": []}), "invalid"),
        (json!({"participants": "@bea"}), "invalid"),
        (json!({"participants": [1]}), "invalid"),
        (json!({"participants": [null]}), "invalid"),
        (json!({"participants": ["bea"]}), "invalid"),
        (json!({"participants": [""]}), "invalid"),
        (json!({"participants": [scene.talk.to_string()]}), "invalid"),
        (json!({"participants": ["@bea"], "title": ""}), "invalid"),
        (json!({"participants": ["@bea"], "title": "a\nb"}), "invalid"),
        (json!({"participants": ["@bea"], "title": "a\u{0}b"}), "invalid"),
        (json!({"participants": ["@bea"], "title": "x".repeat(81)}), "invalid"),
        (json!({"participants": ["@bea"], "title": 1}), "invalid"),
        (json!({"participants": ["@bea"], "kind": "group"}), "invalid"),
        (json!({"participants": vec!["@bea"; 250]}), "too-many-people"),
    ] {
        let answer = start(&scene, &body).expect(422);
        assert_eq!(answer.problem(), problem, "{body}");
    }
    start(&scene, &json!({"participants": vec!["@bea"; 249], "title": null})).expect(201);
}
