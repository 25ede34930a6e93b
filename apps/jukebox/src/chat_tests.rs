//! What the chat panel makes of what it is told.

use super::*;
use waxseal_client::{Message, Person};

fn person(id: &str, name: &str) -> Person {
    Person { id: id.to_owned(), handle: None, name: name.to_owned() }
}

fn conversation(id: &str) -> Conversation {
    Conversation {
        id: id.to_owned(),
        title: None,
        participants: vec![person("per_a", "Ada"), person("per_b", "Ben")],
        last_seq: 1,
        last_at: String::new(),
        created_at: String::new(),
        active_apps: Vec::new(),
    }
}

fn message(seq: i64, from: &str, text: &str) -> Item {
    Item::Message(Box::new(Message {
        id: format!("msg_{seq}"),
        conversation: "con_1".to_owned(),
        seq,
        from: person(from, from),
        via: None,
        sent_at: "2026-11-25T18:04:00.000000Z".to_owned(),
        content: Content::text(text),
    }))
}

fn signed_in() -> Chat {
    let mut chat = Chat::default();
    chat.hear(News::SignedIn { person: Some("per_a".to_owned()), name: "Ada".to_owned() });
    chat.hear(News::Conversations(vec![conversation("con_1"), conversation("con_2")]));
    chat
}

fn told(chat: &mut Chat, items: Vec<Item>) {
    chat.hear(News::Messages { conversation: "con_1".to_owned(), items });
}

#[test]
fn the_newest_conversation_opens_and_its_messages_stand_in_order() {
    let mut chat = signed_in();
    assert_eq!(chat.open.as_deref(), Some("con_1"));
    assert!(!chat.is_read());
    told(&mut chat, vec![message(2, "per_b", "two"), message(1, "per_a", "one")]);
    told(&mut chat, vec![message(2, "per_b", "two, told again")]);
    let lines = chat.lines();
    let said: Vec<_> = lines.iter().map(|line| (line.seq, line.own, line.said.as_str())).collect();
    assert_eq!(said, [(1, true, "one"), (2, false, "two, told again")]);
    assert_eq!(lines[0].at, "18:04");
}

#[test]
fn what_was_deleted_is_gone_from_the_screen() {
    let mut chat = signed_in();
    told(&mut chat, vec![message(1, "per_b", "secret")]);
    let gone = Placeholder { conversation: None, seq: 1, withheld: Withheld::Deleted };
    told(&mut chat, vec![Item::Placeholder(gone)]);
    assert_eq!(chat.lines().iter().map(|line| line.said.as_str()).collect::<Vec<_>>(), ["deleted"]);
}

#[test]
fn once_the_access_is_over_nothing_of_hers_is_left() {
    let mut chat = signed_in();
    told(&mut chat, vec![message(1, "per_b", "secret")]);
    chat.draft = "unsent".to_owned();
    chat.hear(News::Over("you ended it".to_owned()));
    assert_eq!(chat.standing, Standing::Out);
    assert_eq!(chat.notice.as_deref(), Some("you ended it"));
    assert!(chat.lines().is_empty() && chat.conversations.is_empty() && chat.draft.is_empty());
}

#[test]
fn a_conversation_that_is_out_of_reach_is_shown_no_more() {
    let mut chat = signed_in();
    chat.hear(News::Gone("con_1".to_owned()));
    assert_eq!(chat.open.as_deref(), Some("con_2"));
    chat.hear(News::Gone("con_2".to_owned()));
    assert_eq!(chat.open, None);
}

#[test]
fn typing_is_shown_for_a_moment_and_ends_with_the_message() {
    let mut chat = signed_in();
    let typing = || News::Typing { conversation: "con_1".to_owned(), person: "per_b".to_owned() };
    chat.hear(typing());
    let now = Instant::now();
    assert_eq!(chat.typing(now), Some("Ben"));
    assert_eq!(chat.typing(now + TYPING), None);
    chat.hear(typing());
    told(&mut chat, vec![message(1, "per_b", "there")]);
    assert_eq!(chat.typing(now), None);
}

#[test]
fn a_sign_in_that_fails_can_be_begun_again() {
    let mut chat = Chat::default();
    chat.hear(News::SigningIn("http://127.0.0.1/x".to_owned()));
    chat.hear(News::Problem("nobody came back".to_owned()));
    assert_eq!(chat.standing, Standing::Out);
    assert!(chat.notice.is_some());
}
