//! The whole way, from an app's link over sign-in and consent to tokens, in a browser without script.
use super::{Fields, VERIFIER, basic, post_raw, reading};
use crate::stage::{Answer, App, Browser, EVERYTHING, PASSWORD, Page, REDIRECT, Stage, form, query};
use serde_json::{Value, json};

/// How an app proves itself at the token endpoint.
#[derive(Clone, Copy, Debug)]
enum Proof {
    None,
    Basic,
    Post,
}

fn redeem(stage: &Stage, app: &App, proof: Proof, code: &str) -> Answer {
    let (id, secret) = (app.id.to_string(), app.secret.clone().unwrap_or_default());
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ];
    match proof {
        Proof::Basic => {
            let header = basic(&id, &secret);
            post_raw(stage, "/token", &[("authorization", &header)], form(&fields).as_bytes())
        }
        Proof::Post | Proof::None => {
            fields.push(("client_id", &id));
            if matches!(proof, Proof::Post) {
                fields.push(("client_secret", &secret));
            }
            stage.post_form("/token", &fields)
        }
    }
}

/// Signs in on the page that an app's link led to, wrongly first.
fn sign_in(browser: &Browser, page: &Page) -> Page {
    assert!(page.at.starts_with("/sign-in"), "{}", page.at);
    let form = page.form("/sign-in");
    let wrong = form.clone().fill("handle", "ada").fill("password", "not this one");
    let again = browser.press(&wrong, None).expect(422);
    let right = again.form("/sign-in").fill("handle", "ada").fill("password", PASSWORD);
    let page = browser.press(&right, None).expect(200);
    assert!(page.at.starts_with("/consent?request="), "{}", page.at);
    page
}

#[test]
fn every_kind_of_app_goes_the_whole_way() {
    let stage = Stage::new();
    let ada = stage.person("ada");
    let (public, secret) = (stage.app(EVERYTHING), stage.app_with_secret(EVERYTHING));
    let another = stage.app_with_secret(EVERYTHING);
    for (app, proof) in [(&public, Proof::None), (&secret, Proof::Basic), (&another, Proof::Post)] {
        let details = json!({"actions": ["list", "read", "send"], "conversations": "all", "since": "all"});
        let ask = Fields::ask_for(app, details).with("nonce", "n-1");
        let browser = stage.browser();
        let consent = sign_in(&browser, &browser.open(&ask.path()).expect(200));
        assert_eq!(consent.form("/consent").values("action"), ["list", "read", "send"]);
        let choices = consent.form("/consent").tick("action", "send", false).choose("since", "P3D");
        let left = stage.consent(&browser, choices.choose("expires_in", "86400"), "allow");

        let code = query(&left, "code").unwrap();
        let iss = crate::stage::encoded(&stage.url);
        assert_eq!(left, format!("{REDIRECT}?code={code}&state=s-1&iss={iss}"));
        let answer = redeem(&stage, app, proof, &code).expect(200);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let told = answer.json();
        let granted = json!([{"type": "messages", "actions": ["list", "read"], "conversations": "all",
            "since": "P3D", "kinds": ["text", "card", "receipt"], "expires_in": 86400, "uses": null,
            "purpose": "Shows and answers chats in a test"}]);
        assert_eq!(told["authorization_details"], granted, "{proof:?}");
        assert_eq!((&told["token_type"], &told["expires_in"]), (&json!("Bearer"), &json!(300)));
        assert_eq!(told["scope"], "openid profile friends offline_access");
        let api = stage.api(told["access_token"].as_str().unwrap());
        let me = api.get("/v1/me").expect(200).json();
        assert_eq!((&me["id"], &me["handle"]), (&json!(ada.id), &json!("ada")));
        assert_eq!(api.get("/v1/grant").expect(200).json()["grant_id"], told["grant_id"]);
        let mut seen = api.get("/v1/grant").expect(200).json()["authorization_details"].clone();
        assert_eq!(seen.take(), granted);
        assert_eq!(api.post("/v1/conversations", None, &json!({"participants": ["@bea"]})).status, 403);
    }
}

#[test]
fn who_says_no_is_sent_back_with_the_state_and_no_code() {
    let stage = Stage::new();
    let (ada, app) = (stage.person("ada"), stage.app(EVERYTHING));
    let (browser, page) = stage.asked(&ada, &Fields::ask_for(&app, reading()).path());
    let form = page.form("/consent");
    let left = stage.consent(&browser, form.clone(), "deny");
    assert!(left.starts_with(&format!("{REDIRECT}?error=access_denied&")), "{left}");
    assert_eq!(query(&left, "state").as_deref(), Some("s-1"));
    assert_eq!(query(&left, "iss").as_deref(), Some(stage.url.as_str()));
    assert_eq!(query(&left, "code"), None);
    // An answer is given once.
    let again = browser.press(&form, Some(("decision", "allow"))).expect(404);
    assert!(again.words().contains("no longer open"));
    assert_eq!(stage.wait(stage.vault().connected(&stage.own(&ada))).unwrap().len(), 0);
}

#[test]
fn what_is_granted_is_the_narrowest_of_ask_ceiling_and_person() {
    let stage = Stage::new();
    let ada = stage.person("ada");
    let low = r#"[{"type":"messages","actions":["read","send"],"conversations":"started","since":"P30D",
        "kinds":["text","card"],"expires_in":604800,"scopes":["openid"]}]"#;
    let app = stage.app(low);
    let wide = json!({"actions": ["read", "send", "delete"], "conversations": "all", "since": "all",
        "expires_in": 31536000, "optional": ["send"], "uses": 9});
    let tokens = stage.grant_with(&ada, &app, wide, |form| {
        assert_eq!(form.values("action"), ["list", "read", "send"]);
        form.tick("kind", "card", false)
    });
    let granted = json!([{"type": "messages", "actions": ["list", "read"], "conversations": "started",
        "since": "P30D", "kinds": ["text"], "expires_in": 604800, "uses": 9,
        "purpose": "Shows and answers chats in a test"}]);
    assert_eq!(tokens.answer["authorization_details"], granted);
    assert_eq!(tokens.answer["scope"], "openid");

    // What the ceiling leaves nothing of is refused before anybody is asked.
    let only_delete = Fields::ask_for(&app, json!({"actions": ["delete"]}));
    super::sent_back(&stage, &only_delete, "access_denied");
}

#[test]
fn a_form_cannot_widen_what_was_offered() {
    let stage = Stage::new();
    let (ada, app) = (stage.person("ada"), stage.app(EVERYTHING));
    let narrow =
        json!({"actions": ["list"], "conversations": "started", "kinds": ["text"], "expires_in": 3600});
    for (name, value) in [
        ("action", "delete"),
        ("kind", "receipt"),
        ("reach", "all"),
        ("since", "all"),
        ("expires_in", "31536000"),
        ("action", "everything"),
        ("since", "P9999999999D"),
        ("expires_in", "-1"),
        ("conversation", "con_nonsense"),
    ] {
        let browser = stage.browser_of(&ada);
        let form = browser.open(&Fields::ask_for(&app, narrow.clone()).path()).expect(200).form("/consent");
        let mut fields = form.fields(Some(("decision", "allow")));
        if matches!(name, "reach" | "since" | "expires_in") {
            fields.retain(|(other, _)| other != name);
        }
        fields.push((name.to_owned(), value.to_owned()));
        let answer = browser.once("POST", "/consent", Some(&crate::stage::form(&fields)));
        assert_eq!(answer.status, 422, "{name}={value}: {}", answer.text());
        assert_eq!(answer.header("location"), None);
    }
    assert_eq!(stage.wait(stage.vault().connected(&stage.own(&ada))).unwrap().len(), 0);
}

#[test]
fn nobody_is_asked_without_being_signed_in_and_no_link_leads_away_from_here() {
    let stage = Stage::new();
    let (ada, app) = (stage.person("ada"), stage.app(EVERYTHING));
    let next = super::goes_on(&stage, &Fields::ask(&app));
    assert!(stage.get(&next).expect(303).location().starts_with("/sign-in?return_to=/consent"));
    for odd in
        ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "\t//evil"]
    {
        let browser = stage.browser();
        let page = browser.open(&format!("/sign-in?return_to={}", crate::stage::encoded(odd))).expect(200);
        let mut fields = page.form("/sign-in").fill("handle", "ada").fill("password", PASSWORD).fields(None);
        fields.retain(|(name, _)| name != "return_to");
        fields.push(("return_to".to_owned(), odd.to_owned()));
        let answer = browser.once("POST", "/sign-in", Some(&form(&fields))).expect(303);
        assert_eq!(answer.location(), "/", "{odd}");
    }
    // A session that ended asks to sign in, and the question waits.
    stage.wait(stage.vault().sign_out(&ada.cookie)).unwrap();
    let page = stage.browser_of(&ada).open(&next).expect(200);
    assert!(page.at.starts_with("/sign-in"), "{}", page.at);
}

#[test]
fn a_question_waits_half_an_hour_and_not_longer() {
    let stage = Stage::new();
    let (ada, app) = (stage.person("ada"), stage.app(EVERYTHING));
    let browser = stage.browser_of(&ada);
    let form = browser.open(&Fields::ask(&app).path()).expect(200).form("/consent");
    let late = browser.open(&Fields::ask(&app).path()).expect(200).form("/consent");
    stage.clock.advance_s(vault::AUTHORIZATION_S - 1);
    assert!(query(&stage.consent(&browser, form, "allow"), "code").is_some());
    stage.clock.advance_s(2);
    browser.press(&late, Some(("decision", "allow"))).expect(404);
}

#[test]
fn what_an_app_says_of_itself_is_shown_as_text() {
    let stage = Stage::new();
    let ada = stage.person("ada");
    let app = stage.app_named("<b>Bold</b> & \"Sons\"", EVERYTHING, false);
    let mut details = crate::stage::asked(reading());
    details[0]["purpose"] = Value::from("<script>alert(1)</script> shows chats");
    let ask = Fields::ask(&app).with("authorization_details", &details.to_string());
    let (_, page) = stage.asked(&ada, &ask.path());
    assert!(!page.html().contains("<script>alert") && !page.html().contains("<b>Bold"));
    assert!(page.words().contains("<script>alert(1)</script> shows chats"));
    for policy in ["frame-ancestors 'none'", "base-uri 'none'", "form-action 'self' https://app.example"] {
        assert!(page.answer.header("content-security-policy").unwrap().contains(policy), "{policy}");
    }
}
