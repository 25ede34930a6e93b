//! What a message holds: text, a card, a receipt of a payment.
//!
//! Invariant: text is kept byte for byte as it was written. Lengths are counted in one way everywhere: Unicode scalar
//! values (a code point that is not a surrogate), not bytes, not what a screen makes of them.

use crate::Kind;
use serde::{Deserialize, Serialize};

/// The longest text of a message, in Unicode scalar values.
pub const CONTENT_TEXT_CHARS_MAX: usize = 20_000;
const NOTE_CHARS_MAX: usize = 2_000;
const TITLE_CHARS_MAX: usize = 300;
const URL_CHARS_MAX: usize = 2_000;
const WORD_CHARS_MAX: usize = 40;
const REFERENCE_CHARS_MAX: usize = 200;

/// The content of a message. Its JSON is `{"type":"text",…}`, keys in the order of the fields here.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub enum Content {
    /// Words.
    Text {
        /// 1 to 20,000 characters.
        text: String,
    },
    /// A thing of another service: a film, a track, a folder.
    Card {
        /// One word for what it is, at most 40 characters: `film`, `track`, `folder`.
        kind: String,
        /// Its title, at most 300 characters.
        title: String,
        /// Where it is: http or https.
        #[serde(default)]
        url: Option<String>,
        /// A picture of it: https. Never loaded by our pages.
        #[serde(default)]
        image: Option<String>,
        /// A line from the sender, at most 2,000 characters.
        #[serde(default)]
        note: Option<String>,
    },
    /// A payment that was made elsewhere.
    Receipt {
        /// A decimal number: `12.50`. A JSON number is taken and kept as text.
        #[serde(deserialize_with = "amount")]
        amount: String,
        /// Three capital letters (ISO 4217).
        currency: String,
        /// The payment's reference, at most 200 characters.
        #[serde(default)]
        reference: Option<String>,
        /// A line from the sender, at most 2,000 characters.
        #[serde(default)]
        note: Option<String>,
    },
}

/// Why a content cannot be taken; each sentence says what to change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContentInvalid {
    /// Nothing in it.
    #[error("`{0}` is empty")]
    Empty(&'static str),
    /// Too much in it.
    #[error("`{field}` has more than {max} characters (Unicode scalar values)")]
    TooLong {
        /// Which field.
        field: &'static str,
        /// Its limit.
        max: usize,
    },
    /// The one character that no field may hold.
    #[error("`{0}` contains the character NUL (U+0000); leave it out")]
    Nul(&'static str),
    /// Not an address that a person could follow.
    #[error("`{0}` is not an absolute {1} address without user name or spaces")]
    Address(&'static str, &'static str),
    /// Not an amount.
    #[error(
        "`amount` is not a decimal number such as 12.50, with at most 15 digits before the point and 8 after it"
    )]
    Amount,
    /// Not a currency.
    #[error("`currency` is not three capital letters such as EUR")]
    Currency,
}

fn amount<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Amount {
        Text(String),
        Number(serde_json::Number),
    }
    Ok(match Amount::deserialize(deserializer)? {
        Amount::Text(text) => text,
        Amount::Number(number) => number.to_string(),
    })
}

fn check(field: &'static str, text: &str, max: usize) -> Result<(), ContentInvalid> {
    if text.is_empty() {
        return Err(ContentInvalid::Empty(field));
    }
    if text.contains('\0') {
        return Err(ContentInvalid::Nul(field));
    }
    // A scalar value is at least one byte, so short texts need no count.
    if text.len() > max && text.chars().count() > max {
        return Err(ContentInvalid::TooLong { field, max });
    }
    Ok(())
}

fn check_address(field: &'static str, text: &str, secure: bool) -> Result<(), ContentInvalid> {
    check(field, text, URL_CHARS_MAX)?;
    let rest = match text.split_once("://") {
        Some(("https", rest)) => rest,
        Some(("http", rest)) if !secure => rest,
        _ => return Err(ContentInvalid::Address(field, if secure { "https" } else { "http or https" })),
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let odd = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || matches!(c, '"' | '<' | '>' | '\\' | '`' | '{' | '}' | '|' | '^')
    };
    if host.is_empty() || host.contains('@') || text.chars().any(odd) {
        return Err(ContentInvalid::Address(field, if secure { "https" } else { "http or https" }));
    }
    Ok(())
}

fn check_amount(text: &str) -> Result<(), ContentInvalid> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |s: &str, max| (1..=max).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_digit());
    if digits(whole, 15) && digits(part, 8) { Ok(()) } else { Err(ContentInvalid::Amount) }
}

impl Content {
    /// Which kind it is, in the words of a grant.
    pub fn kind(&self) -> Kind {
        match self {
            Content::Text { .. } => Kind::Text,
            Content::Card { .. } => Kind::Card,
            Content::Receipt { .. } => Kind::Receipt,
        }
    }

    /// Checks every field against the limits above.
    pub fn validate(&self) -> Result<(), ContentInvalid> {
        match self {
            Content::Text { text } => check("text", text, CONTENT_TEXT_CHARS_MAX),
            Content::Card { kind, title, url, image, note } => {
                check("kind", kind, WORD_CHARS_MAX)?;
                check("title", title, TITLE_CHARS_MAX)?;
                url.as_deref().map_or(Ok(()), |url| check_address("url", url, false))?;
                image.as_deref().map_or(Ok(()), |image| check_address("image", image, true))?;
                note.as_deref().map_or(Ok(()), |note| check("note", note, NOTE_CHARS_MAX))
            }
            Content::Receipt { amount, currency, reference, note } => {
                check_amount(amount)?;
                if currency.len() != 3 || !currency.bytes().all(|b| b.is_ascii_uppercase()) {
                    return Err(ContentInvalid::Currency);
                }
                reference.as_deref().map_or(Ok(()), |text| check("reference", text, REFERENCE_CHARS_MAX))?;
                note.as_deref().map_or(Ok(()), |note| check("note", note, NOTE_CHARS_MAX))
            }
        }
    }
}

/// People's words never reach a log: only the kind and the length are shown.
impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Content::Text { text } => write!(f, "Text({} bytes)", text.len()),
            Content::Card { title, .. } => write!(f, "Card({} bytes)", title.len()),
            Content::Receipt { .. } => f.write_str("Receipt"),
        }
    }
}

#[cfg(test)]
#[path = "content_tests.rs"]
mod tests;
