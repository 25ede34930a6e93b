//! A view becomes a response: HTML, with the headers that keep it what it is.
//!
//! Invariant: every page goes out with a policy that runs no inline script or style, loads from nowhere else, may not be
//! framed, and is not kept by caches.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// What the browser may load and do on every page. `form-action` also binds the redirects that follow a form, so the
/// page whose form leads back to an app needs [`page_returning_to`].
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
     base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

/// The page, with this status.
pub(crate) fn page(status: StatusCode, view: &impl Template) -> Response {
    answer(status, view, HeaderValue::from_static(POLICY))
}

/// The same without any way out: what this page holds leaves the browser nowhere.
const POLICY_REACHING_NOTHING: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
     connect-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'";

/// The page, which can send nothing anywhere.
pub(crate) fn page_reaching_nothing(status: StatusCode, view: &impl Template) -> Response {
    answer(status, view, HeaderValue::from_static(POLICY_REACHING_NOTHING))
}

/// The page, whose form may in the end lead to `origin`: `https://jukebox.example`, or `org.example.app:` for a scheme.
/// An origin that could break out of the policy is left out, and then the browser refuses the redirect.
pub(crate) fn page_returning_to(status: StatusCode, origin: &str, view: &impl Template) -> Response {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b":/.-[]+".contains(&b);
    let policy = if !origin.is_empty() && origin.bytes().all(is_plain) {
        HeaderValue::try_from(format!("{POLICY} {origin}")).unwrap_or(HeaderValue::from_static(POLICY))
    } else {
        HeaderValue::from_static(POLICY)
    };
    answer(status, view, policy)
}

fn answer(status: StatusCode, view: &impl Template, policy: HeaderValue) -> Response {
    match view.render() {
        Ok(html) => {
            let headers = [
                (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
                (header::CONTENT_SECURITY_POLICY, policy),
                (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
                (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
                (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
                (
                    header::HeaderName::from_static("cross-origin-opener-policy"),
                    HeaderValue::from_static("same-origin"),
                ),
                (
                    header::HeaderName::from_static("cross-origin-resource-policy"),
                    HeaderValue::from_static("same-origin"),
                ),
            ];
            (status, headers, html).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "a page could not be drawn");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// A text as the value of a query parameter.
pub(crate) fn query_value(text: &str) -> String {
    use std::fmt::Write;
    let mut out = String::with_capacity(text.len());
    for &byte in text.as_bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Template)]
    #[template(source = "<p>{{ 0 }}</p>", ext = "html")]
    struct Small;

    fn policy(response: &Response) -> &str {
        response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap()
    }

    #[test]
    fn a_page_goes_out_guarded() {
        let response = page(StatusCode::NOT_FOUND, &Small);
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        assert!(
            policy(&response).starts_with("default-src 'none';") && !policy(&response).contains("unsafe")
        );
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
    }

    #[test]
    fn a_page_that_reaches_nothing_says_so() {
        let response = page_reaching_nothing(StatusCode::OK, &Small);
        assert!(
            policy(&response).contains("connect-src 'none'")
                && policy(&response).contains("form-action 'none'")
        );
        assert!(!policy(&response).contains("unsafe"));
    }

    #[test]
    fn only_a_plain_origin_widens_where_a_form_may_lead() {
        for origin in ["https://jukebox.example", "http://127.0.0.1:9000", "org.example.app:"] {
            assert!(
                policy(&page_returning_to(StatusCode::OK, origin, &Small))
                    .ends_with(&format!("form-action 'self' {origin}"))
            );
        }
        for odd in ["", "*", "https://a.example; script-src *", "'unsafe-inline'", "a b", "a\r\nb"] {
            assert_eq!(policy(&page_returning_to(StatusCode::OK, odd, &Small)), POLICY, "{odd}");
        }
    }
}
