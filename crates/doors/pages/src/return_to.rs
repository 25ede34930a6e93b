//! Where to go on after signing in, as an address on this server.
//!
//! Invariant: what comes out leads nowhere else, whatever a browser makes of odd spellings.

use axum::http::Uri;

/// Enough for a share sheet with everything that a card can hold in it.
const CHARS_MAX: usize = 16_384;

/// The address, if it is a local one: it begins with exactly one slash and holds nothing that a browser would drop
/// (control characters) or take for a slash (a backslash).
pub(crate) fn local(address: &str) -> Option<&str> {
    let rest = address.strip_prefix('/')?;
    let plain = address.len() <= CHARS_MAX && address.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    (plain && !rest.starts_with('/')).then_some(address)
}

/// The local address that a query asks to go on to.
pub(crate) fn of_query(uri: &Uri) -> String {
    let value = uri.query().unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("return_to="));
    let decoded = value.and_then(|value| oauth::params::form_decode(value.as_bytes())).unwrap_or_default();
    local(&decoded).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leads_away() {
        for fine in ["/", "/consent?request=aut_1&x=%2F", "/apps/gra_1#accesses", "/a//b"] {
            assert_eq!(local(fine), Some(fine));
        }
        for away in [
            "",
            "//evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "/\t/evil.example",
            "/\n/evil",
            " /",
            "/a b",
            "evil.example",
            "/\u{2044}evil.example",
            "/x\r\nSet-Cookie: a=b",
        ] {
            assert_eq!(local(away), None, "{away:?}");
        }
    }

    #[test]
    fn a_query_is_decoded_once() {
        let of = |uri: &str| of_query(&uri.parse().unwrap());
        assert_eq!(of("/sign-in?return_to=/consent%3Frequest%3D1"), "/consent?request=1");
        assert_eq!(of("/sign-in?return_to=%2F%2Fevil.example"), "");
        assert_eq!(of("/sign-in?return_to=%2F%09%2Fevil.example"), "");
        assert_eq!(of("/sign-in"), "");
    }
}
