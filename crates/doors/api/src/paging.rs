//! Reads what a list is asked with: `limit`, `before`, `after`, `cursor`, and the places in a path.
//!
//! Invariant: a number has one spelling (digits, no sign, no leading zero), so what is not a number is said, never guessed.

use crate::problem::Problem;
use axum::extract::FromRequestParts;
use axum::extract::rejection::PathRejection;
use data_encoding::BASE64URL_NOPAD;
use http::request::Parts;
use model::Time;
use oauth::params::Params;
use serde::Deserialize;
use std::str::FromStr;
use vault::Page;

/// How many items a page has when nobody says.
const LIMIT_DEFAULT: i64 = 50;
/// The most items of a page.
pub(crate) const LIMIT_MAX: i64 = 200;

/// The query of a list, each parameter given once at most. Unknown ones are passed over.
pub(crate) struct Query(Params);

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Query::read(parts.uri.query().unwrap_or_default())
    }
}

fn digits(text: &str) -> Option<i64> {
    let spelled_once = text == "0" || !text.starts_with('0');
    let number = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?;
    number.filter(|_| spelled_once)
}

impl Query {
    fn read(query: &str) -> Result<Self, Problem> {
        let params = Params::parse(query.as_bytes()).map_err(|e| {
            Problem::new(crate::problems::MALFORMED, format!("the query cannot be read: {}", e.description()))
        })?;
        Ok(Query(params))
    }

    fn number(&self, name: &str) -> Result<Option<i64>, Problem> {
        let Some(text) = self.0.value(name) else { return Ok(None) };
        let number = digits(text)
            .ok_or_else(|| Problem::parameter(name, format!("`{name}` is not a whole number from 0 on")))?;
        Ok(Some(number))
    }

    /// How many items the page may have.
    pub(crate) fn limit(&self) -> Result<i64, Problem> {
        match self.number("limit")? {
            None => Ok(LIMIT_DEFAULT),
            Some(limit) if (1..=LIMIT_MAX).contains(&limit) => Ok(limit),
            Some(_) => {
                let detail = format!("`limit` is from 1 to {LIMIT_MAX}");
                Err(Problem::parameter("limit", detail).with("limit", LIMIT_MAX))
            }
        }
    }

    /// A page of messages. `cursor` is what `next` said, and goes on in the direction that was asked for.
    pub(crate) fn page(&self) -> Result<Page, Problem> {
        let (mut before, mut after) = (self.number("before")?, self.number("after")?);
        if let Some(cursor) = self.cursor_number()? {
            let forward = after.is_some() && before.is_none();
            *(if forward { &mut after } else { &mut before }) = Some(cursor);
        }
        Ok(Page { before, after, limit: self.limit()? })
    }

    /// A cursor that is a number, of a list of records or messages.
    pub(crate) fn cursor_number(&self) -> Result<Option<i64>, Problem> {
        self.0.value("cursor").map(|text| digits(text).ok_or_else(bad_cursor)).transpose()
    }

    /// A cursor of a list that is ordered by moments: of conversations, or of deliveries.
    pub(crate) fn cursor_place<I: FromStr>(&self) -> Result<Option<(Time, I)>, Problem> {
        self.0.value("cursor").map(|text| place(text).ok_or_else(bad_cursor)).transpose()
    }
}

fn bad_cursor() -> Problem {
    Problem::parameter("cursor", "`cursor` is not one that this list gave out; start again without it")
}

/// Makes a cursor of what the vault says to go on from. What stands in it is nobody's business, and no secret.
pub(crate) fn cursor(next: &str) -> String {
    BASE64URL_NOPAD.encode(next.as_bytes())
}

fn place<I: FromStr>(cursor: &str) -> Option<(Time, I)> {
    let text = String::from_utf8(BASE64URL_NOPAD.decode(cursor.as_bytes()).ok()?).ok()?;
    let (micros, id) = text.split_once('.')?;
    let at = Time::from_micros(micros.parse().ok()?);
    let place = (at, id.parse::<I>().ok()?);
    (at.micros().to_string() == micros).then_some(place)
}

/// A seq in a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seq(pub(crate) i64);

impl<'de> Deserialize<'de> for Seq {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let seq = digits(&text).filter(|seq| (1..i64::MAX).contains(seq));
        seq.map(Seq).ok_or_else(|| serde::de::Error::custom("not a seq"))
    }
}

/// The place that a path names. One that no id or seq can spell is not there, like any other that is not.
pub(crate) type Place<T> = Result<axum::extract::Path<T>, PathRejection>;

/// What the path names.
pub(crate) fn named<T>(place: Place<T>) -> Result<T, Problem> {
    Ok(place.map_err(|_| Problem::not_found())?.0)
}

#[cfg(test)]
#[path = "paging_tests.rs"]
mod tests;
