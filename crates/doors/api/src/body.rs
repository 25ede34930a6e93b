//! Reads JSON bodies, and says where one is wrong.
//!
//! Invariant: at most `BODY_BYTES_MAX` are held, nothing nests deeper than the parser's 128 levels, and what could be read
//! in two ways (members twice, unknown members) is not read at all.

use crate::problem::Problem;
use crate::problems as listed;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::error::Category;

/// A body as it came, not understood yet: so that who asks can be looked up first.
pub(crate) struct JsonBody {
    is_json: bool,
    bytes: Bytes,
}

impl<S: Send + Sync> FromRequest<S> for JsonBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let is_json = is_json(request.headers());
        let bytes =
            Bytes::from_request(request, state).await.map_err(|rejection| match rejection.status() {
                StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(),
                _ => Problem::new(listed::MALFORMED, "the body broke off before its end; send it again"),
            })?;
        Ok(JsonBody { is_json, bytes })
    }
}

/// `application/json`, whatever its case and parameters, and given once.
fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let first = types.next().and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = first.split(';').next().unwrap_or_default().trim();
    types.next().is_none() && essence.eq_ignore_ascii_case("application/json")
}

impl JsonBody {
    /// What it says.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        if !self.is_json {
            return Err(Problem::new(listed::BODY_TYPE, "send the body with Content-Type: application/json"));
        }
        if self.bytes.is_empty() {
            return Err(Problem::new(listed::MALFORMED, "the body is empty; send a JSON object"));
        }
        let text = std::str::from_utf8(&self.bytes).map_err(|e| {
            let detail = format!("the body is not UTF-8 from byte {} on", e.valid_up_to());
            Problem::new(listed::MALFORMED, detail)
        })?;
        serde_json::from_str(text).map_err(|e| match e.classify() {
            Category::Data => Problem::new(listed::INVALID, format!("the body does not fit: {e}")),
            Category::Io | Category::Syntax | Category::Eof => {
                Problem::new(listed::MALFORMED, format!("the body is not JSON: {e}"))
            }
        })
    }
}

#[cfg(test)]
#[path = "body_tests.rs"]
mod tests;
