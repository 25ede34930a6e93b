//! Signed requests (JAR, RFC 9101; FAPI 2.0 Message Signing 5.3.1): an app says what it asks in a text that it signs, so that
//! nobody between it and us can change a word.
//!
//! Invariant: of a signed request only what is inside counts. It is for us alone, from the app that the link names, lives an
//! hour at most, and is signed with a key that is registered for the app; nothing is fetched because of what stands in it.

use crate::assertion::CLOCK_AHEAD_S;
use crate::client::{Client, Unproven};
use crate::error::{ErrorCode, OAuthError};
use crate::jose::{Claims, Jws, JwsInvalid};
use crate::key_set::{KeySet, NotSigned};
use crate::metadata::Issuer;
use crate::params::Params;
use model::Time;
use serde_json::Value;
use std::fmt;

/// The `typ` of a signed request.
const TYPE: &str = "oauth-authz-req+jwt";
/// The longest signed request that is read, in bytes.
pub const REQUEST_BYTES_MAX: usize = 32_768;
/// How long ago a signed request may have begun, and how long after that it may end, in seconds.
pub const REQUEST_S_MAX: i64 = 3_600;
/// What says something of the text itself, and asks for nothing.
const ABOUT_ITSELF: [&str; 6] = ["iss", "aud", "exp", "nbf", "iat", "jti"];

/// Why a signed request is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Invalid {
    #[error("{0}")]
    Jws(#[from] JwsInvalid),
    #[error("no key that is registered for this client has its kid")]
    KeyUnknown,
    #[error("its iss and client_id must both be the client_id")]
    Client,
    #[error("its sub must not be the client_id, so that nobody takes it for a client assertion")]
    Subject,
    #[error("its aud must be the issuer identifier of this server")]
    Audience,
    #[error("its exp must be in the future, and at most an hour after its nbf")]
    Expiry,
    #[error("its nbf must be past, and at most an hour ago")]
    Begin,
    #[error("its iat is in the future")]
    NotYet,
    #[error("it holds request or request_uri, which lead to another request")]
    Nested,
    #[error("it holds more than 64 parameters, or one with NUL in it")]
    Parameters,
}

fn refused(why: impl fmt::Display) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidRequestObject, format!("the signed request is not valid: {why}"))
}

impl From<Invalid> for Unproven {
    fn from(why: Invalid) -> Self {
        Unproven::Refused(refused(why))
    }
}

/// The signed request among these parameters, if there is one and this app has keys with which it could have signed.
pub fn sent<'a>(params: &'a Params, client: &Client) -> Option<&'a str> {
    // Beside another request it is neither.
    let is_alone = params.value("request_uri").is_none();
    params.value("request").filter(|_| is_alone && client.kind.keys().is_some())
}

/// The parameters that this app signed. `keys` are those of the app that are at hand.
pub fn open(
    text: &str,
    client: &Client,
    keys: Option<&KeySet>,
    issuer: &Issuer,
    now: Time,
) -> Result<Params, Unproven> {
    let jws = Jws::parse(text, REQUEST_BYTES_MAX).map_err(Invalid::from)?;
    jws.check_type(TYPE, true).map_err(Invalid::from)?;
    // All that needs no key first: so that a key is fetched for nothing that could not be taken.
    check_claims(&jws.claims, client, issuer, now)?;
    let params = params(&jws.claims)?;
    match keys.ok_or(Unproven::KeyUnknown)?.check(&jws) {
        Ok(()) => Ok(params),
        Err(NotSigned::KeyUnknown) => Err(Unproven::KeyUnknown),
        Err(NotSigned::Invalid(why)) => Err(Invalid::from(why).into()),
    }
}

/// What an app is told that signed with a key which is not in its newest set.
pub fn key_unknown() -> OAuthError {
    refused(Invalid::KeyUnknown)
}

/// What an app is told whose keys could not be had.
pub fn keys_unreachable(why: &str) -> OAuthError {
    refused(why)
}

fn check_claims(claims: &Claims, client: &Client, issuer: &Issuer, now: Time) -> Result<(), Invalid> {
    let named = |name| claims.text(name).ok().and_then(|text| text.parse().ok());
    if named("iss") != Some(client.id) || named("client_id") != Some(client.id) {
        return Err(Invalid::Client);
    }
    if named("sub") == Some(client.id) {
        return Err(Invalid::Subject);
    }
    let ours = |aud: &Value| aud.as_str() == Some(issuer.as_str());
    let is_for_us = match claims.0.get("aud") {
        Some(Value::Array(all)) => all.iter().any(ours),
        Some(one) => ours(one),
        None => false,
    };
    if !is_for_us {
        return Err(Invalid::Audience);
    }
    let (nbf, exp) = (claims.time("nbf")?, claims.time("exp")?);
    if exp <= now || exp > nbf.plus_seconds(REQUEST_S_MAX) {
        return Err(Invalid::Expiry);
    }
    if nbf < now.plus_seconds(-REQUEST_S_MAX) || nbf > now.plus_seconds(CLOCK_AHEAD_S) {
        return Err(Invalid::Begin);
    }
    if claims.opt_time("iat")?.is_some_and(|at| at > now.plus_seconds(CLOCK_AHEAD_S)) {
        return Err(Invalid::NotYet);
    }
    if ["request", "request_uri"].iter().any(|name| claims.0.contains_key(*name)) {
        return Err(Invalid::Nested);
    }
    Ok(())
}

/// Its members as the parameters of a link would be: texts as they are, numbers in digits, `authorization_details` as JSON.
/// What is of no other parameter's form is left out: nobody asks for it.
fn params(claims: &Claims) -> Result<Params, Invalid> {
    let mut pairs = Vec::new();
    for (name, value) in claims.0.iter().filter(|(name, _)| !ABOUT_ITSELF.contains(&name.as_str())) {
        match value {
            Value::String(text) => pairs.push((name.clone(), text.clone())),
            Value::Number(number) => pairs.push((name.clone(), number.to_string())),
            Value::Array(items) if name == "resource" => {
                let texts = items.iter().filter_map(Value::as_str);
                pairs.extend(texts.map(|text| (name.clone(), text.to_owned())));
            }
            Value::Array(_) | Value::Object(_) => pairs.push((name.clone(), value.to_string())),
            Value::Null | Value::Bool(_) => {}
        }
    }
    Params::signed(pairs).ok_or(Invalid::Parameters)
}

#[cfg(test)]
#[path = "request_object_tests.rs"]
mod tests;
