//! What is ticked and counted on the consent page is what the app is granted, and a form can only narrow it.

use super::forged;
use crate::stage::{App, Browser, EVERYTHING, PASSWORD, Page, REDIRECT, SCOPE, Stage, asked, query};
use serde_json::{Value, json};

const ALLOW: Option<(&str, &str)> = Some(("decision", "allow"));

fn everything(conversations: &str) -> Value {
    json!({"actions": ["read", "send", "delete"], "optional": ["delete"], "conversations": conversations, "since": "all"})
}

/// Asks, and signs in anew if that comes first.
fn ask(stage: &Stage, browser: &Browser, app: &App, details: Value) -> Page {
    let page = browser.open(&stage.authorize_path(app, SCOPE, Some(&asked(details))));
    match page.at.starts_with("/sign-in/again") {
        true => browser.press(&page.form("/sign-in/again").fill("password", PASSWORD), None),
        false => page,
    }
}

/// What the app was granted, told by the token endpoint.
#[track_caller]
fn granted(stage: &Stage, app: &App, left: &str) -> Value {
    assert!(left.starts_with(REDIRECT), "{left}");
    let code = query(left, "code").unwrap();
    stage.redeem(app, &code).expect(200).json()["authorization_details"][0].clone()
}

#[test]
fn what_is_ticked_and_counted_is_what_is_granted() {
    let stage = Stage::new();
    let (ada, grace) = (stage.person("ada"), stage.person("grace"));
    stage.friends(&ada, &grace);
    let talk = stage.conversation(&[&ada, &grace]);
    for text in ["one", "two", "three"] {
        stage.say(&grace, talk, text);
    }
    let (app, browser) = (stage.app(EVERYTHING), stage.browser_of(&ada));
    let page = ask(&stage, &browser, &app, everything("all")).expect(200);
    assert!(page.words().contains("Today this would let Jukebox read 3 messages in 1 conversation."));
    let policy = page.answer.header("content-security-policy").unwrap();
    assert!(policy.ends_with("form-action 'self' https://app.example"), "{policy}");
    let form = page.form("/consent");
    assert_eq!(form.ticked("action"), ["list", "read", "send"]);
    let left = browser.press(&form, ALLOW);
    assert_eq!(left.answer.header("referrer-policy"), Some("no-referrer"));
    let terms = granted(&stage, &app, left.answer.location());
    assert_eq!(terms["actions"], json!(["list", "read", "send"]));
    assert_eq!(terms["conversations"], "all");
    // It is answered once, whatever the answer.
    assert!(browser.open(&page.at).expect(404).words().contains("no longer open"));
    forged(&form, ALLOW).send(&browser, "/consent").expect(404);
    forged(&form, Some(("decision", "deny"))).send(&browser, "/consent").expect(404);
}

#[test]
fn every_axis_can_be_narrowed_and_the_preview_follows() {
    let stage = Stage::new();
    let (ada, grace) = (stage.person("ada"), stage.person("grace"));
    stage.friends(&ada, &grace);
    let talk = stage.conversation(&[&ada, &grace]);
    stage.say(&grace, talk, "old");
    stage.clock.advance_s(2 * 86_400);
    stage.say(&grace, talk, "new");
    let (app, browser) = (stage.app(EVERYTHING), stage.browser_of(&ada));
    let form = ask(&stage, &browser, &app, everything("all")).form("/consent");
    let form = form.choose("reach", "chosen").tick("conversation", &talk.to_string(), true);
    let form = form.choose("since", "P1D").choose("expires_in", "3600");
    let form = form.tick("kind", "card", false).tick("kind", "receipt", false).tick("action", "send", false);
    let page = browser.press(&form, Some(("decision", "update"))).expect(200);
    assert!(page.words().contains("read 1 message in 1 conversation."), "{}", page.words());
    let kept = page.form("/consent");
    assert_eq!(kept.ticked("kind"), ["text"]);
    assert_eq!(
        (kept.ticked("reach"), kept.ticked("conversation")),
        (vec!["chosen"], vec![&*talk.to_string()])
    );
    let terms = granted(&stage, &app, &stage.consent(&browser, kept, "allow"));
    assert_eq!(terms["actions"], json!(["list", "read"]));
    assert_eq!(terms["conversations"], json!([talk.to_string()]));
    assert_eq!((&terms["since"], &terms["kinds"]), (&json!("P1D"), &json!(["text"])));
}

#[test]
fn the_contracts_fields_alone_are_enough() {
    let stage = Stage::new();
    let (ada, grace) = (stage.person("ada"), stage.person("grace"));
    stage.friends(&ada, &grace);
    let talk = stage.conversation(&[&ada, &grace]).to_string();
    let (app, browser) = (stage.app(EVERYTHING), stage.browser_of(&ada));
    let mut form = forged(&ask(&stage, &browser, &app, everything("chosen")).form("/consent"), ALLOW);
    // Hidden fields as they are, and those that are named in the contract.
    form.0.retain(|(name, _)| ["csrf", "request", "decision"].contains(&name.as_str()));
    let form = form
        .with("action", "read")
        .with("conversation", &talk)
        .with("since", "all")
        .with("expires_in", "7776000");
    let terms = granted(&stage, &app, form.send(&browser, "/consent").location());
    assert_eq!(
        (&terms["kinds"], &terms["conversations"]),
        (&json!(["text", "card", "receipt"]), &json!([talk]))
    );
}

#[test]
fn what_cannot_stand_is_said_and_nothing_is_lost() {
    let stage = Stage::new();
    let (ada, grace) = (stage.person("ada"), stage.person("grace"));
    stage.friends(&ada, &grace);
    let talk = stage.conversation(&[&ada, &grace]).to_string();
    let (app, browser) = (stage.app(EVERYTHING), stage.browser_of(&ada));
    let page = ask(&stage, &browser, &app, everything("chosen"));
    assert!(page.words().contains("reach none of your conversations"), "nothing is picked yet");
    let form = page.form("/consent").choose("expires_in", "86400");
    let none = || forged(&form, ALLOW);
    let picked = || none().with("conversation", &talk);
    for (form, why) in [
        (none(), "Pick at least one conversation"),
        (picked().without("action"), "Tick at least one thing"),
        (picked().without("kind"), "Tick at least one kind"),
        (picked().set("reach", "all"), "more in &#39;reach&#39;"),
        (picked().set("since", "yesterday"), "not known"),
        (picked().set("expires_in", "99999999"), "more in &#39;expires_in&#39;"),
        (picked().with("conversation", "con_x"), "not known"),
        (picked().with("action", "share"), "not known"),
    ] {
        let answer = form.send(&browser, "/consent").expect(422);
        assert!(answer.text().contains(why), "{why}: {}", answer.text());
        assert!(answer.text().contains(r#"<option value="86400" selected>"#) || why.contains("expires_in"));
    }
    picked().set("decision", "perhaps").send(&browser, "/consent").expect(400);
}

#[test]
fn conversations_of_others_cannot_be_let_in() {
    let stage = Stage::new();
    let (ada, grace, eve) = (stage.person("ada"), stage.person("grace"), stage.person("eve"));
    stage.friends(&grace, &eve);
    let theirs = stage.conversation(&[&grace, &eve]);
    let (app, browser) = (stage.app(EVERYTHING), stage.browser_of(&ada));
    let page = ask(&stage, &browser, &app, everything("chosen"));
    let form = forged(&page.form("/consent"), ALLOW).with("conversation", &theirs.to_string());
    form.send(&browser, "/consent").expect(404);
    browser.open(&page.at).expect(200);
}

#[test]
fn no_is_told_to_the_app() {
    let stage = Stage::new();
    let (app, browser) = (stage.app(EVERYTHING), stage.browser_of(&stage.person("ada")));
    let page = ask(&stage, &browser, &app, everything("all"));
    let left = stage.consent(&browser, page.form("/consent"), "deny");
    assert_eq!(query(&left, "error").as_deref(), Some("access_denied"));
    assert_eq!(
        (query(&left, "state").as_deref(), query(&left, "iss")),
        (Some("s-1"), Some(stage.url.clone()))
    );
    assert_eq!(query(&left, "code"), None);
}

#[test]
fn a_question_grows_old_and_an_app_can_be_suspended() {
    let stage = Stage::new();
    let (app, browser) = (stage.app(EVERYTHING), stage.browser_of(&stage.person("ada")));
    let page = ask(&stage, &browser, &app, everything("all"));
    stage.wait(stage.vault().app_suspend(app.id, "a test")).unwrap();
    assert!(browser.open(&page.at).expect(409).words().contains("suspended or retired"));
    stage.wait(stage.vault().app_resume(app.id)).unwrap();
    browser.open(&page.at).expect(200);
    stage.clock.advance_s(1801);
    browser.open(&page.at).expect(404);
    for odd in ["/consent", "/consent?request=", "/consent?request=aut_1", "/consent?request=%ff"] {
        browser.open(odd).expect(404);
    }
}

#[test]
fn an_app_can_ask_her_to_sign_in_anew() {
    let stage = Stage::new();
    let (app, browser) = (stage.app(EVERYTHING), stage.browser_of(&stage.person("ada")));
    stage.clock.advance_s(60);
    for more in ["&prompt=login", "&prompt=select_account", "&max_age=30"] {
        let path = stage.authorize_path(&app, SCOPE, Some(&asked(everything("all"))));
        let page = browser.open(&format!("{path}{more}&login_hint=ada"));
        assert!(page.at.starts_with("/sign-in?return_to=/consent"), "{more}: {}", page.at);
        assert!(page.words().contains("Jukebox sent you here."));
        let form = page.form("/sign-in");
        assert_eq!(form.values("handle"), ["ada"], "whom the app expects");
        let page = browser.press(&form.fill("password", PASSWORD), None).expect(200);
        assert!(page.at.starts_with("/consent?request="), "{more}: {}", page.at);
        stage.clock.advance_s(60);
    }
}

#[test]
fn not_you_signs_out_and_comes_back_to_the_question() {
    let stage = Stage::new();
    let (app, browser) = (stage.app(EVERYTHING), stage.browser_of(&stage.person("ada")));
    stage.person("grace");
    let question = ask(&stage, &browser, &app, everything("all"));
    let page = browser.press(&question.form("/sign-out"), None);
    let form = page.form("/sign-in").fill("handle", "grace").fill("password", PASSWORD);
    let again = browser.press(&form, None).expect(200);
    assert_eq!(again.at, question.at);
    assert!(again.words().contains("You are signed in as grace"));
}

#[test]
fn an_app_that_asks_for_no_messages_only_signs_her_in() {
    let stage = Stage::new();
    let (app, browser) = (stage.app(EVERYTHING), stage.browser_of(&stage.person("ada")));
    let page = browser.open(&stage.authorize_path(&app, "openid", None)).expect(200);
    assert!(page.words().contains("Jukebox gets no access to your messages."));
    assert_eq!(granted(&stage, &app, &stage.consent(&browser, page.form("/consent"), "allow")), Value::Null);
}
