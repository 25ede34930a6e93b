//! Form and query parameters, from the bytes as they came.
//!
//! Invariant: a name has one value. What two readers could read differently (a name given twice, a broken escape, bytes that
//! are not UTF-8) is refused, so that no two parts of the house can act on different values.

use crate::error::{OAuthError, invalid_request};
use std::fmt;

/// The longest query or form that is read.
pub const PARAMS_BYTES_MAX: usize = 65_536;
/// The most parameters that are read.
pub const PARAMS_COUNT_MAX: usize = 64;
/// The one parameter that may come more than once (RFC 8707 2).
const REPEATABLE: &str = "resource";

/// The parameters of one request. Those that nobody asks for are ignored.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Params {
    pairs: Vec<(String, String)>,
    is_signed: bool,
}

impl Params {
    /// Reads `application/x-www-form-urlencoded` bytes.
    pub fn parse(raw: &[u8]) -> Result<Self, OAuthError> {
        if raw.len() > PARAMS_BYTES_MAX {
            return Err(invalid_request("the parameters are longer than 64 KiB"));
        }
        let mut pairs: Vec<(String, String)> = Vec::new();
        for pair in raw.split(|&byte| byte == b'&').filter(|pair| !pair.is_empty()) {
            let cut = pair.iter().position(|&byte| byte == b'=').unwrap_or(pair.len());
            let (name, value) = pair.split_at(cut);
            let name = form_decode(name).ok_or_else(malformed)?;
            let value = form_decode(value.strip_prefix(b"=").unwrap_or(value)).ok_or_else(malformed)?;
            if name != REPEATABLE && pairs.iter().any(|(other, _)| *other == name) {
                return Err(invalid_request(format!("the parameter '{name}' is given more than once")));
            }
            if pairs.len() == PARAMS_COUNT_MAX {
                return Err(invalid_request("there are more than 64 parameters"));
            }
            pairs.push((name, value));
        }
        Ok(Params { pairs, is_signed: false })
    }

    /// Those of a request that an app signed; none if they could not have come in a form. A name comes once in them, for they
    /// were read so.
    pub(crate) fn signed(pairs: Vec<(String, String)>) -> Option<Self> {
        let fits = |(name, value): &(String, String)| !name.contains('\0') && !value.contains('\0');
        let fit = pairs.len() <= PARAMS_COUNT_MAX && pairs.iter().all(fits);
        fit.then_some(Params { pairs, is_signed: true })
    }

    /// Did the app sign them?
    pub fn is_signed(&self) -> bool {
        self.is_signed
    }

    /// The parameter's value; an empty one counts as absent (RFC 6749 3.1).
    pub fn value(&self, name: &str) -> Option<&str> {
        self.pairs
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// Every value of a parameter that may be repeated.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.pairs
            .iter()
            .filter(move |(other, value)| other == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// The value of a parameter that must be there.
    pub fn required(&self, name: &str) -> Result<&str, OAuthError> {
        self.value(name).ok_or_else(|| invalid_request(format!("the parameter '{name}' is missing")))
    }
}

/// Values may be secrets: only the names are shown.
impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.pairs.iter().map(|(name, _)| name)).finish()
    }
}

fn malformed() -> OAuthError {
    invalid_request("a parameter is not form-encoded UTF-8, or contains NUL")
}

/// Decodes one name or value; none if an escape is broken, or the result is not UTF-8 or has a NUL in it.
pub fn form_decode(bytes: &[u8]) -> Option<String> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter();
    while let Some(&byte) = rest.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => hex(*rest.next()?)? << 4 | hex(*rest.next()?)?,
            0 => return None,
            _ => byte,
        });
    }
    String::from_utf8(out).ok().filter(|text| !text.contains('\0'))
}

/// Appends `text` so that it stays one value in any query: everything but RFC 3986 unreserved characters is escaped.
pub(crate) fn push_encoded(out: &mut String, text: &str) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(DIGITS[usize::from(byte >> 4)]));
            out.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
#[path = "params_tests.rs"]
mod tests;
