//! `GET` and `POST /authorize`: which requests a person is asked about, and what happens to the others.
use super::{Fields, allow, code_of, goes_on, post_raw, reading, sent_back, told_on_a_page};
use crate::stage::{App, EVERYTHING, PASSWORD, Person, Stage, query};
use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;

fn scene() -> (Stage, Person, App) {
    let stage = Stage::new();
    let (ada, app) = (stage.person("ada"), stage.app(EVERYTHING));
    (stage, ada, app)
}

/// The claims of the ID token that a code is worth; whether they are signed is for `jwks.rs` to see.
fn claims(stage: &Stage, app: &App, code: &str) -> Value {
    let answer = Fields::code(app, code).post(stage, "/token").expect(200).json();
    let token = answer["id_token"].as_str().unwrap().split('.').nth(1).unwrap().to_owned();
    serde_json::from_slice(&BASE64URL_NOPAD.decode(token.as_bytes()).unwrap()).unwrap()
}

#[test]
fn an_app_that_is_not_known_or_not_live_is_a_page() {
    let (stage, _, app) = scene();
    for id in [
        "",
        "app_",
        "jukebox",
        "per_00000000000000000000000000",
        &app.id.to_string().to_uppercase(),
        "app_\u{0}",
    ] {
        assert!(
            told_on_a_page(&stage, &Fields::ask(&app).with("client_id", id)).contains("cannot sign you in")
        );
    }
    told_on_a_page(&stage, &Fields::ask(&app).without("client_id"));
    told_on_a_page(&stage, &Fields(Vec::new()));

    stage.wait(stage.vault().app_suspend(app.id, "a breach")).unwrap();
    assert!(told_on_a_page(&stage, &Fields::ask(&app)).contains("suspended or retired"));
    stage.wait(stage.vault().app_resume(app.id)).unwrap();
    let next = goes_on(&stage, &Fields::ask(&app));
    stage.wait(stage.vault().app_retire(app.id, stage.vault().world().now().plus_seconds(60))).unwrap();
    goes_on(&stage, &Fields::ask(&app));
    stage.clock.advance_s(61);
    told_on_a_page(&stage, &Fields::ask(&app));
    // Nor is a question answered that was asked before.
    let ada = stage.person("bea");
    assert!(stage.browser_of(&ada).open(&next).expect(409).words().contains("suspended or retired"));
}

#[test]
fn what_is_not_offered_here_is_an_error_for_the_app() {
    let (stage, _, app) = scene();
    let ask = Fields::ask(&app);
    for (name, value, error) in [
        ("response_type", "token", "unsupported_response_type"),
        ("response_type", "id_token token", "unsupported_response_type"),
        ("response_type", "code token", "unsupported_response_type"),
        ("response_type", "CODE", "unsupported_response_type"),
        ("response_type", "none", "unsupported_response_type"),
        ("response_type", "", "invalid_request"),
        ("response_mode", "fragment", "invalid_request"),
        ("response_mode", "form_post", "invalid_request"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge", "short", "invalid_request"),
        ("code_challenge", &"a".repeat(44), "invalid_request"),
        ("code_challenge", &"+".repeat(43), "invalid_request"),
        ("code_challenge_method", "", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge_method", "s256", "invalid_request"),
        ("code_challenge_method", "S512", "invalid_request"),
        ("prompt", "sing", "invalid_request"),
        ("prompt", "none login", "invalid_request"),
        ("max_age", "soon", "invalid_request"),
        ("max_age", "-1", "invalid_request"),
        ("max_age", "+1", "invalid_request"),
        ("max_age", "99999999999999999999", "invalid_request"),
        ("nonce", &"n".repeat(513), "invalid_request"),
        ("request", "eyJ", "request_not_supported"),
        ("request_uri", "https://app.example/r", "request_uri_not_supported"),
        ("registration", "{}", "registration_not_supported"),
        ("resource", "https://elsewhere.example", "invalid_target"),
    ] {
        let back = sent_back(&stage, &ask.clone().with(name, value), error);
        assert!(!back.contains("code_challenge="), "{back}");
    }
    for absent in ["response_type", "code_challenge", "code_challenge_method"] {
        sent_back(&stage, &ask.clone().without(absent), "invalid_request");
    }
}

#[test]
fn what_is_not_known_is_ignored() {
    let (stage, ada, app) = scene();
    let ask = Fields::ask(&app)
        .with("scope", "openid email urn:x:y  openid \u{e9}")
        .with("acr_values", "high")
        .with("ui_locales", "de")
        .with("display", "popup")
        .with("claims", "{not json")
        .with("login_hint", "ada")
        .with("id_token_hint", "eyJ")
        .with("response_mode", "query")
        .with("max_age", "9223372036854775807")
        .with("nonce", "")
        .with("next", "https://evil.example")
        .and("resource", &stage.url)
        .and("resource", &stage.url);
    let code = code_of(&stage, &ada, &ask);
    let told = Fields::code(&app, &code).post(&stage, "/token").expect(200).json();
    assert_eq!(told["scope"], "openid");
}

#[test]
fn a_parameter_that_comes_twice_or_broken_is_a_page() {
    let (stage, _, app) = scene();
    let ask = Fields::ask(&app);
    for name in ["client_id", "redirect_uri", "scope", "state", "unheard_of"] {
        let twice = ask.clone().and(name, "x").and(name, "x");
        assert!(told_on_a_page(&stage, &twice).contains("more than once"), "{name}");
    }
    for odd in ["state=%ff", "state=%00", "state=%4", "state=%zz", "%C3=1"] {
        stage.get(&format!("{}&{odd}", ask.clone().without("state").path())).expect(400);
    }
    stage.get("/authorize").expect(400);
    stage.get("/authorize?").expect(400);
    stage.get("/authorize?&&&=&=").expect(400);
    let many: Vec<(String, String)> = (0..65).map(|n| (format!("p{n}"), n.to_string())).collect();
    told_on_a_page(&stage, &Fields(many));
}

#[test]
fn it_takes_posts_as_well() {
    let (stage, ada, app) = scene();
    let ask = Fields::ask_for(&app, reading());
    let answer = ask.post(&stage, "/authorize").expect(303);
    let (_, page) = stage.asked(&ada, answer.location());
    page.expect(200).form("/consent");
    // The query of a POST is not read.
    let in_query = format!("/authorize?{}", ask.body());
    post_raw(&stage, &in_query, &[], b"").expect(400);
    stage.send("POST", "/authorize", &[("content-type", "application/json")], Some(b"{}")).expect(400);
    post_raw(&stage, "/authorize", &[], &[0xff, b'=', 0xfe]).expect(400);
    let huge = ask.with("authorization_details", &"x".repeat(80_000));
    assert_eq!(huge.post(&stage, "/authorize").status, 413);
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"] {
        stage.send(method, &in_query, &[], None).expect(405);
    }
}

#[test]
fn no_other_site_reads_it_and_no_other_site_frames_it() {
    let (stage, ada, app) = scene();
    let path = Fields::ask(&app).path();
    let origin = ("origin", "https://app.example");
    let answer = stage.send("GET", &path, &[origin], None).expect(303);
    assert_eq!(answer.header("access-control-allow-origin"), None);
    let asks = [origin, ("access-control-request-method", "GET")];
    assert_eq!(stage.send("OPTIONS", &path, &asks, None).header("access-control-allow-origin"), None);
    for page in [stage.browser().open(&path), stage.browser_of(&ada).open(&path)] {
        assert_eq!(page.answer.header("access-control-allow-origin"), None);
        assert_eq!(page.answer.header("cache-control"), Some("no-store"));
        assert!(page.answer.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"));
    }
}

#[test]
fn prompt_none_shows_no_page() {
    let (stage, ada, app) = scene();
    let quiet = Fields::ask(&app).with("prompt", "none");
    sent_back(&stage, &quiet, "login_required");
    let cookie = format!("{}={}", vault::session_cookie(false), ada.cookie);
    for (path, error) in [
        (quiet.path(), "consent_required"),
        (quiet.clone().with("max_age", "3600").path(), "consent_required"),
        (quiet.clone().with("max_age", "0").path(), "login_required"),
    ] {
        stage.clock.advance_s(1);
        let back = stage.send("GET", &path, &[("cookie", &cookie)], None).expect(303);
        assert_eq!(query(back.location(), "error").as_deref(), Some(error), "{path}");
    }
    // Who let the app in is not asked again for the same, and asked for more.
    allow(&stage, &ada, &Fields::ask(&app));
    let back = stage.send("GET", &quiet.path(), &[("cookie", &cookie)], None).expect(303);
    let code = query(back.location(), "code").unwrap();
    Fields::code(&app, &code).post(&stage, "/token").expect(200);
    let more = Fields::ask_for(&app, reading()).with("prompt", "none");
    let back = stage.send("GET", &more.path(), &[("cookie", &cookie)], None).expect(303);
    assert_eq!(query(back.location(), "error").as_deref(), Some("consent_required"));
    let odd = stage.send("GET", &quiet.path(), &[("cookie", "waxseal=nonsense")], None).expect(303);
    assert_eq!(query(odd.location(), "error").as_deref(), Some("login_required"));
}

#[test]
fn who_must_sign_in_anew_does_and_the_token_says_when() {
    let (stage, ada, app) = scene();
    let signed_up = claims(&stage, &app, &code_of(&stage, &ada, &Fields::ask(&app)))["auth_time"].clone();
    for (name, value) in
        [("prompt", "login"), ("prompt", "select_account"), ("max_age", "0"), ("max_age", "60")]
    {
        stage.clock.advance_s(61);
        let browser = stage.browser_of(&ada);
        let page = browser.open(&Fields::ask(&app).with(name, value).path()).expect(200);
        assert!(page.at.starts_with("/sign-in?return_to=/consent"), "{name}={value}: {}", page.at);
        let form = page.form("/sign-in").fill("handle", "ada").fill("password", PASSWORD);
        // She let the app in before, so signing in is all that is left to do.
        let left = browser.press(&form, None).expect(303).answer.location().to_owned();
        let claims = claims(&stage, &app, &query(&left, "code").unwrap());
        let since = claims["auth_time"].as_i64().unwrap() - signed_up.as_i64().unwrap();
        assert!(since >= 61, "{name}={value}: {since}");
        // That ended the session before it in this browser; she has another.
        assert_ne!(browser.cookie(vault::session_cookie(false)), Some(ada.cookie.clone()));
        stage.browser_of(&ada).open("/apps").expect(200).form("/sign-in");
        let cookie = browser.cookie(vault::session_cookie(false)).unwrap();
        return_to(&stage, &ada, &cookie);
    }
}

/// Whoever signed in anew holds the new session from here on.
fn return_to(stage: &Stage, ada: &Person, cookie: &str) {
    assert_eq!(stage.wait(stage.vault().own(cookie)).unwrap().person(), ada.id);
}

#[test]
fn max_age_lets_a_young_session_be() {
    let (stage, ada, app) = scene();
    stage.clock.advance_s(60);
    let ask = Fields::ask(&app).with("max_age", "61").with("nonce", "once");
    let claims = claims(&stage, &app, &code_of(&stage, &ada, &ask));
    assert_eq!(claims["nonce"], "once");
    assert_eq!(claims["iat"].as_i64().unwrap() - claims["auth_time"].as_i64().unwrap(), 60);
}
