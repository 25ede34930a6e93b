//! A way back for who has lost the password: a link from staff, which waits, is told, can be stopped, and skips nothing.

use crate::stage::{Person, Stage, form};
use factors::totp::{STEP_S, code};
use model::Handle;
use vault::{RECOVERY_S, RECOVERY_WAIT_S};

const NEW: &str = "a new one of hers";

/// Staff makes a link for her.
fn link(stage: &Stage, person: &Person) -> String {
    let handle = Handle::parse(&person.handle).unwrap();
    let made = stage.wait(stage.vault().staff_recovery(&handle, "asked for at the counter")).unwrap();
    format!("/recover/{}", made.token)
}

fn sign_in(stage: &Stage, password: &str) -> (crate::stage::Browser, crate::stage::Page) {
    let browser = stage.browser();
    let page = browser.open("/sign-in").form("/sign-in").fill("handle", "ada").fill("password", password);
    let shown = browser.press(&page, None);
    (browser, shown)
}

#[test]
fn a_link_waits_is_told_sets_a_password_once_and_signs_nobody_in() {
    let stage = Stage::new();
    let ada = stage.person("ada");
    let path = link(&stage, &ada);
    let hers = stage.browser_of(&ada);
    let told = hers.open("/notices").words();
    assert!(
        told.contains("Whoever runs this server made a link that sets a new password for your account"),
        "{told}"
    );
    assert!(told.contains("asked for at the counter"), "{told}");
    let browser = stage.browser();
    let early = browser.open(&path).expect(200);
    assert!(early.words().contains("It opens on") && !early.html().contains("type=\"password\""));
    // The form can be made up before its time; it does nothing.
    let csrf = browser.open("/sign-in").form("/sign-in").values("csrf")[0].to_owned();
    let forced = form(&[("csrf", csrf.as_str()), ("password", NEW)]);
    browser.once("POST", &path, Some(&forced)).expect(404);

    stage.clock.advance_s(RECOVERY_WAIT_S);
    let page = browser.open(&path).expect(200);
    let weak = browser.press(&page.form(&path).fill("password", "password"), None).expect(422);
    assert!(weak.html().contains("password-problem"));
    let done = browser.press(&page.form(&path).fill("password", NEW), None).expect(200);
    assert!(
        done.at.starts_with("/sign-in") && done.words().contains("Your new password is set."),
        "{}",
        done.at
    );
    assert!(browser.open("/friends").at.starts_with("/sign-in"), "nobody is signed in by it");
    assert!(hers.open("/friends").at.starts_with("/sign-in"), "and everybody is signed out");
    browser.open(&path).expect(404);
    browser.once("POST", &path, Some(&forced)).expect(404);
    sign_in(&stage, crate::stage::PASSWORD).1.expect(422);
    let (browser, page) = sign_in(&stage, NEW);
    page.expect(200);
    assert!(browser.open("/notices").words().contains("A new password was set with the link"));
}

#[test]
fn a_reset_does_not_skip_the_second_factor() {
    let stage = Stage::new();
    let ada = stage.person("ada");
    let own = stage.own(&ada);
    stage.wait(stage.vault().codes_begin(&own)).unwrap();
    let secret = stage.wait(stage.vault().codes_begun(&own)).unwrap().unwrap();
    let shown = |stage: &Stage| code(&secret, stage.clock.seconds() / STEP_S);
    stage.wait(stage.vault().codes_confirm(&own, &shown(&stage))).unwrap();
    let path = link(&stage, &ada);
    stage.clock.advance_s(RECOVERY_WAIT_S);
    let browser = stage.browser();
    browser.press(&browser.open(&path).form(&path).fill("password", NEW), None).expect(200);
    let (browser, asked) = sign_in(&stage, NEW);
    assert!(asked.at.starts_with("/sign-in/code"), "{}", asked.at);
    assert!(browser.open("/friends").at.starts_with("/sign-in"));
    browser.press(&asked.form("/sign-in/code").fill("code", &shown(&stage)), None).expect(200);
    assert!(browser.open("/friends").at.starts_with("/friends"));
}

#[test]
fn she_can_stop_it_a_newer_one_voids_it_and_it_ends() {
    let stage = Stage::new();
    let ada = stage.person("ada");
    let hers = stage.browser_of(&ada);
    let before = link(&stage, &ada);
    let path = link(&stage, &ada);
    stage.browser().open(&before).expect(404);
    let settings = hers.open("/settings");
    assert!(settings.words().contains("A link that sets a new password waits"), "{}", settings.words());
    let stopped = hers.press(&settings.form("/settings/recovery/stop"), None).expect(200);
    assert!(stopped.words().contains("The link opens nothing any more."));
    stage.browser().open(&path).expect(404);
    let path = link(&stage, &ada);
    stage.clock.advance_s(RECOVERY_WAIT_S + RECOVERY_S);
    stage.browser().open(&path).expect(404);
    for odd in ["/recover/wxq_AAAA", "/recover/x", "/recover/%00"] {
        assert_eq!(stage.browser().open(odd).answer.status, 404, "{odd}");
    }
    let nobody = stage.wait(stage.vault().staff_recovery(&Handle::parse("nobody").unwrap(), "x"));
    assert_eq!(nobody.unwrap_err(), vault::Refusal::NotFound);
}
