//! Where a URL leads: scheme, host, port, path, read in one way only.
//!
//! Invariant: what two readers of URLs could understand differently (user names, backslashes, blanks, fragments) is not read.

use crate::{Private, guard};
use http::Uri;
use http::uri::Authority;
use std::net::IpAddr;

const URL_CHARS_MAX: usize = 2_000;

/// Why a URL is none that is dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UrlInvalid {
    /// Not a URL that every program reads alike.
    #[error(
        "write the URL in ASCII with at most 2000 characters, without spaces, backslash, user name or fragment"
    )]
    Characters,
    /// Not https.
    #[error("the URL must begin with https://")]
    Scheme,
    /// No host, or an address that is written as one and is not public.
    #[error("the URL must name a host that the public can reach")]
    Host,
}

/// A URL taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// Over TLS?
    pub(crate) secure: bool,
    /// The host without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// For the header `Host`.
    pub(crate) authority: String,
    /// Path and query.
    pub(crate) path: String,
}

impl Target {
    pub(crate) fn parse(url: &str, private: Private) -> Result<Target, UrlInvalid> {
        let fit = |b: u8| b.is_ascii_graphic() && !b"\"<>\\^`{|}#".contains(&b);
        if url.len() > URL_CHARS_MAX || !url.bytes().all(fit) {
            return Err(UrlInvalid::Characters);
        }
        let uri: Uri = url.parse().map_err(|_| UrlInvalid::Characters)?;
        let secure = match (uri.scheme_str(), private) {
            (Some("https"), _) => true,
            (Some("http"), Private::Loopback | Private::Chosen) => false,
            _ => return Err(UrlInvalid::Scheme),
        };
        let authority = uri.authority().ok_or(UrlInvalid::Host)?;
        if authority.as_str().contains('@') {
            return Err(UrlInvalid::Characters);
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        let target = Target {
            secure,
            port: port(authority, secure)?,
            authority: authority.as_str().to_ascii_lowercase(),
            path: uri.path_and_query().map_or_else(|| "/".to_owned(), |path| path.as_str().to_owned()),
            host,
        };
        let named = target.host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
        let fit = match target.literal() {
            Some(_) if private == Private::Chosen => true,
            Some(ip) if guard::is_loopback(ip) => private == Private::Loopback,
            Some(ip) => guard::is_public(ip),
            None => named && !target.host.is_empty(),
        };
        if fit { Ok(target) } else { Err(UrlInvalid::Host) }
    }

    /// The address, if the host is written as one.
    pub(crate) fn literal(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }
}

/// A port that is written must be one; `:` alone, as other readers of URLs take it, is none.
fn port(authority: &Authority, secure: bool) -> Result<u16, UrlInvalid> {
    let after_host = authority.as_str().get(authority.host().len()..).unwrap_or_default();
    match (after_host, authority.port_u16()) {
        ("", _) => Ok(if secure { 443 } else { 80 }),
        (_, Some(port)) if port > 0 => Ok(port),
        _ => Err(UrlInvalid::Host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart() {
        let target = |url| Target::parse(url, Private::Loopback).unwrap();
        let one = target("https://Keys.example/a/b?c=d");
        assert_eq!((one.secure, one.host.as_str(), one.port), (true, "keys.example", 443));
        assert_eq!((one.authority.as_str(), one.path.as_str()), ("keys.example", "/a/b?c=d"));
        let one = target("https://keys.example:8443");
        assert_eq!((one.port, one.authority.as_str(), one.path.as_str()), (8443, "keys.example:8443", "/"));
        let one = target("http://[::1]:80/");
        assert_eq!((one.secure, one.literal()), (false, "::1".parse().ok()));
    }

    #[test]
    fn what_is_not_a_public_https_url_is_refused_before_anything_is_looked_up() {
        use UrlInvalid::{Characters, Host, Scheme};
        let too_long = format!("https://keys.example/{}", "x".repeat(URL_CHARS_MAX));
        for (url, why) in [
            ("", Characters),
            ("keys.example", Scheme),
            ("/keys", Scheme),
            ("//keys.example/", Scheme),
            ("http://keys.example/", Scheme),
            ("ftp://keys.example/", Scheme),
            ("file:///etc/passwd", Characters),
            ("https:///path", Characters),
            ("https://user@keys.example/", Characters),
            ("https://user:word@keys.example/", Characters),
            ("https://keys.example\\@127.0.0.1/", Characters),
            ("https://keys.example /", Characters),
            ("https://keys.example/#there", Characters),
            ("https://k\u{e9}ys.example/", Characters),
            ("https://keys.example/\r\nx: y", Characters),
            (too_long.as_str(), Characters),
            ("https://keys.example:0/", Host),
            ("https://keys.example:/", Host),
            ("https://keys.example:65536/", Host),
            ("https://127.0.0.1/", Host),
            ("https://[::1]/", Host),
            ("https://[::ffff:127.0.0.1]/", Host),
            ("https://169.254.169.254/latest/meta-data", Host),
            ("https://10.0.0.1:8443/", Host),
            ("https://%31%32%37.0.0.1/", Characters),
        ] {
            assert_eq!(Target::parse(url, Private::Refused), Err(why), "{url}");
        }
        assert_eq!(Target::parse("https://10.0.0.1/", Private::Loopback), Err(Host));
        assert!(Target::parse("http://10.0.0.1/", Private::Chosen).is_ok());
    }
}
