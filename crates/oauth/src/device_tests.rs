//! Device codes: what a person types, and what a device is told each time it asks.
use super::*;
use proptest::prelude::*;

const APP: AppId = AppId::from_bytes([1; 16]);
const NOW: Time = Time::from_micros(1_795_435_200_000_000);

fn row(state: DeviceState) -> DeviceRow {
    let expires_at = NOW.plus_seconds(DEVICE_S);
    DeviceRow { app: APP, state, expires_at, interval_s: INTERVAL_S, polled_at: None }
}

/// What is answered so many seconds after the code was made.
fn told(row: &DeviceRow, after_s: i64) -> (&'static str, i64) {
    match poll(Some(row), APP, NOW.plus_seconds(after_s)) {
        Poll::Issue => ("issue", 0),
        Poll::Wait(error, interval_s) => (error.code().as_str(), interval_s),
        Poll::Refuse(error) => (error.code().as_str(), 0),
    }
}

#[test]
fn a_device_waits_until_it_is_answered() {
    let waiting = row(DeviceState::Waiting);
    assert_eq!(told(&waiting, 0), ("authorization_pending", 5));
    assert_eq!(told(&waiting, DEVICE_S - 1), ("authorization_pending", 5));
    assert_eq!(told(&waiting, DEVICE_S), ("expired_token", 0));
    assert_eq!(told(&row(DeviceState::Denied), 9), ("access_denied", 0));
    assert_eq!(told(&row(DeviceState::Used), 9), ("invalid_grant", 0));
    let allowed = row(DeviceState::Allowed(NOW.plus_seconds(DEVICE_S - 1)));
    assert_eq!(told(&allowed, DEVICE_S + 58), ("issue", 0), "she answered in time");
    assert_eq!(told(&allowed, DEVICE_S + 59), ("expired_token", 0));
}

#[test]
fn who_asks_too_soon_is_told_to_wait_longer_each_time() {
    let mut waiting = DeviceRow { polled_at: Some(NOW), ..row(DeviceState::Waiting) };
    assert_eq!(told(&waiting, 5), ("authorization_pending", 5));
    for interval_s in [10, 15, 20] {
        assert_eq!(told(&waiting, 4), ("slow_down", interval_s));
        waiting.interval_s = interval_s;
    }
    assert_eq!(told(&waiting, 19), ("slow_down", 25));
    waiting.interval_s = INTERVAL_S_MAX;
    assert_eq!(told(&waiting, 20), ("slow_down", INTERVAL_S_MAX));
}

#[test]
fn another_apps_code_is_not_known() {
    let other = AppId::from_bytes([2; 16]);
    for found in [None, Some(&row(DeviceState::Allowed(NOW)))] {
        let Poll::Refuse(error) = poll(found, other, NOW) else { panic!("{found:?}") };
        assert_eq!(error.code(), ErrorCode::InvalidGrant);
    }
}

#[test]
fn a_code_is_typed_as_people_type() {
    for text in ["WDJB-MJHT", "wdjbmjht", " wdjb mjht ", "W D J B-M J H T", "wdjb\u{2013}mjht", "WDJB - MJHT"]
    {
        assert_eq!(typed(text).as_deref(), Some("WDJB-MJHT"), "{text}");
    }
    for text in ["", "WDJB", "WDJB-MJHTT", "WDJB-MJHA", "WDJB-MJH1", "WDJB_MJHT", "\u{415}DJB-MJHT", "-"] {
        assert_eq!(typed(text), None, "{text}");
    }
    assert_eq!(typed(&"B".repeat(100_000)), None);
}

proptest! {
    #[test]
    fn whatever_is_shown_can_be_typed(random in any::<[u8; 16]>()) {
        let code = user_code(random);
        prop_assert_eq!(typed(&code.to_lowercase().replace('-', " ")), Some(code));
    }

    #[test]
    fn no_text_panics(text in any::<String>()) {
        let _ = typed(&text);
    }
}
