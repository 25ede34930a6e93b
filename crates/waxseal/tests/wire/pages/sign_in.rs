//! Signing in and out; forms that are not ours are refused, and nobody is led away.

use super::{any_form, forged};
use crate::stage::{Answer, Form, PASSWORD, Page, Stage, encoded, form};

fn filled(page: &Page, handle: &str, password: &str) -> Form {
    page.form("/sign-in").fill("handle", handle).fill("password", password)
}

#[test]
fn out_and_in_again() {
    let stage = Stage::new();
    let ada = stage.person("ada");
    let browser = stage.browser_of(&ada);
    let page = browser.press(&browser.open("/sign-out").form("/sign-out"), None).expect(200);
    assert!(page.words().contains("You are signed out."));
    assert!(stage.wait(stage.vault().own(&ada.cookie)).is_err(), "the session ended on the server");
    let page = browser.press(&filled(&page, " @Ada ", PASSWORD), None).expect(200);
    assert_eq!(page.at, "/");
    let first = browser.cookie("waxseal").unwrap();
    // Signing in once more makes a new session and ends the old one.
    browser.press(&filled(&browser.open("/sign-in"), "ada", PASSWORD), None).expect(200);
    assert!(stage.wait(stage.vault().own(&first)).is_err());
    assert!(stage.wait(stage.vault().own(&browser.cookie("waxseal").unwrap())).is_ok());
}

#[test]
fn signing_out_clears_what_the_browser_keeps() {
    let stage = Stage::new();
    let (ada, bea) = (stage.person("ada"), stage.person("bea"));
    for (person, path) in [(&ada, "/sign-out"), (&bea, "/settings/sessions/end")] {
        let browser = stage.browser_of(person);
        let answer = any_form(&browser).send(&browser, path).expect(303);
        assert_eq!(answer.header("clear-site-data"), Some("\"cache\", \"storage\""), "{path}");
        assert!(answer.header("set-cookie").unwrap().contains("Max-Age=0"), "{path}");
        assert_eq!(browser.cookie("waxseal"), None, "{path}");
    }
}

#[test]
fn who_is_signed_out_signs_in_first_and_goes_on() {
    let stage = Stage::new();
    stage.person("ada");
    let browser = stage.browser();
    let page = browser.open("/conversations/new?x=1&y=2");
    assert_eq!(page.at, "/sign-in?return_to=/conversations/new%3Fx%3D1%26y%3D2");
    assert_eq!(browser.press(&filled(&page, "ada", PASSWORD), None).at, "/conversations/new?x=1&y=2");
}

#[test]
fn a_wrong_handle_and_a_wrong_password_answer_alike() {
    let stage = Stage::new();
    stage.person("ada");
    let browser = stage.browser();
    let page = browser.open("/sign-in");
    let wrong = browser.press(&filled(&page, "ada", "not hers at all"), None).expect(422);
    let unknown = browser.press(&filled(&page, "eve", "not hers at all"), None).expect(422);
    browser.press(&filled(&page, "\u{430}da \u{202e}", ""), None).expect(422);
    assert_eq!(wrong.html().replace("\"ada\"", ""), unknown.html().replace("\"eve\"", ""));
    assert!(wrong.words().contains("The handle or the password is not right."));
}

#[test]
fn guessing_is_slowed_and_nobody_is_locked_out() {
    let stage = Stage::new();
    stage.person("ada");
    let browser = stage.browser();
    let page = browser.open("/sign-in");
    for _ in 0..10 {
        browser.press(&filled(&page, "ada", "a guess"), None).expect(422);
    }
    let slowed = browser.press(&filled(&page, "ada", PASSWORD), None).expect(429);
    assert_eq!(slowed.answer.header("retry-after"), Some("900"));
    assert!(slowed.words().contains("You can try again in"));
    stage.clock.advance_s(900);
    browser.press(&filled(&page, "ada", PASSWORD), None).expect(200);
}

#[test]
fn nobody_is_led_away() {
    let stage = Stage::new();
    stage.person("ada");
    for away in
        ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example", "javascript:1"]
    {
        let browser = stage.browser();
        let page = browser.open(&format!("/sign-in?return_to={}", encoded(away)));
        assert_eq!(page.form("/sign-in").values("return_to"), [""], "{away}");
        let form = forged(&filled(&page, "ada", PASSWORD), None).set("return_to", away);
        assert_eq!(form.send(&browser, "/sign-in").location(), "/", "{away}");
        let left = any_form(&browser).set("return_to", away).send(&browser, "/sign-out");
        assert_eq!(left.location(), "/sign-in?done=signed-out", "{away}");
    }
}

/// Sends a form with these headers besides the cookie.
fn post(
    stage: &Stage,
    cookie: Option<&str>,
    fields: &[(String, String)],
    headers: &[(&str, &str)],
) -> Answer {
    let mut all = vec![("content-type", "application/x-www-form-urlencoded")];
    all.extend(cookie.map(|cookie| ("cookie", cookie)));
    all.retain(|(name, _)| !headers.iter().any(|(other, _)| other == name));
    all.extend(headers);
    stage.send("POST", "/sign-out", &all, Some(form(fields).as_bytes()))
}

#[test]
fn only_our_own_form_in_this_browser_is_taken() {
    let stage = Stage::new();
    let (ada, eve) = (stage.person("ada"), stage.person("eve"));
    let fields = any_form(&stage.browser_of(&ada)).0;
    let foreign = any_form(&stage.browser_of(&eve)).0;
    let cookie = format!("waxseal={}", ada.cookie);
    let none: &[(String, String)] = &[];
    for (fields, headers) in [
        (none, [].as_slice()),
        (&foreign, &[]),
        (&fields, &[("sec-fetch-site", "cross-site")]),
        (&fields, &[("sec-fetch-site", "same-site")]),
        (&fields, &[("origin", "null")]),
        (&fields, &[("origin", "https://evil.example")]),
        (&fields, &[("origin", "null"), ("sec-fetch-site", "same-origin")]),
    ] {
        let answer = post(&stage, Some(&cookie), fields, headers).expect(403);
        assert!(answer.text().contains("load the page again"), "it says what to do");
    }
    post(&stage, Some(&cookie), &fields, &[("content-type", "application/json")]).expect(400);
    assert!(stage.wait(stage.vault().own(&ada.cookie)).is_ok(), "nothing was done");
    // An old browser says nothing of where a form comes from; then the token alone decides.
    assert_eq!(post(&stage, Some(&cookie), &fields, &[]).expect(303).location(), "/sign-in?done=signed-out");
}

#[test]
fn a_form_before_signing_in_belongs_to_its_browser_too() {
    let stage = Stage::new();
    stage.person("ada");
    let (browser, other) = (stage.browser(), stage.browser());
    other.open("/sign-in");
    let form = forged(&filled(&browser.open("/sign-in"), "ada", PASSWORD), None);
    form.send(&other, "/sign-in").expect(403);
    form.send(&stage.browser(), "/sign-in").expect(403);
    let bare = forged(&filled(&browser.open("/sign-in"), "ada", PASSWORD), None).without("csrf");
    bare.send(&browser, "/sign-in").expect(403);
    form.send(&browser, "/sign-in").expect(303);
}

#[test]
fn what_is_no_page_and_no_form_is_answered_clearly() {
    let stage = Stage::new();
    let browser = stage.browser_of(&stage.person("ada"));
    let nowhere = browser.open("/nowhere").expect(404);
    assert!(nowhere.words().contains("There is nothing here"));
    assert!(nowhere.html().contains("Sign out @ada"), "she is still signed in");
    any_form(&browser).with("x", &"x".repeat(300_000)).send(&browser, "/sign-out").expect(413);
    any_form(&browser).with("x", "\0").send(&browser, "/sign-out").expect(400);
    let wrong = any_form(&browser).send(&browser, "/friends").expect(405);
    assert_eq!(wrong.header("allow"), Some("GET,HEAD"));
    assert_eq!(wrong.header("cache-control"), Some("no-store"));
}
