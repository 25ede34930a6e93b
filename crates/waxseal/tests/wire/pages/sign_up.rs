//! Making an account, with every mistake named and nothing that was typed lost.

use super::forged;
use crate::stage::{PASSWORD, Stage};

#[test]
fn an_account_is_made_and_signed_in() {
    let stage = Stage::new();
    let browser = stage.browser();
    let page = browser.open("/sign-up?return_to=/friends");
    let form = page.form("/sign-up").fill("handle", " @Ada ").fill("name", "Ada").fill("password", PASSWORD);
    let page = browser.press(&form, None).expect(200);
    assert_eq!(page.at, "/friends");
    assert!(browser.open("/settings").words().contains("You are @ada"));
}

#[test]
fn what_was_typed_is_kept_and_each_mistake_named() {
    let stage = Stage::new();
    stage.person("ada");
    let browser = stage.browser();
    let form = browser.open("/sign-up").form("/sign-up");
    let form = form.fill("handle", "a d\"a<").fill("name", "A\u{7}").fill("password", "short");
    let page = browser.press(&form, None).expect(422);
    assert!(page.words().contains("A handle has only letters a to z"));
    assert!(page.words().contains("A name has no line breaks or control characters."));
    assert_eq!(page.form("/sign-up").values("handle"), ["a d\"a<"]);
    let form = form.fill("handle", "4da").fill("name", "Ada");
    let page = browser.press(&form, None).expect(422);
    assert!(page.words().contains("A password has at least 8 characters."));
    for (password, sentence) in [
        ("Password1", "Many people have this password"),
        ("1234567890", "Many people have this password"),
        ("Ada-1815-ada", "This password is little more than your handle, your name"),
        ("waxseal2026", "This password is little more than your handle, your name"),
        (&"long ".repeat(52), "A password has at most 256 characters."),
    ] {
        let page = browser.press(&form.clone().fill("password", password), None).expect(422);
        assert!(page.words().contains(sentence), "{password}: {}", page.words());
    }
    let page = browser.press(&form.fill("handle", "ADA").fill("password", PASSWORD), None).expect(422);
    assert!(page.words().contains("This handle, or one that looks like it, is taken; choose another."));
}

#[test]
fn listing_handles_is_slowed() {
    let stage = Stage::new();
    stage.person("ada");
    let browser = stage.browser();
    let form = browser.open("/sign-up").form("/sign-up").fill("handle", "ada").fill("name", "Ada");
    let form = forged(&form.fill("password", PASSWORD), None);
    let slowed = (0..60).map(|_| form.send(&browser, "/sign-up")).find(|answer| answer.status == 429);
    assert_eq!(slowed.expect("it goes on for ever").header("retry-after"), Some("900"));
    stage.clock.advance_s(900);
    form.send(&browser, "/sign-up").expect(422);
}
