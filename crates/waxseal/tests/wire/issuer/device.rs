//! The device grant over the wire: codes, the page on which one is typed, and what the device is told meanwhile.
use super::{Fields, error, opens, post_raw};
use crate::stage::{App, Browser, EVERYTHING, PASSWORD, Page, Person, Stage, query};
use serde_json::{Value, json};

struct Scene {
    stage: Stage,
    ada: Person,
    app: App,
}

/// What a device was told to begin with.
struct Codes {
    device: String,
    user: String,
    answer: Value,
}

impl Scene {
    fn new() -> Scene {
        let stage = Stage::new();
        let (ada, app) = (stage.person("ada"), stage.app(EVERYTHING));
        Scene { stage, ada, app }
    }

    fn ask(&self, details: Value) -> Fields {
        Fields::of(&[("client_id", &self.app.id.to_string()), ("scope", "openid profile offline_access")])
            .with("authorization_details", &crate::stage::asked(details).to_string())
    }

    #[track_caller]
    fn codes(&self) -> Codes {
        let answer =
            self.ask(json!({"actions": ["read", "send"]})).post(&self.stage, "/device_authorization");
        let answer = answer.expect(200);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let answer = answer.json();
        let text = |name: &str| answer[name].as_str().unwrap().to_owned();
        Codes { device: text("device_code"), user: text("user_code"), answer }
    }

    fn poll_ask(&self, device_code: &str) -> Fields {
        Fields::of(&[("grant_type", oauth::device::GRANT_TYPE), ("device_code", device_code)]).by(&self.app)
    }

    /// Asks once, as long after the last time as it should be.
    fn poll(&self, codes: &Codes) -> Value {
        self.stage.clock.advance_s(5);
        self.poll_ask(&codes.device).post(&self.stage, "/token").json()
    }

    fn browser(&self) -> Browser {
        self.stage.browser_of(&self.ada)
    }

    /// Types a code, and comes to whatever comes then.
    #[track_caller]
    fn typed(&self, browser: &Browser, code: &str) -> Page {
        browser.press(&browser.open("/device").expect(200).form("/device").fill("user_code", code), None)
    }
}

#[test]
fn a_television_is_let_in_from_a_phone() {
    let scene = Scene::new();
    let codes = scene.codes();
    assert!(codes.device.starts_with("wxd_") && codes.device.len() == 47, "256 bits");
    assert_eq!((&codes.answer["expires_in"], &codes.answer["interval"]), (&json!(600), &json!(5)));
    assert_eq!(codes.answer["verification_uri"], format!("{}/device", scene.stage.url));
    let complete = codes.answer["verification_uri_complete"].as_str().unwrap();
    assert_eq!(complete, format!("{}/device?user_code={}", scene.stage.url, codes.user));
    assert_eq!(scene.poll(&codes)["error"], "authorization_pending");

    let browser = scene.browser();
    let page = scene.typed(&browser, &codes.user.to_lowercase().replace('-', " ")).expect(200);
    let words = page.words();
    assert!(words.contains("Is this the device in front of you?") && words.contains(&codes.user), "{words}");
    assert!(words.contains("127.0.0.1") && words.contains("Let Jukebox in?"), "{words}");
    assert!(words.contains("cannot prove that it is Jukebox"), "{words}");
    let policy = page.answer.header("content-security-policy").unwrap();
    assert!(policy.ends_with("form-action 'self'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(scene.poll(&codes)["error"], "authorization_pending");
    let form = page.form("/consent").tick("action", "send", false);
    let done = browser.press(&form, Some(("decision", "allow"))).expect(200);
    assert!(done.words().contains("Your device goes on by itself"), "{}", done.words());

    let told = scene.poll(&codes);
    assert_eq!(told["authorization_details"][0]["actions"], json!(["list", "read"]));
    assert_eq!(
        (&told["token_type"], &told["scope"]),
        (&json!("Bearer"), &json!("openid profile offline_access"))
    );
    assert!(opens(&scene.stage, &told["access_token"]) && told["id_token"].is_string());
    // Success comes once.
    assert_eq!(scene.poll(&codes)["error"], "invalid_grant");
    assert!(opens(&scene.stage, &told["access_token"]));
    let refresh = Fields::refresh(&scene.app, told["refresh_token"].as_str().unwrap());
    refresh.post(&scene.stage, "/token").expect(200);
    // The code is of no use to anybody any more.
    scene.typed(&browser, &codes.user).expect(422);
}

#[test]
fn signing_out_of_the_phone_does_not_turn_the_television_off() {
    let scene = Scene::new();
    let ask = Fields::of(&[("client_id", &scene.app.id.to_string()), ("scope", "openid")]);
    let answer = ask.post(&scene.stage, "/device_authorization").expect(200).json();
    let browser = scene.browser();
    let page = scene.typed(&browser, answer["user_code"].as_str().unwrap()).expect(200);
    browser.press(&page.form("/consent"), Some(("decision", "allow"))).expect(200);
    scene.stage.clock.advance_s(5);
    let poll = scene.poll_ask(answer["device_code"].as_str().unwrap());
    let told = poll.post(&scene.stage, "/token").expect(200).json();
    browser.press(&browser.open("/settings").expect(200).form("/sign-out"), None);
    assert!(opens(&scene.stage, &told["access_token"]));
    let refresh = Fields::refresh(&scene.app, told["refresh_token"].as_str().unwrap());
    let fresh = refresh.post(&scene.stage, "/token").expect(200).json();
    scene
        .stage
        .wait(scene.stage.vault().grant_end(told["grant_id"].as_str().unwrap().parse().unwrap()))
        .unwrap();
    assert!(!opens(&scene.stage, &fresh["access_token"]), "ending the grant does");
}

#[test]
fn a_device_is_told_what_came_of_it() {
    let scene = Scene::new();
    let (denied, late) = (scene.codes(), scene.codes());
    let browser = scene.browser();
    let page = scene.typed(&browser, &denied.user).expect(200);
    let page = browser.press(&page.form("/consent"), Some(("decision", "deny"))).expect(200);
    assert!(page.words().contains("The device was not let in."));
    assert_eq!(scene.poll(&denied)["error"], "access_denied");
    assert_eq!(
        scene.stage.wait(scene.stage.vault().connected(&scene.stage.own(&scene.ada))).unwrap().len(),
        0
    );
    // Asking too soon costs five seconds more each time.
    assert_eq!(scene.poll(&late)["error"], "authorization_pending");
    for _ in 0..2 {
        let answer = scene.poll_ask(&late.device).post(&scene.stage, "/token").expect(400);
        assert_eq!(error(&answer), "slow_down");
    }
    scene.stage.clock.advance_s(14);
    assert_eq!(scene.poll_ask(&late.device).post(&scene.stage, "/token").json()["error"], "slow_down");
    scene.stage.clock.advance_s(20);
    assert_eq!(
        scene.poll_ask(&late.device).post(&scene.stage, "/token").json()["error"],
        "authorization_pending"
    );
    scene.stage.clock.advance_s(600);
    assert_eq!(scene.poll(&late)["error"], "expired_token");
    scene.typed(&browser, &late.user).expect(422);
    // What is long over is forgotten.
    scene.stage.clock.advance_s(3_700);
    while scene.stage.wait(scene.stage.vault().expire()).unwrap() {}
    assert_eq!(scene.poll(&late)["error"], "invalid_grant");
}

#[test]
fn codes_belong_to_one_client_and_one_person() {
    let scene = Scene::new();
    let codes = scene.codes();
    let other = scene.stage.app(EVERYTHING);
    let foreign = Fields::of(&[("grant_type", oauth::device::GRANT_TYPE), ("device_code", &codes.device)]);
    assert_eq!(error(&foreign.by(&other).post(&scene.stage, "/token").expect(400)), "invalid_grant");
    // Whoever types it first answers it; a thief of the question's address does not.
    let browser = scene.browser();
    let page = scene.typed(&browser, &codes.user).expect(200);
    let eve = scene.stage.person("eve");
    let hers = scene.stage.browser_of(&eve);
    scene.typed(&hers, &codes.user).expect(422);
    hers.open(&page.at).expect(404);
    // She may type it again, and comes to the same question.
    assert_eq!(scene.typed(&browser, &codes.user).expect(200).at, page.at);
    // A device's question is no code's question: nothing is ever sent anywhere for it.
    browser.press(&page.form("/consent"), Some(("decision", "allow"))).expect(200);
    browser.open(&page.at).expect(404);
    assert!(scene.poll(&codes)["access_token"].is_string(), "polling as another did not spend it");
}

#[test]
fn codes_cannot_be_guessed() {
    let scene = Scene::new();
    let codes = scene.codes();
    let browser = scene.browser();
    for _ in 0..5 {
        let page = scene.typed(&browser, "BBBB-BBBB").expect(422);
        assert!(page.words().contains("No device waits with this code."));
    }
    let refused = scene.typed(&browser, &codes.user).expect(429);
    assert!(refused.answer.header("retry-after").is_some(), "not even the right one, for a while");
    assert_eq!(scene.poll(&codes)["error"], "authorization_pending");
    scene.stage.clock.advance_s(900);
    let again = scene.codes();
    scene.typed(&browser, &again.user).expect(200).form("/consent");
}

#[test]
fn the_page_wants_a_session_and_our_own_form() {
    let scene = Scene::new();
    let codes = scene.codes();
    let complete = format!("/device?user_code={}", codes.user);
    let browser = scene.stage.browser();
    let page = browser.open(&complete).expect(200);
    assert!(page.at.starts_with("/sign-in?return_to=/device"), "{}", page.at);
    let form = page.form("/sign-in").fill("handle", "ada").fill("password", PASSWORD);
    let page = browser.press(&form, None).expect(200);
    // What came along with the link stands in the field, and is not taken before she sends it.
    assert_eq!(
        (page.at.as_str(), page.form("/device").values("user_code")),
        (&*complete, vec![&*codes.user])
    );
    assert!(page.words().contains("Somebody sent you this code"));
    assert!(page.answer.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"));
    let question = browser.press(&page.form("/device"), None).expect(200);
    assert!(question.words().contains("Compare the code with the one on your device."));
    // Neither the code nor the answer is taken from another site's page, or without the form's token.
    let cookie = format!("{}={}", vault::session_cookie(false), scene.ada.cookie);
    for (path, body) in [
        ("/device", format!("user_code={}", codes.user)),
        ("/consent", format!("request={}&decision=allow", query(&question.at, "request").unwrap())),
    ] {
        for headers in [
            vec![
                ("cookie", cookie.as_str()),
                ("origin", "https://evil.example"),
                ("sec-fetch-site", "cross-site"),
            ],
            vec![("cookie", cookie.as_str()), ("origin", scene.stage.url.as_str())],
        ] {
            post_raw(&scene.stage, path, &headers, body.as_bytes()).expect(403);
        }
    }
    assert_eq!(scene.poll(&codes)["error"], "authorization_pending");
    for odd in
        ["/device?user_code=", "/device?user_code=%3Cscript%3E", "/device?user_code=AAAA-AAAA", "/device?x"]
    {
        assert_eq!(browser.open(odd).expect(200).form("/device").values("user_code"), [""], "{odd}");
    }
}

#[test]
fn what_is_wrong_is_told_to_the_device() {
    let scene = Scene::new();
    let good = scene.ask(json!({"actions": ["read"]}));
    for (ask, wanted) in [
        (good.clone().with("authorization_details", "[]"), "invalid_authorization_details"),
        (good.clone().with("resource", "https://elsewhere.example"), "invalid_target"),
        (good.clone().with("grant_management_action", "create"), "invalid_request"),
        (good.clone().and("scope", "openid"), "invalid_request"),
    ] {
        assert_eq!(error(&ask.post(&scene.stage, "/device_authorization").expect(400)), wanted);
    }
    for (ask, status) in [
        (good.clone().with("client_id", "app_00000000000000000000000000"), 401),
        (good.clone().with("client_secret", "wxs_x"), 401),
        (good.clone().without("client_id"), 400),
    ] {
        ask.post(&scene.stage, "/device_authorization").expect(status);
    }
    let low = scene.stage.app(r#"[{"type":"messages","actions":["list"]}]"#);
    let beyond = scene.ask(json!({"actions": ["send"]})).with("client_id", &low.id.to_string());
    assert_eq!(error(&beyond.post(&scene.stage, "/device_authorization").expect(400)), "access_denied");
    scene.stage.get("/device_authorization").expect(405);
    let poll = Fields::of(&[("grant_type", oauth::device::GRANT_TYPE)]).by(&scene.app);
    assert_eq!(error(&poll.post(&scene.stage, "/token").expect(400)), "invalid_request");
    for code in [
        "x",
        "wxc_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "wxd_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ] {
        let answer = scene.poll_ask(code).post(&scene.stage, "/token").expect(400);
        assert_eq!(error(&answer), "invalid_grant", "{code}");
    }
    // Of an app that was suspended meanwhile, nobody is let in.
    let codes = scene.codes();
    let browser = scene.browser();
    let page = scene.typed(&browser, &codes.user).expect(200);
    scene.stage.wait(scene.stage.vault().app_suspend(scene.app.id, "a breach")).unwrap();
    browser.press(&page.form("/consent"), Some(("decision", "allow"))).expect(409);
}

#[test]
fn a_device_takes_a_fresh_sign_in_to_delete() {
    let scene = Scene::new();
    let ask = scene.ask(json!({"actions": ["delete"], "conversations": "all"}));
    let answer = ask.post(&scene.stage, "/device_authorization").expect(200).json();
    let browser = scene.browser();
    let page = scene.typed(&browser, answer["user_code"].as_str().unwrap()).expect(200);
    assert!(page.at.starts_with("/sign-in/again"), "{}", page.at);
    let page = browser.press(&page.form("/sign-in/again").fill("password", PASSWORD), None).expect(200);
    browser.press(&page.form("/consent"), Some(("decision", "allow"))).expect(200);
}

#[test]
fn of_many_at_once_one_has_the_tokens() {
    let scene = Scene::new();
    let codes = scene.codes();
    let browser = scene.browser();
    let page = scene.typed(&browser, &codes.user).expect(200);
    browser.press(&page.form("/consent"), Some(("decision", "allow"))).expect(200);
    let ask = scene.poll_ask(&codes.device);
    let won = std::thread::scope(|scope| {
        let asking: Vec<_> =
            (0..8).map(|_| scope.spawn(|| ask.post(&scene.stage, "/token").status == 200)).collect();
        asking.into_iter().map(|one| one.join().unwrap()).filter(|won| *won).count()
    });
    assert_eq!(won, 1);
}
