//! What she was told: new until she says that she has read it, and hers alone.

use super::any_form;
use crate::stage::Stage;
use model::Handle;

#[test]
fn new_notices_show_until_they_are_read() {
    let stage = Stage::new();
    let (ada, bob) = (stage.person("ada"), stage.person("bob"));
    stage.wait(stage.vault().friend_ask(&stage.own(&bob), &Handle::parse("ada").unwrap())).unwrap();
    stage.clock.advance_s(1);
    stage.wait(stage.vault().staff_export(&Handle::parse("ada").unwrap(), "a court <b>asked</b>")).unwrap();
    let browser = stage.browser_of(&ada);
    assert!(browser.open("/friends").words().contains("Notices, 2 new"));
    let page = browser.open("/notices").expect(200);
    let words = page.words();
    let (staff, friend) =
        (words.find("new Whoever runs this server"), words.find("new bob asks to be your friend."));
    assert!(staff.is_some() && staff < friend, "newest first: {words}");
    assert!(words.contains("The reason given: a court <b>asked</b>"));
    assert!(browser.open("/notices").words().contains("Notices, 2 new"), "looking alone marks nothing");
    let read = browser.press(&page.form("/notices/read"), None).expect(200);
    assert_eq!(read.at, "/notices");
    assert!(!read.words().contains("new"), "{}", read.words());
    assert!(read.words().contains("bob asks to be your friend."));
    browser.open("/notices?before=ntc_nothing").expect(200);
    let forged = any_form(&browser);
    forged.send(&browser, "/notices/read").expect(400);
    assert!(stage.browser_of(&bob).open("/notices").words().contains("All quiet."));
}

#[test]
fn many_notices_come_in_parts() {
    let stage = Stage::new();
    let ada = stage.person("ada");
    for n in 0..52 {
        stage
            .wait(stage.vault().staff_export(&Handle::parse("ada").unwrap(), &format!("reason number {n}.")))
            .unwrap();
        stage.clock.advance_s(1);
    }
    let browser = stage.browser_of(&ada);
    let page = browser.open("/notices").expect(200);
    assert!(page.words().contains("number 2.") && !page.words().contains("number 1."));
    let html = page.html();
    let older = html.split_once("href=\"/notices?before=").unwrap().1.split_once('"').unwrap().0;
    let page = browser.open(&format!("/notices?before={older}")).expect(200);
    assert!(page.words().contains("number 1.") && !page.words().contains("number 2."));
}
