//! Addresses: where the app itself is, and queries.

use std::fmt::{self, Write};

/// Where people reach the app: scheme and host, with the port if it is not the usual one, and nothing after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    /// Reads `https://films.example`; a slash at the end is let go.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn parse(text: &str) -> Result<Origin, String> {
        let text = text.strip_suffix('/').unwrap_or(text);
        let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let host = host.ok_or("it begins with https:// (or, on this machine, http://)")?;
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b".-:[]".contains(&b);
        if host.is_empty() || !host.bytes().all(is_plain) {
            return Err("it ends after the host and its port".to_owned());
        }
        Ok(Origin(text.to_owned()))
    }

    /// The address of a path (`/callback`) here.
    #[must_use]
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// The text of it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Do browsers come by TLS?
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `base?name=value&…`, each value escaped.
#[must_use]
pub fn query(base: &str, parameters: &[(&str, &str)]) -> String {
    let mut address = base.to_owned();
    for (place, (name, value)) in parameters.iter().enumerate() {
        address.push(if place == 0 { '?' } else { '&' });
        address.push_str(name);
        address.push('=');
        for &byte in value.as_bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                address.push(char::from(byte));
            } else {
                // Writing to a String cannot fail.
                let _ = write!(address, "%{byte:02X}");
            }
        }
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_one_and_nothing_more() {
        assert_eq!(Origin::parse("https://films.example/").unwrap().at("/a"), "https://films.example/a");
        assert_eq!(Origin::parse("http://[::1]:80").unwrap().as_str(), "http://[::1]:80");
        for wrong in ["", "films.example", "ftp://a", "https://", "https://a/b", "https://a b", "https://a;x"]
        {
            assert!(Origin::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_value_cannot_leave_its_parameter() {
        assert_eq!(query("/a", &[("b", "c&d=e é"), ("f", "")]), "/a?b=c%26d%3De%20%C3%A9&f=");
        assert_eq!(query("/a", &[]), "/a");
    }
}
