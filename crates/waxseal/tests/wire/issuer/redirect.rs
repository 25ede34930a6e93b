//! Where an answer may go: the registered address byte for byte, and with it what the app sent to have back.
use super::{Fields, allow, code_of, goes_on, told_on_a_page};
use crate::stage::{App, EVERYTHING, REDIRECT, Stage, query};
use vault::NewApp;

fn app_at(stage: &Stage, uris: &[&str]) -> App {
    let new = NewApp {
        name: "Elsewhere".to_owned(),
        partner: "Elsewhere Ltd".to_owned(),
        redirect_uris: uris.iter().map(|uri| (*uri).to_owned()).collect(),
        ceiling: EVERYTHING.to_owned(),
        kind: vault::NewKind::Public,
        demands: vault::Demands::default(),
    };
    let (id, secret) = stage.wait(stage.vault().app_add(new)).unwrap();
    App { id, secret, signer: None }
}

#[test]
fn an_address_that_nearly_matches_is_a_page_and_never_a_redirect() {
    let stage = Stage::new();
    let app = stage.app(EVERYTHING);
    for odd in [
        "https://app.example/callback/",
        "https://app.example/Callback",
        "https://APP.example/callback",
        "HTTPS://app.example/callback",
        "http://app.example/callback",
        "https://app.example:443/callback",
        "https://app.example:8443/callback",
        "https://app.example./callback",
        "https://app.example/callback?x=1",
        "https://app.example/callback?",
        "https://app.example/callback#x",
        "https://app.example/callback#",
        "https://app.example/%63allback",
        "https://app.example/a/../callback",
        "https://app.example/./callback",
        "https://app.example//callback",
        "https://app.example/callback/../../evil",
        "https://app.example/callback%00",
        "https://app.example\\@evil.example/callback",
        "https://evil.example/callback",
        "https://app.example@evil.example/callback",
        "https://ada@app.example/callback",
        "https://app.example.evil.example/callback",
        "https://sub.app.example/callback",
        "https://evil.example/?https://app.example/callback",
        "//app.example/callback",
        "/callback",
        "javascript:alert(1)",
        "data:text/html,hello",
        " https://app.example/callback",
        "https://app.example/callback ",
        "https://app.example/callback\r\nSet-Cookie: a=b",
        "",
    ] {
        let page = told_on_a_page(&stage, &Fields::ask(&app).with("redirect_uri", odd));
        assert!(page.contains("not registered") || odd.contains("%00"), "{odd}: {page}");
    }
    told_on_a_page(&stage, &Fields::ask(&app).without("redirect_uri"));
}

#[test]
fn a_loopback_address_may_have_any_port_and_a_name_may_not() {
    let stage = Stage::new();
    let ada = stage.person("ada");
    let app = app_at(
        &stage,
        &["http://127.0.0.1/back?a=1", "http://[::1]:7000/back", "http://localhost:7000/back"],
    );
    for fit in [
        "http://127.0.0.1/back?a=1",
        "http://127.0.0.1:1/back?a=1",
        "http://127.0.0.1:65535/back?a=1",
        "http://[::1]/back",
        "http://[::1]:51004/back",
        "http://localhost:7000/back",
    ] {
        let left = allow(&stage, &ada, &Fields::ask(&app).with("redirect_uri", fit));
        assert!(left.starts_with(fit), "{left}");
        assert!(query(&left, "code").is_some(), "{left}");
    }
    for odd in [
        "http://localhost:7001/back",
        "http://localhost/back",
        "http://127.0.0.1:/back?a=1",
        "http://127.0.0.1:0/back?a=1",
        "http://127.0.0.1:65536/back?a=1",
        "http://127.0.0.1:80:81/back?a=1",
        "http://127.0.0.1:1@evil.example/back?a=1",
        "http://127.0.0.1.evil.example/back?a=1",
        "http://127.0.0.1:7000/back",
        "http://127.0.0.2:7000/back?a=1",
        "http://127.1:7000/back?a=1",
        "https://127.0.0.1:7000/back?a=1",
        "http://[::1]:7000/back/",
        "http://[::ffff:127.0.0.1]:7000/back",
    ] {
        told_on_a_page(&stage, &Fields::ask(&app).with("redirect_uri", odd));
    }
}

#[test]
fn a_code_is_redeemed_with_the_very_address_it_went_to() {
    let stage = Stage::new();
    let ada = stage.person("ada");
    let app = app_at(&stage, &["http://127.0.0.1/back", REDIRECT]);
    let here = "http://127.0.0.1:5000/back";
    let code = code_of(&stage, &ada, &Fields::ask(&app).with("redirect_uri", here));
    for other in [REDIRECT, "http://127.0.0.1/back", "http://127.0.0.1:5001/back", ""] {
        let answer = Fields::code(&app, &code).with("redirect_uri", other).post(&stage, "/token").expect(400);
        assert_eq!(super::error(&answer), "invalid_grant", "{other}");
    }
    Fields::code(&app, &code).with("redirect_uri", here).post(&stage, "/token").expect(200);
}

#[test]
fn a_registered_query_is_kept() {
    let stage = Stage::new();
    let ada = stage.person("ada");
    let registered = "https://app.example/back?tenant=7&next=%2Fhome%20page";
    let app = app_at(&stage, &[registered, "com.example.app:/done"]);
    let ask = Fields::ask(&app).with("redirect_uri", registered);
    let left = allow(&stage, &ada, &ask);
    assert!(left.starts_with(&format!("{registered}&code=")), "{left}");
    let refused = stage.get(&ask.with("response_type", "token").path()).expect(303);
    assert!(refused.location().starts_with(&format!("{registered}&error=unsupported_response_type&")));

    let native = allow(&stage, &ada, &Fields::ask(&app).with("redirect_uri", "com.example.app:/done"));
    assert!(native.starts_with("com.example.app:/done?code="), "{native}");
}

#[test]
fn the_state_comes_back_byte_for_byte() {
    let stage = Stage::new();
    let (ada, app) = (stage.person("ada"), stage.app(EVERYTHING));
    let long = "\u{fc}".repeat(512);
    for state in [
        "a b+c&d=e%20f",
        "\u{1F9A6} \u{202E}x\u{0}y".replace('\u{0}', "").as_str(),
        "\"<>\\'#?/;",
        "\r\n",
        &long,
    ] {
        let left = allow(&stage, &ada, &Fields::ask(&app).with("state", state));
        assert_eq!(query(&left, "state").as_deref(), Some(state));
        let spoilt = Fields::ask(&app).with("state", state).with("response_type", "token");
        let back = stage.get(&spoilt.path()).expect(303);
        assert_eq!(query(back.location(), "state").as_deref(), Some(state));
        let form = stage.browser_of(&ada);
        let shown = Fields::ask(&app).with("state", state).with("prompt", "consent");
        let page = form.open(&shown.path()).expect(200);
        let denied = stage.consent(&form, page.form("/consent"), "deny");
        assert_eq!(query(&denied, "state").as_deref(), Some(state));
    }
    for ask in [Fields::ask(&app).without("state"), Fields::ask(&app).with("state", "")] {
        let left = allow(&stage, &ada, &ask);
        assert!(!left.contains("state"), "{left}");
    }
    told_on_a_page(&stage, &Fields::ask(&app).with("state", &"x".repeat(513)));
    goes_on(&stage, &Fields::ask(&app).with("state", &"x".repeat(512)));
}
