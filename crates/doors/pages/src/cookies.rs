//! The cookies of the pages: who is signed in; before that, from which browser a form comes, and who has given her password
//! and not yet a code; and by which a browser is known again.
//!
//! Invariant: over https all are bound to this host (`__Host-`), never readable by script and never sent along with
//! another site's requests.

use axum::http::{HeaderMap, HeaderValue, header};
use vault::{BROWSER_S, Cookies, HALF_S, PARTNER_S, SESSION_S, session_cookie, session_of};

/// The cookie that ties a form to a browser in which nobody is signed in.
const fn form_cookie(secure: bool) -> &'static str {
    if secure { "__Host-waxseal-form" } else { "waxseal-form" }
}

/// The cookie by which a browser is known in which somebody has signed in before.
const fn browser_cookie(secure: bool) -> &'static str {
    if secure { "__Host-waxseal-browser" } else { "waxseal-browser" }
}

/// The cookie of who has given a password, and not yet a code.
const fn half_cookie(secure: bool) -> &'static str {
    if secure { "__Host-waxseal-half" } else { "waxseal-half" }
}

fn cookies(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok())
}

/// The session cookie that came.
pub(crate) fn session(headers: &HeaderMap, secure: bool) -> Option<&str> {
    session_of(cookies(headers), secure)
}

/// The form cookie that came.
pub(crate) fn form(headers: &HeaderMap, secure: bool) -> Option<&str> {
    named(headers, form_cookie(secure))
}

/// The browser cookie that came.
pub(crate) fn browser(headers: &HeaderMap, secure: bool) -> Option<&str> {
    named(headers, browser_cookie(secure))
}

/// The cookie that came of who has given a password, and not yet a code.
pub(crate) fn half(headers: &HeaderMap, secure: bool) -> Option<&str> {
    named(headers, half_cookie(secure))
}

/// The cookie of this name. Two of it are none.
fn named<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let pairs = cookies(headers).flat_map(|value| value.split(';'));
    let named = pairs.filter_map(|pair| pair.trim().split_once('='));
    let mut values = named.filter(|pair| pair.0 == name).map(|pair| pair.1);
    let (first, second) = (values.next(), values.next());
    first.filter(|value| second.is_none() && !value.is_empty())
}

/// The cookie that opens the page of an app to those who run it.
const fn partner_cookie(secure: bool) -> &'static str {
    if secure { "__Host-waxseal-partner" } else { "waxseal-partner" }
}

/// The partner's cookie that came. Two of that name are none.
pub(crate) fn partner(headers: &HeaderMap, secure: bool) -> Option<&str> {
    named(headers, partner_cookie(secure))
}

/// Sets the partner's cookie.
pub(crate) fn set_partner(cookie: &str, secure: bool) -> Option<HeaderValue> {
    set(partner_cookie(secure), cookie, Some(PARTNER_S), secure)
}

/// Takes it away.
pub(crate) fn clear_partner(secure: bool) -> Option<HeaderValue> {
    set(partner_cookie(secure), "", Some(0), secure)
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

/// Sets the cookies of a browser in which she has signed in, and takes away what led there.
pub(crate) fn set_signed_in(cookies: &Cookies, secure: bool) -> impl Iterator<Item = HeaderValue> {
    let browser = set(browser_cookie(secure), &cookies.browser, Some(BROWSER_S), secure);
    let half = set(half_cookie(secure), "", Some(0), secure);
    set_session(&cookies.session, secure).into_iter().chain(browser).chain(half)
}

/// Sets the cookie of who has given a password, and not yet a code.
pub(crate) fn set_half(cookie: &str, secure: bool) -> Option<HeaderValue> {
    set(half_cookie(secure), cookie, Some(HALF_S), secure)
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
