//! A grant on its page: could beside did, then paused, narrowed, revoked, each from the next request on.

use super::{any_form, forged};
use crate::stage::{EVERYTHING, PASSWORD, Person, Stage};
use serde_json::json;

#[test]
fn could_beside_did_and_then_less_and_then_nothing() {
    let stage = Stage::new();
    let (ada, grace) = (stage.person("ada"), stage.person("grace"));
    stage.friends(&ada, &grace);
    let talk = stage.conversation(&[&ada, &grace]);
    stage.say(&grace, talk, "one");
    stage.say(&grace, talk, "two");
    let (app, browser) = (stage.app(EVERYTHING), stage.browser_of(&ada));
    let tokens = stage.grant(
        &ada,
        &app,
        json!({"actions": ["read", "send"], "conversations": "all", "since": "all", "kinds": ["text"]}),
    );
    let words = browser.open("/apps").words();
    assert!(words.contains("Jukebox may see conversations and who is in them, read messages and send"));
    assert!(words.contains("2 messages in 1 conversation Never") && words.contains("never used"), "{words}");
    let read = || stage.api(&tokens.access).get(&format!("/v1/conversations/{talk}/messages"));
    read().expect(200);
    assert!(browser.open("/apps").words().contains("2 messages in 1 conversation 2 messages read, 1 time"));
    let at = format!("/apps/{}", tokens.grant);
    let words = browser.open(&at).words();
    assert!(words.contains("Read 2 messages in grace numbers 1 to 2"), "{words}");
    assert!(words.contains("You let it in: see, read and send"));
    assert!(browser.open(&format!("{at}?action=send")).words().contains("It has not done this."));
    // Paused, and let go on.
    let page = browser.press(&browser.open(&at).form(&format!("{at}/pause")), None);
    assert!(page.words().contains("Paused. Until you let it go on, it can do nothing."));
    assert_eq!(read().expect(403).problem(), "grant-paused");
    assert!(browser.open("/apps").words().contains("paused"));
    browser.press(&page.form(&format!("{at}/pause")), None).expect(200);
    read().expect(200);
    // Narrowed: what is wider is refused.
    let form = browser.open(&at).form(&format!("{at}/narrow"));
    let wider =
        forged(&form, None).with("action", "delete").send(&browser, &format!("{at}/narrow")).expect(422);
    assert!(wider.text().contains("more in &#39;action&#39;"));
    let page = browser.press(&form.tick("action", "read", false), None).expect(200);
    assert!(page.words().contains("You narrowed it: see and send"));
    read().expect(403);
    // Revoked.
    let page = browser.press(&page.form(&format!("{at}/revoke")), None).expect(200);
    assert!(page.words().contains("You revoked it on"));
    read().expect(401);
    assert!(!page.html().contains(&format!("{at}/revoke")) && !page.html().contains(&format!("{at}/narrow")));
    let late = any_form(&browser).with("action", "list").send(&browser, &format!("{at}/narrow"));
    late.expect(409);
    assert!(browser.open("/apps").words().contains("Ended"));
}

#[test]
fn what_lapsed_is_said_and_one_press_gives_it_back() {
    let stage = Stage::new();
    let (ada, grace) = (stage.person("ada"), stage.person("grace"));
    let app = stage.app(EVERYTHING);
    let tokens = stage.grant(&ada, &app, json!({"actions": ["list", "send"], "conversations": "all"}));
    let signed_in = |who: &Person| {
        let cookie = stage
            .wait(stage.vault().sign_in(&who.handle, PASSWORD.to_owned(), "later"))
            .unwrap()
            .cookies()
            .unwrap()
            .session;
        let browser = stage.browser();
        browser.set_cookie(vault::session_cookie(false), &cookie);
        browser
    };
    stage.clock.advance_s(29 * 24 * 3600);
    let browser = signed_in(&ada);
    let at = format!("/apps/{}", tokens.grant);
    assert!(!browser.open(&at).words().contains("It lost what it did not use"));
    any_form(&browser).send(&browser, &format!("{at}/let-again")).expect(409);
    stage.clock.advance_s(24 * 3600);
    stage.wait(stage.vault().lapse_step()).unwrap();
    let notice = browser.open("/notices").expect(200);
    let said = "Jukebox had not used its right to see and send for 30 days, and has lost it.";
    assert!(notice.words().contains(said), "{}", notice.words());
    assert!(notice.html().contains(&format!("href=\"{at}\"")));
    let page = browser.open(&at);
    assert!(
        page.words().contains("It lost what it did not use")
            && page.words().contains("the right to see and send and did not"),
        "{}",
        page.words()
    );
    let graces = signed_in(&grace);
    any_form(&graces).send(&graces, &format!("{at}/let-again")).expect(404);
    let page = browser.press(&page.form(&format!("{at}/let-again")), None).expect(200);
    assert!(page.words().contains("It may do that again, from this moment on."));
    assert!(!page.words().contains("It lost what it did not use"));
}

#[test]
fn accesses_go_on_over_pages() {
    let stage = Stage::new();
    let ada = stage.person("ada");
    let (app, browser) = (stage.app(EVERYTHING), stage.browser_of(&ada));
    let tokens = stage.grant(&ada, &app, json!({"actions": ["list"], "conversations": "all"}));
    for _ in 0..60 {
        stage.api(&tokens.access).get("/v1/conversations").expect(200);
    }
    let at = format!("/apps/{}", tokens.grant);
    let page = browser.open(&at);
    assert!(page.words().contains("Every access 60"));
    assert!(
        page.html().contains("title=\"Number 11 of this grant\"") && !page.html().contains("\"Number 10 of")
    );
    assert!(page.html().contains(&format!("{at}?before=11#accesses")));
    let older = browser.open(&format!("{at}?before=11&action=list"));
    assert!(older.html().contains("\"Number 10 of") && older.html().contains("\"Number 1 of"));
    assert!(older.html().contains(&format!("{at}?action=list#accesses")), "and back to the newest");
}

#[test]
fn a_grant_of_somebody_else_is_not_there() {
    let stage = Stage::new();
    let (ada, grace, eve) = (stage.person("ada"), stage.person("grace"), stage.person("eve"));
    stage.friends(&grace, &eve);
    let theirs = stage.conversation(&[&grace, &eve]);
    let app = stage.app(EVERYTHING);
    let tokens = stage.grant(&ada, &app, json!({"actions": ["read"], "conversations": "all"}));
    let (at, eves) = (format!("/apps/{}", tokens.grant), stage.browser_of(&eve));
    eves.open(&at).expect(404);
    for path in ["narrow", "pause", "revoke"] {
        let form = any_form(&eves).with("action", "list").with("pause", "on");
        form.send(&eves, &format!("{at}/{path}")).expect(404);
    }
    stage.api(&tokens.access).get("/v1/grant").expect(200);
    // Nor can she put a conversation on its list that she is not in.
    let browser = stage.browser_of(&ada);
    let form = forged(&browser.open(&at).form(&format!("{at}/narrow")), None);
    form.with("conversation", &theirs.to_string()).send(&browser, &format!("{at}/narrow")).expect(404);
}
