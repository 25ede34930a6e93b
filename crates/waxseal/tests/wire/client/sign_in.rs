//! Signing in through the client: native apps and web sites, with each way of proving oneself, and what must not pass.
use super::{Scene, answered, app, discover, everything, query, signed_in};
use crate::stage::{REDIRECT, Stage};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::mpsc;
use vault::NewKind;
use waxseal_client::{
    App, AppKey, Ask, Begun, Error, FileKeep, Keep, MemoryKeep, ReceiptFault, Session, SignatureFault,
    Waxseal,
};

/// A `Keep` that a test can look into.
#[derive(Clone, Default)]
struct Shelf(Arc<MemoryKeep>);

impl Keep for Shelf {
    fn load(&self) -> Result<Option<String>, Error> {
        self.0.load()
    }
    fn store(&self, text: &str) -> Result<(), Error> {
        self.0.store(text)
    }
    fn forget(&self) -> Result<(), Error> {
        self.0.forget()
    }
}

/// What comes back for this request to a program on this machine.
fn knock(url: &str, host: Option<&str>) -> String {
    let (address, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let host = host.unwrap_or(address);
    stream.write_all(format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Begins a native sign-in: the address for the browser, and what comes of it.
fn native(
    stage: &Stage,
    waxseal: &Waxseal,
    keep: impl Keep,
) -> (String, mpsc::Receiver<Result<Session, Error>>) {
    let (opened, browser) = mpsc::channel();
    let (done, outcome) = mpsc::channel();
    let waxseal = waxseal.clone();
    stage.spawn(async move {
        let signed = waxseal.sign_in(&everything(), keep, |url| opened.send(url.to_owned()).unwrap()).await;
        let _ = done.send(signed);
    });
    (browser.recv().unwrap(), outcome)
}

#[test]
fn a_native_app_signs_in_over_loopback_keeps_what_it_got_and_goes_on_later() {
    let scene = Scene::new();
    let folder = testkit::folder();
    let (waxseal, keep) = (scene.waxseal(), FileKeep::new(folder.join("session.json")));
    let (address, outcome) = native(&scene.stage, &waxseal, keep.clone());
    let back = answered(&scene.stage, &scene.ada, &address, "allow");
    assert!(back.starts_with("http://127.0.0.1:"), "{back}");
    // Whoever else knocks is told no, and spoils nothing; one who only connects holds up nobody.
    let silent = TcpStream::connect(back.split('/').nth(2).unwrap()).unwrap();
    let base = back.split('?').next().unwrap();
    for (url, host) in [
        (base.to_owned(), None),
        (format!("{base}?code=x&state=x"), None),
        (format!("{base}?code=x"), None),
        (back.replace("/callback", "/other"), None),
        (back.clone(), Some("rebound.example")),
    ] {
        assert!(knock(&url, host).starts_with("HTTP/1.1 404"), "{url} {host:?}");
    }
    let page = knock(&back, None);
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("You can close this window"), "{page}");
    assert!(!page.contains("code="), "nothing of it is on the page");
    let session = outcome.recv().unwrap().unwrap();
    drop(silent);
    assert_eq!(session.person_id(), Some(scene.ada.id.to_string()));
    let me = scene.stage.wait(session.me()).unwrap();
    assert_eq!(me.handle.as_deref(), Some("ada"));
    assert!(session.has_scope("friends") && session.granted().is_some());

    let again = scene.stage.wait(scene.waxseal().resume(keep.clone())).unwrap().unwrap();
    assert_eq!(again.grant_id(), session.grant_id());
    assert_eq!(scene.stage.wait(again.me()).unwrap(), me);
    // What was kept is of this server and this app.
    let other = app(&scene.stage, NewKind::Public, &[REDIRECT]);
    let other = discover(&scene.stage, App::public(other.id.to_string()));
    assert!(scene.stage.wait(other.resume(keep.clone())).unwrap().is_none());
    scene.stage.wait(again.hand_back()).unwrap();
    assert_eq!(keep.load(), Ok(None));
    assert!(matches!(scene.stage.wait(session.me()), Err(Error::SignedOut(_))));
}

#[test]
fn who_says_no_is_heard() {
    let scene = Scene::new();
    let (address, outcome) = native(&scene.stage, &scene.waxseal(), MemoryKeep::new());
    let back = answered(&scene.stage, &scene.ada, &address, "deny");
    assert!(knock(&back, None).contains("Nothing was allowed"));
    let Err(Error::OAuth(why)) = outcome.recv().unwrap() else { panic!("she said no") };
    assert_eq!(why.error, "access_denied");
}

#[test]
fn web_sites_sign_in_with_a_secret_or_with_a_key() {
    let stage = Stage::new();
    let ada = stage.person("ada");
    let teller = app(&stage, NewKind::Secret, &[REDIRECT]);
    let secret = App::with_secret(teller.id.to_string(), teller.secret.unwrap());
    let key = AppKey::generate().unwrap();
    let bank = app(&stage, NewKind::Keys(key.public_jwks()), &[REDIRECT]);
    // The key as a file has it: what is written reads back as the same.
    let key = AppKey::from_pem(&key.to_pem().unwrap()).unwrap();
    for app in [secret, App::with_key(bank.id.to_string(), key)] {
        let waxseal = discover(&stage, app);
        let session = signed_in(&stage, &ada, &waxseal, &everything()).unwrap();
        for _ in 0..3 {
            stage.clock.advance_s(280);
            assert_eq!(stage.wait(session.me()).unwrap().id, ada.id.to_string(), "refreshed in time");
        }
        assert_eq!(stage.wait(session.grant()).unwrap().state, "active");
        stage.wait(session.sign_out()).unwrap();
        assert!(matches!(stage.wait(session.me()), Err(Error::SignedOut(_))));
    }
    let wrong = discover(&stage, App::with_secret(teller.id.to_string(), "wrong"));
    let Err(Error::OAuth(why)) = stage.wait(wrong.begin(&everything(), REDIRECT)) else {
        panic!("no secret")
    };
    assert_eq!(why.error, "invalid_client");
}

#[test]
fn a_sign_in_without_messages_reaches_none() {
    let scene = Scene::new();
    let session = signed_in(&scene.stage, &scene.ada, &scene.waxseal(), &Ask::sign_in_only()).unwrap();
    assert_eq!(session.person_id(), Some(scene.ada.id.to_string()));
    let refused = scene.stage.wait(session.conversations(None)).unwrap_err();
    assert_eq!(refused.problem(), Some("action-missing"));
}

#[test]
fn what_comes_back_must_answer_the_question_that_was_asked() {
    let scene = Scene::new();
    let (stage, waxseal) = (&scene.stage, scene.waxseal());
    let begin = || stage.wait(waxseal.begin(&everything(), REDIRECT)).unwrap();
    let finish =
        |begun: &Begun, query: &str| stage.wait(waxseal.finish(begun.clone(), query, MemoryKeep::new()));
    let begun = begin();
    // Kept as JSON with her browser, as a web site does.
    let begun: Begun = serde_json::from_str(&serde_json::to_string(&begun).unwrap()).unwrap();
    let back = answered(stage, &scene.ada, begun.url(), "allow");
    let good = query(&back);
    let without =
        |name: &str| good.split('&').filter(|part| !part.starts_with(name)).collect::<Vec<_>>().join("&");
    for (bad, why) in [
        (without("state="), "its state is another one"),
        (without("iss="), "it is from another server"),
        (format!("{}&iss=https%3A%2F%2Fevil.example", without("iss=")), "it is from another server"),
        (format!("{good}&code=x"), "a parameter comes twice"),
        (without("code="), "there is no code in it"),
    ] {
        assert_eq!(finish(&begun, &bad).unwrap_err(), Error::Callback(why), "{bad}");
    }
    let other = begin();
    assert_eq!(finish(&other, good).unwrap_err(), Error::Callback("its state is another one"));
    // The code of somebody else's sign-in, put into ours: it has another nonce, verifier and key.
    let crossed = good.replace(begun.state(), other.state());
    let Err(Error::OAuth(why)) = finish(&other, &crossed) else { panic!("a code of another sign-in") };
    assert_eq!(why.error, "invalid_grant");
    finish(&begin_and_allow(&scene, &waxseal).0, &begin_and_allow(&scene, &waxseal).1).unwrap_err();
    let (begun, back) = begin_and_allow(&scene, &waxseal);
    assert!(finish(&begun, &format!("?{back}")).is_ok(), "with its question mark too");
    assert!(finish(&begun, &back).is_err(), "a code serves once");
}

fn begin_and_allow(scene: &Scene, waxseal: &Waxseal) -> (Begun, String) {
    let begun = scene.stage.wait(waxseal.begin(&everything(), REDIRECT)).unwrap();
    let back = answered(&scene.stage, &scene.ada, begun.url(), "allow");
    let back = query(&back).to_owned();
    (begun, back)
}

#[test]
fn an_id_token_that_was_changed_on_its_way_is_found_out() {
    let scene = Scene::behind_front();
    let waxseal = scene.waxseal();
    let (begun, back) = begin_and_allow(&scene, &waxseal);
    // One letter in the middle of its signature: the last ones may be padding.
    scene.front().spoil(|bytes| {
        if let Some(token) = crate::stage::after(bytes, "\"id_token\":\"", b"\"") {
            let middle = token.len() - 20;
            token[middle] = if token[middle] == b'A' { b'B' } else { b'A' };
        }
    });
    let finished = scene.stage.wait(waxseal.finish(begun, &back, MemoryKeep::new()));
    assert_eq!(finished.unwrap_err(), Error::Signature(SignatureFault::False));
}

#[test]
fn old_nonces_and_wrong_ones_are_replaced_and_a_server_that_never_agrees_is_given_up_on() {
    let scene = Scene::behind_front();
    let session = scene.session();
    scene.stage.wait(session.me()).unwrap();
    scene.stage.clock.advance_s(400);
    scene.stage.wait(session.me()).expect("both the token and the nonce were too old");
    let spoil = |bytes: &mut [u8]| {
        if let Some(nonce) = crate::stage::after(bytes, "dpop-nonce: ", b"\r") {
            nonce.fill(b'x');
        }
    };
    let mut once = Some(());
    scene.front().spoil(move |bytes| {
        if bytes.windows(11).any(|window| window == b"dpop-nonce:") && once.take().is_some() {
            spoil(bytes);
        }
    });
    scene.stage.wait(session.me()).unwrap();
    scene.stage.wait(session.me()).expect("the nonce was wrong, and is replaced");
    scene.front().spoil(spoil);
    scene.stage.wait(session.me()).unwrap();
    let refused = scene.stage.wait(session.me()).unwrap_err();
    assert_eq!(refused.problem(), Some("dpop-nonce"), "after a few times it gives up: {refused}");
    scene.front().spoil_nothing();
    scene.stage.wait(session.me()).expect("and is well again when the server is");
}

#[test]
fn many_at_once_refresh_once_and_a_lost_answer_costs_nothing() {
    let scene = Scene::behind_front();
    let (stage, secret) = (&scene.stage, app(&scene.stage, NewKind::Secret, &[REDIRECT]));
    let waxseal = discover(stage, App::with_secret(secret.id.to_string(), secret.secret.unwrap()));
    let shelf = Shelf::default();
    let begun = stage.wait(waxseal.begin(&everything(), REDIRECT)).unwrap();
    let back = answered(stage, &scene.ada, begun.url(), "allow");
    let session = stage.wait(waxseal.finish(begun, query(&back), shelf.clone())).unwrap();
    let refresh_token = |shelf: &Shelf| {
        let kept: serde_json::Value = serde_json::from_str(&shelf.load().unwrap().unwrap()).unwrap();
        kept["refresh"].as_str().unwrap().to_owned()
    };
    let first = refresh_token(&shelf);
    stage.clock.advance_s(280);
    let asked: Vec<_> = (0..8)
        .map(|_| {
            let session = session.clone();
            let (done, outcome) = mpsc::channel();
            stage.spawn(async move { done.send(session.me().await).unwrap() });
            outcome
        })
        .collect();
    for outcome in asked {
        outcome.recv().unwrap().unwrap();
    }
    assert_ne!(refresh_token(&shelf), first, "it works once, so there is a successor, and it was kept");
    // The answer to the next refresh is lost: the connection is cut when it comes.
    stage.clock.advance_s(280);
    let front = Arc::new(std::sync::Mutex::new(Some(())));
    let lost = front.clone();
    scene.front().spoil(move |bytes| {
        let is_refresh = bytes.windows(15).any(|window| window == b"\"access_token\":");
        if is_refresh && lost.lock().unwrap().take().is_some() {
            // What is no HTTP any more is an answer that was lost.
            bytes.fill(b'?');
        }
    });
    stage.wait(session.me()).expect("it asks again, and is told the same successor");
    assert!(front.lock().unwrap().is_none(), "an answer was lost");
    stage.clock.advance_s(280);
    stage.wait(session.me()).expect("the family of tokens lives");
}

#[test]
fn the_key_of_the_log_is_pinned_when_she_signs_in() {
    let scene = Scene::new();
    let (waxseal, shelf) = (scene.waxseal(), Shelf::default());
    let (begun, back) = begin_and_allow(&scene, &waxseal);
    scene.stage.wait(waxseal.finish(begun, &back, shelf.clone())).unwrap();
    assert!(scene.stage.wait(scene.waxseal().resume(shelf.clone())).unwrap().is_some());
    let other = ledger::note::LogKey::new("other.example", &[7; 32]).unwrap().public().to_string();
    let known = scene.stage.wait(waxseal.log_key()).unwrap();
    shelf.store(&shelf.load().unwrap().unwrap().replace(&known, &other)).unwrap();
    let changed = scene.stage.wait(scene.waxseal().resume(shelf)).unwrap_err();
    assert_eq!(changed, Error::Receipt(ReceiptFault::KeyChanged));
    // Given by an auditor, it is the one that counts from the first answer on.
    let app = App::public(scene.app.id.to_string());
    let clock = scene.stage.clock.clone();
    let lookup =
        Waxseal::at(&scene.stage.url, app).clock(Arc::new(move || clock.seconds())).pin(&other).unwrap();
    let pinned = scene.stage.wait(lookup.discover()).unwrap();
    let session = signed_in(&scene.stage, &scene.ada, &pinned, &everything()).unwrap();
    assert!(matches!(
        scene.stage.wait(session.conversations(None)),
        Err(Error::Receipt(ReceiptFault::Refused(_)))
    ));
}
