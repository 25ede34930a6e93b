//! The two cookies of the pages: who is signed in, and, before that, from which browser a form comes.
//!
//! Invariant: over https both are bound to this host (`__Host-`), never readable by script and never sent along with
//! another site's requests.

use axum::http::{HeaderMap, HeaderValue, header};
use vault::{SESSION_S, session_cookie, session_of};

/// The cookie that ties a form to a browser in which nobody is signed in.
const fn form_cookie(secure: bool) -> &'static str {
    if secure { "__Host-waxseal-form" } else { "waxseal-form" }
}

fn cookies(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok())
}

/// The session cookie that came.
pub(crate) fn session(headers: &HeaderMap, secure: bool) -> Option<&str> {
    session_of(cookies(headers), secure)
}

/// The form cookie that came. Two of that name are none.
pub(crate) fn form(headers: &HeaderMap, secure: bool) -> Option<&str> {
    let pairs = cookies(headers).flat_map(|value| value.split(';'));
    let named = pairs.filter_map(|pair| pair.trim().split_once('='));
    let mut values = named.filter(|pair| pair.0 == form_cookie(secure)).map(|pair| pair.1);
    let (first, second) = (values.next(), values.next());
    first.filter(|value| second.is_none() && !value.is_empty())
}

fn set(name: &str, value: &str, age_s: Option<i64>, secure: bool) -> Option<HeaderValue> {
    let age = age_s.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
    let secure = if secure { "; Secure" } else { "" };
    HeaderValue::try_from(format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}")).ok()
}

/// Sets the session cookie.
pub(crate) fn set_session(cookie: &str, secure: bool) -> Option<HeaderValue> {
    set(session_cookie(secure), cookie, Some(SESSION_S), secure)
}

/// Takes the session cookie away.
pub(crate) fn clear_session(secure: bool) -> Option<HeaderValue> {
    set(session_cookie(secure), "", Some(0), secure)
}

/// Sets the form cookie, for as long as the browser stays open.
pub(crate) fn set_form(cookie: &str, secure: bool) -> Option<HeaderValue> {
    set(form_cookie(secure), cookie, None, secure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_bound_to_the_host_where_they_can_be() {
        let set = set_session("wxb_1", true).unwrap();
        assert_eq!(set, "__Host-waxseal=wxb_1; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=2592000");
        let set = set_form("x", false).unwrap();
        assert_eq!(set, "waxseal-form=x; Path=/; HttpOnly; SameSite=Lax");
        assert_eq!(set_session("a\r\nb", true), None, "a value cannot break out");
    }

    #[test]
    fn a_cookie_that_comes_twice_is_none() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; waxseal-form=x"));
        assert_eq!(form(&headers, false), Some("x"));
        assert_eq!(form(&headers, true), None);
        headers.append(header::COOKIE, HeaderValue::from_static("waxseal-form=y"));
        assert_eq!(form(&headers, false), None);
    }
}
