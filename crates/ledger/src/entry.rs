//! What stands in the public log: a version byte, a kind byte, and a commitment or clear JSON.
//!
//! Invariant: an entry about a person holds a salted commitment and nothing else.

use crate::canonical::{CanonicalJson, CanonicalRefused};
use crate::commitment::Commitment;
use crate::hash::{Hash, leaf_hash};
use crate::key_record::KeyRecord;
use crate::map::MapRecord;
use crate::record::{AppRecord, RecordInvalid};

/// The version of the entry format, the first byte of each entry.
pub const VERSION: u8 = 1;

/// One entry of the log. The kind byte is 1 to 6, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry<'a> {
    /// An app used a permit: commits to an [`crate::record::AccessRecord`].
    Access(Commitment),
    /// A grant was given or changed: commits to a [`crate::record::GrantRecord`].
    Grant(Commitment),
    /// An app was registered or changed: an [`crate::record::AppRecord`], in the clear.
    App(CanonicalJson<'a>),
    /// Someone who runs the server looked at a person's things.
    Staff(Commitment),
    /// The server's keys changed: a [`KeyRecord`], in the clear.
    Key(CanonicalJson<'a>),
    /// The root of the counting map: a [`MapRecord`], in the clear.
    Map(CanonicalJson<'a>),
}

/// Why these bytes are no entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryInvalid {
    /// Shorter than two bytes, or of an unknown version or kind.
    #[error("it begins with {0:?}, which is no version and kind that this program knows: get a newer one")]
    Unknown(Vec<u8>),
    /// A commitment of another length.
    #[error("its commitment is {0} bytes long and must be 32")]
    CommitmentLength(usize),
    /// The clear part is not UTF-8.
    #[error("its JSON is not UTF-8")]
    NotText,
    /// The clear part is not canonical JSON.
    #[error("its JSON is {0}")]
    Json(#[from] CanonicalRefused),
    /// The clear part is not the record that its kind has.
    #[error("its JSON is {0}")]
    Record(#[from] RecordInvalid),
}

impl<'a> Entry<'a> {
    /// Reads an entry; only what [`Entry::to_bytes`] writes is accepted.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, EntryInvalid> {
        let (kind, content) = match bytes {
            [VERSION, kind @ 1..=6, content @ ..] => (*kind, content),
            _ => return Err(EntryInvalid::Unknown(bytes.iter().take(2).copied().collect())),
        };
        let commitment = || match content.try_into() {
            Ok(commitment) => Ok(Commitment(commitment)),
            Err(_) => Err(EntryInvalid::CommitmentLength(content.len())),
        };
        let json = || -> Result<CanonicalJson<'a>, EntryInvalid> {
            let text = std::str::from_utf8(content).map_err(|_| EntryInvalid::NotText)?;
            Ok(CanonicalJson::parse(text)?)
        };
        Ok(match kind {
            1 => Self::Access(commitment()?),
            2 => Self::Grant(commitment()?),
            3 => Self::App(json()?),
            4 => Self::Staff(commitment()?),
            5 => Self::Key(json()?),
            _ => Self::Map(json()?),
        })
    }

    /// Whether what stands in the clear is the record that its kind has; commitments say nothing of theirs.
    pub fn check_record(&self) -> Result<(), EntryInvalid> {
        match self {
            Self::Access(_) | Self::Grant(_) | Self::Staff(_) => {}
            Self::App(json) => drop(AppRecord::parse(json.as_str())?),
            Self::Key(json) => drop(KeyRecord::parse(json.as_str())?),
            Self::Map(json) => drop(MapRecord::parse(json.as_str())?),
        }
        Ok(())
    }

    /// The second byte, 1 to 6.
    pub fn kind(&self) -> u8 {
        match self {
            Self::Access(_) => 1,
            Self::Grant(_) => 2,
            Self::App(_) => 3,
            Self::Staff(_) => 4,
            Self::Key(_) => 5,
            Self::Map(_) => 6,
        }
    }

    /// The bytes that the log holds, at most 65,535.
    pub fn to_bytes(&self) -> Vec<u8> {
        let content = match self {
            Self::Access(commitment) | Self::Grant(commitment) | Self::Staff(commitment) => {
                commitment.0.as_slice()
            }
            Self::App(json) | Self::Key(json) | Self::Map(json) => json.as_str().as_bytes(),
        };
        [&[VERSION, self.kind()], content].concat()
    }

    /// The leaf of the tree that stands for it.
    pub fn leaf_hash(&self) -> Hash {
        leaf_hash(&self.to_bytes())
    }
}
