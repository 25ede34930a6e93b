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
}
