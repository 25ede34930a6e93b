//! Texts that the server signed: compact JWS by ES256, with a key that it publishes (RFC 7515, RFC 8725).
//!
//! Invariant: the algorithm is ES256 whatever a header says, the type must be the one that was expected, and the key is found
//! among the server's by its name; nothing in the text leads to another key.

use crate::error::SignatureFault;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The longest text that is read, in bytes.
const JWS_BYTES_MAX: usize = 64 * 1024;

/// The keys that a server publishes.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Jwks {
    keys: Vec<Jwk>,
}

#[derive(Debug, Clone, Deserialize)]
struct Jwk {
    kty: String,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    kid: Option<String>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    /// What must be understood to be believed (RFC 7515 4.1.11): we understand nothing of the kind.
    crit: Option<serde::de::IgnoredAny>,
}

impl Jwks {
    /// Is there a key of the name that this text gives?
    pub(crate) fn has_key_of(&self, text: &str) -> bool {
        let header = text.split('.').next().and_then(decoded);
        let header = header.and_then(|header| serde_json::from_slice::<Header>(&header).ok());
        header.is_some_and(|header| self.keys.iter().any(|key| key.kid.is_some() && key.kid == header.kid))
    }

    /// The claims of a text that one of these keys signed.
    pub(crate) fn open<T: DeserializeOwned>(&self, text: &str, typ: &str) -> Result<T, SignatureFault> {
        if text.len() > JWS_BYTES_MAX {
            return Err(SignatureFault::Form);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(SignatureFault::Form)?;
        let (header, claims) = signed.split_once('.').ok_or(SignatureFault::Form)?;
        let part = |part| decoded(part).ok_or(SignatureFault::Form);
        let (header, claims, signature) = (part(header)?, part(claims)?, part(signature)?);
        let header: Header = serde_json::from_slice(&header).map_err(|_| SignatureFault::Form)?;
        let is_type = header.typ.is_some_and(|given| given.eq_ignore_ascii_case(typ));
        if header.alg != "ES256" || !is_type || header.crit.is_some() {
            return Err(SignatureFault::Form);
        }
        let named = self.keys.iter().filter(|key| key.kid.is_some() && key.kid == header.kid);
        let point = named.filter_map(Jwk::point).next().ok_or(SignatureFault::UnknownKey)?;
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
            .verify(signed.as_bytes(), &signature)
            .map_err(|_| SignatureFault::False)?;
        serde_json::from_slice(&claims).map_err(|_| SignatureFault::Form)
    }
}

impl Jwk {
    /// The uncompressed point of a P-256 key.
    fn point(&self) -> Option<Vec<u8>> {
        if self.kty != "EC" || self.crv.as_deref() != Some("P-256") {
            return None;
        }
        let (x, y) = (decoded(self.x.as_deref()?)?, decoded(self.y.as_deref()?)?);
        (x.len() == 32 && y.len() == 32).then(|| [&[4], &x[..], &y[..]].concat())
    }
}

fn decoded(part: &str) -> Option<Vec<u8>> {
    BASE64URL_NOPAD.decode(part.as_bytes()).ok()
}

#[cfg(test)]
#[path = "jws_tests.rs"]
mod tests;
