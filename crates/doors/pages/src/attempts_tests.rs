//! Guessing is slowed, nobody is locked out, and memory stays bounded.

use super::*;

const NOW: Time = Time::from_micros(1_795_435_200_000_000);

fn from(ip: &str) -> Address {
    Address::of(ip.parse().unwrap())
}

#[test]
fn guessing_is_slowed_and_then_let_go_on() {
    let attempts = Attempts::default();
    let here = from("192.0.2.1");
    for _ in 0..HANDLE_ATTEMPTS_MAX {
        assert!(attempts.sign_in("ada", here, NOW).is_ok());
    }
    assert_eq!(attempts.sign_in(" @ADA ", here, NOW.plus_seconds(60)).err(), Some(WINDOW_S - 60));
    assert!(attempts.sign_in("grace", here, NOW).is_ok(), "another handle");
    assert!(attempts.sign_in("ada", from("192.0.2.2"), NOW).is_ok(), "another address");
    assert!(attempts.sign_in("ada", here, NOW.plus_seconds(WINDOW_S)).is_ok(), "later");
}

#[test]
fn what_goes_well_is_not_counted() {
    let attempts = Attempts::default();
    for _ in 0..ADDRESS_ATTEMPTS_MAX * 2 {
        attempts.sign_in("ada", from("192.0.2.1"), NOW).ok().unwrap().went_well();
    }
}

#[test]
fn one_address_cannot_try_every_handle() {
    let attempts = Attempts::default();
    for i in 0..ADDRESS_ATTEMPTS_MAX {
        assert!(attempts.sign_in(&format!("h{i}"), from("2001:db8::1"), NOW).is_ok());
    }
    assert!(attempts.sign_in("ada", from("2001:db8::ffff"), NOW).is_err(), "the same subscriber");
    assert!(attempts.sign_in("ada", from("2001:db8:0:1::1"), NOW).is_ok());
}

#[test]
fn accounts_and_askings_are_counted_apart() {
    let attempts = Attempts::default();
    let here = from("192.0.2.1");
    for _ in 0..ACCOUNTS_MAX {
        assert!(attempts.account(here, NOW).is_ok());
    }
    assert_eq!(attempts.account(here, NOW).err(), Some(WINDOW_S));
    assert!(attempts.handle_asked(here, NOW).is_ok());
    assert!(attempts.account(from("192.0.2.2"), NOW).is_ok());
}

#[test]
fn memory_is_bounded() {
    let attempts = Attempts::default();
    for i in 0..KEPT_MAX as u64 * 2 {
        let ip = IpAddr::V6(Ipv6Addr::from_bits(u128::from(i) << 64));
        let _ = attempts.handle_asked(Address::of(ip), NOW.plus_seconds((i / 100) as i64)).map(|_attempt| ());
    }
    assert!(attempts.0.lock().unwrap().len() <= KEPT_MAX + 1);
}
