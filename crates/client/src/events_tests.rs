//! A stream is taken apart the same whichever way it is cut, and what comes twice is told once.
use super::*;
use serde_json::json;

fn frames(pieces: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Vec<Frame> {
    let mut frames = Frames::default();
    let mut all = Vec::new();
    for piece in pieces {
        frames.take(piece.as_ref()).unwrap();
        all.extend(std::iter::from_fn(|| frames.next()));
    }
    all
}

#[test]
fn a_stream_means_the_same_however_it_is_cut() {
    let text = "retry: 2000\n\n:\n\nid: 1-con_a-1\nevent: message\ndata: {\"a\":\ndata: \"ü\"}\n\nevent:gap\r\ndata:{}\r\n\r\ndata: 1\r\rid: 9\n\n";
    let whole = frames([text]);
    assert_eq!(whole.len(), 4, "{whole:?}");
    assert_eq!(whole[0].retry_ms, Some(2000));
    let first = Frame {
        id: "1-con_a-1".into(),
        name: "message".into(),
        data: Some(json!({"a": "ü"})),
        retry_ms: None,
    };
    assert_eq!(whole[1], first);
    assert_eq!((whole[2].name.as_str(), whole[2].id.as_str()), ("gap", "1-con_a-1"), "an id holds on");
    assert_eq!(whole[3].data, Some(json!(1)));
    for size in 1..text.len() {
        assert_eq!(frames(text.as_bytes().chunks(size)), whole, "in pieces of {size}");
    }
}

#[test]
fn what_cannot_be_an_event_of_ours_is_refused() {
    for text in ["data: x\n\n", "data: \u{fffd}{\n\n"] {
        assert!(Frames::default().take(text.as_bytes()).is_err(), "{text}");
    }
    assert!(Frames::default().take(b"data: \xff\n").is_err());
    let mut frames = Frames::default();
    let endless = vec![b'x'; 64 * 1024];
    assert!((0..20).any(|_| frames.take(&endless).is_err()), "a line without an end fills no memory");
}

#[test]
fn an_id_is_new_once_and_memory_is_bounded() {
    let mut recent = Recent::default();
    for n in 0..3 * REMEMBERED_MAX {
        assert!(recent.take(&n.to_string()));
        assert!(!recent.take(&n.to_string()));
    }
    assert_eq!((recent.known.len(), recent.order.len()), (REMEMBERED_MAX, REMEMBERED_MAX));
}

#[test]
fn events_that_are_newer_than_this_client_do_no_harm() {
    assert_eq!(told("waved", &json!({})).unwrap(), Told::Other("waved".into()));
    let more = json!({"conversation": "con_a", "seq": 1, "withheld": "a-new-reason", "more": true});
    assert!(matches!(told("message", &more).unwrap(), Told::Message(Item::Placeholder(_))));
    assert!(told("message", &json!({"seq": "x"})).is_err());
}
