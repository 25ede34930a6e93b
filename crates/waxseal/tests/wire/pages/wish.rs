//! What the one at the other end wishes holds from the app's next request on.

use super::any_form;
use crate::stage::{EVERYTHING, Stage};
use serde_json::json;

#[test]
fn wishes_hold_at_once_and_are_shown() {
    let stage = Stage::new();
    let (ada, grace) = (stage.person("ada"), stage.person("grace"));
    stage.friends(&ada, &grace);
    let talk = stage.conversation(&[&ada, &grace]);
    stage.say(&grace, talk, "one");
    stage.say(&ada, talk, "two");
    let app = stage.app(EVERYTHING);
    let tokens =
        stage.grant(&ada, &app, json!({"actions": ["read", "send"], "conversations": "all", "since": "all"}));
    let read = || stage.api(&tokens.access).get(&format!("/v1/conversations/{talk}/messages"));
    let withheld = || {
        let items = read().expect(200).json()["items"].clone();
        items.as_array().unwrap().iter().filter(|item| item["withheld"] == "author").count()
    };
    assert_eq!(withheld(), 0);
    let (browser, other) = (stage.browser_of(&ada), stage.browser_of(&grace));
    let at = format!("/conversations/{talk}/apps");
    let (words_at, lock_at) = (format!("{at}/words"), format!("{at}/lock"));
    let page = other.open(&at);
    assert!(page.words().contains("let in by ada May see, read and send."), "{}", page.words());
    let words = other.open(&format!("/conversations/{talk}")).words();
    let said = "ada uses Jukebox : it may see, read and send here";
    assert!(words.contains("1 app is here") && words.contains(said), "{words}");
    let words = browser.open(&format!("/conversations/{talk}")).words();
    assert!(words.contains("Your Jukebox : it may see, read and send here"), "{words}");
    let page = other.press(&page.form(&words_at), None);
    assert!(page.words().contains("Other people’s apps do not get your words"));
    assert_eq!(withheld(), 1);
    let page = other.press(&page.form(&words_at), None);
    assert_eq!(withheld(), 0);
    let page = other.press(&page.form(&lock_at), None);
    read().expect(404);
    assert!(browser.open(&at).words().contains("Locked by grace"));
    other.press(&page.form(&lock_at), None);
    assert_eq!(withheld(), 0);
    // Everywhere; the two wishes do not undo each other.
    let page = other.press(&other.open("/settings").form("/settings/hide"), None);
    let page = other.press(&page.form("/settings/words"), None);
    assert!(page.words().contains("You are hidden") && page.words().contains("do not get your words"));
    assert_eq!(withheld(), 1);
    let friends = stage.api(&tokens.access).get("/v1/friends").expect(200).json();
    assert_eq!(friends["items"], json!([]));
    any_form(&other).with("words", "perhaps").send(&other, "/settings/words").expect(400);
}
