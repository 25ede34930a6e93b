//! Security event tokens (RFC 8417): what befell a grant or an app, told to the app, signed, in the manner of CAEP and RISC.
//!
//! Invariant: one event a token; neither `sub` nor `exp`, so that it passes for no ID token (RFC 8417 2.2); `sub_id` says whom
//! and what it is about.

use crate::details::json_text;
use crate::signed::Statement;
use model::{AppId, GrantId, PersonId, Time};
use serde::Serialize;
use serde_json::{Value, json};

/// The media type with which it is pushed (RFC 8935).
pub const SECEVENT_TYPE: &str = "application/secevent+jwt";
const CAEP: &str = "https://schemas.openid.net/secevent/caep/event-type/";

/// What it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A grant, and whose it is.
    Grant(GrantId, PersonId),
    /// The app itself.
    App,
}

/// A security event, to be signed.
#[derive(Clone, Debug)]
pub struct SecurityEvent<'a> {
    /// Our issuer identifier.
    pub issuer: &'a str,
    /// To which app.
    pub app: AppId,
    /// Its id.
    pub jti: &'a str,
    /// When it is sent.
    pub now: Time,
    /// What it is about.
    pub subject: Subject,
    /// What happened: `grant-ended`, …
    pub what: &'a str,
    /// The event, as a JSON object.
    pub event: Value,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: AppId,
    jti: &'a str,
    iat: i64,
    sub_id: Value,
    events: Value,
}

/// The URI of an event: CAEP's where CAEP has one, ours for the rest.
pub fn event_uri(issuer: &str, what: &str) -> String {
    match what {
        "grant-ended" => format!("{CAEP}session-revoked"),
        "grant-narrowed" | "grant-widened" => format!("{CAEP}token-claims-change"),
        other => format!("{issuer}/secevent/{other}"),
    }
}

impl Statement for SecurityEvent<'_> {
    const TYPE: &'static str = "secevent+jwt";

    fn claims_json(&self) -> String {
        let SecurityEvent { issuer, app, jti, now, subject, what, event } = self;
        let sub_id = match subject {
            Subject::Grant(grant, person) => json!({
                "format": "complex",
                "user": {"format": "iss_sub", "iss": issuer, "sub": person},
                "session": {"format": "opaque", "id": grant},
            }),
            Subject::App => json!({"format": "opaque", "id": app}),
        };
        let events = json!({ event_uri(issuer, what): event });
        json_text(&Claims { iss: issuer, aud: *app, jti, iat: now.seconds(), sub_id, events })
    }
}
