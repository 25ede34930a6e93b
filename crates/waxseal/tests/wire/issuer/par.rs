//! `POST /par` and what it leads to: a request that was pushed, opened, answered once, and worth nothing to anybody else.
use super::{Fields, VERIFIER, code_of, error, post_raw, reading, told_on_a_page};
use crate::stage::{Answer, App, Browser, EVERYTHING, Person, REDIRECT, SCOPE, Stage, query};
use oauth::assertion::ASSERTION_TYPE;
use serde_json::json;
use testkit::es256;
use vault::Demands;

fn scene() -> (Stage, Person, App) {
    let stage = Stage::new();
    let (ada, app) = (stage.person("ada"), stage.app(EVERYTHING));
    (stage, ada, app)
}

#[track_caller]
fn push(stage: &Stage, ask: &Fields) -> String {
    let answer = ask.post(stage, "/par").expect(201);
    assert_eq!(answer.header("cache-control"), Some("no-cache, no-store"));
    let told = answer.json();
    assert_eq!(told["expires_in"], 90);
    let uri = told["request_uri"].as_str().unwrap();
    assert!(uri.starts_with("urn:ietf:params:oauth:request_uri:") && uri.len() > 34 + 43, "{uri}");
    uri.to_owned()
}

/// The link with which an app sends a person after it has pushed.
fn link(app: &App, uri: &str) -> Fields {
    Fields::of(&[("client_id", &app.id.to_string()), ("request_uri", uri)])
}

/// She opens the link; the browser in which she did, and the form that she found.
#[track_caller]
fn opened(stage: &Stage, person: &Person, link: &Fields) -> (Browser, crate::stage::Form) {
    let (browser, page) = stage.asked(person, &link.path());
    let form = page.expect(200).form("/consent");
    (browser, form)
}

#[track_caller]
fn refused(answer: Answer) -> String {
    error(&answer.expect(400))
}

#[test]
fn what_is_pushed_is_what_she_is_asked_whatever_stands_in_the_link() {
    let (stage, ada, app) = scene();
    let uri = push(&stage, &Fields::ask_for(&app, reading()));
    let spoilt = link(&app, &uri)
        .with("scope", "openid")
        .with("state", "another")
        .with("redirect_uri", "https://evil.example/")
        .with(
            "code_challenge",
            &oauth::pkce::challenge_of("somebody-elses-verifier-of-more-than-43-characters"),
        )
        .with("authorization_details", "[]")
        .with("response_type", "token")
        .with("request", "eyJ");
    let (browser, form) = opened(&stage, &ada, &spoilt);
    assert_eq!(form.values("action"), ["list", "read"]);
    let left = stage.consent(&browser, form, "allow");
    assert!(left.starts_with(&format!("{REDIRECT}?code=")), "{left}");
    assert_eq!(query(&left, "state").as_deref(), Some("s-1"));
    assert_eq!(query(&left, "iss").as_deref(), Some(stage.url.as_str()));
    let code = query(&left, "code").unwrap();
    let told =
        Fields::code(&app, &code).with("code_verifier", VERIFIER).post(&stage, "/token").expect(200).json();
    assert_eq!(told["scope"], SCOPE);
    assert_eq!(told["authorization_details"][0]["actions"], json!(["list", "read"]));
}

#[test]
fn it_is_opened_as_often_as_one_likes_and_answered_once() {
    let (mut stage, ada, app) = scene();
    let uri = push(&stage, &Fields::ask_for(&app, reading()));
    stage.restart();
    let first = opened(&stage, &ada, &link(&app, &uri));
    stage.restart();
    let second = opened(&stage, &ada, &link(&app, &uri));
    let left = stage.consent(&first.0, first.1, "allow");
    assert!(query(&left, "code").is_some(), "{left}");
    // Answered is over: in the other window, and for whoever opens the link anew.
    second.0.press(&second.1, Some(("decision", "allow"))).expect(404);
    assert!(told_on_a_page(&stage, &link(&app, &uri)).contains("is over"));
    stage.restart();
    told_on_a_page(&stage, &link(&app, &uri));

    let uri = push(&stage, &Fields::ask_for(&app, reading()).with("prompt", "consent"));
    let (browser, form) = opened(&stage, &ada, &link(&app, &uri));
    let left = stage.consent(&browser, form, "deny");
    assert_eq!(query(&left, "error").as_deref(), Some("access_denied"));
    told_on_a_page(&stage, &link(&app, &uri));
}

#[test]
fn what_is_answered_without_a_page_is_answered_once_too() {
    let (stage, ada, app) = scene();
    code_of(&stage, &ada, &Fields::ask_for(&app, reading()));
    let cookie = format!("{}={}", vault::session_cookie(false), ada.cookie);
    let opened = |ask: &Fields, cookies: &[(&str, &str)]| {
        let link = link(&app, &push(&stage, ask));
        let left = stage.send("GET", &link.path(), cookies, None).expect(303).location().to_owned();
        told_on_a_page(&stage, &link);
        assert!(left.starts_with(REDIRECT), "{left}");
        left
    };
    let quiet = Fields::ask_for(&app, reading()).with("prompt", "none");
    let left = opened(&quiet, &[("cookie", &cookie)]);
    assert!(query(&left, "code").is_some(), "{left}");
    let left = opened(&quiet, &[]);
    assert_eq!(query(&left, "error").as_deref(), Some("login_required"));
    assert_eq!(query(&left, "state").as_deref(), Some("s-1"));
    // She let all of it before: no page either, and the link is spent.
    let again = link(&app, &push(&stage, &Fields::ask_for(&app, reading())));
    let (_, page) = stage.asked(&ada, &again.path());
    assert!(query(page.answer.location(), "code").is_some());
    told_on_a_page(&stage, &again);
}

#[test]
fn another_app_cannot_use_it_and_time_runs_out() {
    let (stage, ada, app) = scene();
    let other = stage.app_named("Other", EVERYTHING, false);
    let uri = push(&stage, &Fields::ask(&app));
    assert!(told_on_a_page(&stage, &link(&other, &uri)).contains("belongs to another app"));
    told_on_a_page(&stage, &link(&other, &uri).with("client_id", ""));
    told_on_a_page(&stage, &link(&other, &uri).with("client_id", "app_nobody"));
    for odd in ["", "x", &"A".repeat(43), &uri[34..uri.len() - 1], &uri[34..].replace("wxp_", "wxc_")] {
        told_on_a_page(&stage, &link(&app, &format!("urn:ietf:params:oauth:request_uri:{odd}")));
    }
    // None of that spent it. Whoever has opened it in time may take her time over it, but not open it again.
    stage.clock.advance_s(85);
    let (browser, form) = opened(&stage, &ada, &link(&app, &uri));
    stage.clock.advance_s(6);
    told_on_a_page(&stage, &link(&app, &uri));
    stage.clock.advance_s(600);
    let left = stage.consent(&browser, form, "allow");
    assert!(query(&left, "code").is_some(), "{left}");
    // What nobody opened is tidied away.
    let uri = push(&stage, &Fields::ask(&app));
    stage.clock.advance_s(91);
    while stage.wait(stage.vault().expire()).unwrap() {}
    told_on_a_page(&stage, &link(&app, &uri));
}

#[test]
fn signing_in_anew_counts_from_when_the_link_is_opened() {
    let (stage, ada, app) = scene();
    let uri = push(&stage, &Fields::ask(&app).with("prompt", "login"));
    stage.clock.advance_s(30);
    // She signs in after the request was pushed, and before its link is opened: that is not for this.
    let cookie = stage
        .wait(stage.vault().sign_in("ada", crate::stage::PASSWORD.to_owned(), "test"))
        .unwrap()
        .cookies()
        .unwrap()
        .session;
    let fresh = Person { handle: "ada".to_owned(), id: ada.id, cookie };
    stage.clock.advance_s(1);
    let page = stage.browser_of(&fresh).open(&link(&app, &uri).path());
    assert!(page.at.starts_with("/sign-in"), "{}", page.at);
}

#[test]
fn an_app_proves_itself_as_it_does_for_tokens() {
    let (stage, _, app) = scene();
    let keyed = stage.app_with_key(EVERYTHING, es256(), Demands::default());
    let secret = stage.app_with_secret(EVERYTHING);
    let by_key = |app: &App, assertion: &str| {
        Fields::ask(app)
            .without("client_id")
            .with("client_assertion_type", ASSERTION_TYPE)
            .with("client_assertion", assertion)
    };
    let assertion = keyed.assertion(&stage);
    let uri = push(&stage, &by_key(&keyed, &assertion));
    assert!(stage.get(&link(&keyed, &uri).path()).expect(303).location().starts_with("/consent?request="));
    for not in [
        by_key(&keyed, &assertion),
        Fields::ask(&keyed),
        Fields::ask(&secret),
        Fields::ask(&secret).with("client_secret", "guess"),
        Fields::ask(&app).with("client_secret", "any"),
        Fields::ask(&app).with("client_id", "app_nobody"),
        by_key(&keyed, &keyed.assertion(&stage)).with("client_id", &app.id.to_string()),
    ] {
        assert_eq!(error(&not.post(&stage, "/par").expect(401)), "invalid_client");
    }
    push(&stage, &Fields::ask(&secret).with("client_secret", secret.secret.as_deref().unwrap()));
    let basic = super::basic(&secret.id.to_string(), "guess");
    let answer =
        post_raw(&stage, "/par", &[("authorization", &basic)], Fields::ask(&secret).body().as_bytes());
    assert!(answer.expect(401).header("www-authenticate").unwrap().starts_with("Basic"));
    for method in ["GET", "PUT", "DELETE"] {
        stage.send(method, &format!("/par?{}", Fields::ask(&app).body()), &[], None).expect(405);
    }
    stage.wait(stage.vault().app_suspend(app.id, "a breach")).unwrap();
    assert_eq!(refused(Fields::ask(&app).post(&stage, "/par")), "unauthorized_client");
}

#[test]
fn what_is_not_in_order_is_told_to_the_app_at_once() {
    let (stage, _, app) = scene();
    let ask = Fields::ask_for(&app, reading());
    for (name, value, wanted) in [
        ("request_uri", "urn:ietf:params:oauth:request_uri:wxp_x", "invalid_request"),
        ("request_uri", "https://app.example/r", "invalid_request"),
        ("request", "eyJ", "request_not_supported"),
        ("redirect_uri", "https://app.example/callback/", "invalid_request"),
        ("redirect_uri", "https://evil.example/", "invalid_request"),
        ("redirect_uri", "", "invalid_request"),
        ("response_type", "token", "unsupported_response_type"),
        ("response_mode", "fragment", "invalid_request"),
        ("code_challenge", "short", "invalid_request"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge_method", "", "invalid_request"),
        ("state", &"x".repeat(513), "invalid_request"),
        ("nonce", &"x".repeat(513), "invalid_request"),
        ("prompt", "none login", "invalid_request"),
        ("max_age", "-1", "invalid_request"),
        ("resource", "https://elsewhere.example", "invalid_target"),
        ("authorization_details", "{}", "invalid_authorization_details"),
        ("authorization_details", r#"[{"type":"money"}]"#, "invalid_authorization_details"),
        ("grant_management_action", "create", "unauthorized_client"),
    ] {
        assert_eq!(refused(ask.clone().with(name, value).post(&stage, "/par")), wanted, "{name}={value}");
    }
    assert_eq!(refused(ask.clone().and("scope", "openid").post(&stage, "/par")), "invalid_request");
    let low = stage.app(r#"[{"type":"messages","actions":["list"],"conversations":"all","since":"all"}]"#);
    let only_delete = Fields::ask_for(&low, json!({"actions": ["delete"]}));
    assert_eq!(refused(only_delete.post(&stage, "/par")), "access_denied");
    let json = stage.send("POST", "/par", &[("content-type", "application/json")], Some(b"{}"));
    assert_eq!(refused(json), "invalid_request");
    let huge = ask.with("authorization_details", &"x".repeat(80_000));
    assert_eq!(huge.post(&stage, "/par").status, 413);
}

#[test]
fn who_pushes_too_much_has_to_wait_and_no_other_app_does() {
    let stage = Stage::new();
    let (one, other) = (stage.app_with_secret(EVERYTHING), stage.app_with_secret(EVERYTHING));
    let ask = |app: &App| Fields::ask(app).with("client_secret", app.secret.as_deref().unwrap());
    let fields = ask(&one);
    for _ in 0..500 {
        fields.post(&stage, "/par").expect(201);
    }
    let stopped = fields.post(&stage, "/par").expect(429);
    assert_eq!(stopped.header("retry-after"), Some("5"));
    assert_eq!(error(&stopped), "temporarily_unavailable");
    push(&stage, &ask(&other));
    stage.clock.advance_s(5);
    push(&stage, &fields);
}
