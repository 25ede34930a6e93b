//! Where an app may be answered: which redirect URIs can be registered, which one a request may name, and the answer's URI.
//!
//! Invariant: a request's URI is a registered one byte for byte; only the port of a loopback address may differ (RFC 8252
//! 7.3). Nothing is normalised, so there is nothing that two parsers could normalise differently.

use crate::error::OAuthError;
use crate::metadata::Issuer;
use crate::params::push_encoded;

const URI_CHARS_MAX: usize = 2_000;
/// The two hosts that never leave the machine and cannot be named otherwise. `localhost` can, so its port is fixed.
const LOOPBACK: [&str; 2] = ["http://127.0.0.1", "http://[::1]"];

/// Why a redirect URI cannot be registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RedirectInvalid {
    /// Not a URI that every program reads alike.
    #[error(
        "write the redirect URI as an absolute URI in ASCII of at most 2000 characters, without spaces or a backslash"
    )]
    Characters,
    /// `#…`
    #[error("leave the fragment (#) out of the redirect URI")]
    Fragment,
    /// `user@host`
    #[error("leave the user name (@) out of the redirect URI")]
    UserName,
    /// `/../`
    #[error("leave the dot segments (/./ and /../) out of the redirect URI")]
    DotSegment,
    /// A host or port that is none.
    #[error("the host or port of the redirect URI is not valid; write the host in lower case")]
    Host,
    /// `http:` to somewhere else.
    #[error("http is for loopback addresses only (127.0.0.1, [::1], localhost); use https")]
    PlainHttp,
    /// Neither web nor a private scheme of one's own.
    #[error(
        "use https, http on a loopback address, or a private scheme in reverse-domain form such as com.example.app:/done"
    )]
    Scheme,
}

/// May this redirect URI be registered?
pub fn check_registration(uri: &str) -> Result<(), RedirectInvalid> {
    let fit = |b: u8| b.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&b);
    if uri.len() > URI_CHARS_MAX || !uri.bytes().all(fit) || !escapes_are_whole(uri) {
        return Err(RedirectInvalid::Characters);
    }
    if uri.contains('#') {
        return Err(RedirectInvalid::Fragment);
    }
    let (scheme, rest) = uri.split_once(':').ok_or(RedirectInvalid::Characters)?;
    let (authority, path) = match rest.strip_prefix("//") {
        Some(rest) => rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len())),
        None => ("", rest),
    };
    if authority.contains('@') {
        return Err(RedirectInvalid::UserName);
    }
    let path_only = path.split('?').next().unwrap_or_default().to_ascii_lowercase().replace("%2e", ".");
    if path_only.split('/').any(|segment| segment == "." || segment == "..") {
        return Err(RedirectInvalid::DotSegment);
    }
    match scheme {
        "https" => host(authority).map(|_| ()),
        "http" => match host(authority)? {
            "127.0.0.1" | "[::1]" | "localhost" => Ok(()),
            _ => Err(RedirectInvalid::PlainHttp),
        },
        _ if is_private_scheme(scheme) && path.starts_with('/') => Ok(()),
        _ => Err(RedirectInvalid::Scheme),
    }
}

/// Is the URI of a request one that was registered?
pub fn is_registered(registered: &[String], requested: &str) -> bool {
    registered.iter().any(|one| one == requested || differ_in_port_only(one, requested))
}

fn differ_in_port_only(registered: &str, requested: &str) -> bool {
    LOOPBACK.iter().any(|host| match (registered.strip_prefix(host), requested.strip_prefix(host)) {
        (Some(one), Some(other)) => {
            matches!((after_port(one), after_port(other)), (Some(a), Some(b)) if a == b)
        }
        _ => false,
    })
}

/// What follows `:port`, or follows the host where there is no port; none if this is no end of a host.
fn after_port(rest: &str) -> Option<&str> {
    let rest = match rest.strip_prefix(':') {
        Some(port_on) => {
            let digits = port_on.find(|c: char| !c.is_ascii_digit()).unwrap_or(port_on.len());
            let (port, rest) = port_on.split_at(digits);
            is_port(port).then_some(rest)?
        }
        None => rest,
    };
    (rest.is_empty() || rest.starts_with(['/', '?'])).then_some(rest)
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0') && text.parse::<u16>().is_ok()
}

/// The host of an authority without user name, checked: a name, an IPv4 address, or an IPv6 address in brackets.
pub(crate) fn host(authority: &str) -> Result<&str, RedirectInvalid> {
    let (host, rest) = match authority.strip_prefix('[').and_then(|inside| inside.find(']')) {
        Some(end) => authority.split_at(end + 2),
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let ipv6 = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let valid_host = match ipv6 {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host.split('.').all(|label| {
            !label.is_empty()
                && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        }),
    };
    let valid_port = rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port);
    if valid_host && valid_port { Ok(host) } else { Err(RedirectInvalid::Host) }
}

/// Reverse-domain form (RFC 8252 7.1): lower case, at least one dot. `javascript`, `data`, `file` have none.
fn is_private_scheme(scheme: &str) -> bool {
    scheme.contains('.')
        && scheme.starts_with(|c: char| c.is_ascii_lowercase())
        && scheme.split('.').all(|label| {
            !label.is_empty()
                && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        })
}

fn escapes_are_whole(uri: &str) -> bool {
    uri.split('%').skip(1).all(|after| after.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2)
}

/// The URI that carries a code back to the app.
pub fn success(redirect_uri: &str, state: Option<&str>, issuer: &Issuer, code: &str) -> String {
    answer(redirect_uri, &[("code", Some(code)), ("state", state), ("iss", Some(issuer.as_str()))])
}

/// The URI that carries an error back to the app.
pub fn error(redirect_uri: &str, state: Option<&str>, issuer: &Issuer, error: &OAuthError) -> String {
    let description = Some(error.description()).filter(|text| !text.is_empty());
    answer(
        redirect_uri,
        &[
            ("error", Some(error.code().as_str())),
            ("error_description", description),
            ("state", state),
            ("iss", Some(issuer.as_str())),
        ],
    )
}

/// The URI that leads back from the share sheet: with `sent=1`, or with nothing but the state if it was not sent.
pub fn shared(redirect_uri: &str, state: Option<&str>, sent: bool) -> String {
    answer(redirect_uri, &[("sent", sent.then_some("1")), ("state", state)])
}

/// Appends to the query; one that was registered stays as it is.
fn answer(redirect_uri: &str, parameters: &[(&str, Option<&str>)]) -> String {
    let mut uri = redirect_uri.to_owned();
    for (name, value) in parameters {
        let Some(value) = value else { continue };
        match (uri.contains('?'), uri.ends_with(['?', '&'])) {
            (false, _) => uri.push('?'),
            (true, false) => uri.push('&'),
            (true, true) => {}
        }
        uri.push_str(name);
        uri.push('=');
        push_encoded(&mut uri, value);
    }
    uri
}

#[cfg(test)]
#[path = "redirect_tests.rs"]
mod tests;
