//! Says no in this door's dialect: problem documents (RFC 9457), with the challenges of RFC 6750 and RFC 9728.
//!
//! Invariant: a handler only carries a `Problem`; the one layer `tell` writes it out. What broke inside goes to the log,
//! once, and outside goes nothing of it but the event's id.

use crate::answer::put;
use crate::caller::{Scheme, scheme};
use crate::limit::{Limit, TooMany};
use crate::problems::{self as listed, Listed};
use crate::{BODY_BYTES_MAX, Door};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, StatusCode};
use model::{No, Withheld, World};
use oauth::ErrorCode;
use oauth::dpop;
use oauth::metadata::RESOURCE_PATH;
use serde::Serialize;
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::sync::Arc;
use vault::{Fault, Refusal, TokenRefusal};

/// The media type of a problem.
pub(crate) const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");
pub(crate) const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const NONCE: HeaderName = HeaderName::from_static(dpop::NONCE_HEADER);
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// The longest `detail`, in characters: a parser may quote what it was given.
const DETAIL_CHARS_MAX: usize = 400;
/// When to try again for an event stream, in seconds.
const STREAM_WAIT_S: i64 = 5;
/// When to try again after a fault that may pass by itself, in seconds.
const UNAVAILABLE_WAIT_S: i64 = 1;

/// A refusal on its way out.
#[derive(Debug, Clone)]
pub(crate) struct Problem(Box<Said>);

#[derive(Debug, Clone)]
struct Said {
    listed: Listed,
    detail: Cow<'static, str>,
    members: Map<String, Value>,
    receipt: Option<String>,
    fault: Option<Fault>,
    too_many: Option<TooMany>,
}

impl Problem {
    /// A problem of this kind; `detail` says what it is this time, and what to do.
    pub(crate) fn new(listed: Listed, detail: impl Into<Cow<'static, str>>) -> Self {
        let detail = detail.into();
        let detail = match detail.char_indices().nth(DETAIL_CHARS_MAX) {
            Some((end, _)) => Cow::Owned(format!("{}…", &detail[..end])),
            None => detail,
        };
        let members = Map::new();
        Problem(Box::new(Said { listed, detail, members, receipt: None, fault: None, too_many: None }))
    }

    /// With one member more.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.members.insert(name.to_owned(), value.into());
        self
    }

    /// With the receipt of the permit that was spent nevertheless.
    #[must_use]
    pub(crate) fn with_receipt(mut self, receipt: String) -> Self {
        self.0.receipt = Some(receipt);
        self
    }

    /// A query parameter or header that cannot be read.
    pub(crate) fn parameter(name: &str, detail: impl Into<Cow<'static, str>>) -> Self {
        Problem::new(listed::MALFORMED, detail).with("parameter", name)
    }

    /// Nothing here, or nothing within reach.
    pub(crate) fn not_found() -> Self {
        Refusal::NotFound.into()
    }

    /// The body is over the limit.
    pub(crate) fn too_large() -> Self {
        Problem::new(listed::TOO_LARGE, format!("a body has at most {BODY_BYTES_MAX} bytes"))
            .with("limit", BODY_BYTES_MAX)
    }
}

/// Faults that pass by themselves or with an operator's help are 503; those that are bugs are 500.
fn of_fault(fault: Fault) -> Problem {
    let mut problem = match &fault {
        Fault::Unknown => Problem::new(
            listed::UNAVAILABLE,
            "the server cannot say whether this was done; look, or send it again with the same Idempotency-Key",
        ),
        Fault::Full
        | Fault::ReadOnly
        | Fault::Contended
        | Fault::Unreachable(_)
        | Fault::Overloaded
        | Fault::Closed => {
            Problem::new(listed::UNAVAILABLE, "the server cannot do this now; nothing was done; try again")
        }
        Fault::Conflict(_) | Fault::Damaged(_) | Fault::Panicked(_) | Fault::Shape(_) | Fault::Other(_) => {
            Problem::new(listed::BROKEN, "the server broke; nothing was done; tell its operator the event")
        }
    };
    problem.0.fault = Some(fault);
    problem
}

fn of_rule(no: No) -> Problem {
    let told = |listed| Problem::new(listed, no.to_string());
    match no {
        No::App | No::Ended | No::Expired => told(listed::GRANT_OVER),
        No::Paused => told(listed::GRANT_PAUSED),
        No::Spent => told(listed::GRANT_SPENT),
        No::Action(action) => told(listed::ACTION_MISSING).with("action", action.as_str()),
        No::Kind(kind) => told(listed::KIND_MISSING).with("kind", kind.as_str()),
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let told = |listed| Problem::new(listed, refusal.to_string());
        match refusal {
            Refusal::Token | Refusal::SignedOut | Refusal::Password | Refusal::Code | Refusal::Wait(_) => {
                told(listed::TOKEN_INVALID)
            }
            Refusal::Unproven => told(listed::TOKEN_UNPROVEN),
            Refusal::Replayed => told(listed::PROOF_INVALID),
            Refusal::No(no) => of_rule(no),
            Refusal::Scope(scope) => told(listed::SCOPE_MISSING).with("scope", scope),
            // What is deleted is gone for the app, and deleting it again is no error; the others are told.
            Refusal::NotFound | Refusal::Withheld(Withheld::Deleted) => told(listed::NOT_FOUND),
            Refusal::Withheld(why) => told(listed::WITHHELD).with("withheld", why.as_str()),
            Refusal::Changed | Refusal::Conflict(_) | Refusal::SentBefore => told(listed::CHANGED),
            Refusal::KeyReused => told(listed::KEY_REUSED),
            Refusal::NotFriends => told(listed::NOT_FRIENDS),
            Refusal::TooMany(limit) => told(listed::TOO_MANY_PEOPLE).with("limit", limit),
            Refusal::HandleTaken | Refusal::Invalid(_) => told(listed::INVALID),
            Refusal::Fault(fault) => of_fault(fault),
        }
    }
}

impl From<TokenRefusal> for Problem {
    fn from(refusal: TokenRefusal) -> Self {
        match refusal {
            TokenRefusal::OAuth(error) if error.code() == ErrorCode::UseDpopNonce => {
                Problem::new(listed::PROOF_NONCE, error.description().to_owned())
            }
            TokenRefusal::OAuth(error) => Problem::new(listed::PROOF_INVALID, error.description().to_owned()),
            TokenRefusal::Refusal(refusal) => refusal.into(),
        }
    }
}

impl From<TooMany> for Problem {
    fn from(too_many: TooMany) -> Self {
        let TooMany { whose, limit, wait_s } = too_many;
        let Limit { requests, window_s } = limit;
        let detail = format!("{} {requests} requests in {window_s} seconds; wait {wait_s} s", whose.words());
        let mut problem = Problem::new(listed::TOO_MANY_REQUESTS, detail).with("limit", limit.requests);
        problem.0.too_many = Some(too_many);
        problem
    }
}

/// Only carries it; `tell` writes it out.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response.extensions_mut().insert(self);
        response
    }
}

/// The document itself.
#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    #[serde(flatten)]
    members: &'a Map<String, Value>,
}

/// The layer around every route: writes problems out, keeps answers out of caches unless they say otherwise, and hands the next
/// nonce to whoever sends proofs.
pub(crate) async fn tell(State(door): State<Arc<Door>>, request: Request, next: Next) -> Response {
    let scheme = scheme(request.headers());
    let mut response = next.run(request).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        response = problem.write(door.vault.issuer(), door.vault.world(), scheme);
    }
    if scheme == Some(Scheme::DPoP)
        && let Ok(nonce) = door.vault.dpop_nonce().await
    {
        put(&mut response, NONCE, nonce);
    }
    response.headers_mut().entry(CACHE_CONTROL).or_insert(NO_STORE);
    response
}

impl Problem {
    fn write(mut self, issuer: &str, world: &World, scheme: Option<Scheme>) -> Response {
        if let Some(fault) = self.0.fault.take() {
            let event = HEXLOWER.encode(&world.random::<8>());
            tracing::error!(event, %fault, "a request failed");
            self = self.with("event", event);
        }
        let challenges = self.challenges(issuer, scheme);
        let Said { listed, detail, members, receipt, too_many, .. } = *self.0;
        let document = Document {
            r#type: format!("/problems/{}", listed.name),
            title: listed.title,
            status: listed.status,
            detail: &detail,
            members: &members,
        };
        // Texts and numbers always serialise; were they not to, the status says enough.
        let mut response = Response::new(Body::from(serde_json::to_vec(&document).unwrap_or_default()));
        *response.status_mut() =
            StatusCode::from_u16(listed.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, PROBLEM_JSON);
        let mut put = |name: HeaderName, text: String| {
            if let Ok(value) = HeaderValue::try_from(text) {
                headers.insert(name, value);
            }
        };
        if let Some(receipt) = receipt {
            put(crate::answer::RECEIPT, receipt);
        }
        if let Some(TooMany { whose, limit, wait_s }) = too_many {
            let (name, Limit { requests, window_s }) = (whose.name(), limit);
            put(RETRY_AFTER, wait_s.to_string());
            put(RATE_LIMIT, format!(r#""{name}";r=0;t={wait_s}"#));
            put(RATE_LIMIT_POLICY, format!(r#""{name}";q={requests};w={window_s}"#));
        }
        if listed == listed::TOO_MANY_STREAMS {
            put(RETRY_AFTER, STREAM_WAIT_S.to_string());
        }
        if listed.status == 503 {
            put(RETRY_AFTER, UNAVAILABLE_WAIT_S.to_string());
        }
        for challenge in challenges {
            if let Ok(value) = HeaderValue::try_from(challenge) {
                headers.append(WWW_AUTHENTICATE, value);
            }
        }
        response
    }

    /// The headers WWW-Authenticate: RFC 6750 3 and RFC 9449 7.1, with where to find out more by RFC 9728 5.1. `error` says
    /// what is wrong with a token or its proof, so it is left out where none was sent.
    fn challenges(&self, issuer: &str, sent: Option<Scheme>) -> Vec<String> {
        let mut schemes = match sent {
            Some(scheme) => vec![scheme],
            None => vec![Scheme::Bearer, Scheme::DPoP],
        };
        let about = match self.0.listed {
            listed::TOKEN_MISSING => "",
            listed::TOKEN_INVALID => r#", error="invalid_token""#,
            listed::TOKEN_UNPROVEN => {
                // It does not say to what the token is bound: to a key, for DPoP, or to a certificate, for Bearer.
                schemes = vec![Scheme::DPoP, Scheme::Bearer];
                r#", error="invalid_token""#
            }
            listed::PROOF_INVALID => r#", error="invalid_dpop_proof""#,
            listed::PROOF_NONCE => r#", error="use_dpop_nonce""#,
            listed::SCOPE_MISSING | listed::ACTION_MISSING | listed::KIND_MISSING => {
                r#", error="insufficient_scope""#
            }
            _ => return Vec::new(),
        };
        let scope = self.0.members.get("scope").and_then(Value::as_str);
        let scope = scope.map(|scope| format!(r#", scope="{scope}""#)).unwrap_or_default();
        let metadata = format!(r#"resource_metadata="{issuer}{RESOURCE_PATH}"{about}{scope}"#);
        let challenge = |scheme: Scheme| match scheme {
            Scheme::Bearer => format!("Bearer {metadata}"),
            Scheme::DPoP => format!(r#"DPoP algs="{}", {metadata}"#, dpop::ALGORITHMS.join(" ")),
        };
        schemes.into_iter().map(challenge).collect()
    }
}

/// There is no such path.
pub(crate) async fn no_route() -> Problem {
    Problem::new(listed::NOT_FOUND, "there is no such path in the API; /openapi.json lists them all")
}

/// There is such a path, but not with this method.
pub(crate) async fn no_method() -> Problem {
    Problem::new(
        listed::METHOD,
        "this path does not take this method; the header Allow lists those that it takes",
    )
}

#[cfg(test)]
#[path = "problem_tests.rs"]
mod tests;
