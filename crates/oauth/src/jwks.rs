//! Public keys as a JSON Web Key Set (RFC 7517), each named by its thumbprint (RFC 7638).
//!
//! Invariant: only public members can be written here, for the type holds no others; one key has one `kid` for ever.

use crate::details::json_text;
use data_encoding::BASE64URL_NOPAD;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// A public key that signs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PublicKey {
    /// P-256, for ES256.
    P256 {
        /// The point's x, big-endian.
        x: [u8; 32],
        /// The point's y, big-endian.
        y: [u8; 32],
    },
    /// Ed25519, for EdDSA (RFC 8037).
    Ed25519([u8; 32]),
}

/// A set of keys, as it is published.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Jwks {
    keys: Vec<Jwk>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
struct Jwk {
    kty: &'static str,
    crv: &'static str,
    x: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    y: Option<String>,
    kid: String,
    r#use: &'static str,
    alg: &'static str,
}

/// The required members of an elliptic curve key in the order of their names, which is what a thumbprint is made of.
#[derive(Serialize)]
struct Required<'a> {
    crv: &'a str,
    kty: &'a str,
    x: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    y: Option<&'a str>,
}

impl PublicKey {
    /// The key at this uncompressed point (SEC 1: 0x04, x, y); none if it is not one.
    pub fn from_sec1(point: &[u8]) -> Option<Self> {
        let (x, y) = point.strip_prefix(&[4])?.split_at_checked(32)?;
        Some(PublicKey::P256 { x: x.try_into().ok()?, y: y.try_into().ok()? })
    }

    /// Its `kid`: the thumbprint, base64url of SHA-256.
    pub fn kid(&self) -> String {
        self.jwk().kid
    }

    fn jwk(&self) -> Jwk {
        let (kty, crv, alg) = match self {
            PublicKey::P256 { .. } => ("EC", "P-256", "ES256"),
            PublicKey::Ed25519(_) => ("OKP", "Ed25519", "EdDSA"),
        };
        let (x, y) = match self {
            PublicKey::P256 { x, y } => (BASE64URL_NOPAD.encode(x), Some(BASE64URL_NOPAD.encode(y))),
            PublicKey::Ed25519(x) => (BASE64URL_NOPAD.encode(x), None),
        };
        let kid = thumbprint(&json_text(&Required { crv, kty, x: &x, y: y.as_deref() }));
        Jwk { kty, crv, x, y, kid, r#use: "sig", alg }
    }
}

/// The hash of a key's required members, written in the order of their names without spaces.
fn thumbprint(required_json: &str) -> String {
    BASE64URL_NOPAD.encode(&Sha256::digest(required_json.as_bytes()))
}

/// The set of these keys.
pub fn jwks(keys: impl IntoIterator<Item = PublicKey>) -> Jwks {
    Jwks { keys: keys.into_iter().map(|key| key.jwk()).collect() }
}

#[cfg(test)]
#[path = "jwks_tests.rs"]
mod tests;
