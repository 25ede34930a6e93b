//! What comes to an app's webhook: verified before it is read (Standard Webhooks 1.0, `v1` and `v1a`).
//!
//! Invariant: nothing of a body is looked at before a signature of one of the known keys over these very bytes, of a moment
//! ago, was found; comparing takes the same time whatever is compared.

use crate::error::{Error, ReceiptFault};
use crate::events::{Told, told};
use crate::receipt::Expected;
use crate::waxseal::Waxseal;
use aws_lc_rs::hmac;
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use data_encoding::BASE64;
use serde::Deserialize;
use serde_json::Value;
use std::fmt;

/// How far the moment of sending may be from ours, in seconds.
const MOMENT_S: i64 = 300;
/// How many signatures are looked at.
const SIGNATURES_MAX: usize = 16;

/// Why something that came was not believed. Answer it with 400; nothing of it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unverified {
    /// `webhook-id`, `webhook-timestamp` or `webhook-signature` is missing, or not one text.
    #[error("the header {0} is missing or cannot be read")]
    Header(&'static str),
    /// Not of a moment ago: an old one, sent again by somebody.
    #[error("it was signed more than five minutes ago or ahead; if it comes from the server, set the clock")]
    Moment,
    /// None of its signatures is one of a known key.
    #[error("it is not signed with a key of this webhook")]
    Signature,
}

enum Key {
    Hmac(Box<hmac::Key>),
    Ed25519(Vec<u8>),
}

/// Verifies what comes. While keys are changed there are two of them: [`Verifier::and`].
pub struct Verifier {
    keys: Vec<Key>,
}

/// The three headers, and where they are looked up: implemented for `http::HeaderMap` and for functions.
pub trait Headers {
    /// The text of a header, if it is there once.
    fn header(&self, name: &str) -> Option<&str>;
}

impl Headers for http::HeaderMap {
    fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.get_all(name).iter();
        let first = values.next()?.to_str().ok()?;
        values.next().is_none().then_some(first)
    }
}

impl<const N: usize> Headers for [(&str, &str); N] {
    fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.iter().filter(|(header, _)| header.eq_ignore_ascii_case(name));
        let (_, first) = values.next()?;
        values.next().is_none().then_some(first)
    }
}

/// What came, verified.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Delivery<'a> {
    /// Its id: the same for each try. Drop what you have seen.
    pub id: &'a str,
    /// When this try was sent, in seconds since 1970.
    pub sent_at: i64,
    /// What was signed.
    pub body: &'a [u8],
}

/// What a delivery tells.
#[derive(Debug, Clone, PartialEq)]
pub struct Happened {
    /// Under which grant.
    pub grant_id: String,
    /// When: RFC 3339.
    pub timestamp: String,
    /// What.
    pub told: Told,
    /// The signed access record of telling it, checked.
    pub receipt: String,
}

#[derive(Deserialize)]
struct Body {
    r#type: String,
    timestamp: String,
    grant_id: String,
    data: Value,
    receipt: String,
}

impl Verifier {
    /// With the key that came when the webhook was registered: `whsec_…` (HMAC) or `whpk_…` (Ed25519).
    pub fn new(key: &str) -> Result<Verifier, Error> {
        Verifier { keys: Vec::new() }.and(key)
    }

    /// And with another one: for the day in which each delivery is signed with the old and the new key.
    pub fn and(mut self, key: &str) -> Result<Verifier, Error> {
        let invalid =
            || Error::Invalid("a webhook's key is whsec_ or whpk_ and base64, as it was told".to_owned());
        let decoded = |text: &str| BASE64.decode(text.as_bytes()).map_err(|_| invalid());
        let key = match (key.strip_prefix("whsec_"), key.strip_prefix("whpk_")) {
            (Some(secret), _) => {
                let secret = decoded(secret)?;
                // Standard Webhooks: 24 to 64 bytes. An empty one would verify what anyone signs.
                if !(24..=64).contains(&secret.len()) {
                    return Err(invalid());
                }
                Key::Hmac(Box::new(hmac::Key::new(hmac::HMAC_SHA256, &secret)))
            }
            (_, Some(public)) => {
                Key::Ed25519(decoded(public).ok().filter(|key| key.len() == 32).ok_or_else(invalid)?)
            }
            _ => return Err(invalid()),
        };
        self.keys.push(key);
        Ok(self)
    }

    /// Verifies what came at `now`, in seconds since 1970. `body` is the body byte for byte.
    pub fn verify_at<'a>(
        &self,
        headers: &'a impl Headers,
        body: &'a [u8],
        now: i64,
    ) -> Result<Delivery<'a>, Unverified> {
        let header = |name| headers.header(name).ok_or(Unverified::Header(name));
        let (id, timestamp) = (header("webhook-id")?, header("webhook-timestamp")?);
        let signatures = header("webhook-signature")?;
        let is_number = !timestamp.is_empty() && timestamp.bytes().all(|byte| byte.is_ascii_digit());
        let sent_at: i64 =
            timestamp.parse().ok().filter(|_| is_number).ok_or(Unverified::Header("webhook-timestamp"))?;
        if (now.saturating_sub(sent_at)).saturating_abs() > MOMENT_S {
            return Err(Unverified::Moment);
        }
        let signed = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat();
        let is_known = signatures
            .split(' ')
            .take(SIGNATURES_MAX)
            .any(|signature| self.keys.iter().any(|key| key.has_signed(&signed, signature)));
        if is_known { Ok(Delivery { id, sent_at, body }) } else { Err(Unverified::Signature) }
    }
}

impl Key {
    fn has_signed(&self, signed: &[u8], signature: &str) -> bool {
        let Some((version, signature)) = signature.split_once(',') else { return false };
        let Ok(signature) = BASE64.decode(signature.as_bytes()) else { return false };
        match (self, version) {
            (Key::Hmac(key), "v1") => hmac::verify(key, signed, &signature).is_ok(),
            (Key::Ed25519(key), "v1a") => {
                UnparsedPublicKey::new(&ED25519, key).verify(signed, &signature).is_ok()
            }
            _ => false,
        }
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Verifier({} keys)", self.keys.len())
    }
}

impl fmt::Debug for Delivery<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Delivery({}, {} bytes)", self.id, self.body.len())
    }
}

impl Waxseal {
    /// Verifies what came to a webhook just now.
    pub fn verify<'a>(
        &self,
        verifier: &Verifier,
        headers: &'a impl Headers,
        body: &'a [u8],
    ) -> Result<Delivery<'a>, Unverified> {
        verifier.verify_at(headers, body, self.shared.now())
    }

    /// Reads what a verified delivery tells, and checks the receipt in it. What has the content type
    /// `application/secevent+jwt` is read by [`Waxseal::signal`] instead.
    pub async fn happened(&self, delivery: &Delivery<'_>) -> Result<Happened, Error> {
        let body: Body = serde_json::from_slice(delivery.body)
            .map_err(|_| Error::Unexpected("a delivery of another shape than documented".to_owned()))?;
        let expected = Expected {
            key: self.shared.log_key().await?,
            issuer: &self.shared.metadata.issuer,
            app: &self.shared.app.id,
            grant: Some(&body.grant_id),
        };
        let record = expected.check(&body.receipt)?;
        let told = told(&body.r#type, &body.data)?;
        told.is_covered_by(&record).map_err(ReceiptFault::Other)?;
        Ok(Happened { grant_id: body.grant_id, timestamp: body.timestamp, told, receipt: body.receipt })
    }
}

#[cfg(test)]
#[path = "webhook_tests.rs"]
mod tests;
