//! The page of an app for those who run it: opened by a link, once; numbers and webhooks, and nothing of a person's.

use crate::stage::{EVERYTHING, Stage};
use outbound::Private;
use serde_json::{Value, json};
use testkit::Site;

/// The path of the link that the app gets.
fn link(stage: &Stage, app: &crate::stage::App) -> String {
    let made: Value = stage.api(&stage.own_token(app)).post("/v1/page", None, &json!({})).expect(201).json();
    made["url"].as_str().unwrap().strip_prefix(&stage.url).unwrap().to_owned()
}

#[test]
fn a_link_opens_the_page_once_and_it_says_what_is_held_and_not_used() {
    let mut stage = Stage::new();
    stage.private = Private::Loopback;
    stage.restart();
    let (ada, bea) = (stage.person("ada"), stage.person("bea"));
    stage.friends(&ada, &bea);
    let talk = stage.conversation(&[&ada, &bea]);
    let (teller, site) = (stage.app_with_secret(EVERYTHING), Site::new(""));
    let hook = json!({"url": site.url("/"), "events": ["message"]});
    stage.api(&stage.own_token(&teller)).post("/v1/webhooks", None, &hook).expect(201);
    let details = json!({"actions": ["read", "delete"], "conversations": "all", "since": "all"});
    let granted = stage.grant(&ada, &teller, details);
    let path = link(&stage, &teller);
    let browser = stage.browser();
    browser.open("/partner").expect(403);
    // Looking at the link does not spend it; opening it does.
    browser.open(&path).expect(200);
    let form = browser.open(&path).form("/partner/enter");
    let page = browser.press(&form, None).expect(200);
    let words = page.words();
    assert!(words.contains("It could reach 1 person today and served 0"), "{words}");
    assert!(words.contains("more than ten reached for each served"), "{words}");
    assert!(words.contains("Read messages 1, of 1 never used Never"), "{words}");
    assert!(words.contains("you did not see, read, send and delete anything"), "{words}");
    assert!(!words.contains("ada") && !words.contains(&granted.grant.to_string()), "{words}");
    let other = stage.browser();
    let again = other.open(&path).form("/partner/enter");
    other.press(&again, None).expect(403);
    // A person's session opens nothing here, and this none of hers.
    stage.browser_of(&ada).open("/partner").expect(403);
    assert!(browser.open("/apps").expect(200).words().contains("Welcome back"));

    stage.api(&granted.access).get(&format!("/v1/conversations/{talk}/messages")).expect(200);
    let words = browser.open("/partner").words();
    assert!(words.contains("served 1 since") && !words.contains("more than ten"), "{words}");
    assert!(
        words.contains("Read messages 1 1 times, for 1")
            && words.contains("Delete messages 1, of 1 never used Never"),
        "{words}"
    );
    let power = stage.api(&stage.own_token(&teller)).get("/v1/power").expect(200).json();
    let never = |name: &str| {
        let found = power["actions"].as_array().unwrap().iter().find(|one| one["action"] == name);
        found.unwrap()["never_used"].clone()
    };
    assert_eq!(
        [never("list"), never("read"), never("delete")],
        [json!(0), json!(0), json!(1)],
        "reading is a use of listing"
    );
}

#[test]
fn the_log_of_a_webhook_is_there_with_going_on_and_telling_again() {
    let mut stage = Stage::new();
    stage.private = Private::Loopback;
    stage.restart();
    let (ada, bea) = (stage.person("ada"), stage.person("bea"));
    stage.friends(&ada, &bea);
    let talk = stage.conversation(&[&ada, &bea]);
    let (teller, site) = (stage.app_with_secret(EVERYTHING), Site::new(""));
    let hook = json!({"url": site.url("/"), "events": ["message"]});
    let made = stage.api(&stage.own_token(&teller)).post("/v1/webhooks", None, &hook).expect(201).json();
    stage.grant(&ada, &teller, json!({"actions": ["read"], "conversations": "all", "since": "all"}));
    stage.clock.advance_s(1);
    stage.say(&bea, talk, "a word that is nobody's business");
    site.says(410, "");
    stage.tell_webhooks();
    let (browser, path) = (stage.browser(), link(&stage, &teller));
    let page = browser.press(&browser.open(&path).form("/partner/enter"), None);
    assert!(page.words().contains("paused"), "{}", page.words());
    let at = format!("/partner/webhooks/{}", made["id"].as_str().unwrap());
    let page = browser.open(&at).expect(200);
    let words = page.words();
    assert!(
        words.contains("message waiting answered 410") && words.contains("which says that it is gone"),
        "{words}"
    );
    assert!(!words.contains("nobody's business"));
    site.says(200, "");
    let page = browser.press(&page.form(&format!("{at}/resume")), None).expect(200);
    assert!(page.words().contains("It goes on from where it stopped."));
    let before = site.requests().len();
    stage.tell_webhooks();
    assert_eq!(site.requests().len(), before.max(1), "told now");
    browser.press(&page.form(&format!("{at}/replay")), None).expect(200);
    assert!(stage.tell_webhooks() > 0, "told again");
    assert!(browser.open(&at).words().contains("answered 200"));
    // Another app's people see nothing of it.
    let other = stage.app_named("Other", EVERYTHING, true);
    let (theirs, path) = (stage.browser(), link(&stage, &other));
    theirs.press(&theirs.open(&path).form("/partner/enter"), None).expect(200);
    theirs.open(&at).expect(404);
    // Closed, and after containment.
    let page = browser.press(&browser.open("/partner").form("/partner/leave"), None).expect(200);
    assert!(page.words().contains("App directory"));
    browser.open("/partner").expect(403);
    let contained = vault::Containment { app: Some(other.id), issued: None, why: "a breach".to_owned() };
    stage.wait(stage.vault().contain(contained)).unwrap();
    theirs.open("/partner").expect(403);
}
