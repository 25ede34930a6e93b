//! The one spelling of JSON in the ledger: RFC 8785 (JCS), narrowed to whole numbers within ±(2^53 − 1) and ASCII keys.
//!
//! Invariant: two equal values have the same bytes, so a hash over the bytes is a hash over the value.

use std::borrow::Cow;
use std::fmt::{self, Write};

use serde_json::Value;

use crate::bundle::ENTRY_BYTES_MAX;

/// The largest whole number that every JSON reader keeps exactly.
pub const NUMBER_MAX: u64 = (1 << 53) - 1;

/// The most bytes of JSON that fit an entry behind its version and kind.
pub const JSON_BYTES_MAX: usize = ENTRY_BYTES_MAX - 2;

/// JSON in its one spelling, at most [`JSON_BYTES_MAX`] bytes long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CanonicalJson<'a>(Cow<'a, str>);

/// Why a text or a value cannot stand in the ledger.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CanonicalRefused {
    /// Not JSON at all.
    #[error("not JSON: {0}")]
    NotJson(String),
    /// JSON, but spelt in another way.
    #[error(
        "not in canonical form: sort the keys, leave out spaces, and escape only what must be (RFC 8785)"
    )]
    NotCanonical,
    /// A fraction, an exponent or a number that is too large.
    #[error("the number {0} is not a whole number within 2^53 - 1: use a string instead")]
    Number(String),
    /// A key with other characters than ASCII, whose order readers disagree on.
    #[error("the key {0:?} is not ASCII: rename it")]
    Key(String),
    /// Too long for an entry.
    #[error("{0} bytes of JSON do not fit an entry of at most {ENTRY_BYTES_MAX}: shorten it")]
    TooLong(usize),
}

impl<'a> CanonicalJson<'a> {
    /// Accepts a text that is already canonical.
    pub fn parse(text: &'a str) -> Result<Self, CanonicalRefused> {
        let value: Value =
            serde_json::from_str(text).map_err(|why| CanonicalRefused::NotJson(why.to_string()))?;
        let canonical = CanonicalJson::of(&value)?;
        if canonical.as_str() == text {
            Ok(Self(Cow::Borrowed(text)))
        } else {
            Err(CanonicalRefused::NotCanonical)
        }
    }

    /// Spells a value.
    pub fn of(value: &Value) -> Result<CanonicalJson<'static>, CanonicalRefused> {
        let mut text = String::new();
        push_value(&mut text, value)?;
        CanonicalJson::rendered(text)
    }

    /// Takes over what [`Object`] rendered.
    pub(crate) fn rendered(text: String) -> Result<CanonicalJson<'static>, CanonicalRefused> {
        match text.len() {
            ..=JSON_BYTES_MAX => Ok(CanonicalJson(Cow::Owned(text))),
            length => Err(CanonicalRefused::TooLong(length)),
        }
    }

    /// The bytes, as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same, independent of the text it was read from.
    pub fn into_owned(self) -> CanonicalJson<'static> {
        CanonicalJson(Cow::Owned(self.0.into_owned()))
    }
}

impl fmt::Display for CanonicalJson<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn push_value(out: &mut String, value: &Value) -> Result<(), CanonicalRefused> {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::String(text) => push_string(out, text),
        Value::Number(number) => {
            let magnitude = number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs));
            if magnitude.is_none_or(|magnitude| magnitude > NUMBER_MAX) {
                return Err(CanonicalRefused::Number(number.to_string()));
            }
            out.push_str(&number.to_string());
        }
        Value::Array(items) => {
            out.push('[');
            for (position, item) in items.iter().enumerate() {
                out.push_str(if position == 0 { "" } else { "," });
                push_value(out, item)?;
            }
            out.push(']');
        }
        Value::Object(fields) => {
            // Sorted here, whatever order the map of serde_json was built to keep.
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(key, _)| *key);
            let mut object = Object::begin(out);
            for (key, value) in fields {
                if !key.is_ascii() {
                    return Err(CanonicalRefused::Key(key.clone()));
                }
                push_value(object.key(key), value)?;
            }
            object.end();
        }
    }
    Ok(())
}

/// A string as RFC 8785 section 3.2.2.2 spells it.
fn push_string(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            '\0'..' ' => push_display(out, format_args!("\\u{:04x}", u32::from(character))),
            _ => out.push(character),
        }
    }
    out.push('"');
}

fn push_display(out: &mut String, value: impl fmt::Display) {
    // Writing to a String cannot fail.
    let _ = write!(out, "{value}");
}

/// Writes an object key by key; the caller names the keys in their order.
pub(crate) struct Object<'a> {
    out: &'a mut String,
    empty: bool,
}

impl<'a> Object<'a> {
    pub(crate) fn begin(out: &'a mut String) -> Self {
        out.push('{');
        Self { out, empty: true }
    }

    fn key(&mut self, key: &str) -> &mut String {
        if !std::mem::replace(&mut self.empty, false) {
            self.out.push(',');
        }
        push_string(self.out, key);
        self.out.push(':');
        self.out
    }

    pub(crate) fn text(&mut self, key: &str, text: &str) {
        push_string(self.key(key), text);
    }

    pub(crate) fn number(&mut self, key: &str, number: u64) {
        push_display(self.key(key), number);
    }

    pub(crate) fn text_or_null(&mut self, key: &str, text: Option<&str>) {
        match text {
            Some(text) => self.text(key, text),
            None => self.key(key).push_str("null"),
        }
    }

    pub(crate) fn number_or_null(&mut self, key: &str, number: Option<u64>) {
        match number {
            Some(number) => self.number(key, number),
            None => self.key(key).push_str("null"),
        }
    }

    pub(crate) fn json_or_null(&mut self, key: &str, json: Option<&CanonicalJson<'_>>) {
        self.key(key).push_str(json.map_or("null", CanonicalJson::as_str));
    }

    pub(crate) fn end(self) {
        self.out.push('}');
    }
}
