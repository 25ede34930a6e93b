//! Signs of life of a stream on which nothing happens.
use super::*;
use crate::caller::act_tests::scene;
use std::future::poll_fn;
use tokio::time::Instant;

async fn next(events: &mut Events) -> String {
    let frame = poll_fn(|cx| Pin::new(&mut *events).poll_frame(cx)).await.unwrap().unwrap();
    String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap()
}

/// In how many seconds there will be one.
fn beats_in_s(events: &Events) -> u64 {
    events.beat.deadline().saturating_duration_since(Instant::now()).as_secs()
}

#[tokio::test]
async fn a_silent_stream_says_every_twenty_seconds_that_it_lives() {
    let scene = scene().await;
    let caller = scene.asking.caller().await.unwrap();
    let Ok(stream) = scene.asking.door.feed.follow(caller, None).await else { panic!("no stream") };
    let mut events = Events::new(stream);
    let first = next(&mut events).await;
    assert!(first.starts_with("retry: 2000\n\n") && first.contains("event: grant\n"), "{first}");
    for _ in 0..2 {
        let in_s = beats_in_s(&events);
        assert!((18..30).contains(&in_s), "in {in_s} s");
        events.beat = Box::pin(sleep(Duration::ZERO));
        assert_eq!(next(&mut events).await, ":\n\n");
    }
}
