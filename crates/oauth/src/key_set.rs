//! Keys of an app as it publishes them (JWKS, RFC 7517): which of them can sign for it here.
//!
//! Invariant: a set that could be read in two ways (a member or a `kid` twice) or that gives away a secret is not read. A key
//! that is for something else (encryption, another algorithm) is no error; it is as if it were not there.

use crate::jose::{Jws, JwsInvalid};
use crate::jwks::{KeyInvalid, PublicKey};
use crate::strict;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// The longest set that is read, in bytes.
pub const KEY_SET_BYTES_MAX: usize = 65_536;
/// The most keys that a set may have.
pub const KEYS_MAX: usize = 32;
/// The most keys that are tried on a signature that does not say whose it is.
const KEYS_TRIED_MAX: usize = 4;

/// Why a set is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeySetInvalid {
    /// Too long.
    #[error("the key set is longer than 64 KiB or has more than 32 keys")]
    TooLong,
    /// Not a set.
    #[error("the key set is not a JSON object with 'keys', in which each member comes once")]
    Json,
    /// It should never have left its owner.
    #[error(
        "the key set holds a secret or private key; publish public keys only, and take this one out of use"
    )]
    Secret,
    /// Which of the two is meant?
    #[error("two keys of the set have the same kid")]
    KidTwice,
    /// A key is broken.
    #[error("a key of the set cannot be used: {0}")]
    Key(#[from] KeyInvalid),
    /// None of them signs.
    #[error(
        "no key of the set can sign for PS256 (RSA of 2048 to 4096 bits), ES256 (P-256) or EdDSA (Ed25519)"
    )]
    NoneSigns,
}

/// The keys that sign for an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySet(Vec<(Option<String>, PublicKey)>);

/// What came of looking for the key of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotSigned {
    /// No key has this `kid`; perhaps a newer set has one.
    KeyUnknown,
    /// It is not valid.
    Invalid(JwsInvalid),
}

impl KeySet {
    /// Reads a set.
    pub fn parse(json: &[u8]) -> Result<KeySet, KeySetInvalid> {
        if json.len() > KEY_SET_BYTES_MAX {
            return Err(KeySetInvalid::TooLong);
        }
        let set = strict::object(json).ok_or(KeySetInvalid::Json)?;
        let keys = set.get("keys").and_then(Value::as_array).ok_or(KeySetInvalid::Json)?;
        if keys.len() > KEYS_MAX {
            return Err(KeySetInvalid::TooLong);
        }
        let mut kids = BTreeSet::new();
        let mut signing = Vec::new();
        for key in keys {
            let key = key.as_object().ok_or(KeySetInvalid::Json)?;
            if PublicKey::gives_away_a_secret(key) {
                return Err(KeySetInvalid::Secret);
            }
            let kid = match key.get("kid") {
                None => None,
                Some(kid) => Some(kid.as_str().ok_or(KeySetInvalid::Json)?),
            };
            if kid.is_some_and(|kid| !kids.insert(kid)) {
                return Err(KeySetInvalid::KidTwice);
            }
            if signs(key) {
                match PublicKey::from_jwk(key) {
                    Ok(public) => signing.push((kid.map(str::to_owned), public)),
                    Err(KeyInvalid::Kind) => {}
                    Err(invalid) => return Err(invalid.into()),
                }
            }
        }
        if signing.is_empty() { Err(KeySetInvalid::NoneSigns) } else { Ok(KeySet(signing)) }
    }

    /// Did one of these keys sign it?
    pub(crate) fn check(&self, jws: &Jws<'_>) -> Result<(), NotSigned> {
        let kid = jws.kid().map_err(NotSigned::Invalid)?;
        let Some(kid) = kid else {
            let fit = self.0.iter().filter(|(_, key)| key.algorithm() == jws.algorithm());
            let signed = fit.take(KEYS_TRIED_MAX).any(|(_, key)| jws.check(key).is_ok());
            return if signed { Ok(()) } else { Err(NotSigned::Invalid(JwsInvalid::Signature)) };
        };
        let named = self.0.iter().find(|(own, _)| own.as_deref() == Some(kid));
        let (_, key) = named.ok_or(NotSigned::KeyUnknown)?;
        jws.check(key).map_err(NotSigned::Invalid)
    }

    /// Is this one of the keys?
    pub fn has(&self, key: &PublicKey) -> bool {
        self.0.iter().any(|(_, own)| own == key)
    }
}

/// Does the key say that it is for signing, or not say what it is for?
fn signs(key: &Map<String, Value>) -> bool {
    let for_signing = key.get("use").is_none_or(|usage| usage == "sig");
    let verifies = |ops: &Value| ops.as_array().is_some_and(|ops| ops.iter().any(|op| op == "verify"));
    for_signing && key.get("key_ops").is_none_or(verifies)
}

#[cfg(test)]
#[path = "key_set_tests.rs"]
mod tests;
