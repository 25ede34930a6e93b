//! `POST /token`.
use crate::stage::{EVERYTHING, Stage};
use serde_json::json;

#[test]
fn a_code_is_redeemed_once_and_tells_what_was_granted() {
    let stage = Stage::new();
    let (ada, app) = (stage.person("ada"), stage.app(EVERYTHING));
    let tokens = stage.grant(&ada, &app, json!({"actions": ["read"], "conversations": "all"}));
    assert_eq!(tokens.answer["authorization_details"][0]["actions"], json!(["list", "read"]));
    assert_eq!(tokens.answer["token_type"], "Bearer");
    assert!(tokens.answer["id_token"].is_string());
}
