//! Passkeys: made, named, used instead of a password, removed; and every lie refused.

use super::{any_form, forged};
use crate::stage::authenticator::{BACKED_UP, BACKUP_ELIGIBLE, PRESENT, Passkey, VERIFIED};
use crate::stage::{Browser, Page, Person, Stage};
use serde_json::{Value, json};

const LIST: &str = "/settings/passkeys";
const SIGN_IN: &str = "/sign-in/passkey";
const AGAIN: &str = "/sign-in/again/passkey";

/// What the page's script is told for this form.
#[track_caller]
fn begun(browser: &Browser, page: &Page, action: &str) -> Value {
    let form = forged(&page.form(action), None);
    form.send(browser, &format!("{action}/begin")).expect(200).json()
}

/// She makes this passkey.
fn make(browser: &Browser, passkey: &mut Passkey, name: &str) -> Page {
    let page = browser.open(LIST).expect(200);
    let wanted = begun(browser, &page, LIST);
    let form = page.form_with(LIST, "credential").fill("credential", &passkey.made(&wanted));
    browser.press(&form.fill("name", name), None)
}

/// Signs in with this passkey, in this browser.
fn sign_in(browser: &Browser, passkey: &Passkey) -> Page {
    let page = browser.open("/sign-in?return_to=/friends").expect(200);
    let asked = begun(browser, &page, SIGN_IN);
    browser.press(&page.form(SIGN_IN).fill("credential", &passkey.signed(&asked)), None)
}

struct Scene {
    stage: Stage,
    ada: Person,
    passkey: Passkey,
}

/// Ada has a passkey.
fn scene() -> Scene {
    let stage = Stage::by_name();
    let ada = stage.person("ada");
    let mut passkey = Passkey::new(7, &stage.url);
    make(&stage.browser_of(&ada), &mut passkey, "Phone").expect(200);
    Scene { stage, ada, passkey }
}

#[test]
fn a_passkey_is_made_named_used_alone_and_removed() {
    let Scene { stage, ada, mut passkey } = scene();
    let browser = stage.browser_of(&ada);
    let page = browser.open(LIST);
    assert!(page.words().contains("Phone") && page.words().contains("not used yet"), "{}", page.words());
    let told = browser.open("/notices").words();
    assert!(told.contains("A passkey was added: Phone."), "{told}");

    let elsewhere = stage.browser();
    assert_eq!(sign_in(&elsewhere, &passkey).expect(200).at, "/friends", "nothing else is asked");
    assert!(elsewhere.open("/settings").words().contains("You have 1 passkey"));
    assert!(
        browser.open("/notices").words().contains("You signed in in a browser that was not known before")
    );

    let rename = browser.open(LIST).form("/settings/passkeys/name").fill("name", "Ada’s <phone>");
    assert!(browser.press(&rename, None).expect(200).words().contains("Ada’s <phone>"));
    let nameless = browser.open(LIST).form("/settings/passkeys/name").fill("name", " ");
    browser.press(&nameless, None).expect(422);
    let removed = browser.press(&browser.open(LIST).form("/settings/passkeys/end"), None).expect(200);
    assert!(removed.words().contains("You have no passkey yet."));
    assert!(
        browser.open("/notices").words().contains("A passkey was removed: \u{2068}Ada’s <phone>\u{2069}.")
    );
    let refused = sign_in(&stage.browser(), &passkey).expect(422);
    assert!(refused.words().contains("This passkey opens no account here, or was removed"));
    // The device may make another in its place.
    passkey.id.push(1);
    make(&browser, &mut passkey, "Phone").expect(200);
}

#[test]
fn who_is_asked_to_prove_it_again_can_do_so_with_a_passkey_of_hers() {
    let Scene { stage, ada, passkey } = scene();
    let browser = stage.browser_of(&ada);
    stage.clock.advance_s(601);
    let page = browser.open(LIST);
    assert!(page.at.starts_with("/sign-in/again"));
    let asked = begun(&browser, &page, AGAIN);
    assert_eq!(asked["get"]["allowCredentials"].as_array().unwrap().len(), 1);
    let before = browser.cookie(vault::session_cookie(false));
    let form = page.form(AGAIN).fill("credential", &passkey.signed(&asked));
    assert_eq!(browser.press(&form, None).expect(200).at, LIST);
    assert_ne!(browser.cookie(vault::session_cookie(false)), before, "the session has a new cookie");

    // Another person's passkey proves nothing of her.
    let eve = stage.person("eve");
    let mut eves = Passkey::new(9, &stage.url);
    make(&stage.browser_of(&eve), &mut eves, "Eve’s").expect(200);
    stage.clock.advance_s(601);
    for person in [eves.person.clone(), passkey.person.clone(), None] {
        let page = browser.open(LIST);
        let asked = begun(&browser, &page, AGAIN);
        let lie = Passkey { person, ..eves.clone() };
        let refused =
            browser.press(&page.form(AGAIN).fill("credential", &lie.signed(&asked)), None).expect(422);
        assert!(refused.words().contains("This passkey opens no account here"), "{}", refused.words());
    }
}

#[test]
fn a_challenge_serves_once_for_one_browser_for_one_purpose_and_not_for_long() {
    let Scene { stage, ada, passkey } = scene();
    let why = "This took too long, or was used before";
    let refused = |page: Page| assert!(page.expect(422).words().contains(why));

    let browser = stage.browser();
    let page = browser.open("/sign-in");
    let asked = begun(&browser, &page, SIGN_IN);
    assert_ne!(asked["get"]["challenge"], begun(&browser, &page, SIGN_IN)["get"]["challenge"]);
    let signed = passkey.signed(&asked);
    let form = page.form(SIGN_IN).fill("credential", &signed);
    // In another browser: one that has a page of its own.
    let other = stage.browser();
    let stolen = other.open("/sign-in").form(SIGN_IN).fill("credential", &signed);
    refused(other.press(&stolen, None));
    assert_eq!(browser.press(&form, None).expect(200).at, "/");
    let again = stage.browser();
    again.set_cookie("waxseal-form", &browser.cookie("waxseal-form").unwrap());
    refused(again.press(&form, None));

    // A wrong answer uses it up as well.
    let page = again.open("/sign-in");
    let asked = begun(&again, &page, SIGN_IN);
    let unverified = Passkey { flags: PRESENT, ..passkey.clone() }.signed(&asked);
    again.press(&page.form(SIGN_IN).fill("credential", &unverified), None).expect(422);
    refused(again.press(&page.form(SIGN_IN).fill("credential", &passkey.signed(&asked)), None));

    let page = again.open("/sign-in");
    let asked = begun(&again, &page, SIGN_IN);
    stage.clock.advance_s(300);
    refused(again.press(&page.form(SIGN_IN).fill("credential", &passkey.signed(&asked)), None));

    // Given out to prove it again, in a session; not to sign in there.
    let hers = stage.browser_of(&ada);
    stage.clock.advance_s(601);
    let page = hers.open(LIST);
    let asked = begun(&hers, &page, AGAIN);
    let form = forged(&hers.open("/sign-in").form(SIGN_IN), None).set("credential", &passkey.signed(&asked));
    let answer = form.send(&hers, SIGN_IN).expect(422);
    assert!(answer.text().contains(why));
    // Never given out at all.
    let made_up = json!({"get": {"challenge": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}});
    let page = again.open("/sign-in");
    refused(again.press(&page.form(SIGN_IN).fill("credential", &passkey.signed(&made_up)), None));
}

#[test]
fn a_passkey_that_lies_signs_nobody_in() {
    let Scene { stage, passkey, .. } = scene();
    let host = stage.url.split_once("://").unwrap().1;
    let base = || passkey.clone();
    let framed = |more: Value| Passkey { more, ..base() };
    let lies: [(Passkey, &str); 14] = [
        (Passkey { kind: Some("webauthn.create"), ..base() }, "made for something else"),
        (Passkey { origin: format!("https://{host}"), ..base() }, "on another site"),
        (Passkey { origin: "http://localhost".to_owned(), ..base() }, "on another site"),
        (Passkey { origin: format!("http://evil.{host}"), ..base() }, "on another site"),
        (framed(json!({"crossOrigin": true})), "inside a page of another site"),
        (framed(json!({"topOrigin": "https://evil.example"})), "inside a page of another site"),
        (Passkey { party: "evil.example".to_owned(), ..base() }, "belongs to another site"),
        (Passkey { flags: VERIFIED, ..base() }, "nobody confirmed it"),
        (Passkey { flags: PRESENT, ..base() }, "did not check who you are"),
        (Passkey { flags: PRESENT | VERIFIED | BACKED_UP, ..base() }, "contradicts itself"),
        (Passkey { flags: PRESENT | VERIFIED | BACKUP_ELIGIBLE, ..base() }, "contradicts itself"),
        (Passkey { id: base().id, ..Passkey::new(8, &stage.url) }, "opens no account here"),
        (
            Passkey { id: base().id, person: base().person, ..Passkey::new(8, &stage.url) },
            "signature does not hold",
        ),
        (Passkey { person: None, ..base() }, "opens no account here"),
    ];
    for (lie, why) in lies {
        let browser = stage.browser();
        let page = sign_in(&browser, &lie).expect(422);
        let words = page.words().to_lowercase();
        assert!(words.contains(why), "{why}: {words}");
        assert!(browser.open("/friends").at.starts_with("/sign-in"), "{why}");
    }
    // What is not what a browser sends.
    let browser = stage.browser();
    for odd in
        ["", "{}", "null", &"[".repeat(9000), r#"{"id":"AA","rawId":"AB","type":"public-key","response":{}}"#]
    {
        let form = browser.open("/sign-in").form(SIGN_IN).fill("credential", odd);
        assert!(browser.press(&form, None).expect(422).words().contains("cannot be read"), "{odd}");
    }
    sign_in(&browser, &passkey).expect(200);
}

#[test]
fn a_new_passkey_that_lies_is_not_taken() {
    let Scene { stage, ada, passkey } = scene();
    let browser = stage.browser_of(&ada);
    let base = || Passkey::new(11, &stage.url);
    let lies: [(Passkey, &str); 9] = [
        (Passkey { kind: Some("webauthn.get"), ..base() }, "made for something else"),
        (Passkey { origin: "https://evil.example".to_owned(), ..base() }, "on another site"),
        (Passkey { more: json!({"crossOrigin": true}), ..base() }, "inside a page of another site"),
        (Passkey { party: "evil.example".to_owned(), ..base() }, "belongs to another site"),
        (Passkey { flags: VERIFIED, ..base() }, "nobody confirmed it"),
        (Passkey { flags: PRESENT, ..base() }, "did not check who you are"),
        (Passkey { flags: PRESENT | VERIFIED | BACKED_UP, ..base() }, "contradicts itself"),
        (Passkey { id: vec![1; 1024], ..base() }, "id is too long"),
        (Passkey { id: passkey.id, ..base() }, "registered already"),
    ];
    for (mut lie, why) in lies {
        let words = make(&browser, &mut lie, "Lie").expect(422).words().to_lowercase();
        assert!(words.contains(why), "{why}: {words}");
    }
    // A page of somebody else, or of another session, adds nothing.
    let wanted = begun(&browser, &browser.open(LIST), LIST);
    let made = base().made(&wanted);
    let eve = stage.browser_of(&stage.person("eve"));
    let form = eve.open(LIST).form_with(LIST, "credential").fill("credential", &made);
    assert!(eve.press(&form, None).expect(422).words().contains("took too long, or was used before"));
    let form = forged(&browser.open(LIST).form_with(LIST, "credential"), None).set("credential", &made);
    form.without("csrf").send(&browser, LIST).expect(403);
    assert!(browser.open(LIST).words().contains("Phone") && !browser.open(LIST).words().contains("Lie"));
}

#[test]
fn a_count_that_goes_back_is_told() {
    let Scene { stage, ada, mut passkey } = scene();
    passkey.count = 5;
    sign_in(&stage.browser(), &passkey).expect(200);
    passkey.count = 4;
    sign_in(&stage.browser(), &passkey).expect(200);
    let browser = stage.browser_of(&ada);
    assert!(browser.open("/notices").words().contains("The passkey Phone counted backwards"));
    assert!(browser.open(LIST).words().contains("there may be a copy of it"));
}

#[test]
fn signing_in_without_a_name_tells_of_no_account() {
    let Scene { stage, passkey, .. } = scene();
    let browser = stage.browser();
    let page = browser.open("/sign-in");
    let asked = begun(&browser, &page, SIGN_IN);
    assert_eq!(asked["get"]["allowCredentials"], json!([]), "whoever asks");
    assert_eq!(asked["get"]["userVerification"], "required");
    // A passkey that nobody has, one that was removed, and one shown for another person: one answer.
    let unknown = Passkey::new(13, &stage.url);
    let of_another = Passkey { person: Some(vec![9; 16]), ..passkey };
    let answers = [unknown, of_another].map(|passkey| sign_in(&browser, &passkey).expect(422).words());
    assert_eq!(answers[0], answers[1]);
}

#[test]
fn where_browsers_make_no_passkeys_none_is_asked_for() {
    let stage = Stage::new();
    let browser = stage.browser_of(&stage.person("ada"));
    assert!(browser.open(LIST).words().contains("Reach this server by its name to add one."));
    assert!(!stage.browser().open("/sign-in").html().contains("data-passkey"));
    any_form(&browser).send(&browser, "/settings/passkeys/begin").expect(409);
}
