//! Salted commitments: what the public log holds in place of a record about a person.
//!
//! Invariant: without its salt a commitment cannot be told from chance, and salts come from a key of one grant or one
//! person only, so dropping that key erases them.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use sha2::Sha256;

use crate::hash::{Hash, sha256};
use crate::record::{AccessRecord, GrantRecord, RecordInvalid, StaffRecord};

/// 32 random bytes that belong to one grant or one person. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct SaltKey(pub [u8; 32]);

impl fmt::Debug for SaltKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SaltKey(..)")
    }
}

/// What hides one record; whoever holds it and the record can find the entry.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt(pub [u8; 32]);

/// The hidden number of an access among all accesses to one person's things.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Seal(pub [u8; 32]);

/// What the log holds of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commitment(pub [u8; 32]);

impl SaltKey {
    /// The salt of the access `n` of this grant.
    pub fn access(&self, n: u64) -> Salt {
        self.salt(1, n)
    }

    /// The salt of the change `n` of this grant.
    pub fn grant(&self, n: u64) -> Salt {
        self.salt(2, n)
    }

    /// The salt of the act of staff `n` at this person's things.
    pub fn staff(&self, n: u64) -> Salt {
        self.salt(4, n)
    }

    /// What opens the seal of the access number `p` among all accesses to this person's things.
    pub fn person(&self, p: u64) -> Opening {
        Opening { salt: self.salt(0, p), p }
    }

    /// What hides the standing of this grant or person in the counting map.
    pub fn map(&self) -> Salt {
        self.salt(6, 0)
    }

    fn salt(&self, kind: u8, n: u64) -> Salt {
        // HMAC pads a short key with zeros to the hash's block, so padding here changes nothing and cannot fail.
        let mut block = [0; 64];
        block[..32].copy_from_slice(&self.0);
        let mut mac = Hmac::<Sha256>::new(&block.into());
        mac.update(b"waxseal salt v1");
        mac.update(&[kind]);
        mac.update(&n.to_be_bytes());
        Salt(mac.finalize().into_bytes().into())
    }
}

/// What opens a [`Seal`]: the person holds it, the app does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// The salt of this number.
    pub salt: Salt,
    /// The number, from 1, without holes.
    pub p: u64,
}

impl Opening {
    /// The seal that this opens.
    pub fn seal(&self) -> Seal {
        Seal(sha256(&[b"waxseal person-number v1", &self.salt.0, &self.p.to_be_bytes()]).0)
    }
}

/// The commitment to an access.
pub fn commit_access(record: &AccessRecord, salt: &Salt, seal: &Seal) -> Result<Commitment, RecordInvalid> {
    let record = record.render()?;
    Ok(Commitment(sha256(&[b"waxseal access v1", &salt.0, &seal.0, record.as_bytes()]).0))
}

/// The commitment to a change of a grant.
pub fn commit_grant(record: &GrantRecord, salt: &Salt) -> Result<Commitment, RecordInvalid> {
    let record = record.render()?;
    Ok(Commitment(sha256(&[b"waxseal grant v1", &salt.0, record.as_bytes()]).0))
}

/// The commitment to an act of staff.
pub fn commit_staff(record: &StaffRecord, salt: &Salt) -> Result<Commitment, RecordInvalid> {
    let record = record.render()?;
    Ok(Commitment(sha256(&[b"waxseal staff v1", &salt.0, record.as_bytes()]).0))
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(..)")
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seal({self})")
    }
}

impl fmt::Display for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64URL_NOPAD.encode(&self.0))
    }
}

impl fmt::Display for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64URL_NOPAD.encode(&self.0))
    }
}

fn from_base64url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 32], D::Error> {
    let text = String::deserialize(deserializer)?;
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| D::Error::custom("not 32 bytes in base64url without padding"))
}

impl<'de> Deserialize<'de> for Salt {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_base64url(deserializer).map(Self)
    }
}

impl<'de> Deserialize<'de> for Seal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_base64url(deserializer).map(Self)
    }
}

impl Serialize for Salt {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Seal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Commitment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Hash(self.0).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Commitment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Hash::deserialize(deserializer).map(|hash| Self(hash.0))
    }
}
