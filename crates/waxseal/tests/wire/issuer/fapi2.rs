//! What the profile `fapi2` demands of an app, and what it does not demand of others (FAPI 2.0 Security Profile).
use super::dpop::Holder;
use super::{Fields, allow, error, reading};
use crate::stage::{App, EVERYTHING, Person, REDIRECT, Stage, query};
use oauth::assertion::ASSERTION_TYPE;
use oauth::client::Profile;
use testkit::{ed25519, es256};
use vault::{Demands, NewKind};

fn scene() -> (Stage, Person, App) {
    let stage = Stage::new();
    let (ada, app) = (stage.person("ada"), stage.app_with_key(EVERYTHING, es256(), Demands::default()));
    (stage, ada, app)
}

/// A form of this app, with a statement of who it is.
fn by(stage: &Stage, app: &App, fields: Fields) -> Fields {
    fields.with("client_assertion_type", ASSERTION_TYPE).with("client_assertion", &app.assertion(stage))
}

/// She lets the app in on what it pushed; the code comes back.
#[track_caller]
fn code(stage: &Stage, ada: &Person, app: &App) -> String {
    let ask = by(stage, app, Fields::ask_for(app, reading()));
    let pushed = ask.post(stage, "/par").expect(201).json();
    assert!(pushed["expires_in"].as_i64().unwrap() < 600);
    let uri = pushed["request_uri"].as_str().unwrap();
    let left = allow(stage, ada, &Fields::of(&[("client_id", &app.id.to_string()), ("request_uri", uri)]));
    assert_eq!(query(&left, "iss").as_deref(), Some(stage.url.as_str()));
    query(&left, "code").unwrap_or_else(|| panic!("no code in {left}"))
}

#[test]
fn its_requests_are_pushed() {
    let (stage, ada, app) = scene();
    let back = stage.get(&Fields::ask_for(&app, reading()).path()).expect(303).location().to_owned();
    assert!(back.starts_with(&format!("{REDIRECT}?error=invalid_request&")), "{back}");
    assert!(query(&back, "error_description").unwrap().contains("/par"), "{back}");
    assert_eq!(query(&back, "iss").as_deref(), Some(stage.url.as_str()));
    let quiet = Fields::ask(&app).with("prompt", "none").path();
    assert!(stage.get(&quiet).expect(303).location().contains("error=invalid_request"));
    let unproven = Fields::ask(&app).post(&stage, "/par").expect(401);
    assert_eq!(error(&unproven), "invalid_client");
    code(&stage, &ada, &app);
}

#[test]
fn its_tokens_are_bound_and_its_codes_short() {
    let (stage, ada, app) = scene();
    let holder = Holder::new(&stage, ed25519());
    let redeem = |code: &str| by(&stage, &app, Fields::code(&app, code));
    let first = code(&stage, &ada, &app);
    let bare = redeem(&first).post(&stage, "/token").expect(400);
    assert_eq!(error(&bare), "invalid_dpop_proof");
    assert!(bare.json()["error_description"].as_str().unwrap().contains("fapi2"));
    let nonce = holder.post(&Fields::of(&[("client_id", "x")]), "/token");
    assert_eq!(nonce.status, 401, "who does not prove itself is told nothing else");
    let told = holder.post_anew(|| redeem(&first), "/token").expect(200).json();
    assert_eq!(told["token_type"], "DPoP");
    let access = told["access_token"].as_str().unwrap();
    holder.call("GET", "/v1/me", access, None).expect(200);
    assert_eq!(stage.api(access).get("/v1/me").expect(401).problem(), "token-unproven");
    // Refreshing takes a proof too; the refresh token goes on.
    let refresh = told["refresh_token"].as_str().unwrap();
    let fields = || by(&stage, &app, Fields::refresh(&app, refresh));
    assert_eq!(error(&fields().post(&stage, "/token").expect(400)), "invalid_dpop_proof");
    for _ in 0..2 {
        let next = holder.post_anew(fields, "/token").expect(200).json();
        assert_eq!(
            (&next["token_type"], &next["refresh_token"]),
            (&told["token_type"], &told["refresh_token"])
        );
    }
    let late = code(&stage, &ada, &app);
    stage.clock.advance_s(61);
    assert_eq!(error(&holder.post_anew(|| redeem(&late), "/token").expect(400)), "invalid_grant");
}

#[test]
fn it_is_for_apps_with_a_key_and_others_are_not_held_to_it() {
    let stage = Stage::new();
    let ada = stage.person("ada");
    let held = Demands { profile: Some(Profile::Fapi2), ..Demands::default() };
    for kind in [NewKind::Public, NewKind::Secret] {
        let new = vault::NewApp {
            name: "Shop".to_owned(),
            partner: "Shop Ltd".to_owned(),
            redirect_uris: vec![REDIRECT.to_owned()],
            ceiling: EVERYTHING.to_owned(),
            kind,
            demands: held,
        };
        assert!(stage.wait(stage.vault().app_add(new)).unwrap_err().to_string().contains("fapi2"));
    }
    let free = Demands { profile: Some(Profile::OAuth21), ..Demands::default() };
    let app = stage.app_with_key(EVERYTHING, es256(), free);
    let left = allow(&stage, &ada, &Fields::ask_for(&app, reading()));
    let redeem = by(&stage, &app, Fields::code(&app, &query(&left, "code").unwrap()));
    let told = redeem.post(&stage, "/token").expect(200).json();
    assert_eq!(told["token_type"], "Bearer");
}
