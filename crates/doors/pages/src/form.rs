//! What a person's form says, once it is clear that it is our form in this browser.
//!
//! Invariant: a `Form` is the only way to a body, and there is none for a body from another site or without the token that
//! belongs to this browser: the session, or before signing in the form cookie. Hence no action can be done for a person
//! by a page of somebody else.

use crate::problem::Problem;
use crate::{Door, cookies};
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};
use std::str::FromStr;
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// The longest form, in bytes: 20,000 characters of any script, each escaped, with its fields beside it.
pub(crate) const FORM_BYTES_MAX: usize = 256 * 1024;

/// The token that the forms of one browser carry. It tells nothing of the cookie that it is made of.
pub(crate) fn token(cookie: &str) -> String {
    let hash = Sha256::new_with_prefix(b"waxseal form token\0").chain_update(cookie.as_bytes());
    BASE64URL_NOPAD.encode(&hash.finalize())
}

/// The fields of a form.
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    fn parse(body: &[u8]) -> Option<Self> {
        let pairs = body.split(|&byte| byte == b'&').filter(|pair| !pair.is_empty());
        let fields = pairs.map(|pair| {
            let cut = pair.iter().position(|&byte| byte == b'=').unwrap_or(pair.len());
            let (name, value) = pair.split_at(cut);
            let value = value.strip_prefix(b"=").unwrap_or(value);
            Some((oauth::params::form_decode(name)?, oauth::params::form_decode(value)?))
        });
        fields.collect::<Option<_>>().map(Form)
    }

    /// The value of a field, if the form has it.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The value of a field; empty if the form does not have it.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// Every value of a field that may come more than once.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(other, _)| other == name).map(|(_, value)| value.clone()).collect()
    }

    /// A field that our own page filled in; anything else was not made by it.
    pub(crate) fn read<T: FromStr>(&self, name: &str) -> Result<T, Problem> {
        self.text(name).parse().map_err(|_| Problem::Malformed)
    }

    /// A switch that our own page filled in, with these two words.
    pub(crate) fn switch(&self, name: &str, on: &str, off: &str) -> Result<bool, Problem> {
        match self.text(name) {
            word if word == on => Ok(true),
            word if word == off => Ok(false),
            _ => Err(Problem::Malformed),
        }
    }
}

/// Is this request sent by one of our own pages, as far as the browser says? An old browser says nothing; then the token
/// alone decides.
fn is_from_here(headers: &HeaderMap, origin: &str) -> bool {
    let said = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    match (said("sec-fetch-site"), said(header::ORIGIN.as_str())) {
        (_, Some("null")) => false,
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(from)) => from == origin,
        (None, None) => true,
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

impl FromRequest<Arc<Door>> for Form {
    type Rejection = Problem;

    async fn from_request(request: Request, door: &Arc<Door>) -> Result<Self, Problem> {
        let headers = request.headers();
        if !is_from_here(headers, door.issuer.as_str()) {
            return Err(Problem::Foreign);
        }
        if !is_form(headers) {
            return Err(Problem::Malformed);
        }
        let cookie =
            cookies::session(headers, door.secure()).or_else(|| cookies::form(headers, door.secure()));
        let expected = cookie.map(token).ok_or(Problem::Foreign)?;
        let body = Bytes::from_request(request, door).await.map_err(|rejection| {
            let too_large = rejection.status() == StatusCode::PAYLOAD_TOO_LARGE;
            if too_large { Problem::TooLarge } else { Problem::Malformed }
        })?;
        let form = Form::parse(&body).ok_or(Problem::Malformed)?;
        let given = form.text("csrf");
        if bool::from(given.as_bytes().ct_eq(expected.as_bytes())) { Ok(form) } else { Err(Problem::Foreign) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn fields_come_apart() {
        let form = Form::parse(b"action=read&action=send&text=a%20b%0D%0A%C3%A9+c&empty=&").unwrap();
        assert_eq!(form.all("action"), ["read", "send"]);
        assert_eq!(form.text("text"), "a b\r\n\u{e9} c");
        assert_eq!((form.get("empty"), form.get("none")), (Some(""), None));
        for odd in [&b"a=%ff"[..], b"a=%zz", b"a=%00", b"a=%4"] {
            assert!(Form::parse(odd).is_none());
        }
    }

    #[test]
    fn only_our_own_pages_may_send() {
        let says = |pairs: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(*name, HeaderValue::from_static(value));
            }
            is_from_here(&headers, "https://waxseal.example")
        };
        assert!(says(&[]));
        assert!(says(&[("sec-fetch-site", "same-origin"), ("origin", "https://waxseal.example")]));
        assert!(says(&[("sec-fetch-site", "none")]));
        assert!(says(&[("origin", "https://waxseal.example")]));
        assert!(!says(&[("origin", "https://evil.example")]));
        assert!(!says(&[("origin", "http://waxseal.example")]));
        assert!(!says(&[("sec-fetch-site", "same-origin"), ("origin", "null")]));
        assert!(!says(&[("sec-fetch-site", "same-site"), ("origin", "https://waxseal.example")]));
        assert!(!says(&[("sec-fetch-site", "cross-site")]));
    }

    #[test]
    fn a_token_belongs_to_one_cookie() {
        assert_eq!(token("a"), token("a"));
        assert_ne!(token("a"), token("b"));
        assert_eq!(token("a").len(), 43);
    }
}
