//! One-time codes: set up, asked for at signing in, turned off.

use crate::stage::{PASSWORD, Stage};
use factors::totp::{STEP_S, code};

/// What her app shows now, for the key that the page tells.
fn shown(stage: &Stage, html: &str) -> String {
    let (_, rest) = html.split_once("<code id=\"secret\">").unwrap();
    let key = rest.split_once('<').unwrap().0.replace(' ', "");
    code(&data_encoding::BASE32_NOPAD.decode(key.as_bytes()).unwrap(), stage.clock.seconds() / STEP_S)
}

#[test]
fn a_code_is_set_up_asked_for_and_turned_off() {
    let stage = Stage::new();
    let ada = stage.person("ada");
    let browser = stage.browser_of(&ada);
    let page = browser.open("/settings/codes").expect(200);
    let page = browser.press(&page.form("/settings/codes"), None).expect(200);
    assert!(page.html().contains("otpauth://totp/") && page.html().contains("<svg"), "a picture, and a link");
    let wrong = browser.press(&page.form("/settings/codes/confirm").fill("code", "12345x"), None).expect(422);
    assert!(wrong.words().contains("The code is not right, or was used before."));
    let key = page.html();
    let right = page.form("/settings/codes/confirm").fill("code", &shown(&stage, &key));
    let codes = browser.press(&right, None).expect(200);
    let first = codes.html().split_once("<li><code>").unwrap().1.split_once('<').unwrap().0.to_owned();
    assert!(browser.open("/settings").words().contains("10 recovery codes are left."));

    let phone = stage.browser();
    let sign_in = |to: &str| {
        let form = phone.open(to).form("/sign-in").fill("handle", "ada").fill("password", PASSWORD);
        phone.press(&form, None).expect(200)
    };
    let asked = sign_in("/sign-in?return_to=/friends");
    assert!(asked.at.starts_with("/sign-in/code"), "{}", asked.at);
    assert!(phone.open("/friends").at.starts_with("/sign-in"), "half a sign-in opens nothing");
    let wrong = phone.press(&asked.form("/sign-in/code").fill("code", "12345x"), None).expect(422);
    assert!(wrong.words().contains("The code is not right, or was used before."));
    stage.clock.advance_s(STEP_S);
    let typed = asked.form("/sign-in/code").fill("code", &shown(&stage, &key));
    assert_eq!(phone.press(&typed, None).expect(200).at, "/friends");
    // A recovery code will do as well, once.
    let other = stage.browser();
    let form = other.open("/sign-in").form("/sign-in").fill("handle", "ada").fill("password", PASSWORD);
    let asked = other.press(&form, None);
    assert_eq!(other.press(&asked.form("/sign-in/code").fill("code", &first), None).expect(200).at, "/");
    let told = browser.open("/notices").words();
    assert!(told.contains("A recovery code was used. 9 codes are left."), "{told}");

    let page = browser.open("/settings/codes").expect(200);
    let page = browser.press(&page.form("/settings/codes/end"), None).expect(200);
    assert!(page.words().contains("One-time codes are off."));
    assert_eq!(sign_in("/sign-in").at, "/");
    assert!(browser.open("/notices").words().contains("One-time codes were turned off."));
}

#[test]
fn it_wants_that_she_has_just_proved_who_she_is() {
    let stage = Stage::new();
    let browser = stage.browser_of(&stage.person("ada"));
    stage.clock.advance_s(601);
    assert!(browser.open("/settings/codes").at.starts_with("/sign-in/again"));
    assert_eq!(browser.open("/sign-in/code").at, "/sign-in", "who gave no password has no code to give");
}
