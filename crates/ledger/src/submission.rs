//! What a log sends a witness, and what the witness decides (C2SP tlog-witness, `add-checkpoint`).
//!
//! Invariant: a witness cosigns a checkpoint only if the log's key signed it and it extends the last one that the witness
//! cosigned; the decision is made from these three alone.

use std::fmt;

use data_encoding::{BASE64, HEXLOWER};

use crate::checkpoint::{Checkpoint, CheckpointRefused, decimal};
use crate::hash::{Hash, empty_root, sha256};
use crate::note::{Note, NoteRefused, VerifierKey};
use crate::proof::{ProofWrong, verify_consistency};

/// The most lines of a consistency proof: no tree that 64 bits can count needs more.
pub const PROOF_LINES_MAX: usize = 63;

/// A checkpoint for a witness, with the proof that it extends an earlier one. Its `Display` is the body of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// The size of the checkpoint that the witness cosigned last, as far as the log knows.
    pub old: u64,
    /// From there to the submitted one.
    pub proof: Vec<Hash>,
    /// The checkpoint, a signed note.
    pub note: Note,
}

/// The last head of a log that a witness cosigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cosigned {
    /// Its size.
    pub size: u64,
    /// Its root.
    pub root: Hash,
}

impl Default for Cosigned {
    /// That of a log of which nothing was cosigned yet.
    fn default() -> Self {
        Self { size: 0, root: empty_root() }
    }
}

/// Why a witness does not cosign, by the status that it answers with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Turned {
    /// 400: not in the form of a request, or the old size is above the new one.
    #[error("this is no request to cosign: {0}")]
    Malformed(String),
    /// 403: no key that the witness trusts for this log signed it, or one did falsely.
    #[error("the checkpoint is not signed as this log signs: {0}")]
    Untrusted(NoteRefused),
    /// 404: a log that the witness does not follow.
    #[error("this witness does not follow the log {0:?}: ask who runs it to add the log's key")]
    UnknownLog(String),
    /// 409: the witness is elsewhere; the log goes on from there.
    #[error("the last checkpoint cosigned here has {size} entries: send the proof from there")]
    Elsewhere {
        /// The size that it cosigned last.
        size: u64,
    },
    /// 422: it does not extend what was cosigned.
    #[error("the checkpoint does not extend the one that was cosigned here: {0}")]
    Inconsistent(ProofWrong),
    /// 422: it claims no entries, and has another root than an empty log.
    #[error("a log without entries has another root than this")]
    EmptyRoot,
}

impl Submission {
    /// Reads the body of a request.
    pub fn parse(body: &[u8]) -> Result<Self, Turned> {
        let malformed = |why: &str| Turned::Malformed(why.to_owned());
        let text = std::str::from_utf8(body).map_err(|_| malformed("it is not UTF-8"))?;
        let (head, note) = text.split_once("\n\n").ok_or(malformed("no blank line ends the proof"))?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| decimal(line.strip_prefix("old ")?));
        let old = old.ok_or(malformed("its first line is not `old` and a plain decimal number"))?;
        let mut proof = Vec::new();
        for line in lines {
            if proof.len() == PROOF_LINES_MAX {
                return Err(malformed("its proof has more than 63 lines"));
            }
            proof.push(hash(line).ok_or(malformed("a line of its proof is not 32 bytes in base64"))?);
        }
        let note = Note::parse(note.as_bytes()).map_err(|why| Turned::Malformed(why.to_string()))?;
        Ok(Self { old, proof, note })
    }

    /// The checkpoint, if a key that is trusted for its log signed it. `keys` are those of all logs that are followed.
    pub fn authenticate(&self, keys: &[VerifierKey]) -> Result<Checkpoint, Turned> {
        let checkpoint = Checkpoint::read(self.note.text())?;
        let trusted: Vec<_> = keys.iter().filter(|key| key.name() == checkpoint.origin).cloned().collect();
        if trusted.is_empty() {
            return Err(Turned::UnknownLog(checkpoint.origin));
        }
        self.note.verify(&trusted).map_err(Turned::Untrusted)?;
        Ok(checkpoint)
    }

    /// Decides on a checkpoint that was authenticated. `last` is what was cosigned of its log last; between reading that
    /// and storing the new one, nobody else may.
    pub fn judge(&self, checkpoint: &Checkpoint, last: Cosigned) -> Result<(), Turned> {
        if self.old > checkpoint.size {
            return Err(Turned::Malformed("its old size is above that of its checkpoint".to_owned()));
        }
        if self.old != last.size {
            return Err(Turned::Elsewhere { size: last.size });
        }
        if checkpoint.size == 0 && checkpoint.root != empty_root() {
            return Err(Turned::EmptyRoot);
        }
        verify_consistency(last.size, last.root, checkpoint.size, checkpoint.root, &self.proof)
            .map_err(Turned::Inconsistent)
    }
}

impl Turned {
    /// The status of the answer.
    pub fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            Self::Untrusted(_) => 403,
            Self::UnknownLog(_) => 404,
            Self::Elsewhere { .. } => 409,
            Self::Inconsistent(_) | Self::EmptyRoot => 422,
        }
    }
}

impl fmt::Display for Submission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        self.proof.iter().try_for_each(|hash| writeln!(f, "{hash}"))?;
        write!(f, "\n{}", self.note)
    }
}

/// The name under which a witness tells what it cosigned last of a log: `<this>/checkpoint` under its monitoring prefix.
pub fn origin_hash(origin: &str) -> String {
    HEXLOWER.encode(&sha256(&[origin.as_bytes()]).0)
}

/// A line of a proof.
pub(crate) fn hash(line: &str) -> Option<Hash> {
    BASE64.decode(line.as_bytes()).ok()?.try_into().ok().map(Hash)
}

impl From<CheckpointRefused> for Turned {
    fn from(why: CheckpointRefused) -> Self {
        Self::Malformed(why.to_string())
    }
}
