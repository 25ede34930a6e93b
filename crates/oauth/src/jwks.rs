//! Public keys as JSON Web Keys (RFC 7517), each named by its thumbprint (RFC 7638): ours as we publish them, others' as they
//! sign for them.
//!
//! Invariant: only public members can be written here, for the type holds no others; one key has one `kid` for ever, and
//! signs with one algorithm.

use crate::details::json_text;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use data_encoding::BASE64URL_NOPAD;
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// The shortest and the longest modulus of an RSA key, in bytes: 2048 and 4096 bits.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=512;
/// The longest public exponent, in bytes.
const EXPONENT_BYTES_MAX: usize = 4;

/// A public key that signs.
#[derive(Clone, PartialEq, Eq, Debug)]
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
    /// RSA of 2048 to 4096 bits, for PS256.
    Rsa {
        /// The modulus, big-endian, without leading zeros.
        n: Vec<u8>,
        /// The public exponent, likewise.
        e: Vec<u8>,
    },
}

/// Why a key is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyInvalid {
    /// For an algorithm that is not ours.
    #[error("it is not for PS256, ES256 or EdDSA")]
    Kind,
    /// A number in it is not one.
    #[error("one of its members is missing or not canonical base64url of the right length")]
    Members,
    /// RSA that is too weak, or too costly.
    #[error("an RSA key has 2048 to 4096 bits and an odd exponent of at least 65537")]
    Rsa,
    /// A point for which anyone can make signatures.
    #[error("the Ed25519 key is a point of small order")]
    SmallOrder,
}

/// A set of keys, as it is published.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Jwks {
    keys: Vec<Jwk>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
struct Jwk {
    kty: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    crv: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    x: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    y: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    e: Option<String>,
    kid: String,
    r#use: &'static str,
    alg: &'static str,
}

/// The required members of a key in the order of their names, which is what a thumbprint is made of.
#[derive(Serialize)]
struct Required<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    crv: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    e: Option<&'a str>,
    kty: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    x: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    y: Option<&'a str>,
}

impl PublicKey {
    /// The key at this uncompressed point (SEC 1: 0x04, x, y); none if it is not one.
    pub fn from_sec1(point: &[u8]) -> Option<Self> {
        let (x, y) = point.strip_prefix(&[4])?.split_at_checked(32)?;
        Some(PublicKey::P256 { x: x.try_into().ok()?, y: y.try_into().ok()? })
    }

    /// Reads a key that someone else publishes or sends.
    pub fn from_jwk(jwk: &Map<String, Value>) -> Result<Self, KeyInvalid> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let bytes = |name: &str| {
            text(name)
                .and_then(|text| BASE64URL_NOPAD.decode(text.as_bytes()).ok())
                .ok_or(KeyInvalid::Members)
        };
        let exactly = |name: &str| bytes(name)?.try_into().map_err(|_| KeyInvalid::Members);
        let key = match (text("kty"), text("crv")) {
            (Some("EC"), Some("P-256")) => PublicKey::P256 { x: exactly("x")?, y: exactly("y")? },
            (Some("OKP"), Some("Ed25519")) => PublicKey::Ed25519(exactly("x")?),
            (Some("RSA"), _) => PublicKey::Rsa { n: bytes("n")?, e: bytes("e")? },
            _ => return Err(KeyInvalid::Kind),
        };
        // The key fixes the algorithm; one that says otherwise is for something else.
        if jwk.get("alg").is_some_and(|alg| alg != key.algorithm()) {
            return Err(KeyInvalid::Kind);
        }
        match &key {
            PublicKey::Rsa { n, e } if !rsa_is_fit(n, e) => Err(KeyInvalid::Rsa),
            PublicKey::Ed25519(x) if is_of_small_order(x) => Err(KeyInvalid::SmallOrder),
            _ => Ok(key),
        }
    }

    /// Is there something in this key that only its owner may know?
    pub(crate) fn gives_away_a_secret(jwk: &Map<String, Value>) -> bool {
        const SECRET: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
        SECRET.iter().any(|name| jwk.contains_key(*name))
    }

    /// The one algorithm with which it signs.
    pub fn algorithm(&self) -> &'static str {
        match self {
            PublicKey::P256 { .. } => "ES256",
            PublicKey::Ed25519(_) => "EdDSA",
            PublicKey::Rsa { .. } => "PS256",
        }
    }

    /// Is this its signature of these bytes? ECDSA as r and s, 32 bytes each; RSA as PSS with a salt of 32 bytes.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let verified = match self {
            PublicKey::P256 { x, y } => {
                let mut point = [4; 65];
                point[1..33].copy_from_slice(x);
                point[33..].copy_from_slice(y);
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
            PublicKey::Ed25519(x) => UnparsedPublicKey::new(&ED25519, x).verify(message, signature),
            PublicKey::Rsa { n, e } => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PSS_2048_8192_SHA256, message, signature)
            }
        };
        verified.is_ok()
    }

    /// Its `kid`: the thumbprint, in base64url.
    pub fn kid(&self) -> String {
        BASE64URL_NOPAD.encode(&self.thumbprint())
    }

    /// Its thumbprint: SHA-256 of what it is.
    pub fn thumbprint(&self) -> [u8; 32] {
        let Jwk { kty, crv, x, y, n, e, .. } = self.members(String::new());
        let (x, y, n, e) = (x.as_deref(), y.as_deref(), n.as_deref(), e.as_deref());
        thumbprint(&json_text(&Required { crv, e, kty, n, x, y }))
    }

    fn jwk(&self) -> Jwk {
        self.members(self.kid())
    }

    fn members(&self, kid: String) -> Jwk {
        let text = |bytes: &[u8]| Some(BASE64URL_NOPAD.encode(bytes));
        let (kty, crv) = match self {
            PublicKey::P256 { .. } => ("EC", Some("P-256")),
            PublicKey::Ed25519(_) => ("OKP", Some("Ed25519")),
            PublicKey::Rsa { .. } => ("RSA", None),
        };
        let (x, y, n, e) = match self {
            PublicKey::P256 { x, y } => (text(x), text(y), None, None),
            PublicKey::Ed25519(x) => (text(x), None, None, None),
            PublicKey::Rsa { n, e } => (None, None, text(n), text(e)),
        };
        Jwk { kty, crv, x, y, n, e, kid, r#use: "sig", alg: self.algorithm() }
    }
}

/// Neither so short that it is guessed nor so long that looking at it costs much.
fn rsa_is_fit(n: &[u8], e: &[u8]) -> bool {
    let whole = |number: &[u8]| {
        number.first().is_some_and(|first| *first != 0) && number.last().is_some_and(|last| last % 2 == 1)
    };
    let bits = n.len() * 8 - n.first().map_or(0, |first| first.leading_zeros() as usize);
    let exponent = e.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    RSA_BYTES.contains(&n.len())
        && bits >= 2048
        && whole(n)
        && whole(e)
        && e.len() <= EXPONENT_BYTES_MAX
        && exponent >= 65_537
}

/// The encodings of the points of small order of Ed25519, canonical and not, without the sign of x.
const SMALL_ORDER: [[u8; 32]; 7] = {
    let mut near_p = [[0xff; 32]; 3];
    let mut at = 0;
    while at < 3 {
        near_p[at][0] = 0xec + at as u8;
        near_p[at][31] = 0x7f;
        at += 1;
    }
    let (zero, mut one) = ([0; 32], [0; 32]);
    one[0] = 1;
    [
        zero,
        one,
        [
            0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
            0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
        ],
        [
            0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
            0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
        ],
        near_p[0],
        near_p[1],
        near_p[2],
    ]
};

fn is_of_small_order(x: &[u8; 32]) -> bool {
    let mut unsigned = *x;
    unsigned[31] &= 0x7f;
    SMALL_ORDER.contains(&unsigned)
}

/// The hash of a key's required members, written in the order of their names without spaces.
fn thumbprint(required_json: &str) -> [u8; 32] {
    Sha256::digest(required_json.as_bytes()).into()
}

/// The set of these keys.
pub fn jwks(keys: impl IntoIterator<Item = PublicKey>) -> Jwks {
    Jwks { keys: keys.into_iter().map(|key| key.jwk()).collect() }
}

#[cfg(test)]
#[path = "jwks_tests.rs"]
mod tests;
