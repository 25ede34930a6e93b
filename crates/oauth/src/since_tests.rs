//! The words of a window, there and back.
use super::*;
use proptest::prelude::*;

fn last(text: &str) -> Option<i64> {
    match parse(text) {
        Some(Since::Last(seconds)) => Some(seconds),
        None => None,
        Some(other) => panic!("{text} is {other:?}"),
    }
}

#[test]
fn durations() {
    let cases = [
        ("P3D", 3 * DAY_S),
        ("P1W", 7 * DAY_S),
        ("P1M", 30 * DAY_S),
        ("P1Y", 365 * DAY_S),
        ("P1Y2M3W4DT5H6M7S", (365 + 60 + 21 + 4) * DAY_S + 5 * 3600 + 6 * 60 + 7),
        ("PT1M", 60),
        ("PT36H", 36 * 3600),
        ("P100Y", LAST_S_MAX),
    ];
    for (text, seconds) in cases {
        assert_eq!(last(text), Some(seconds), "{text}");
    }
}

#[test]
fn what_is_no_duration() {
    for text in [
        "P",
        "PT",
        "P3",
        "3D",
        "P3DT",
        "PD",
        "P-3D",
        "-P3D",
        "P+3D",
        "P3D3D",
        "P1D1W",
        "PT1S1H",
        "P1.5D",
        "P1,5D",
        "P0D",
        "PT0S",
        "P101Y",
        "P99999999999999999999D",
        "P9223372036854775807Y",
        "p3d",
        "P3d",
        "P 3D",
        "P3D ",
        "PT3D",
        "P3H",
        "P３D",
        "P3Ḋ",
        "",
    ] {
        assert_eq!(last(text), None, "{text}");
    }
}

#[test]
fn moments_are_rfc_3339() {
    let at = parse("2026-11-23T12:00:00Z").unwrap();
    assert_eq!(text(at), "2026-11-23T12:00:00.000000Z");
    assert_eq!(parse("2026-11-23T13:00:00.000+01:00"), Some(at));
    for odd in [
        "2026-11-23",
        "2026-11-23T12:00:00",
        "2026-11-23 12:00:00Z",
        "20261123T120000Z",
        "2026-11-23T12:00:00Z[UTC]",
        "2026-13-01T00:00:00Z",
        "2026-11-23T12:00Z",
        "GRANT",
        "All",
        " grant",
    ] {
        assert_eq!(parse(odd), None, "{odd}");
    }
}

/// The last moment that the reader of RFC 3339 takes: 9999-12-30T22:00:00.999999Z.
const MICROS_MAX: i64 = 253_402_207_200_999_999;

proptest! {
    #[test]
    fn what_is_written_reads_back(seconds in 1..=LAST_S_MAX, micros in -62_167_219_200_000_000..=MICROS_MAX) {
        for since in [Since::Grant, Since::All, Since::Last(seconds), Since::At(Time::from_micros(micros))] {
            prop_assert_eq!(parse(&text(since)), Some(since));
        }
    }

    #[test]
    fn no_text_panics(any_text in any::<String>(), near in "P?[0-9YMWDTHS.:Z+-]{0,40}") {
        let _ = (parse(&any_text), parse(&near));
    }
}
