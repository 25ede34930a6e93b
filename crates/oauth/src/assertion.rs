//! `private_key_jwt`: an app proves itself by a signed statement (RFC 7521, 7523 and 7523bis, as FAPI 2.0 wants it).
//!
//! Invariant: a statement is for us alone (`aud` is our issuer identifier and nothing else), lives minutes, and is taken once.
//! Who signed is found by the key that is registered; nothing in the statement leads to another one.

use crate::jose::{Jws, JwsInvalid};
use crate::key_set::{KeySet, NotSigned};
use crate::metadata::Issuer;
use crate::once::Once;
use model::{AppId, Time};
use serde_json::Value;

/// The one `client_assertion_type`.
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The longest statement that is read, in bytes.
pub const ASSERTION_BYTES_MAX: usize = 8_192;
/// How far ahead a statement may end, in seconds.
pub const ASSERTION_S_MAX: i64 = 300;
/// How far a clock elsewhere may be ahead of ours, in seconds (FAPI 2.0 wants at least 10 taken, and over 60 refused).
pub const CLOCK_AHEAD_S: i64 = 30;
/// The longest `jti`, in bytes.
pub const JTI_BYTES_MAX: usize = 512;

/// A statement that was read. It is believed only after [`Assertion::check`].
pub(crate) struct Assertion<'a> {
    jws: Jws<'a>,
    /// Whom it claims to come from.
    pub(crate) client_id: AppId,
}

/// Why a statement is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AssertionInvalid {
    /// As any signed text.
    #[error("the client assertion is not valid: {0}")]
    Jws(#[from] JwsInvalid),
    /// `iss` or `sub`.
    #[error("iss and sub of the client assertion must both be the client_id")]
    Client,
    /// `aud`
    #[error("aud of the client assertion must be the issuer identifier of this server, as a single string")]
    Audience,
    /// `exp`
    #[error("exp of the client assertion must be in the future, at most 300 seconds ahead")]
    Expiry,
    /// `nbf` or `iat`
    #[error("the client assertion is not valid yet: its nbf or iat is in the future")]
    NotYet,
}

impl<'a> Assertion<'a> {
    /// Reads a statement, and whom it claims to come from.
    pub(crate) fn parse(text: &'a str) -> Result<Assertion<'a>, AssertionInvalid> {
        let jws = Jws::parse(text, ASSERTION_BYTES_MAX)?;
        jws.check_type("client-authentication+jwt", true)?;
        let (iss, sub) = (jws.claims.text("iss")?, jws.claims.text("sub")?);
        let client_id = sub.parse().map_err(|_| AssertionInvalid::Client)?;
        if iss != sub {
            return Err(AssertionInvalid::Client);
        }
        Ok(Assertion { jws, client_id })
    }

    /// Holds it to the rules for which no key is needed: so that a key is fetched for nothing that could not be taken.
    pub(crate) fn check_claims(&self, issuer: &Issuer, now: Time) -> Result<Once, AssertionInvalid> {
        let claims = &self.jws.claims;
        if claims.0.get("aud").and_then(Value::as_str) != Some(issuer.as_str()) {
            return Err(AssertionInvalid::Audience);
        }
        let (exp, latest) = (claims.time("exp")?, now.plus_seconds(ASSERTION_S_MAX + CLOCK_AHEAD_S));
        if exp <= now || exp > latest {
            return Err(AssertionInvalid::Expiry);
        }
        for name in ["nbf", "iat"] {
            if claims.opt_time(name)?.is_some_and(|at| at > now.plus_seconds(CLOCK_AHEAD_S)) {
                return Err(AssertionInvalid::NotYet);
            }
        }
        let jti = claims.text("jti")?;
        if jti.is_empty() || jti.len() > JTI_BYTES_MAX {
            return Err(JwsInvalid::Member("jti").into());
        }
        // For whom it is noted makes sure that no app can use up another's.
        Ok(Once::new(&[b"assertion", self.client_id.as_bytes(), jti.as_bytes()], exp))
    }

    /// Did the app sign it?
    pub(crate) fn check(&self, keys: &KeySet) -> Result<(), NotSigned> {
        keys.check(&self.jws)
    }
}

#[cfg(test)]
#[path = "assertion_tests.rs"]
mod tests;
