//! Where days, runs and read markers stand between messages.
//!
//! Invariant: every message is shown once, in its order.

use super::*;
use model::Time;

fn message(seq: u64, from: &str, at: &str) -> Message {
    let at: Time = at.parse().unwrap();
    Message {
        seq,
        from: from.into(),
        is_own: from == "Ada",
        via: None,
        sent: When::clock(at),
        day: When::day(at),
        content: Content::Text("x".into()),
        erasable: Erasable::No,
        is_continued: false,
    }
}

/// One letter an entry: D day, N new, m message, c continued message, R read marker.
fn sketch(entries: &[Entry]) -> String {
    let letter = |entry: &Entry| match entry {
        Entry::Day(_) => 'D',
        Entry::New => 'N',
        Entry::Message(message) => {
            if message.is_continued {
                'c'
            } else {
                'm'
            }
        }
        Entry::ReadBy(_) => 'R',
    };
    entries.iter().map(letter).collect()
}

#[test]
fn days_runs_and_markers() {
    let messages = || {
        vec![
            message(1, "Ada", "2026-11-22T10:00:00Z"),
            message(2, "Ada", "2026-11-22T10:01:00Z"),
            message(3, "Grace", "2026-11-22T10:02:00Z"),
            message(5, "Grace", "2026-11-22T10:03:00Z"),
            message(6, "Grace", "2026-11-23T10:03:00Z"),
        ]
    };
    assert_eq!(sketch(&entries(messages(), 6, vec![])), "DmcmcDm");
    assert_eq!(sketch(&entries(messages(), 3, vec![])), "DmcmNmDm");
    assert_eq!(sketch(&entries(messages(), 0, vec![])), "DmcNmcDm");
    assert_eq!(sketch(&entries(messages(), 6, vec![("Grace".into(), 4)])), "DmcmRcDm");
    assert_eq!(sketch(&entries(vec![], 0, vec![("Grace".into(), 4)])), "");
}
