//! Our spelling of moments against jiff's, over the whole range.
use super::*;
use proptest::prelude::*;

proptest! {
    #[test]
    fn a_moment_is_spelled_as_jiff_spells_it(micros in MIN..=MAX) {
        let ours = Time::from_micros(micros);
        let theirs = jiff::Timestamp::from_microsecond(micros).unwrap();
        prop_assert_eq!(ours.to_string(), format!("{theirs:.6}"));
        prop_assert_eq!(ours.to_string().parse::<Time>(), Ok(ours));
    }
}

#[test]
fn the_first_and_the_last_moment_can_be_read_back() {
    for time in [Time::EARLIEST, Time::LATEST] {
        assert_eq!(time.to_string().parse(), Ok(time));
    }
}

#[test]
fn known_moments() {
    assert_eq!(Time::from_micros(0).to_string(), "1970-01-01T00:00:00.000000Z");
    assert_eq!(
        "2026-11-23T13:00:00+01:00".parse::<Time>().unwrap().to_string(),
        "2026-11-23T12:00:00.000000Z"
    );
    for wrong in ["", "yesterday", "2026-11-23", "2026-02-30T00:00:00Z", "2026-11-23T12:00:00"] {
        assert_eq!(wrong.parse::<Time>(), Err(TimeInvalid), "{wrong:?}");
    }
}
