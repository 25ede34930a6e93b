//! Moments: microseconds since 1970 in storage, RFC 3339 in UTC outside.
//!
//! Invariant: a moment is always written with six digits of a second and `Z`, so that text order is time order.

use std::fmt::Write;

/// A moment, in microseconds since 1970-01-01T00:00:00Z. Between the years 0000 and 9999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

/// A text that is not an RFC 3339 moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 date and time, for example 2026-11-23T12:00:00Z")]
pub struct TimeInvalid;

const MICROS_PER_DAY: i64 = 86_400_000_000;
/// 0000-01-01T00:00:00Z and 9999-12-30T22:00:00Z: what four digits of a year can say in every time zone.
const MIN: i64 = -62_167_219_200_000_000;
const MAX: i64 = 253_402_207_200_000_000;

impl Time {
    /// The earliest moment that can be said: "all of it" as a window.
    pub const EARLIEST: Time = Time(MIN);
    /// The latest moment that can be said.
    pub const LATEST: Time = Time(MAX);

    /// The moment so many microseconds after 1970; held to the years 0000 to 9999.
    pub const fn from_micros(micros: i64) -> Self {
        Time(if micros < MIN {
            MIN
        } else if micros > MAX {
            MAX
        } else {
            micros
        })
    }

    /// Microseconds since 1970.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// This much later (or earlier, if negative).
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Time::from_micros(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    /// The part before `T`: `2026-11-23`.
    pub fn date(self) -> String {
        let mut text = self.to_string();
        text.truncate(10);
        text
    }
}

/// Year, month and day of a count of days since 1970 (proleptic Gregorian; era arithmetic as in Hinnant 2013).
fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + i64::from(month <= 2), month, doy - (153 * mp + 2) / 5 + 1)
}

impl std::fmt::Display for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (year, month, day) = civil(self.0.div_euclid(MICROS_PER_DAY));
        let micros = self.0.rem_euclid(MICROS_PER_DAY);
        let (s, us) = (micros / 1_000_000, micros % 1_000_000);
        let mut out = *b"0000-00-00T00:00:00.000000Z";
        for (at, width, mut value) in [
            (0, 4, year),
            (5, 2, month),
            (8, 2, day),
            (11, 2, s / 3600),
            (14, 2, s / 60 % 60),
            (17, 2, s % 60),
            (20, 6, us),
        ] {
            for place in (at..at + width).rev() {
                out[place] = b'0' + u8::try_from(value % 10).unwrap_or(0);
                value /= 10;
            }
        }
        out.iter().try_for_each(|&byte| f.write_char(char::from(byte)))
    }
}

impl std::fmt::Debug for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for Time {
    type Err = TimeInvalid;
    fn from_str(text: &str) -> Result<Self, TimeInvalid> {
        let stamp: jiff::Timestamp = text.parse().map_err(|_| TimeInvalid)?;
        let time = Time::from_micros(stamp.as_microsecond());
        if time.0 == stamp.as_microsecond() { Ok(time) } else { Err(TimeInvalid) }
    }
}

impl serde::Serialize for Time {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Time {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
#[path = "time_tests.rs"]
mod tests;
