//! `GET /v1/power`.
use super::everything;
use crate::stage::{EVERYTHING, Stage};
use serde_json::{Value, json};

#[test]
fn what_is_held_stands_beside_what_was_used_and_ten_to_one_is_an_alarm() {
    let stage = Stage::new();
    let teller = stage.app_with_secret(EVERYTHING);
    let power = |stage: &Stage| -> Value {
        let own = stage.own_token(&teller);
        stage.api(&own).get("/v1/power").expect(200).json()
    };
    assert_eq!(power(&stage)["alarm"], false, "who holds nothing alarms nobody");
    let (ada, bea) = (stage.person("ada"), stage.person("bea"));
    stage.friends(&ada, &bea);
    let talk = stage.conversation(&[&ada, &bea]);
    let of_ada = stage.grant(&ada, &teller, everything());
    let of_bea = stage.grant(&bea, &teller, json!({"actions": ["send"], "conversations": "started"}));
    let held = power(&stage);
    assert_eq!(held["people"], json!({"reach": 2, "used": 0}));
    assert_eq!(held["conversations"], json!({"reach": 1, "used": 0}), "Bea's grant reaches none yet");
    assert_eq!(held["alarm"], true);
    stage.say(&bea, talk, "hello");
    stage.api(&of_ada.access).get(&format!("/v1/conversations/{talk}/messages")).expect(200);
    let used = power(&stage);
    assert_eq!((&used["people"], &used["alarm"]), (&json!({"reach": 2, "used": 1}), &json!(false)));
    assert_eq!(used["conversations"], json!({"reach": 1, "used": 1}));
    let of = |name: &str| {
        used["actions"].as_array().unwrap().iter().find(|one| one["action"] == name).cloned().unwrap()
    };
    assert_eq!(
        of("read"),
        json!({"action": "read", "people": {"reach": 1, "used": 1}, "times": 1, "never_used": 0})
    );
    assert_eq!(
        of("send"),
        json!({"action": "send", "people": {"reach": 2, "used": 0}, "times": 0, "never_used": 2})
    );
    assert_eq!(of("list")["people"]["reach"], 1, "reading brings listing along");
    let own = stage.own(&ada);
    stage.wait(stage.vault().wish_lock(&own, talk, true)).unwrap();
    assert_eq!(power(&stage)["conversations"]["reach"], 0, "what is locked is not reached");
    stage.wait(stage.vault().grant_revoke(&stage.own(&bea), of_bea.grant)).unwrap();
    stage.clock.advance_s(31 * 24 * 3600);
    let later = power(&stage);
    assert_eq!(later["people"], json!({"reach": 1, "used": 0}));
    assert_eq!(later["alarm"], true);
    stage.api(&of_ada.access).get("/v1/power").expect(401);
    stage.get("/v1/power").expect(401);
}
