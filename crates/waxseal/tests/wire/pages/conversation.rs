//! Messages as a person sends, sees, deletes and restores them; a stranger's are not there.

use super::{any_form, forged};
use crate::stage::{Person, Stage};
use model::{Content, ConversationId};
use vault::Page;

fn two() -> (Stage, Person, Person, ConversationId) {
    let stage = Stage::new();
    let (ada, grace) = (stage.person("ada"), stage.person("grace"));
    stage.friends(&ada, &grace);
    let talk = stage.conversation(&[&ada, &grace]);
    (stage, ada, grace, talk)
}

#[test]
fn a_message_is_sent_once_and_kept_as_written() {
    let (stage, ada, grace, talk) = two();
    let browser = stage.browser_of(&ada);
    let at = format!("/conversations/{talk}");
    let page = browser.open(&at).expect(200);
    assert!(page.words().contains("No messages yet"));
    // Line breaks come as a form writes them; joined letters and direction marks stay.
    let form =
        page.form(&format!("{at}/send")).fill("text", "one\r\ntwo \u{1f469}\u{200d}\u{1f469} \u{202e}three");
    for _ in 0..2 {
        assert_eq!(browser.press(&form, None).expect(200).at, at);
    }
    let newest = Page { before: None, after: None, limit: 9 };
    let all = stage.wait(stage.vault().own_messages(&stage.own(&grace), talk, newest)).unwrap();
    let [message] = all.as_slice() else { panic!("sent {} times", all.len()) };
    let text = "one\ntwo \u{1f469}\u{200d}\u{1f469} \u{202e}three".to_owned();
    assert!(message.content == Some(Content::Text { text }));
    // The other sees that it is new; reading marks it, for both.
    let other = stage.browser_of(&grace);
    let list = other.open("/");
    assert!(list.words().contains("one two") && list.words().contains("1 unread"), "{}", list.words());
    let page = other.open(&at);
    assert!(page.html().contains("id=\"new\""));
    other.press(&page.form(&format!("{at}/read")), None).expect(200);
    assert!(!other.open("/").words().contains("unread"));
    assert!(browser.open(&at).words().contains("Read by grace"));
}

#[test]
fn what_is_refused_stands_in_the_field_again() {
    let (stage, ada, _, talk) = two();
    let (browser, at) = (stage.browser_of(&ada), format!("/conversations/{talk}"));
    let send = format!("{at}/send");
    let form = browser.open(&at).form(&send);
    // 20,000 of the widest characters fit; one more does not.
    let widest = "\u{1f600}".repeat(20_000);
    let page = browser.press(&form.clone().fill("text", &format!("{widest}<")), None).expect(422);
    assert!(page.words().contains("That is 20,001 characters; a message holds at most 20,000."));
    assert!(page.html().contains(&format!("{widest}&#60;</textarea>")));
    browser.press(&form.clone().fill("text", &widest), None).expect(200);
    let page = browser.press(&form.clone().fill("text", "from a page gone stale"), None).expect(422);
    assert!(page.words().contains("send it once more"));
    let retry = page.form(&send);
    assert_eq!(retry.values("text"), ["from a page gone stale"]);
    browser.press(&retry, None).expect(200);
    let page = browser.press(&form.clone().fill("text", ""), None).expect(422);
    assert!(page.words().contains("Write something first."));
    forged(&form.fill("text", "x"), None).without("key").send(&browser, &send).expect(400);
}

#[test]
fn deleted_and_restored() {
    let (stage, ada, grace, talk) = two();
    let (hers, theirs) = (stage.say(&ada, talk, "mine"), stage.say(&grace, talk, "yours"));
    let (browser, other, at) =
        (stage.browser_of(&ada), stage.browser_of(&grace), format!("/conversations/{talk}"));
    let page = browser.open(&at);
    assert!(page.words().contains("Delete for everyone") && page.words().contains("Delete for me"));
    for seq in [hers, theirs] {
        let left = any_form(&browser).send(&browser, &format!("{at}/messages/{seq}/delete"));
        assert_eq!(left.location(), format!("{at}?done=deleted"));
    }
    let words = browser.open(&at).words();
    assert!(words.contains("You deleted this for everyone") && words.contains("You deleted this for you"));
    let words = other.open(&at).words();
    assert!(words.contains("This message was deleted") && words.contains("yours"));
    // What is hers to restore is not another's.
    any_form(&other).send(&other, &format!("/deleted/{talk}/{hers}/restore")).expect(404);
    for seq in [hers, theirs] {
        let page = browser.open("/deleted");
        let page = browser.press(&page.form(&format!("/deleted/{talk}/{seq}/restore")), None);
        assert!(page.words().contains("The message is back where it was."));
    }
    assert!(browser.open("/deleted").words().contains("Nothing is waiting here."));
    assert!(other.open(&at).words().contains("mine"));
}

#[test]
fn a_strangers_conversation_is_not_there() {
    let (stage, ada, _, talk) = two();
    let seq = stage.say(&ada, talk, "not for eve");
    let eve = stage.browser_of(&stage.person("eve"));
    for path in ["", "?fragment=messages&from=1", "/live", "/apps"] {
        let theirs = eve.open(&format!("/conversations/{talk}{path}")).expect(404);
        let nothing = eve.open(&format!("/conversations/con_00000000000000000000000000{path}")).expect(404);
        assert_eq!(theirs.html(), nothing.html(), "{path}");
    }
    for (path, field, value) in [
        ("send", "text", "hello"),
        ("read", "seq", "1"),
        (&*format!("messages/{seq}/delete"), "x", ""),
        ("apps/words", "words", "kept"),
        ("apps/lock", "lock", "on"),
    ] {
        let form = any_form(&eve).with("key", "k").with(field, value);
        form.send(&eve, &format!("/conversations/{talk}/{path}")).expect(404);
    }
    for odd in ["con_x", "per_00000000000000000000000000", "%ff", "..%2f"] {
        eve.open(&format!("/conversations/{odd}")).expect(404);
    }
}

#[test]
fn a_long_conversation_in_parts() {
    let (stage, ada, grace, talk) = two();
    for n in 1..=120 {
        stage.say(&grace, talk, &format!("word {n}."));
    }
    let (browser, at) = (stage.browser_of(&ada), format!("/conversations/{talk}"));
    let holds = |path: &str, first: i64, last: i64| {
        let page = browser.open(path).expect(200);
        for (n, shown) in [(first - 1, false), (first, true), (last, true), (last + 1, false)] {
            assert_eq!(page.html().contains(&format!(">word {n}.<")), shown, "{path}: {n}");
        }
        page.html()
    };
    assert!(holds(&at, 71, 120).contains(&format!("{at}?before=71")));
    let middle = holds(&format!("{at}?before=71"), 21, 70);
    assert!(middle.contains(&format!("{at}?before=21")) && middle.contains(&format!("href=\"{at}\">Later")));
    assert!(holds(&format!("{at}?before=21"), 1, 20).contains(&format!("{at}?before=71\">Later")));
    let again = holds(&format!("{at}?fragment=messages&from=71"), 71, 120);
    assert!(again.trim_start().starts_with("<div class=\"flow\""), "the messages alone");
}

#[test]
fn a_conversation_is_started_with_friends() {
    let (stage, ada, grace, talk) = two();
    let (browser, stranger) = (stage.browser_of(&ada), stage.person("eve"));
    let form = browser.open("/conversations/new").form("/conversations");
    let page = browser.press(&form.clone().fill("title", "Regatta"), None).expect(422);
    assert!(page.words().contains("Pick at least one friend."));
    assert_eq!(page.form("/conversations").values("title"), ["Regatta"]);
    let with = form.tick("participant", &grace.id.to_string(), true);
    assert_eq!(browser.press(&with, None).at, format!("/conversations/{talk}"), "two people have one");
    let group = browser.press(&with.clone().fill("title", "Regatta"), None).expect(200);
    assert_ne!(group.at, format!("/conversations/{talk}"));
    let strangers = any_form(&browser).with("participant", &stranger.id.to_string());
    assert!(strangers.send(&browser, "/conversations").expect(422).text().contains("with friends only"));
    any_form(&browser).with("participant", "x").send(&browser, "/conversations").expect(400);
}
