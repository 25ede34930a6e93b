//! An app asks a person who let it in before: for the same, for less, for more, once, and for what takes a fresh sign-in.
use super::{Fields, allow, opens, post_raw};
use crate::stage::{App, EVERYTHING, PASSWORD, Page, Person, REDIRECT, Stage, form, query};
use model::{ConversationId, GrantId};
use serde_json::{Value, json};

struct Scene {
    stage: Stage,
    ada: Person,
    talk: ConversationId,
    app: App,
}

impl Scene {
    /// Ada and Bea talk, and Bea has said two things; nobody let the app in yet.
    fn new() -> Scene {
        let stage = Stage::new();
        let (ada, bea) = (stage.person("ada"), stage.person("bea"));
        stage.friends(&ada, &bea);
        let talk = stage.conversation(&[&ada, &bea]);
        stage.say(&bea, talk, "one");
        stage.say(&bea, talk, "two");
        let app = stage.app(EVERYTHING);
        Scene { stage, ada, talk, app }
    }

    /// She agrees to whatever she is asked, if she is.
    #[track_caller]
    fn let_in(&self, ask: &Fields) -> Value {
        let left = allow(&self.stage, &self.ada, ask);
        self.redeem(&left)
    }

    #[track_caller]
    fn redeem(&self, left: &str) -> Value {
        let code = query(left, "code").unwrap_or_else(|| panic!("no code in {left}"));
        Fields::code(&self.app, &code).post(&self.stage, "/token").expect(200).json()
    }

    /// Asks in her browser, and leaves it again without having seen a page.
    #[track_caller]
    fn recalled(&self, ask: &Fields) -> Value {
        let page = self.stage.browser_of(&self.ada).open(&ask.path()).expect(303);
        self.redeem(page.answer.location())
    }

    /// Asks in her browser, and a page is shown.
    #[track_caller]
    fn shown(&self, ask: &Fields) -> Page {
        let page = self.stage.browser_of(&self.ada).open(&ask.path()).expect(200);
        assert!(page.at.starts_with("/consent?"), "{}", page.at);
        page
    }

    fn read(&self, told: &Value) -> u16 {
        let token = told["access_token"].as_str().unwrap();
        self.stage.api(token).get(&format!("/v1/conversations/{}/messages", self.talk)).status
    }

    fn send(&self, told: &Value, text: &str) -> u16 {
        let body = json!({"content": {"type": "text", "text": text}});
        let token = told["access_token"].as_str().unwrap();
        self.stage
            .api(token)
            .post(&format!("/v1/conversations/{}/messages", self.talk), Some(text), &body)
            .status
    }

    /// What happened to a grant, in words of the log.
    fn history(&self, told: &Value) -> Vec<String> {
        let grant: GrantId = told["grant_id"].as_str().unwrap().parse().unwrap();
        let own = self.stage.own(&self.ada);
        let history = self.stage.wait(self.stage.vault().grant_history(&own, grant)).unwrap();
        let what =
            |json: &str| serde_json::from_str::<Value>(json).unwrap()["what"].as_str().unwrap().to_owned();
        history.iter().map(|event| what(&event.record)).collect()
    }

    fn grants(&self) -> usize {
        self.stage.wait(self.stage.vault().connected(&self.stage.own(&self.ada))).unwrap().len()
    }
}

fn reading() -> Value {
    json!({"actions": ["read"], "conversations": "all", "since": "all"})
}

#[test]
fn the_same_and_less_show_no_page() {
    let scene = Scene::new();
    let first = scene.let_in(&Fields::ask_for(&scene.app, reading()));
    scene.stage.clock.advance_s(3 * 86_400);
    let again = scene.recalled(&Fields::ask_for(&scene.app, reading()).with("state", "s-2"));
    assert_eq!(again["grant_id"], first["grant_id"]);
    assert_eq!(again["authorization_details"][0]["actions"], json!(["list", "read"]));
    assert_eq!(again["authorization_details"][0]["expires_in"], json!(87 * 86_400), "nothing is prolonged");
    assert_eq!(scene.read(&again), 200);
    // Less than stands gives less than stands, on every axis.
    let started = json!({"actions": ["read"], "conversations": "started", "since": "all"});
    let started = scene.recalled(&Fields::ask_for(&scene.app, started));
    assert_eq!(started["grant_id"], first["grant_id"]);
    assert_eq!(started["authorization_details"][0]["conversations"], "started");
    assert_eq!(scene.read(&started), 404, "it asked for what it starts alone");
    let short = scene.recalled(&Fields::ask_for(
        &scene.app,
        json!({"actions": ["list"], "conversations": "all", "expires_in": 3600}),
    ));
    assert_eq!(scene.read(&short), 403);
    scene.stage.clock.advance_s(3601);
    assert!(!opens(&scene.stage, &short["access_token"]));
    let refresh = Fields::refresh(&scene.app, short["refresh_token"].as_str().unwrap());
    refresh.post(&scene.stage, "/token").expect(400);
    // What it only signs her in with opens no messages, and neither does what comes of refreshing it.
    let face = scene.recalled(&Fields::ask(&scene.app).with("scope", "openid offline_access"));
    assert_eq!(
        (&face["scope"], &face["authorization_details"]),
        (&json!("openid offline_access"), &Value::Null)
    );
    let refresh = Fields::refresh(&scene.app, face["refresh_token"].as_str().unwrap());
    let fresh = refresh.post(&scene.stage, "/token").expect(200).json();
    assert_eq!((scene.read(&face), scene.read(&fresh)), (403, 403));
    assert_eq!((scene.grants(), scene.history(&first)), (1, vec!["given".to_owned()]));
}

#[test]
fn more_shows_only_what_is_new_and_says_what_stands() {
    let scene = Scene::new();
    let first = scene.let_in(&Fields::ask_for(&scene.app, reading()).with("scope", "openid"));
    let more = json!({"actions": ["read", "send", "delete"], "optional": ["delete"], "conversations": "all",
        "since": "all"});
    let ask = Fields::ask_for(&scene.app, more).with("scope", "openid friends");
    let page = scene.shown(&ask);
    let words = page.words();
    assert!(
        words.contains("Let Jukebox do more?") && words.contains("What stands already, and stays"),
        "{words}"
    );
    assert!(words.contains("Jukebox may see conversations and who is in them and read messages."), "{words}");
    assert!(words.contains("See your friends") && !words.contains("Sign you in: the app learns"), "{words}");
    let asks = page.form("/consent");
    assert_eq!((asks.values("action"), asks.ticked("action")), (vec!["send", "delete"], vec!["send"]));
    assert_eq!((asks.values("since").len(), asks.values("kind").len()), (0, 0));
    // Nothing has changed for having been asked; and saying no changes nothing.
    assert_eq!((scene.read(&first), scene.send(&first, "early")), (200, 403));
    let browser = scene.stage.browser_of(&scene.ada);
    let denied = scene.stage.consent(&browser, asks, "deny");
    assert_eq!(query(&denied, "error").as_deref(), Some("access_denied"));
    assert_eq!((scene.read(&first), scene.history(&first)), (200, vec!["given".to_owned()]));

    let second = scene.redeem(&scene.stage.consent(&browser, scene.shown(&ask).form("/consent"), "allow"));
    assert_eq!(second["grant_id"], first["grant_id"]);
    assert_eq!(second["authorization_details"][0]["actions"], json!(["list", "read", "send"]));
    assert_eq!((scene.read(&second), scene.send(&second, "late")), (200, 201));
    assert_eq!(scene.send(&first, "later"), 403, "a token is worth what was asked for it");
    assert_eq!((scene.grants(), scene.history(&first)), (1, vec!["given".to_owned(), "widened".to_owned()]));
    let page = browser.open(&format!("/apps/{}", first["grant_id"].as_str().unwrap())).words();
    assert!(page.contains("You let it do more, or for longer: see, read and send"), "{page}");
    // She can leave all that is new unticked, and all goes on as it was.
    let longer = json!({"actions": ["read", "send"], "conversations": "all", "since": "all", "expires_in": 31_536_000});
    let optional = scene.shown(&Fields::ask_for(&scene.app, longer).with("scope", "openid friends"));
    let kept = optional.form("/consent").choose("expires_in", "keep");
    assert_eq!(kept.values("action"), [""; 0]);
    scene.redeem(&scene.stage.consent(&browser, kept, "allow"));
    assert_eq!(scene.history(&first).len(), 2);
}

#[test]
fn what_she_takes_back_is_gone_from_every_token_and_asked_anew() {
    let scene = Scene::new();
    let both = json!({"actions": ["read", "send"], "conversations": "all", "since": "all"});
    let first = scene.let_in(&Fields::ask_for(&scene.app, both.clone()));
    let second = scene.recalled(&Fields::ask_for(&scene.app, reading()));
    let browser = scene.stage.browser_of(&scene.ada);
    let at = format!("/apps/{}", first["grant_id"].as_str().unwrap());
    let narrow = browser.open(&at).form(&format!("{at}/narrow")).tick("action", "read", false);
    browser.press(&narrow, None).expect(200);
    assert_eq!((scene.read(&first), scene.read(&second), scene.send(&first, "one")), (403, 403, 201));
    let asks = scene.shown(&Fields::ask_for(&scene.app, both.clone())).form("/consent");
    assert_eq!(asks.values("action"), ["read"]);
    // Paused, nothing goes on behind her back; to agree to the same again lets it go on.
    browser.press(&browser.open(&at).form(&format!("{at}/pause")), None).expect(200);
    assert_eq!((scene.send(&first, "two"), scene.send(&second, "two")), (403, 403));
    let sends = json!({"actions": ["list", "send"], "conversations": "all", "since": "all"});
    let page = scene.shown(&Fields::ask_for(&scene.app, sends));
    assert!(page.words().contains("You let it in before, for the same"), "{}", page.words());
    let third = scene.redeem(&scene.stage.consent(&browser, page.form("/consent"), "allow"));
    assert_eq!((third["grant_id"].clone(), scene.send(&first, "three")), (first["grant_id"].clone(), 201));
    assert_eq!(
        scene.history(&first),
        ["given", "narrowed", "paused", "resumed", "widened"],
        "for 90 days from now on"
    );
    // Revoked, it is forgotten.
    browser.press(&browser.open(&at).form(&format!("{at}/revoke")), None).expect(200);
    for told in [&first, &second, &third] {
        assert_eq!(scene.send(told, "four"), 401);
    }
    let (_, page) = scene.stage.asked(&scene.ada, &Fields::ask_for(&scene.app, reading()).path());
    assert_eq!(page.expect(200).form("/consent").values("action"), ["list", "read"]);
}

#[test]
fn another_reason_or_neither_more_nor_less_is_a_page() {
    let scene = Scene::new();
    scene.let_in(&Fields::ask_for(&scene.app, reading()));
    let mut sells = crate::stage::asked(reading());
    sells[0]["purpose"] = "Sells what you read to others".into();
    let page = scene.shown(&Fields::ask(&scene.app).with("authorization_details", &sells.to_string()));
    assert!(page.words().contains("Sells what you read to others"));
    let apart = json!({"actions": ["send"], "conversations": "started"});
    let page = scene.shown(&Fields::ask_for(&scene.app, apart));
    assert!(page.words().contains("What it may do already"), "{}", page.words());
    let browser = scene.stage.browser_of(&scene.ada);
    let told = scene.redeem(&scene.stage.consent(&browser, page.form("/consent"), "allow"));
    assert_eq!((scene.grants(), scene.send(&told, "there")), (2, 404));
    let consent = Fields::ask_for(&scene.app, reading()).with("prompt", "consent");
    assert_eq!(scene.shown(&consent).form("/consent").values("action"), ["list", "read"]);
}

#[test]
fn an_app_that_cannot_prove_itself_is_shown_each_time_unless_its_address_is_its_own() {
    let scene = Scene::new();
    let new = |redirect: &str, secret| vault::NewApp {
        name: "Desk".to_owned(),
        partner: "Desk Ltd".to_owned(),
        redirect_uris: vec![redirect.to_owned()],
        ceiling: EVERYTHING.to_owned(),
        kind: if secret { vault::NewKind::Secret } else { vault::NewKind::Public },
        demands: vault::Demands::default(),
    };
    for (redirect, secret, again) in [
        ("http://127.0.0.1/back", false, 200),
        ("org.example.desk:/back", false, 200),
        ("https://desk.example/back", false, 303),
        ("http://127.0.0.1/back", true, 303),
    ] {
        let (id, secret) = scene.stage.wait(scene.stage.vault().app_add(new(redirect, secret))).unwrap();
        let ask = Fields::ask(&App { id, secret, signer: None })
            .with("redirect_uri", redirect)
            .with("scope", "openid");
        let left = allow(&scene.stage, &scene.ada, &ask);
        assert!(left.starts_with(redirect), "{left}");
        let browser = scene.stage.browser_of(&scene.ada);
        let page = browser.open(&ask.path()).expect(again);
        if again == 200 {
            assert!(page.words().contains("Nothing here is new."), "{}", page.words());
            let left = scene.stage.consent(&browser, page.form("/consent"), "allow");
            assert!(left.starts_with(redirect) && query(&left, "code").is_some(), "{left}");
        }
        let quiet = scene.stage.browser_of(&scene.ada).open(&ask.with("prompt", "none").path()).expect(303);
        let error = query(quiet.answer.location(), "error");
        assert_eq!(error.as_deref(), (again == 200).then_some("consent_required"), "{redirect}");
    }
}

#[test]
fn once_is_once_and_asked_each_time() {
    let scene = Scene::new();
    let once = json!({"actions": ["list", "send"], "conversations": "all", "since": "all", "uses": 1});
    let ask = Fields::ask_for(&scene.app, once);
    let (browser, page) = scene.stage.asked(&scene.ada, &ask.path());
    let words = page.words();
    assert!(words.contains("It may act once , and then no more") && words.contains("Allow once"), "{words}");
    let told = scene.redeem(&scene.stage.consent(&browser, page.form("/consent"), "allow"));
    assert_eq!(told["authorization_details"][0]["uses"], 1);
    // Not used yet, and asked anew all the same: each time is a decision of hers.
    let (_, page) = scene.stage.asked(&scene.ada, &ask.path());
    page.expect(200).form("/consent");
    assert_eq!(scene.send(&told, "first"), 201);
    assert_eq!(scene.send(&told, "first"), 201, "told again is not done again");
    assert_eq!(scene.send(&told, "another"), 403);
    let api = scene.stage.api(told["access_token"].as_str().unwrap());
    let seen = api.get("/v1/grant").expect(200).json();
    assert_eq!((&seen["state"], &seen["used"]), (&json!("spent"), &json!(1)));
    assert_eq!(api.get("/v1/conversations").expect(403).problem(), "grant-spent");
    let refresh = Fields::refresh(&scene.app, told["refresh_token"].as_str().unwrap());
    refresh.post(&scene.stage, "/token").expect(400);
    assert_eq!(scene.history(&told), ["given", "ended"]);
    let page = browser.open(&format!("/apps/{}", told["grant_id"].as_str().unwrap())).words();
    assert!(page.contains("It was used as often as it could be on"), "{page}");
}

#[test]
fn deleting_and_reaching_everything_take_a_fresh_sign_in_the_first_time() {
    let scene = Scene::new();
    let deleting = json!({"actions": ["read", "delete"], "conversations": "started"});
    for details in [deleting.clone(), reading()] {
        let (app, browser) = (scene.stage.app(EVERYTHING), scene.stage.browser_of(&scene.ada));
        let page = browser.open(&Fields::ask_for(&app, details).path()).expect(200);
        assert!(page.at.starts_with("/sign-in/again?return_to=/consent"), "{}", page.at);
        assert!(!page.html().contains("decision"), "there is nothing to agree to yet");
    }
    // Conversations that she is still to pick are not all of them.
    let picking = json!({"actions": ["read", "send"], "conversations": "chosen"});
    let (app, browser) = (scene.stage.app(EVERYTHING), scene.stage.browser_of(&scene.ada));
    let page = browser.open(&Fields::ask_for(&app, picking).path()).expect(200);
    assert!(page.at.starts_with("/consent"), "{}", page.at);
    // A form made by hand does not get by it.
    let browser = scene.stage.browser_of(&scene.ada);
    let optional = json!({"actions": ["read", "delete"], "optional": ["delete"], "conversations": "started"});
    let ask = Fields::ask_for(&scene.app, optional.clone());
    let form_of = |page: Page| page.expect(200).form("/consent");
    let ticked = form_of(browser.open(&ask.path())).tick("action", "delete", true);
    let page = browser.press(&ticked, Some(("decision", "allow"))).expect(200);
    assert!(page.at.starts_with("/sign-in/again"), "{}", page.at);
    assert_eq!(scene.grants(), 0);
    let wrong = browser.press(&page.form("/sign-in/again").fill("password", "not it"), None).expect(422);
    let page = browser.press(&wrong.form("/sign-in/again").fill("password", PASSWORD), None);
    let ticked = form_of(page).tick("action", "delete", true);
    let told = scene.redeem(&scene.stage.consent(&browser, ticked, "allow"));
    assert_eq!(told["authorization_details"][0]["actions"], json!(["list", "read", "delete"]));
    // It may delete now: to be let do so for longer is no first time.
    let longer = json!({"actions": ["read", "delete"], "conversations": "started", "expires_in": 31_536_000});
    let page = browser.open(&Fields::ask_for(&scene.app, longer).path()).expect(200);
    assert!(page.at.starts_with("/consent?"), "{}", page.at);
}

#[test]
fn a_hint_that_names_another_person_is_answered_for_nobody_else() {
    let scene = Scene::new();
    let bea = scene.stage.person("cem");
    let of = |told: &Value| told["id_token"].as_str().unwrap().to_owned();
    let ada_token = of(&scene.let_in(&Fields::ask(&scene.app)));
    let bea_token = of(&scene.redeem(&allow(&scene.stage, &bea, &Fields::ask(&scene.app))));
    let quiet = |token: &str| {
        let ask = Fields::ask(&scene.app).with("prompt", "none").with("id_token_hint", token);
        let page = scene.stage.browser_of(&scene.ada).open(&ask.path()).expect(303);
        query(page.answer.location(), "error").unwrap_or_else(|| "none".to_owned())
    };
    scene.stage.clock.advance_s(3600);
    assert_eq!(quiet(&ada_token), "none", "an old token of ours is as good a hint");
    assert_eq!((quiet(&bea_token), quiet("eyJ")), ("login_required".to_owned(), "login_required".to_owned()));
    let ask = Fields::ask(&scene.app).with("id_token_hint", &bea_token);
    let browser = scene.stage.browser_of(&scene.ada);
    let page = browser.open(&ask.path()).expect(200);
    assert!(page.at.starts_with("/sign-in?"), "{}", page.at);
    // Ada again is not the one who is meant; Cem is.
    let sign_in = page.form("/sign-in").fill("password", PASSWORD);
    let left = browser.press(&sign_in.clone().fill("handle", "ada"), None).expect(303);
    assert_eq!(query(left.answer.location(), "error").as_deref(), Some("login_required"));
    let browser = scene.stage.browser();
    let form = browser.open(&ask.path()).form("/sign-in").fill("handle", "cem").fill("password", PASSWORD);
    let left = browser.press(&form, None).expect(303);
    assert!(query(left.answer.location(), "code").is_some(), "{}", left.answer.location());
}

#[test]
fn what_is_recalled_belongs_to_who_is_signed_in_now() {
    let scene = Scene::new();
    scene.let_in(&Fields::ask_for(&scene.app, reading()));
    let bea = scene.stage.person("cem");
    let (_, page) = scene.stage.asked(&bea, &Fields::ask_for(&scene.app, reading()).path());
    page.expect(200).form("/consent");
    // Nor does another app have what this one was let.
    let other = scene.stage.app_with_secret(EVERYTHING);
    let (_, page) = scene.stage.asked(&scene.ada, &Fields::ask_for(&other, reading()).path());
    page.expect(200).form("/consent");
    // A code that was recalled is tied to its request like any other.
    let page = scene.stage.browser_of(&scene.ada).open(&Fields::ask_for(&scene.app, reading()).path());
    let code = query(page.answer.location(), "code").unwrap();
    let wrong = Fields::code(&scene.app, &code).with("code_verifier", &"x".repeat(43));
    wrong.post(&scene.stage, "/token").expect(400);
    let fields = [("request", "aut_00000000000000000000000000"), ("decision", "allow")];
    let forged = form(&fields);
    let headers = [("sec-fetch-site", "cross-site"), ("origin", REDIRECT)];
    post_raw(&scene.stage, "/consent", &headers, forged.as_bytes()).expect(303);
}
