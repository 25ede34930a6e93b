//! The share sheet: the person sends an app's card to friends whom she picks, and the app learns only that she did.

use super::forged;
use crate::stage::{App, EVERYTHING, Page, REDIRECT, Stage, encoded, query};
use model::{Content, ConversationId};
use serde_json::{Value, json};

fn film() -> Value {
    json!({"kind": "film", "title": "The Third Man", "url": "https://marquee.example/f/3"})
}

fn path(app: &App, card: &Value) -> String {
    let (id, back, card) = (&app.id, encoded(REDIRECT), encoded(&card.to_string()));
    format!("/share?client_id={id}&redirect_uri={back}&state=s%261&card={card}")
}

#[track_caller]
fn sent(left: &Page) {
    let to = left.answer.location();
    assert_eq!(to, format!("{REDIRECT}?sent=1&state=s%261"));
}

fn newest(stage: &Stage, person: &crate::stage::Person) -> Vec<(ConversationId, vault::Message)> {
    let own = stage.own(person);
    let list = stage.wait(stage.vault().own_conversations(&own, 50, 0)).unwrap();
    let each = list.into_iter().map(|one| {
        let page = vault::Page { before: None, after: None, limit: 9 };
        let all = stage.wait(stage.vault().own_messages(&own, one.id, page)).unwrap();
        (one.id, all.into_iter().last().unwrap())
    });
    each.collect()
}

#[test]
fn a_card_goes_to_the_friends_who_are_ticked_and_the_app_learns_that_it_went() {
    let stage = Stage::new();
    let (ada, bea, cem) = (stage.person("ada"), stage.person("bea"), stage.person("cem"));
    stage.friends(&ada, &bea);
    stage.friends(&ada, &cem);
    let (app, browser) = (stage.app(EVERYTHING), stage.browser_of(&ada));
    let page = browser.open(&path(&app, &film())).expect(200);
    assert!(page.words().contains("The Third Man") && page.words().contains("Only that it was sent"));
    let policy = page.answer.header("content-security-policy").unwrap();
    assert!(policy.ends_with("form-action 'self' https://app.example"), "{policy}");
    let form = page.form("/share");
    assert_eq!(form.ticked("friend"), Vec::<&str>::new(), "nobody is picked for her");
    let bea_id = bea.id.to_string();
    let form = form.tick("friend", &bea_id, true).fill("note", "for Saturday?");
    // Twice is once.
    for _ in 0..2 {
        sent(&browser.press(&form, Some(("decision", "send"))));
    }
    let theirs = newest(&stage, &bea);
    let [(talk, message)] = theirs.as_slice() else { panic!("{} conversations", theirs.len()) };
    assert_eq!((message.seq, message.from.id), (1, ada.id));
    assert_eq!(message.via.as_ref().map(|via| via.id.to_string()), Some(app.id.to_string()));
    let Some(Content::Card { title, note, .. }) = &message.content else { panic!("no card") };
    assert_eq!((title.as_str(), note.as_deref()), ("The Third Man", Some("for Saturday?")));
    assert!(newest(&stage, &cem).is_empty());
    // It is no conversation that the app started, no grant, no access.
    let own = stage.own(&ada);
    assert!(stage.wait(stage.vault().connected(&own)).unwrap().is_empty());
    assert_eq!(stage.wait(stage.vault().permits_spent_and_records()).unwrap(), (0, 0));
    let later =
        stage.grant(&ada, &app, json!({"actions": ["read"], "conversations": "started", "since": "all"}));
    let seen = stage.api(&later.access).get("/v1/conversations").expect(200).json();
    assert_eq!(seen["items"], json!([]), "{talk} was started by her");
}

#[test]
fn who_is_not_signed_in_signs_in_and_comes_back_with_the_longest_card() {
    let stage = Stage::new();
    let (ada, bea) = (stage.person("ada"), stage.person("bea"));
    stage.friends(&ada, &bea);
    let (app, browser) = (stage.app(EVERYTHING), stage.browser());
    let long = json!({"kind": "film", "title": "\u{e9}".repeat(300), "note": "n".repeat(2_000),
        "url": format!("https://marquee.example/{}", "u".repeat(1_900)),
        "image": format!("https://marquee.example/{}", "i".repeat(1_900))});
    let page = browser.open(&path(&app, &long)).expect(200);
    assert!(page.at.starts_with("/sign-in"), "{}", page.at);
    let form = page.form("/sign-in").fill("handle", "ada").fill("password", crate::stage::PASSWORD);
    let sheet = browser.press(&form, None).expect(200);
    assert!(sheet.at.starts_with("/share?"), "{}", sheet.at);
    let form = sheet.form("/share").tick("friend", &bea.id.to_string(), true);
    sent(&browser.press(&form, Some(("decision", "send"))));
}

#[test]
fn cancelling_says_nothing_and_nobody_picked_is_said() {
    let stage = Stage::new();
    let (ada, bea) = (stage.person("ada"), stage.person("bea"));
    stage.friends(&ada, &bea);
    let (app, browser) = (stage.app(EVERYTHING), stage.browser_of(&ada));
    let form = browser.open(&path(&app, &film())).form("/share");
    let left = browser.press(&form, Some(("decision", "cancel")));
    assert_eq!(query(left.answer.location(), "sent"), None);
    assert_eq!(query(left.answer.location(), "state").as_deref(), Some("s&1"));
    let again = browser.press(&form.fill("note", "kept"), Some(("decision", "send"))).expect(422);
    assert!(again.words().contains("Pick at least one friend"));
    assert_eq!(again.form("/share").values("note"), ["kept"]);
    assert!(newest(&stage, &bea).is_empty());
}

#[test]
fn nothing_goes_where_it_should_not() {
    let stage = Stage::new();
    let (ada, bea, cem) = (stage.person("ada"), stage.person("bea"), stage.person("cem"));
    stage.friends(&ada, &bea);
    let (app, browser) = (stage.app(EVERYTHING), stage.browser_of(&ada));
    let good = path(&app, &film());
    let bad = |path: &str, says: &str| {
        let page = browser.open(path).expect(400);
        assert_eq!(page.answer.header("location"), None);
        assert!(page.words().contains(says), "{}", page.words());
    };
    let elsewhere = encoded("https://evil.example/back");
    bad(&good.replace(&encoded(REDIRECT), &elsewhere), "`redirect_uri` is not an address");
    bad(&good.replace(&app.id.to_string(), "app_nobody"), "`client_id` names no app");
    bad(&good.replace("card=", "cart="), "`card` is not a JSON object");
    bad(&path(&app, &json!({"kind": "film", "title": ""})), "empty");
    bad(&path(&app, &json!({"type": "text", "text": "hi"})), "is not `card`");
    bad(&format!("{good}&card=x"), "query cannot be read");
    bad(&format!("{good}&x={}", "x".repeat(12_288)), "too long");
    // A form of somebody else's making.
    let form = browser.open(&good).form("/share").tick("friend", &bea.id.to_string(), true);
    let send = Some(("decision", "send"));
    forged(&form, send).without("csrf").send(&browser, "/share").expect(403);
    forged(&form, send).set("redirect_uri", "https://evil.example/").send(&browser, "/share").expect(400);
    forged(&form, send).set("friend", "per_x").send(&browser, "/share").expect(400);
    let answer = forged(&form, send).with("friend", &cem.id.to_string()).send(&browser, "/share").expect(422);
    assert!(answer.text().contains("not a friend"), "all or none");
    assert!(newest(&stage, &bea).is_empty());
    // An app that is over shares nothing, not even from a page that was open.
    stage.wait(stage.vault().app_suspend(app.id, "broken into")).unwrap();
    bad(&good, "suspended or retired");
    forged(&form, send).send(&browser, "/share").expect(400);
    assert!(newest(&stage, &bea).is_empty());
}
