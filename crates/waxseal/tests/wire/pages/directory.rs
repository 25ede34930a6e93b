//! The directory, for anyone.

use crate::stage::{EVERYTHING, Stage};

#[test]
fn anyone_sees_every_app_and_what_it_may_and_might() {
    let stage = Stage::new();
    let app = stage.app(EVERYTHING);
    let narrower = r#"[{"type":"messages","actions":["send"],"conversations":"started"}]"#;
    stage.wait(stage.vault().app_ceiling(app.id, narrower)).unwrap();
    let browser = stage.browser();
    let page = browser.open("/directory").expect(200);
    let words = page.words();
    assert!(words.contains("Jukebox by Jukebox Ltd At most Send Conversations that it starts"), "{words}");
    assert!(words.contains("Earlier ceilings") && words.contains("Any conversation"));
    assert!(words.contains("Fewer than 10 people let it in"));
    assert_eq!(browser.cookie("waxseal-form"), None, "nobody is marked for looking");
    stage.wait(stage.vault().app_suspend(app.id, "a test")).unwrap();
    assert!(browser.open("/directory").words().contains("suspended"));
    // What ends, and the page of one app with its whole history.
    let on = stage.vault().world().now().plus_seconds(60);
    let part = vec![model::Part::Action(model::Action::Send)];
    stage.wait(stage.vault().app_retire_parts(app.id, part, on)).unwrap();
    let at = format!("/directory/{}", app.id);
    assert!(browser.open("/directory").html().contains(&format!("href=\"{at}\"")));
    let words = browser.open(&at).expect(200).words();
    assert!(words.contains("Send") && words.contains("Ends on"), "{words}");
    for said in ["Registered", "Another ceiling", "Suspended a test", "Announced to end on", ": send"] {
        assert!(words.contains(said), "{said}: {words}");
    }
    stage.clock.advance_s(60);
    let words = browser.open(&at).words();
    assert!(words.contains("Sign people in; no messages Ended on"), "{words}");
    let json = stage.get("/directory.json").expect(200).json();
    assert_eq!(json["items"][0]["retiring"][0]["action"], "send");
    browser.open("/directory/app_00000000000000000000000000").expect(404);
}
