//! Buckets: what they give, what they refuse, what they forget.
use super::*;

const LIMIT: Limit = Limit { requests: 10, window_s: 5 };

fn at(ms: i64) -> Time {
    Time::from_micros(1_700_000_000_000_000 + ms * 1000)
}

fn of(grant: u8, person: u8, app: u8) -> [Whose; 3] {
    [
        Whose::Grant(GrantId::from_bytes([grant; 16])),
        Whose::Person(PersonId::from_bytes([person; 16])),
        Whose::App(AppId::from_bytes([app; 16])),
    ]
}

/// A grant of its own person and its own app.
fn grant(number: u8) -> [Whose; 3] {
    of(number, number, number)
}

#[test]
fn a_full_bucket_gives_its_number_at_once_then_evenly() {
    let meters = Meters::new(LIMIT);
    for _ in 0..10 {
        assert_eq!(meters.take(grant(1), at(0)), Ok(()));
    }
    assert_eq!(meters.take(grant(1), at(0)), Err(TooMany { whose: grant(1)[0], limit: LIMIT, wait_s: 1 }));
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
fn the_apps_of_one_person_share_and_one_app_does_not_slow_others() {
    let meters = Meters::new(LIMIT);
    // Her six grants of six apps have as much as five; another person's of the same apps have theirs.
    let took = |whose: [Whose; 3]| (0..10).take_while(|_| meters.take(whose, at(0)).is_ok()).count();
    let hers: usize = (1..=6).map(|n| took(of(n, 1, n))).sum();
    assert_eq!(hers, 50);
    let refused = meters.take(of(6, 1, 6), at(0)).unwrap_err();
    assert_eq!((refused.whose.name(), refused.limit.requests, refused.wait_s), ("person", 50, 1));
    assert_eq!(took(of(7, 2, 1)), 10);
    // An app that is noisy for everybody waits for everybody, and the others go on.
    let noisy: usize = (0..=100).map(|n| took(of(100 + n, 100 + n, 99))).sum();
    assert_eq!(noisy, 1_000);
    let refused = meters.take(of(250, 250, 99), at(0)).unwrap_err();
    assert_eq!((refused.whose.name(), refused.limit.requests), ("app", 1_000));
    assert_eq!(
        took(of(251, 250, 98)),
        10,
        "what was refused for the one app was not counted against the person"
    );
    assert_eq!(meters.take(of(252, 252, 99), at(5)), Ok(()), "a hundredth of a window later");
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
        let id = number.to_be_bytes();
        let of = [
            Whose::Grant(GrantId::from_bytes(id)),
            Whose::Person(PersonId::from_bytes(id)),
            Whose::App(AppId::from_bytes(id)),
        ];
        assert_eq!(meters.take(of, at(i64::try_from(number).unwrap())), Ok(()));
    }
    // One request each a millisecond, a grant's full again after 500: about 600 are in use at any time.
    assert!(meters.full_at.lock().unwrap().by_whom.len() <= 2 * TIDY_LEN_MIN);
}
