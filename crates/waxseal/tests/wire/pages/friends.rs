//! Friend requests, asked and answered, and nobody answers for another.

use super::any_form;
use crate::stage::Stage;

#[test]
fn asked_and_answered() {
    let stage = Stage::new();
    let (ada, grace) = (stage.person("ada"), stage.person("grace"));
    stage.person("linus");
    let (browser, other) = (stage.browser_of(&ada), stage.browser_of(&grace));
    let form = browser.open("/friends").form("/friends/request");
    let page = browser.press(&form.clone().fill("handle", "grcae"), None).expect(422);
    assert!(page.words().contains("Nobody here is called @grcae."));
    assert_eq!(page.form("/friends/request").values("handle"), ["grcae"]);
    let page = browser.press(&form.clone().fill("handle", "ada"), None).expect(422);
    assert!(page.words().contains("This is your own handle."));
    for handle in ["grace", "@Linus"] {
        let page = browser.press(&form.clone().fill("handle", handle), None).expect(200);
        assert!(page.words().contains("Your request is on its way."));
    }
    assert!(other.open("/notices").words().contains("ada asks to be your friend."));
    let page = other.open("/friends");
    let page = other.press(&page.form(&format!("/friends/{}/accept", ada.id)), None);
    assert!(page.words().contains("You are friends now."));
    let linus = stage.wait(stage.vault().person_by_handle(&model::Handle::parse("linus").unwrap())).unwrap();
    let page = browser.open("/friends");
    let page = browser.press(&page.form(&format!("/friends/{linus}/withdraw")), None);
    assert!(page.words().contains("Your request is taken back.") && page.words().contains("friends since"));
    let page = browser.press(&page.form(&format!("/friends/{}/remove", grace.id)), None);
    assert!(page.words().contains("You are no longer friends."));
}

#[test]
fn listing_handles_is_slowed() {
    let stage = Stage::new();
    let ada = stage.person("ada");
    let browser = stage.browser_of(&ada);
    let ask = |handle: &str| any_form(&browser).with("handle", handle).send(&browser, "/friends/request");
    let slowed = (0..60).find(|n| ask(&format!("somebody{n}")).status == 429);
    assert!(slowed.is_some(), "it goes on for ever");
    stage.clock.advance_s(900);
    ask("somebody").expect(422);
}

#[test]
fn nobody_answers_for_another() {
    let stage = Stage::new();
    let (ada, grace, eve) = (stage.person("ada"), stage.person("grace"), stage.person("eve"));
    let browser = stage.browser_of(&ada);
    any_form(&browser).with("handle", "grace").send(&browser, "/friends/request").expect(303);
    let eves = stage.browser_of(&eve);
    for answer in ["accept", "decline", "withdraw", "remove"] {
        for whose in [&ada, &grace] {
            any_form(&eves).send(&eves, &format!("/friends/{}/{answer}", whose.id)).expect(404);
        }
    }
    any_form(&eves).send(&eves, &format!("/friends/{}/adopt", ada.id)).expect(404);
    assert!(stage.browser_of(&grace).open("/friends").words().contains("They asked you"));
}
