//! The words of a window, `since`: "grant", a moment (RFC 3339), a duration before now (ISO 8601, rolling), "all".
//!
//! Invariant: what is written here reads back as the same window.

use model::{Since, Time};

/// 100 years: longer than any message is old.
pub const LAST_S_MAX: i64 = 36_500 * DAY_S;
pub(crate) const DAY_S: i64 = 86_400;
const HOUR_S: i64 = 3_600;
const MINUTE_S: i64 = 60;

/// The window with these words. A year counts 365 days and a month 30.
pub fn parse(text: &str) -> Option<Since> {
    match text {
        "grant" => Some(Since::Grant),
        "all" => Some(Since::All),
        _ if text.starts_with('P') => duration_s(text).map(Since::Last),
        _ => moment(text).map(Since::At),
    }
}

/// The words of a window.
pub fn text(since: Since) -> String {
    match since {
        Since::Grant => "grant".to_owned(),
        Since::All => "all".to_owned(),
        Since::At(time) => time.to_string(),
        Since::Last(seconds) => duration_text(seconds),
    }
}

/// RFC 3339 as it is written, and not the other forms that a generous reader of dates would take.
fn moment(text: &str) -> Option<Time> {
    let bytes = text.as_bytes();
    let rfc3339 = (20..=35).contains(&bytes.len())
        && matches!(bytes.get(10), Some(b'T' | b't'))
        && bytes.get(16) == Some(&b':')
        && bytes.iter().all(|b| b.is_ascii_digit() || b"-+:.TtZz".contains(b));
    if rfc3339 { text.parse().ok() } else { None }
}

fn duration_s(text: &str) -> Option<i64> {
    let rest = text.strip_prefix('P').filter(|rest| !rest.is_empty())?;
    let (date, time) = match rest.split_once('T') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (rest, ""),
    };
    let date_s = sum(date, &[('Y', 365 * DAY_S), ('M', 30 * DAY_S), ('W', 7 * DAY_S), ('D', DAY_S)])?;
    let time_s = sum(time, &[('H', HOUR_S), ('M', MINUTE_S), ('S', 1)])?;
    date_s.checked_add(time_s).filter(|seconds| (1..=LAST_S_MAX).contains(seconds))
}

/// Adds up `1H30M`; each unit at most once and in this order.
fn sum(mut text: &str, units: &[(char, i64)]) -> Option<i64> {
    let mut units = units.iter();
    let mut total_s: i64 = 0;
    while !text.is_empty() {
        let digits = text.find(|c: char| !c.is_ascii_digit())?;
        let (count, rest) = text.split_at(digits);
        let letter = rest.chars().next()?;
        // `find` goes on from where it stopped, so a unit that comes twice or too late is not found.
        let (_, unit_s) = units.find(|(unit, _)| *unit == letter)?;
        total_s = total_s.checked_add(count.parse::<i64>().ok()?.checked_mul(*unit_s)?)?;
        text = rest.get(1..)?;
    }
    Some(total_s)
}

fn duration_text(seconds: i64) -> String {
    let mut out = String::from("P");
    let mut rest = seconds.max(1);
    let units = [("D", DAY_S), ("H", HOUR_S), ("M", MINUTE_S), ("S", 1)];
    for (at, (letter, unit_s)) in units.into_iter().enumerate() {
        let count = rest / unit_s;
        rest %= unit_s;
        if at > 0 && count > 0 && !out.contains('T') {
            out.push('T');
        }
        if count > 0 {
            out.push_str(&count.to_string());
            out.push_str(letter);
        }
    }
    out
}

#[cfg(test)]
#[path = "since_tests.rs"]
mod tests;
