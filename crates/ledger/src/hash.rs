//! The hashes of RFC 6962 section 2.1: SHA-256, with one prefix byte for leaves and another for nodes.
//!
//! Invariant: a leaf can never pass for a node, because their first hashed bytes differ.

use std::fmt;

use data_encoding::BASE64;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use sha2::{Digest, Sha256};

/// A SHA-256 hash; shown in base64, as in a checkpoint.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64.encode(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = BASE64.decode(text.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or_else(|| D::Error::custom("not 32 bytes in base64"))
    }
}

/// The hash of one entry: `SHA-256(0x00 ‖ entry)`.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    sha256(&[&[0x00], entry])
}

/// The hash of two subtrees: `SHA-256(0x01 ‖ left ‖ right)`.
pub fn node_hash(left: Hash, right: Hash) -> Hash {
    let mut node = [0x01; 65];
    node[1..33].copy_from_slice(&left.0);
    node[33..].copy_from_slice(&right.0);
    sha256(&[&node])
}

/// The root of a tree without entries: `SHA-256("")`.
pub fn empty_root() -> Hash {
    sha256(&[])
}

/// The root over these hashes as neighbours, left to right (RFC 6962 MTH, from the leaf hashes on).
pub fn root_over(hashes: &[Hash]) -> Hash {
    match hashes {
        [] => empty_root(),
        [one] => *one,
        [left, right] => node_hash(*left, *right),
        _ => {
            let (left, right) = hashes.split_at(split_point(hashes.len() as u64) as usize);
            node_hash(root_over(left), root_over(right))
        }
    }
}

/// The largest power of two below `size`, where RFC 6962 splits a tree; `size` is at least 2.
pub(crate) fn split_point(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

/// SHA-256 over these parts as one string of bytes.
pub(crate) fn sha256(parts: &[&[u8]]) -> Hash {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    Hash(hasher.finalize().into())
}
