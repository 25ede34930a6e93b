//! Proofs from the stored tiles: that an entry is in the log, and that the log only grew.
//!
//! Invariant: a proof and the checkpoint that it leads to come from one snapshot. A proof reads a tile a level, however
//! long the log is.

use super::cosigned::{cosigned, newest};
use super::log::{Tiles, head_size};
use crate::engine::Snap;
use crate::{Fault, Refusal, Vault};
use ledger::hash::Hash;
use ledger::proof::{ProofRefused, TreeHashes};
use ledger::proof_file::ProofFile;

/// Numbers that make no sense are the asker's; tiles that are not as they must be are ours.
pub(super) fn refused(why: ProofRefused) -> Refusal {
    match why {
        ProofRefused::OutOfRange { .. } => Refusal::NotFound,
        why => Fault::Shape(why.to_string()).into(),
    }
}

impl Vault {
    /// The proof that the entry at `index` is in the log, as of the newest checkpoint with enough cosignatures where that
    /// reaches so far, else of the newest.
    pub async fn inclusion(&self, index: u64) -> Result<ProofFile, Refusal> {
        self.engine
            .read("inclusion", move |snap| -> Result<_, Refusal> {
                let reaches = |(size, _): &(u64, String)| *size > index;
                let (size, checkpoint) = match cosigned(snap)?.filter(reaches) {
                    Some(cosigned) => cosigned,
                    None => newest(snap)?.filter(reaches).ok_or(Refusal::NotFound)?,
                };
                let proof =
                    TreeHashes::new(size, &mut Tiles(snap)).prove_inclusion(index).map_err(refused)?;
                Ok(ProofFile { extra: None, index, proof, checkpoint })
            })
            .await
    }

    /// The hashes that prove the entry at `index` in the tree of the first `size` entries.
    pub async fn inclusion_proof(&self, index: u64, size: u64) -> Result<Vec<Hash>, Refusal> {
        self.tree_proof("inclusion_proof", size, move |tree| tree.prove_inclusion(index)).await
    }

    /// The hashes that prove that the tree of the first `old` entries is the beginning of that of the first `size`.
    pub async fn consistency_proof(&self, old: u64, size: u64) -> Result<Vec<Hash>, Refusal> {
        self.tree_proof("consistency_proof", size, move |tree| tree.prove_consistency(old)).await
    }

    /// The root of the tree of the first `size` entries.
    pub async fn tree_root(&self, size: u64) -> Result<Hash, Refusal> {
        self.tree_proof("tree_root", size, |tree| tree.root()).await
    }

    async fn tree_proof<T: Send + 'static>(
        &self,
        name: &'static str,
        size: u64,
        prove: impl Fn(&mut TreeHashes<'_, Tiles<'_, Snap<'_>>>) -> Result<T, ProofRefused> + Send + 'static,
    ) -> Result<T, Refusal> {
        self.engine
            .read(name, move |snap| -> Result<_, Refusal> {
                let head = head_size(snap)?.and_then(|size| u64::try_from(size).ok()).unwrap_or(0);
                if size > head {
                    return Err(Refusal::NotFound);
                }
                prove(&mut TreeHashes::new(size, &mut Tiles(snap))).map_err(refused)
            })
            .await
    }
}
