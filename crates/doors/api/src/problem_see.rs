//! `GET /problems/{name}`: what a problem means and what to do about it, for whoever follows its `type`.

use crate::answer::json_of;
use crate::problem::Problem;
use crate::problems::{Listed, problem};
use crate::shapes;
use axum::body::Body;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::response::Response;
use http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue};

const STYLE: &str = "html{color-scheme:light dark;font:1.0625rem/1.6 system-ui,sans-serif}\
body{max-width:38rem;margin:12vh auto;padding:0 1.25rem}h1{font-size:1.6rem;line-height:1.25;margin:0 0 1rem}\
code{font:.9375rem ui-monospace,monospace;opacity:.75}";

/// Nothing but the page itself and its one style, by its hash.
const POLICY: &str = "default-src 'none'; style-src 'sha256-lZGkCcX6km0j/YiRYREp9w+Uq8quQ9Aiv/Js6UvbV78='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What a problem means and what to do about it.
///
/// A page, or JSON for who asks for `application/json`.
#[utoipa::path(get, path = "/problems/{name}", tag = "for anyone", security(()),
    params(("name" = String, Path, description = "The last part of the problem's `type`", example = "not-found")),
    responses((status = 200, description = "The problem", content(
        (shapes::ProblemListed = "application/json"), (String = "text/html; charset=utf-8")))))]
pub(crate) async fn problem_see(
    name: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let listed = name.ok().and_then(|Path(name)| problem(&name)).ok_or_else(Problem::not_found)?;
    let mut response = if wants_json(&headers) { json_of(listed)? } else { page(listed) };
    let mut put =
        |name: HeaderName, text| response.headers_mut().insert(name, HeaderValue::from_static(text));
    put(CACHE_CONTROL, "public, max-age=3600");
    put(VARY, "Accept");
    Ok(response)
}

/// Whether JSON is asked for, and HTML is not.
fn wants_json(headers: &HeaderMap) -> bool {
    let accepted: Vec<&str> =
        headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    let accepts = |kind| accepted.iter().any(|value| value.to_ascii_lowercase().contains(kind));
    accepts("json") && !accepts("text/html")
}

/// All texts are ours, without anything to escape; a test holds that.
fn page(listed: &Listed) -> Response {
    let Listed { name, status, title, remedy } = listed;
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n<style>{STYLE}</style>\n\
         </head>\n<body>\n<main>\n<h1>{title}</h1>\n<p>{remedy}</p>\n<p><code>{status} {name}</code></p>\n</main>\n\
         </body>\n</html>\n"
    );
    let mut response = Response::new(Body::from(html));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problems::PROBLEMS;

    #[test]
    fn the_policy_lets_the_one_style_in() {
        let hash = <sha2::Sha256 as sha2::Digest>::digest(STYLE);
        let hash = data_encoding::BASE64.encode(&hash);
        assert!(POLICY.contains(&format!("'sha256-{hash}'")), "the hash is {hash}");
    }

    #[test]
    fn each_problem_has_its_own_name_and_plain_texts() {
        for (at, listed) in PROBLEMS.iter().enumerate() {
            assert_eq!(problem(listed.name), Some(listed));
            assert!(PROBLEMS[..at].iter().all(|other| other.name != listed.name), "{}", listed.name);
            let plain = |text: &str| !text.contains(['<', '>', '&', '"']);
            assert!(plain(listed.title) && plain(listed.remedy), "{}", listed.name);
            assert!(
                listed.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'),
                "{}",
                listed.name
            );
        }
    }
}
