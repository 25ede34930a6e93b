//! Moments in words: for the eye in a few words, for machines in `<time datetime>`.
//!
//! Invariant: without script a moment is told in UTC, and the page says so; `live.js` tells it in the reader's own zone
//! from the same `datetime`, in the same three styles.

use model::Time;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// A moment, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct When {
    /// RFC 3339, in UTC.
    pub datetime: String,
    /// For people: `12:04`, `Monday 23 November 2026`, `23 November 2026, 12:04`.
    pub text: String,
    /// The style in which `live.js` says it again: `clock`, `day`, `moment` or `date`.
    pub style: &'static str,
}

impl When {
    /// The time of day: `12:04`.
    pub(crate) fn clock(at: Time) -> Self {
        let datetime = at.to_string();
        When { text: datetime.get(11..16).unwrap_or_default().to_owned(), datetime, style: "clock" }
    }

    /// A day with its weekday, above the messages of that day: `Monday 23 November 2026`.
    pub(crate) fn day(at: Time) -> Self {
        let weekday =
            WEEKDAYS[usize::try_from((at.seconds().div_euclid(86_400) + 3).rem_euclid(7)).unwrap_or(0)];
        When { text: format!("{weekday} {}", date_words(at)), datetime: at.to_string(), style: "day" }
    }

    /// A day: `23 November 2026`.
    pub(crate) fn date(at: Time) -> Self {
        When { text: date_words(at), datetime: at.to_string(), style: "date" }
    }

    /// A day and a time: `23 November 2026, 12:04`.
    pub(crate) fn moment(at: Time) -> Self {
        let datetime = at.to_string();
        let clock = datetime.get(11..16).unwrap_or_default();
        When { text: format!("{}, {clock}", date_words(at)), datetime, style: "moment" }
    }
}

fn date_words(at: Time) -> String {
    let text = at.date();
    let part = |range| text.get(range).and_then(|part: &str| part.parse::<usize>().ok()).unwrap_or(1);
    format!("{} {} {}", part(8..10), MONTHS[(part(5..7) + 11) % 12], text.get(..4).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_in_words() {
        let at: Time = "2026-11-23T09:04:05Z".parse().unwrap();
        assert_eq!(When::clock(at).text, "09:04");
        assert_eq!(When::day(at).text, "Monday 23 November 2026");
        assert_eq!(When::moment(at).text, "23 November 2026, 09:04");
        assert_eq!(When::day(Time::from_micros(0)).text, "Thursday 1 January 1970");
        assert_eq!(When::day(Time::from_micros(-1)).text, "Wednesday 31 December 1969");
    }
}
