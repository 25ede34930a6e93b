//! What befell a grant or the app itself: security event tokens (RFC 8417), pushed to the app's webhooks (RFC 8935).
//!
//! Invariant: a token is believed only if this server signed it for this app, as a security event and nothing else.

use crate::error::{Error, SignatureFault};
use crate::waxseal::Waxseal;
use serde::Deserialize;
use serde_json::{Map, Value};

const CAEP: &str = "https://schemas.openid.net/secevent/caep/event-type/";
/// How far ahead its moment may be, in seconds. It may be as old as deliveries get: it was true when it was signed.
const AHEAD_S: i64 = 60;

/// The content type with which it comes.
pub const SECEVENT_TYPE: &str = "application/secevent+jwt";

/// A security event, verified.
#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    /// Its id: the same for each try. Drop what you have seen.
    pub id: String,
    /// When it was signed, in seconds since 1970.
    pub at: i64,
    /// What happened.
    pub what: What,
    /// The grant that it is about; none if it is about the app.
    pub grant_id: Option<String>,
    /// Whose grant.
    pub person_id: Option<String>,
    /// The event as it was told: `initiating_entity`, `reason_admin`, `claims`, `accesses`, `last_access`, …
    pub event: Map<String, Value>,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum What {
    /// The grant has ended. `last_access` in the event is the receipt of its last use.
    GrantEnded,
    /// The grant was narrowed or widened: `claims` in the event has it as it is now.
    GrantChanged,
    /// The person holds it for now.
    GrantPaused,
    /// It goes on.
    GrantResumed,
    /// The app may do nothing for now.
    AppSuspended,
    /// It may go on.
    AppResumed,
    /// It has ended.
    AppRetired,
    /// What it was let do is over, all of it or what was issued in a span of time.
    AppContained,
    /// It has another ceiling.
    AppCeiling,
    /// Something that is newer than this client: its name.
    Other(String),
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    jti: String,
    iat: i64,
    sub_id: Subject,
    events: Map<String, Value>,
    // A security event has neither (RFC 8417 2.2): what has one is an ID token that passes itself off.
    sub: Option<Value>,
    exp: Option<Value>,
}

#[derive(Deserialize)]
struct Subject {
    session: Option<Named>,
    user: Option<User>,
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

#[derive(Deserialize)]
struct User {
    iss: String,
    sub: String,
}

impl Waxseal {
    /// Reads a security event token: the body of a delivery, as it came.
    pub async fn signal(&self, token: &[u8]) -> Result<Signal, Error> {
        let token = std::str::from_utf8(token).map_err(|_| SignatureFault::Form)?.trim();
        let claims: Claims = self.shared.jwks_for(token).await?.open(token, "secevent+jwt")?;
        let issuer = self.issuer();
        let Subject { session, user } = claims.sub_id;
        let right = [
            ("issuer", claims.iss == issuer && user.as_ref().is_none_or(|user| user.iss == issuer)),
            ("audience", claims.aud == self.shared.app.id),
            ("time", claims.iat <= self.shared.now() + AHEAD_S),
            ("kind", claims.sub.is_none() && claims.exp.is_none()),
        ];
        if let Some((what, _)) = right.iter().find(|(_, right)| !right) {
            return Err(SignatureFault::Claim(what).into());
        }
        let mut events = claims.events.into_iter();
        let (Some((uri, Value::Object(event))), None) = (events.next(), events.next()) else {
            return Err(SignatureFault::Claim("number of events").into());
        };
        Ok(Signal {
            id: claims.jti,
            at: claims.iat,
            what: What::of(&uri, issuer),
            grant_id: session.map(|session| session.id),
            person_id: user.map(|user| user.sub),
            event,
        })
    }
}

impl What {
    fn of(uri: &str, issuer: &str) -> What {
        let ours = uri.strip_prefix(issuer).and_then(|path| path.strip_prefix("/secevent/"));
        match (uri.strip_prefix(CAEP), ours) {
            (Some("session-revoked"), _) => What::GrantEnded,
            (Some("token-claims-change"), _) => What::GrantChanged,
            (_, Some("grant-paused")) => What::GrantPaused,
            (_, Some("grant-resumed")) => What::GrantResumed,
            (_, Some("app-suspended")) => What::AppSuspended,
            (_, Some("app-resumed")) => What::AppResumed,
            (_, Some("app-retired")) => What::AppRetired,
            (_, Some("app-contained")) => What::AppContained,
            (_, Some("app-ceiling")) => What::AppCeiling,
            _ => What::Other(uri.to_owned()),
        }
    }
}
