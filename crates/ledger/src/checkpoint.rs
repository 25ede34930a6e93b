//! Checkpoints (C2SP tlog-checkpoint): the log's signed statement of its size and root.
//!
//! Invariant: a checkpoint that was opened names the log whose key signed it.

use std::fmt;

use data_encoding::BASE64;

use crate::hash::{Hash, empty_root};
use crate::note::{LogKey, Note, NoteRefused, VerifierKey};

/// A size and a root under the name of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The name of the log: its URL without the scheme.
    pub origin: String,
    /// How many entries it has.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

/// Why bytes are no checkpoint to believe.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointRefused {
    /// The note around it.
    #[error(transparent)]
    Note(#[from] NoteRefused),
    /// The text is not that of a checkpoint.
    #[error("its text is not a checkpoint: {0}")]
    Malformed(&'static str),
    /// It claims no entries, and a root that only entries have.
    #[error("the root of an empty log is not the empty root")]
    EmptyRoot,
    /// Signed by a key that speaks for another log.
    #[error("it is a checkpoint of {0:?}, and the key is that of another log")]
    OtherLog(String),
}

impl Checkpoint {
    /// Signs it; the origin is the key's name.
    pub fn sign(size: u64, root: Hash, key: &LogKey) -> Result<Note, NoteRefused> {
        let origin = key.public().name().to_owned();
        Note::sign(&Self { origin, size, root }.to_string(), key)
    }

    /// Reads a signed checkpoint, which a key of the log that it names must have signed.
    pub fn open(note: &[u8], keys: &[VerifierKey]) -> Result<Self, CheckpointRefused> {
        let note = Note::parse(note)?;
        let checkpoint = Self::parse(note.verify(keys)?)?;
        let named: Vec<_> = keys.iter().filter(|key| key.name() == checkpoint.origin).cloned().collect();
        if named.is_empty() {
            return Err(CheckpointRefused::OtherLog(checkpoint.origin));
        }
        // Another log's key may sign it too, but cannot speak for this one.
        note.verify(&named)?;
        Ok(checkpoint)
    }

    /// Reads the text of a checkpoint. Extension lines are passed over, as the specification has it.
    pub fn parse(text: &str) -> Result<Self, CheckpointRefused> {
        let checkpoint = Self::read(text)?;
        if checkpoint.size == 0 && checkpoint.root != empty_root() {
            return Err(CheckpointRefused::EmptyRoot);
        }
        Ok(checkpoint)
    }

    /// Reads the text and asks nothing of the root.
    pub(crate) fn read(text: &str) -> Result<Self, CheckpointRefused> {
        let malformed = CheckpointRefused::Malformed;
        let text = text.strip_suffix('\n').ok_or(malformed("its last line is not ended"))?;
        let mut lines = text.split('\n');
        let origin =
            lines.next().filter(|origin| !origin.is_empty()).ok_or(malformed("the origin is missing"))?;
        let size =
            lines.next().and_then(decimal).ok_or(malformed("the size is not a plain decimal number"))?;
        let root = lines.next().and_then(|line| BASE64.decode(line.as_bytes()).ok()?.try_into().ok());
        let root = root.map(Hash).ok_or(malformed("the root is not 32 bytes in base64"))?;
        if lines.any(str::is_empty) {
            return Err(malformed("an extension line is empty"));
        }
        Ok(Self { origin: origin.to_owned(), size, root })
    }
}

/// The text that is signed.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}\n{}\n", self.origin, self.size, self.root)
    }
}

/// A number with one spelling: no sign, no leading zeros.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}
