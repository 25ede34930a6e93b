//! Each function of the client's session, held to what the server really did.
use super::{Scene, app, discover, everything, signed_in};
use crate::stage::REDIRECT;
use vault::NewKind;
use waxseal_client as sdk;
use waxseal_client::{Action, Content, Error, Item, Messages, Reach, Withheld};

#[test]
fn everything_that_a_session_can_do_is_done_and_proved() {
    let scene = Scene::new();
    let (stage, session, talk) = (&scene.stage, scene.session(), scene.talk());
    stage.say(&scene.bea, scene.talk, "Hello Ada");
    let page = stage.wait(session.conversations(None)).unwrap();
    assert_eq!((page.items.len(), page.items[0].id.as_str(), page.items[0].last_seq), (1, talk.as_str(), 1));
    assert_eq!(page.items[0].active_apps[0].name, "Jukebox");
    assert_eq!(stage.wait(session.conversation(&talk)).unwrap().answer, page.items[0]);
    let sent = stage.wait(session.send(&talk, &Content::text("Hello Bea"))).unwrap();
    assert_eq!((sent.seq, sent.via.as_ref().unwrap().name.as_str()), (2, "Jukebox"));
    let card = Content::card("film", "Metropolis", "https://films.example/1").with_note("Look");
    let payment = Content::payment("12.50", "EUR", "R-17");
    for content in [&card, &payment] {
        let sent = stage.wait(session.send(&talk, content)).unwrap();
        assert_eq!(sent.content, *content, "it comes back as it was sent");
    }
    let texts = |items: &[Item]| {
        items.iter().map(|item| item.message().unwrap().content.in_words()).collect::<Vec<_>>()
    };
    let newest = stage.wait(session.messages(&talk).newest(2)).unwrap();
    assert_eq!(texts(&newest.items), ["Metropolis", "12.50 EUR"]);
    let before = stage.wait(session.messages(&talk).before(3, 1)).unwrap();
    assert_eq!(texts(&before.items), ["Hello Bea"]);
    let after = stage.wait(session.messages(&talk).after(0, 1)).unwrap();
    assert_eq!(texts(&after.items), ["Hello Ada"]);
    assert_eq!(after.next.as_deref(), Some("1"));
    let empty = stage.wait(session.messages(&talk).after(4, 10)).unwrap();
    assert_eq!(empty.items, []);
    let one = stage.wait(session.message(&talk, 2)).unwrap();
    assert_eq!(one.message().unwrap(), &sent.answer);
    stage.wait(session.typing(&talk)).unwrap();
    stage.wait(session.delete(&talk, 2)).unwrap();
    stage.wait(session.delete(&talk, 2)).expect("what is deleted can be deleted");
    let gone = stage.wait(session.messages(&talk).after(1, 1)).unwrap();
    let Item::Placeholder(placeholder) = &gone.items[0] else { panic!("it was deleted") };
    assert_eq!(placeholder.withheld, Withheld::Deleted);
    let friends = stage.wait(session.friends()).unwrap();
    assert_eq!(friends[0].handle.as_deref(), Some("bea"));
    let started = stage.wait(session.start(&["@bea"], None)).unwrap();
    assert_ne!(started.id, talk);
    // What it did is what the server says that it did.
    let grant = stage.wait(session.grant()).unwrap();
    let accesses = stage.wait(session.accesses(None)).unwrap();
    assert_eq!(grant.used, accesses.items[0].n);
    assert_eq!(grant.details().unwrap().conversations, Reach::Word("all".into()));
    assert_eq!(Some(grant.grant_id), session.grant_id());
    assert_eq!(accesses.items.last().unwrap().action, "list");
}

#[test]
fn a_key_of_ones_own_sends_once() {
    let scene = Scene::new();
    let (stage, session, talk) = (&scene.stage, scene.session(), scene.talk());
    let send = |text: &str, key: &str| stage.wait(session.send_with_key(&talk, &Content::text(text), key));
    let first = send("once", "order-17").unwrap();
    stage.clock.advance_s(3_600);
    let again = send("once", "order-17").unwrap();
    assert_eq!(
        (&again.answer, &again.receipt),
        (&first.answer, &first.receipt),
        "no new access, and an old receipt"
    );
    assert_eq!(send("twice", "order-17").unwrap_err().problem(), Some("idempotency-key-reused"));
    assert!(matches!(send("x", "no\nkey"), Err(Error::Invalid(_))));
}

#[test]
fn what_is_refused_says_what_is_missing() {
    let scene = Scene::new();
    let (stage, talk) = (&scene.stage, scene.talk());
    let service = app(stage, NewKind::Secret, &[REDIRECT]);
    let service = sdk::App::with_secret(service.id.to_string(), service.secret.unwrap());
    let waxseal = discover(stage, service);
    let ask = Messages::new("Only lists, in this test").actions([Action::List]).ask();
    let session = signed_in(stage, &scene.ada, &waxseal, &ask).unwrap();
    let Err(Error::Problem(problem)) = stage.wait(session.messages(&talk).newest(1)) else {
        panic!("no read")
    };
    assert_eq!((problem.name(), problem.status, problem.action), ("action-missing", 403, Some(Action::Read)));
    let outside = stage.wait(session.conversation(&talk)).unwrap_err();
    assert_eq!(outside.problem(), Some("not-found"), "it did not start it, so it is not within reach");
    let nowhere = stage.wait(session.conversation("../../me")).unwrap_err();
    assert_eq!(nowhere.problem(), Some("not-found"));
    assert_eq!(stage.wait(session.friends()).unwrap_err().problem(), Some("scope-missing"));
    // More is asked for later, and added to what she gave.
    let grant = session.grant_id().unwrap();
    let more = everything().added_to(&grant);
    let wider = signed_in(stage, &scene.ada, &waxseal, &more).unwrap();
    assert_eq!(wider.grant_id(), Some(grant));
    assert!(wider.granted().unwrap().actions.contains(&Action::Send));
    let own = stage.own(&scene.ada);
    let id = wider.grant_id().unwrap().parse().unwrap();
    stage.wait(stage.vault().grant_pause(&own, id, true)).unwrap();
    assert_eq!(stage.wait(wider.conversations(None)).unwrap_err().problem(), Some("grant-paused"));
    stage.wait(stage.vault().grant_revoke(&own, id)).unwrap();
    let over = stage.wait(wider.conversations(None)).unwrap_err();
    assert!(matches!(over, Error::SignedOut(_)), "{over}");
}
