//! Following along through the client: nothing is lost when connections are, nothing is told twice, and over is over.
use super::Scene;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::timeout;
use waxseal_client::{Event, Events, Told};

/// How long an event that must come may take.
const WITHIN: Duration = Duration::from_secs(30);

fn next(scene: &Scene, events: &mut Events) -> Event {
    let next = scene.stage.wait(async { timeout(WITHIN, events.next()).await });
    next.expect("in time").expect("not the end").expect("an event")
}

fn follow(scene: &Scene, session: &waxseal_client::Session, after: Option<&str>) -> Events {
    scene.stage.wait(async { session.events(after) })
}

/// The next message; what else comes is passed over.
fn text(scene: &Scene, events: &mut Events) -> (String, Event) {
    loop {
        let event = next(scene, events);
        if let Told::Message(item) = &event.told {
            return (item.message().unwrap().content.in_words(), event);
        }
    }
}

#[test]
fn what_happens_is_told_with_its_receipt() {
    let scene = Scene::new();
    let (stage, session, talk) = (&scene.stage, scene.session(), scene.talk());
    let mut events = follow(&scene, &session, None);
    let Told::Grant(grant) = next(&scene, &mut events).told else { panic!("the grant comes first") };
    assert_eq!(grant.state, "active");
    let seq = stage.say(&scene.bea, scene.talk, "hello");
    let (hello, event) = text(&scene, &mut events);
    assert_eq!(hello, "hello");
    assert!(event.receipt.is_some() && event.id.contains(&talk));
    // Who writes has read up to there; so it is what Ada writes that Bea reads.
    let read = stage.say(&scene.ada, scene.talk, "hello Bea");
    stage.wait(stage.vault().own_mark_read(&stage.own(&scene.bea), scene.talk, read)).unwrap();
    loop {
        if let Told::Read { conversation, person, seq } = next(&scene, &mut events).told {
            assert_eq!((conversation, person, seq), (talk.clone(), scene.bea.id.to_string(), read));
            break;
        }
    }
    stage.wait(session.delete(&talk, seq)).unwrap();
    loop {
        if let Told::Deleted(placeholder) = next(&scene, &mut events).told {
            assert_eq!((placeholder.seq, placeholder.conversation), (seq, Some(talk)));
            break;
        }
    }
    drop(events);
    stage.streams_gone();
}

#[test]
fn dropped_connections_and_a_restart_lose_nothing_and_repeat_nothing() {
    let mut scene = Scene::behind_front();
    let session = scene.session();
    let mut events = follow(&scene, &session, None);
    next(&scene, &mut events);
    let mut seen = BTreeSet::new();
    for round in 0..6 {
        let before = scene.front().connected();
        match round {
            3 => scene.stage.restart(),
            _ => scene.front().cut(),
        }
        for n in 0..3 {
            let said = format!("{round}-{n}");
            scene.stage.say(&scene.bea, scene.talk, &said);
            scene.stage.clock.advance_s(1);
            let (heard, event) = text(&scene, &mut events);
            assert_eq!(heard, said);
            assert!(seen.insert(event.id));
        }
        assert!(scene.front().connected() > before, "it came back on a new connection");
    }
    // A program that was off in between goes on where it was.
    let last = seen.into_iter().next_back().unwrap();
    drop(events);
    scene.stage.say(&scene.bea, scene.talk, "while it was off");
    let mut events = follow(&scene, &session, Some(&last));
    let (heard, _) = text(&scene, &mut events);
    assert_eq!(heard, "while it was off");
    drop(events);
    scene.front().cut();
    scene.stage.streams_gone();
}

#[test]
fn a_token_that_ends_is_replaced_and_a_gap_is_told() {
    let scene = Scene::behind_front();
    let (stage, session) = (&scene.stage, scene.session());
    let mut events = follow(&scene, &session, Some("no id of ours"));
    loop {
        if let Told::Gap { why, .. } = next(&scene, &mut events).told {
            assert_eq!(why, "unknown");
            break;
        }
    }
    stage.clock.advance_s(600);
    scene.front().cut();
    stage.say(&scene.bea, scene.talk, "with a new token");
    assert_eq!(text(&scene, &mut events).0, "with a new token");
    drop(events);
    scene.front().cut();
    stage.streams_gone();
}

#[test]
fn after_a_revocation_nothing_comes_but_that() {
    let scene = Scene::new();
    let (stage, session) = (&scene.stage, scene.session());
    let mut events = follow(&scene, &session, None);
    next(&scene, &mut events);
    let grant = session.grant_id().unwrap().parse().unwrap();
    stage.wait(stage.vault().grant_revoke(&stage.own(&scene.ada), grant)).unwrap();
    stage.say(&scene.bea, scene.talk, "too late");
    let told = next(&scene, &mut events).told;
    assert_eq!(told, Told::Revoked { why: "grant-ended".to_owned() });
    assert!(stage.wait(events.next()).is_none());
    stage.streams_gone();
}
