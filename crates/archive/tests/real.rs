//! Reads conversations that people outside this project wrote, from `shared/data` beside the checkout.
//! Invariant: every message of every file arrives. Where `shared/` is absent each test says so and passes.

use archive::{Format, Remark, Thread, Unreadable, open};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// `shared/data`, or none with a line that says so.
fn real() -> Option<PathBuf> {
    let shared = std::env::var_os("WAXSEAL_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let found = Some(shared.join("data")).filter(|path| path.is_dir());
    if found.is_none() {
        eprintln!("skipped: {} is not there", shared.display());
    }
    found
}

fn read(format: Format, path: &Path) -> Result<Vec<Thread>, Unreadable> {
    open(format, path)?.threads().collect()
}

/// Conversations and messages of each file, as its README counts them.
const CONVERSATIONS: [(&str, u64, u64); 9] = [
    ("chitchat", 1_084, 65_056),
    ("redial-iard", 221, 3_031),
    ("real-persona-chat", 2_234, 67_313),
    ("jmrd", 200, 4_540),
    ("kdconv-film", 150, 3_858),
    ("kdconv-music", 150, 2_772),
    ("ubuntu-irc-threads", 3_483, 50_612),
    ("ubuntu-irc-rooms", 24, 29_818),
    ("chatterbot-phrases", 2_102, 6_604),
];

#[test]
fn every_conversation_arrives_whole() {
    let Some(real) = real() else { return };
    for (name, conversations, messages) in CONVERSATIONS {
        let path = real.join(format!("conversations/{name}.jsonl.gz"));
        let found = open(Format::Jsonl, &path).unwrap().check(|_| {}).unwrap();
        println!("{name}: {}", found.said);
        assert_eq!(
            (found.threads, found.said.kept, found.said.left_out()),
            (conversations, messages, 0),
            "{name}"
        );
        for changed in [Remark::Replaced, Remark::Shortened, Remark::Nameless] {
            assert_eq!(found.said.count(changed), 0, "{name}: {changed:?}");
        }
    }
}

#[test]
fn every_message_has_a_key_of_its_own_that_stays() {
    let Some(real) = real() else { return };
    let keys = || -> Vec<[u8; 32]> {
        let threads = read(Format::Jsonl, &real.join("conversations/ubuntu-irc-rooms.jsonl.gz")).unwrap();
        threads.iter().flat_map(|thread| thread.messages.iter().map(|entry| entry.key)).collect()
    };
    let first = keys();
    assert_eq!(first.iter().collect::<HashSet<_>>().len(), first.len());
    assert_eq!(keys(), first);
}

#[test]
fn the_messenger_export_arrives_whole() {
    let Some(real) = real() else { return };
    let threads = read(Format::Messenger, &real.join("exports/messenger-dyi")).unwrap();
    let shape: Vec<_> = threads
        .iter()
        .map(|thread| (thread.title.as_deref(), thread.participants.len(), thread.messages.len()))
        .collect();
    // By id. The brunch crew has two pages.
    let expected =
        [(None, 2, 10), (None, 2, 12), (Some("The Brunch Crew"), 4, 8 + 7), (Some("NA Hiking Club"), 5, 14)];
    assert_eq!(shape, expected);
    let text =
        |text: &str| threads.iter().flat_map(|thread| &thread.messages).any(|entry| entry.text == text);
    assert!(text("100% agree — that’s the move 👍"));
    assert!(threads[3].participants.contains(&"Tomás Rivera".to_owned()));
    for thread in &threads {
        assert!(thread.messages.is_sorted_by_key(|entry| entry.at_us), "{}", thread.key);
        let whole = thread.messages.iter().all(|entry| !entry.text.contains(['Ã', '\u{80}', '\u{9f}']));
        assert!(whole, "{}: something was not repaired", thread.key);
        assert_eq!(thread.said.left_out(), 0);
    }
}

#[test]
fn an_instagram_thread_without_participants_arrives() {
    let Some(real) = real() else { return };
    let threads =
        read(Format::Messenger, &real.join("exports/instagram/chat-miner_test_export.json")).unwrap();
    let texts: Vec<_> = threads[0].messages.iter().map(|entry| entry.text.as_str()).collect();
    assert_eq!(texts, ["Hello John!", "Hello Jane!"]);
    assert_eq!(threads[0].participants, ["Jane Doe", "John Doe"]);
}

#[test]
fn other_formats_are_refused_in_a_sentence() {
    let Some(real) = real() else { return };
    for export in ["whatsapp", "signal", "slack"] {
        let path = real.join("exports").join(export);
        let checked = open(Format::Messenger, &path).and_then(|archive| archive.check(|_| {}));
        let sentence = checked.unwrap_err().to_string();
        assert!(sentence.contains("no conversations were found"), "{export}: {sentence}");
    }
}
