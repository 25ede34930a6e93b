//! An answer whose receipt was taken away, changed, or belongs to something else is not handed out.
use super::Scene;
use crate::stage::after;
use std::sync::{Arc, Mutex};
use waxseal_client::{Content, Error, ReceiptFault, Told};

const MARK: &str = "waxseal-receipt: ";

fn fault<T: std::fmt::Debug>(outcome: Result<T, Error>) -> ReceiptFault {
    match outcome {
        Err(Error::Receipt(fault)) => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_answer_without_its_receipt_is_an_error() {
    let scene = Scene::behind_front();
    let (stage, session, talk) = (&scene.stage, scene.session(), scene.talk());
    stage.wait(session.conversations(None)).unwrap();
    scene.front().spoil(|bytes| {
        if let Some(at) = bytes.windows(MARK.len()).position(|window| window == MARK.as_bytes()) {
            bytes[at] = b'x';
        }
    });
    assert_eq!(fault(stage.wait(session.conversations(None))), ReceiptFault::Missing);
    assert_eq!(fault(stage.wait(session.conversation(&talk))), ReceiptFault::Missing);
    assert_eq!(fault(stage.wait(session.messages(&talk).newest(5))), ReceiptFault::Missing);
    assert_eq!(fault(stage.wait(session.send(&talk, &Content::text("hello")))), ReceiptFault::Missing);
    assert_eq!(fault(stage.wait(session.message(&talk, 1))), ReceiptFault::Missing);
    assert_eq!(fault(stage.wait(session.typing(&talk))), ReceiptFault::Missing);
    assert_eq!(fault(stage.wait(session.delete(&talk, 1))), ReceiptFault::Missing);
    assert_eq!(fault(stage.wait(session.start(&["@bea"], None))), ReceiptFault::Missing);
    stage.wait(session.me()).expect("what touched no message has none");
    scene.front().spoil_nothing();
    stage.wait(session.conversations(None)).expect("what was missed before does no harm after");
}

#[test]
fn a_letter_changed_anywhere_in_a_receipt_is_found() {
    let scene = Scene::behind_front();
    let (stage, session) = (&scene.stage, scene.session());
    for place in 0..40 {
        scene.front().spoil(move |bytes| {
            let Some(receipt) = after(bytes, MARK, b"\r") else { return };
            let at = place * receipt.len() / 40;
            receipt[at] = if receipt[at] == b'A' { b'B' } else { b'A' };
        });
        let refused = fault(stage.wait(session.conversations(None)));
        assert!(matches!(refused, ReceiptFault::Refused(_)), "{place}: {refused}");
    }
}

#[test]
fn a_genuine_receipt_of_something_else_is_found() {
    let scene = Scene::behind_front();
    let (stage, session, talk) = (&scene.stage, scene.session(), scene.talk());
    let other = stage.wait(session.start(&["@bea"], None)).unwrap().into_answer().id;
    for text in ["one", "two"] {
        stage.say(&scene.bea, scene.talk, text);
    }
    // The receipt of the answer before in the place of this one's, where it is as long.
    let kept: Arc<Mutex<Option<Vec<u8>>>> = Arc::default();
    let swap = || {
        let (kept, taken) = (kept.clone(), Arc::new(Mutex::new(false)));
        let took = taken.clone();
        scene.front().spoil(move |bytes| {
            let Some(receipt) = after(bytes, MARK, b"\r") else { return };
            let mut kept = kept.lock().unwrap();
            match &*kept {
                Some(old) => {
                    assert_eq!(old.len(), receipt.len(), "the test swaps receipts of one length");
                    receipt.copy_from_slice(old);
                    *took.lock().unwrap() = true;
                }
                None => *kept = Some(receipt.to_vec()),
            }
        });
        taken
    };
    let taken = swap();
    stage.wait(session.conversations(None)).unwrap();
    assert_eq!(fault(stage.wait(session.conversations(None))), ReceiptFault::Again);
    assert!(*taken.lock().unwrap());
    *kept.lock().unwrap() = None;
    swap();
    stage.wait(session.conversation(&talk)).unwrap();
    assert_eq!(fault(stage.wait(session.conversation(&other))), ReceiptFault::Other("conversation"));
    *kept.lock().unwrap() = None;
    swap();
    stage.wait(session.message(&talk, 1)).unwrap();
    assert_eq!(fault(stage.wait(session.message(&talk, 2))), ReceiptFault::Other("range of messages"));
    *kept.lock().unwrap() = None;
    swap();
    stage.wait(session.message(&talk, 1)).unwrap();
    stage.clock.advance_s(600);
    assert_eq!(fault(stage.wait(session.message(&talk, 1))), ReceiptFault::Other("moment"));
    // Of another grant: Bea's, who uses the same app.
    *kept.lock().unwrap() = None;
    scene.front().spoil_nothing();
    let beas = super::signed_in(stage, &scene.bea, &scene.waxseal(), &super::everything()).unwrap();
    for _ in 0..10 {
        stage.wait(beas.typing(&talk)).unwrap();
    }
    while stage.wait(session.grant()).unwrap().used < 11 {
        stage.wait(session.typing(&talk)).unwrap();
    }
    swap();
    stage.wait(beas.message(&talk, 1)).unwrap();
    assert_eq!(fault(stage.wait(session.message(&talk, 1))), ReceiptFault::Other("grant"));
}

#[test]
fn a_page_that_lost_a_message_on_its_way_does_not_fit_its_receipt() {
    let scene = Scene::behind_front();
    let (stage, session, talk) = (&scene.stage, scene.session(), scene.talk());
    for text in ["one", "two", "three"] {
        stage.say(&scene.bea, scene.talk, text);
    }
    stage.wait(session.messages(&talk).newest(3)).unwrap();
    // The last message becomes one that was withheld.
    scene.front().spoil(|bytes| {
        let Some(start) = bytes.windows(9).rposition(|window| window == b"{\"id\":\"ms") else { return };
        let Some(length) = bytes[start..].windows(2).position(|window| window == b"}]") else { return };
        let placeholder = br#"{"seq":3,"withheld":"author"}"#;
        let message = &mut bytes[start..=start + length];
        message.fill(b' ');
        message[..placeholder.len()].copy_from_slice(placeholder);
    });
    let refused = fault(stage.wait(session.messages(&talk).newest(3)));
    assert_eq!(refused, ReceiptFault::Other("number of messages"));
}

#[test]
fn an_event_whose_receipt_does_not_hold_ends_the_stream() {
    let scene = Scene::behind_front();
    let (stage, session) = (&scene.stage, scene.session());
    let mut events = stage.wait(async { session.events(None) });
    let first = stage.wait(events.next()).unwrap().unwrap();
    assert!(matches!(first.told, Told::Grant(_)));
    scene.front().spoil(|bytes| {
        if let Some(receipt) = after(bytes, "\"receipt\":\"", b"\"") {
            let middle = receipt.len() / 2;
            receipt[middle] = if receipt[middle] == b'A' { b'B' } else { b'A' };
        }
    });
    stage.say(&scene.bea, scene.talk, "hello");
    let told = stage.wait(events.next()).unwrap();
    assert!(matches!(fault(told), ReceiptFault::Refused(_)));
    assert!(stage.wait(events.next()).is_none());
    stage.streams_gone();
}
