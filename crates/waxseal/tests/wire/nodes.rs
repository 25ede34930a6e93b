//! Two nodes on one database, joined by NATS: what happens at one is told at the other. On PostgreSQL alone.
use crate::stage::{EVERYTHING, Event, Events, Person, Stage};
use model::ConversationId;
use serde_json::json;
use std::time::{Duration, Instant};

/// Has somebody type at the stage's node until a stream at the other is told so. Nothing of it is stored, so it came by NATS.
fn typed(stage: &Stage, who: &Person, talk: ConversationId, elsewhere: &mut Events) {
    let (feed, person) = (stage.house().feed.clone(), who.id);
    let typing = stage.spawn(async move {
        let mut again = tokio::time::interval(Duration::from_millis(50));
        loop {
            again.tick().await;
            feed.typing(talk, person);
        }
    });
    assert_eq!(elsewhere.expect("typing").data["person"], who.id.to_string());
    typing.abort();
}

/// The next event that is not of typing: the last of that may still be under way.
#[track_caller]
fn expect(events: &mut Events, name: &str) -> Event {
    let next = std::iter::from_fn(|| events.next()).find(|event| event.name != "typing");
    let next = next.unwrap_or_else(|| panic!("the stream ended before `{name}`"));
    assert_eq!(next.name, name, "{next:?}");
    next
}

#[test]
fn what_happens_at_one_node_is_told_at_the_other_with_nats_and_without() {
    let mut stage = Stage::new();
    let Some((other, mut nats)) = stage.joined_node() else { return };
    let (ada, bea) = (stage.person("ada"), stage.person("bea"));
    stage.friends(&ada, &bea);
    let talk = stage.conversation(&[&ada, &bea]);
    let all = json!({"actions": ["read", "send"], "conversations": "all", "since": "all"});
    let tokens = stage.grant(&ada, &stage.app(EVERYTHING), all);
    let mut events = other.events(&tokens.access);
    events.expect("grant");
    typed(&stage, &bea, talk, &mut events);
    stage.say(&bea, talk, "hello");
    assert_eq!(expect(&mut events, "message").data["content"]["text"], "hello");

    // Without it the other node looks for itself.
    nats.kill();
    stage.say(&bea, talk, "are you there?");
    assert_eq!(expect(&mut events, "message").data["content"]["text"], "are you there?");

    // Back again, the nodes find it by themselves.
    nats.serve();
    typed(&stage, &bea, talk, &mut events);
    stage.say(&bea, talk, "back");
    assert_eq!(expect(&mut events, "message").data["content"]["text"], "back");
    let begun = Instant::now();
    stage.api(&tokens.access).delete("/v1/grant").expect(204);
    assert_eq!(expect(&mut events, "revoked").data["why"], "grant-ended");
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    events.ends();
}

#[test]
fn a_revocation_at_one_node_ends_streams_at_the_other_also_without_nats() {
    let mut stage = Stage::new();
    let Some((other, mut nats)) = stage.joined_node() else { return };
    nats.kill();
    let ada = stage.person("ada");
    let tokens =
        stage.grant(&ada, &stage.app(EVERYTHING), json!({"actions": ["read"], "conversations": "all"}));
    let mut events = other.events(&tokens.access);
    events.expect("grant");
    let begun = Instant::now();
    stage.api(&tokens.access).delete("/v1/grant").expect(204);
    assert_eq!(events.expect("revoked").data["why"], "grant-ended");
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    events.ends();
}
