//! Proof files (C2SP tlog-proof): that one entry is in a log, as of a checkpoint that travels with the proof.
//!
//! Invariant: nothing in the file is believed but through a key or a policy that its reader has from elsewhere; the extra
//! data least of all.

use std::fmt;

use data_encoding::BASE64;

use crate::checkpoint::{Checkpoint, CheckpointRefused, decimal};
use crate::hash::Hash;
use crate::note::VerifierKey;
use crate::proof::{ProofWrong, verify_inclusion};
use crate::submission::{PROOF_LINES_MAX, hash};

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";

/// How such a file's name ends.
pub const EXTENSION: &str = "tlog-proof";

/// A proof as it is stored. Its `Display` is the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofFile {
    /// Data that the maker added; proved by nothing.
    pub extra: Option<Vec<u8>>,
    /// The index of the entry in the log.
    pub index: u64,
    /// The inclusion proof, from the leaf upwards.
    pub proof: Vec<Hash>,
    /// The checkpoint, a signed note.
    pub checkpoint: String,
}

/// Why a file proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofFileRefused {
    /// Not in the form of a proof.
    #[error("it is not a proof file: {0}")]
    Malformed(&'static str),
    /// Its checkpoint.
    #[error("its checkpoint is not genuine: {0}")]
    Checkpoint(#[from] CheckpointRefused),
    /// Its hashes.
    #[error(transparent)]
    Proof(#[from] ProofWrong),
}

impl ProofFile {
    /// Reads a file.
    pub fn parse(text: &str) -> Result<Self, ProofFileRefused> {
        let malformed = ProofFileRefused::Malformed;
        let (head, checkpoint) =
            text.split_once("\n\n").ok_or(malformed("no blank line stands before a checkpoint"))?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(FIRST_LINE) {
            return Err(malformed("its first line is not c2sp.org/tlog-proof@v1"));
        }
        let extra = match lines.peek().and_then(|line| line.strip_prefix("extra ")) {
            None => None,
            Some(extra) => {
                let extra = BASE64.decode(extra.as_bytes());
                lines.next();
                Some(extra.map_err(|_| malformed("its extra data is not base64"))?)
            }
        };
        let index = lines.next().and_then(|line| decimal(line.strip_prefix("index ")?));
        let index = index.ok_or(malformed("it gives no index as a plain decimal number"))?;
        let mut proof = Vec::new();
        for line in lines {
            if proof.len() == PROOF_LINES_MAX {
                return Err(malformed("its proof has more than 63 lines"));
            }
            proof.push(hash(line).ok_or(malformed("a line of its proof is not 32 bytes in base64"))?);
        }
        Ok(Self { extra, index, proof, checkpoint: checkpoint.to_owned() })
    }

    /// Checks that the entry with this leaf stands at the index, in the log that one of these keys speaks for.
    pub fn verify(&self, leaf: Hash, keys: &[VerifierKey]) -> Result<Checkpoint, ProofFileRefused> {
        let checkpoint = Checkpoint::open(self.checkpoint.as_bytes(), keys)?;
        verify_inclusion(leaf, self.index, checkpoint.size, checkpoint.root, &self.proof)?;
        Ok(checkpoint)
    }
}

impl fmt::Display for ProofFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST_LINE}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", BASE64.encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.proof.iter().try_for_each(|hash| writeln!(f, "{hash}"))?;
        write!(f, "\n{}", self.checkpoint)
    }
}
