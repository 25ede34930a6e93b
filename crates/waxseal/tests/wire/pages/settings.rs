//! Name, password and sessions, each person's own.

use super::any_form;
use crate::stage::{EVERYTHING, PASSWORD, Stage};
use serde_json::json;

#[test]
fn name_password_and_sessions() {
    let stage = Stage::new();
    let ada = stage.person("ada");
    let (browser, phone) = (stage.browser_of(&ada), stage.browser());
    let sign_in = |password: &str| {
        let form = phone.open("/sign-in").form("/sign-in").fill("handle", "ada").fill("password", password);
        phone.press(&form, None).expect(200);
    };
    sign_in(PASSWORD);
    let page = browser.open("/settings");
    browser.press(&page.form("/settings/name").fill("name", " "), None).expect(422);
    let page = browser.press(&page.form("/settings/name").fill("name", "Ada L."), None).expect(200);
    assert_eq!(page.form("/settings/name").values("name"), ["Ada L."]);
    let password = |old: &str, new: &str| {
        page.form("/settings/password").fill("password", old).fill("password_new", new)
    };
    let wrong = browser.press(&password("no", "another long one"), None).expect(422);
    assert!(wrong.words().contains("This is not your present password."));
    let short = browser.press(&password(PASSWORD, "short"), None).expect(422);
    assert!(short.words().contains("A password has at least 8 characters."));
    let common = browser.press(&password(PASSWORD, "iloveyou"), None).expect(422);
    assert!(common.words().contains("Many people have this password"));
    let hers = browser.press(&password(PASSWORD, "Ada.l.-1815"), None).expect(422);
    assert!(hers.words().contains("This password is little more than your handle"));
    browser.press(&password(PASSWORD, "another long one"), None).expect(200);
    assert_eq!(phone.open("/settings").at, "/sign-in?return_to=/settings", "other sessions ended");
    sign_in("another long one");
    let own = stage.own(&ada);
    let sessions = stage.wait(stage.vault().sessions(&own)).unwrap();
    let other = sessions.iter().find(|session| !session.this).unwrap().id;
    let page = browser.open("/settings");
    browser.press(&page.form(&format!("/settings/sessions/{other}/end")), None).expect(200);
    assert!(phone.open("/").at.starts_with("/sign-in"));
    let page = browser.press(&page.form("/settings/sessions/end"), None);
    assert!(page.words().contains("You are signed out."));
    assert!(browser.open("/").at.starts_with("/sign-in"));
}

#[test]
fn what_she_wants_to_be_told_is_kept_and_told() {
    let stage = Stage::new();
    let (ada, grace) = (stage.person("ada"), stage.person("grace"));
    stage.friends(&ada, &grace);
    let browser = stage.browser_of(&ada);
    let form = browser.open("/settings").form("/settings/alerts");
    assert!(form.ticked("first_read").is_empty() && form.values("per_day") == [""]);
    let bad = browser.press(&form.clone().fill("per_day", "many"), None).expect(422);
    assert!(bad.words().contains("A number from 1 to 100000 a day will do"), "{}", bad.words());
    let form = form.tick("first_read", "on", true).tick("night", "on", true).fill("per_day", "100");
    let page = browser
        .press(&form.choose("night_from", "23").choose("night_to", "5").choose("east_min", "-210"), None)
        .expect(200);
    assert!(page.words().contains("You will be told of that from now on."));
    let form = page.form("/settings/alerts");
    assert_eq!((form.ticked("first_read"), form.values("per_day")), (vec!["on"], vec!["100"]));
    for chosen in ["23", "5", "-210"] {
        assert!(page.html().contains(&format!("<option value=\"{chosen}\" selected>")), "{chosen}");
    }
    let tokens =
        stage.grant(&ada, &stage.app(EVERYTHING), json!({"actions": ["read"], "conversations": "all"}));
    let talk = stage.conversation(&[&ada, &grace]);
    stage.say(&grace, talk, "one");
    stage.api(&tokens.access).get(&format!("/v1/conversations/{talk}/messages")).expect(200);
    while stage.wait(stage.vault().sequence()).unwrap() > 0 {}
    while stage.wait(stage.vault().alerts_step()).unwrap() {}
    assert!(browser.open("/notices").words().contains("Jukebox read messages for the first time."));
}

#[test]
fn a_session_of_somebody_else_is_not_there() {
    let stage = Stage::new();
    let (ada, eve) = (stage.person("ada"), stage.person("eve"));
    let session = stage.own(&ada).session();
    let eves = stage.browser_of(&eve);
    any_form(&eves).send(&eves, &format!("/settings/sessions/{session}/end")).expect(404);
    assert!(stage.wait(stage.vault().own(&ada.cookie)).is_ok());
}

#[test]
fn it_is_known_when_a_session_was_last_seen() {
    let stage = Stage::new();
    let ada = stage.person("ada");
    stage.clock.advance_s(7200);
    stage.browser_of(&ada).open("/settings").expect(200);
    let own = stage.own(&ada);
    let session = stage.wait(stage.vault().sessions(&own)).unwrap().remove(0);
    assert!(session.seen_at >= session.created_at.plus_seconds(7200));
}

#[test]
fn what_matters_asks_once_more_who_she_is() {
    let stage = Stage::new();
    let ada = stage.person("ada");
    let browser = stage.browser_of(&ada);
    let other = stage
        .wait(stage.vault().sign_in("ada", PASSWORD.to_owned(), "another"))
        .unwrap()
        .cookies()
        .unwrap()
        .session;
    let session = stage.wait(stage.vault().own(&other)).unwrap().session();
    stage.clock.advance_s(600);
    for path in ["/settings/sessions/end".to_owned(), format!("/settings/sessions/{session}/end")] {
        let page = browser.press(&browser.open("/settings").form(&path), None).expect(200);
        assert_eq!(page.at, "/sign-in/again?return_to=/settings");
    }
    assert!(stage.wait(stage.vault().own(&other)).is_ok(), "nothing was done");
    let page = browser.open("/sign-in/again?return_to=/settings");
    let wrong = browser.press(&page.form("/sign-in/again").fill("password", "not hers"), None).expect(422);
    assert!(wrong.words().contains("This is not your password."));
    let page = browser.press(&wrong.form("/sign-in/again").fill("password", PASSWORD), None).expect(200);
    assert_eq!(page.at, "/settings");
    assert!(stage.wait(stage.vault().own(&ada.cookie)).is_err(), "the old cookie is dead");
    browser.press(&page.form(&format!("/settings/sessions/{session}/end")), None).expect(200);
    assert!(stage.wait(stage.vault().own(&other)).is_err());
    let away = browser.open("/sign-in/again?return_to=//evil.example").form("/sign-in/again");
    assert_eq!(away.values("return_to"), [""]);
}

#[test]
fn proving_it_again_cannot_be_guessed() {
    let stage = Stage::new();
    let browser = stage.browser_of(&stage.person("ada"));
    let form = browser.open("/sign-in/again").form("/sign-in/again");
    for _ in 0..10 {
        browser.press(&form.clone().fill("password", "a guess"), None).expect(422);
    }
    browser.press(&form.fill("password", PASSWORD), None).expect(429);
}
