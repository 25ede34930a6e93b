//! Buckets: what they give, what they refuse, what they forget.
use super::*;

const LIMIT: Limit = Limit { requests: 10, window_s: 5 };

fn at(ms: i64) -> Time {
    Time::from_micros(1_700_000_000_000_000 + ms * 1000)
}

fn grant(number: u8) -> GrantId {
    GrantId::from_bytes([number; 16])
}

#[test]
fn a_full_bucket_gives_its_number_at_once_then_evenly() {
    let meters = Meters::new(LIMIT);
    for _ in 0..10 {
        assert_eq!(meters.take(grant(1), at(0)), Ok(()));
    }
    assert_eq!(meters.take(grant(1), at(0)), Err(TooMany { limit: LIMIT, wait_s: 1 }));
    assert_eq!(meters.take(grant(1), at(499)).map_err(|e| e.wait_s), Err(1));
    assert_eq!(meters.take(grant(1), at(500)), Ok(()));
    assert!(meters.take(grant(1), at(501)).is_err());
    assert_eq!(meters.take(grant(1), at(1000)), Ok(()));
}

#[test]
fn one_grant_does_not_use_up_another() {
    let meters = Meters::new(LIMIT);
    while meters.take(grant(1), at(0)).is_ok() {}
    assert_eq!(meters.take(grant(2), at(0)), Ok(()));
}

#[test]
fn a_refused_request_costs_nothing() {
    let meters = Meters::new(LIMIT);
    while meters.take(grant(1), at(0)).is_ok() {}
    for _ in 0..100 {
        assert!(meters.take(grant(1), at(1)).is_err());
    }
    assert_eq!(meters.take(grant(1), at(500)), Ok(()));
}

#[test]
fn a_clock_that_steps_back_gives_nothing_away() {
    let meters = Meters::new(LIMIT);
    while meters.take(grant(1), at(10_000)).is_ok() {}
    assert!(meters.take(grant(1), at(0)).is_err());
}

#[test]
fn buckets_that_are_full_again_are_forgotten() {
    let meters = Meters::new(LIMIT);
    for number in 0..100_000u128 {
        let grant = GrantId::from_bytes(number.to_be_bytes());
        assert_eq!(meters.take(grant, at(i64::try_from(number).unwrap())), Ok(()));
    }
    // One request each a millisecond, full again after 500: about 500 are in use at any time.
    assert!(meters.full_at.lock().unwrap().by_grant.len() <= TIDY_LEN_MIN);
}
