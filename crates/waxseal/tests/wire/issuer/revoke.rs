//! `POST /revoke`: an app gives a token back, and it is dead when the answer comes.
use super::{Fields, basic, error, opens, post_raw, reading};
use crate::stage::{EVERYTHING, Stage};
use serde_json::Value;

#[test]
fn an_access_token_dies_alone_and_a_refresh_token_takes_its_family_along() {
    let stage = Stage::new();
    let (ada, app) = (stage.person("ada"), stage.app(EVERYTHING));
    let tokens = stage.grant(&ada, &app, reading());
    let first = Value::from(tokens.access.as_str());
    let next =
        Fields::refresh(&app, tokens.refresh.as_deref().unwrap()).post(&stage, "/token").expect(200).json();

    let answer = Fields::revoke(&app, &tokens.access).post(&stage, "/revoke").expect(200);
    assert_eq!((answer.header("cache-control"), answer.body.len()), (Some("no-store"), 0));
    assert!(!opens(&stage, &first) && opens(&stage, &next["access_token"]));

    let refresh = next["refresh_token"].as_str().unwrap();
    Fields::revoke(&app, refresh).post(&stage, "/revoke").expect(200);
    assert!(!opens(&stage, &next["access_token"]));
    let again = Fields::refresh(&app, refresh).post(&stage, "/token").expect(400);
    assert_eq!(error(&again), "invalid_grant");
    // Twice is no error, and the grant itself is the person's to end.
    Fields::revoke(&app, refresh).post(&stage, "/revoke").expect(200);
    let grants = stage.wait(stage.vault().connected(&stage.own(&ada))).unwrap();
    assert_eq!(grants[0].grant.state, model::GrantState::Active);
}

#[test]
fn a_used_refresh_token_still_names_its_family() {
    let stage = Stage::new();
    let (ada, app) = (stage.person("ada"), stage.app(EVERYTHING));
    let tokens = stage.grant(&ada, &app, reading());
    let used = tokens.refresh.as_deref().unwrap();
    let next = Fields::refresh(&app, used).post(&stage, "/token").expect(200).json();
    Fields::revoke(&app, used).post(&stage, "/revoke").expect(200);
    assert!(!opens(&stage, &next["access_token"]));
}

#[test]
fn what_is_unknown_over_or_anothers_is_a_200_and_nothing_happens() {
    let stage = Stage::new();
    let (ada, app) = (stage.person("ada"), stage.app_with_secret(EVERYTHING));
    let other = stage.app_named("Other", EVERYTHING, false);
    let tokens = stage.grant(&ada, &app, reading());
    let refresh = tokens.refresh.clone().unwrap();
    for token in ["wxa_unknown", "x", "wxc_code", &ada.cookie, &"x".repeat(5000), "\u{1F9A6}"] {
        Fields::revoke(&app, token).post(&stage, "/revoke").expect(200);
    }
    for token in [&tokens.access, &refresh] {
        Fields::revoke(&other, token).post(&stage, "/revoke").expect(200);
    }
    assert!(opens(&stage, &tokens.answer["access_token"]));
    stage.own(&ada);
    Fields::refresh(&app, &refresh).post(&stage, "/token").expect(200);
}

#[test]
fn the_hint_may_be_wrong() {
    let stage = Stage::new();
    let (ada, app) = (stage.person("ada"), stage.app(EVERYTHING));
    for hint in ["refresh_token", "access_token", "id_token", "nonsense", ""] {
        let tokens = stage.grant(&ada, &app, reading());
        let ask = |token: &str| Fields::revoke(&app, token).with("token_type_hint", hint);
        ask(&tokens.access).post(&stage, "/revoke").expect(200);
        assert!(!opens(&stage, &tokens.answer["access_token"]), "{hint}");
        let refresh = tokens.refresh.unwrap();
        ask(&refresh).post(&stage, "/revoke").expect(200);
        Fields::refresh(&app, &refresh).post(&stage, "/token").expect(400);
    }
}

#[test]
fn it_asks_for_proof_as_the_token_endpoint_does() {
    let stage = Stage::new();
    let (ada, app) = (stage.person("ada"), stage.app_with_secret(EVERYTHING));
    let tokens = stage.grant(&ada, &app, reading());
    let ask = Fields::revoke(&app, &tokens.access);
    for (spoilt, status, wanted) in [
        (ask.clone().without("client_secret"), 401, "invalid_client"),
        (ask.clone().with("client_secret", "wrong"), 401, "invalid_client"),
        (ask.clone().without("client_id"), 400, "invalid_request"),
        (ask.clone().without("token"), 400, "invalid_request"),
        (ask.clone().with("token", ""), 400, "invalid_request"),
        (ask.clone().and("token", "x"), 400, "invalid_request"),
        (ask.clone().and("token_type_hint", "a").and("token_type_hint", "b"), 400, "invalid_request"),
    ] {
        assert_eq!(error(&spoilt.post(&stage, "/revoke").expect(status)), wanted, "{}", spoilt.body());
    }
    let bare = ask.without("client_id").without("client_secret").body();
    let wrong = basic(&app.id.to_string(), "wrong");
    let answer = post_raw(&stage, "/revoke", &[("authorization", &wrong)], bare.as_bytes()).expect(401);
    assert_eq!(answer.header("www-authenticate"), Some("Basic realm=\"waxseal\""));
    assert!(opens(&stage, &tokens.answer["access_token"]));
    let right = basic(&app.id.to_string(), app.secret.as_deref().unwrap());
    post_raw(&stage, "/revoke", &[("authorization", &right)], bare.as_bytes()).expect(200);
    assert!(!opens(&stage, &tokens.answer["access_token"]));
}
