//! Inclusion and consistency proofs (RFC 6962 section 2.1, verified as in RFC 9162 section 2.1).
//!
//! Invariant: a proof is checked with hashes alone, and an error says whether the question, the proof or the log is wrong.

use std::collections::{BTreeMap, BTreeSet};

use crate::hash::{Hash, empty_root, node_hash, root_over, split_point};
use crate::tile::{Shelf, TILE_WIDTH, TileLength, TilePath, TileReader, shelf_tile, tile_hashes};

/// Why no proof could be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofRefused {
    /// The question makes no sense for this log.
    #[error("the log has {size} entries, so there is no proof for {asked}: ask for a smaller number")]
    OutOfRange {
        /// The index or earlier size that was asked for.
        asked: u64,
        /// The size of the tree.
        size: u64,
    },
    /// A tile could not be read.
    #[error("{path} could not be read: {why}")]
    Unreadable {
        /// Which tile.
        path: TilePath,
        /// What its reader said.
        why: String,
    },
    /// A tile is too short or too long.
    #[error(transparent)]
    Length(#[from] TileLength),
}

/// Why a proof does not hold, by who is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofWrong {
    /// The asker: no such proof can exist.
    #[error("there can be no such proof: the numbers do not fit a tree of this size")]
    Question,
    /// Whoever cut the proof: it has too few or too many hashes.
    #[error("the proof is malformed: it holds {got} hashes where {want} are needed")]
    Length {
        /// How many hashes this proof must have.
        want: usize,
        /// How many it has.
        got: usize,
    },
    /// The log, or whoever made the proof: the hashes lead elsewhere.
    #[error("the proof does not lead to the root that was signed")]
    Root,
}

/// The hashes of a stored tree, read from its tiles, each tile at most once.
#[derive(Debug)]
pub struct TreeHashes<'a, R> {
    size: u64,
    reader: &'a mut R,
    read: BTreeMap<TilePath, Vec<Hash>>,
}

impl<'a, R: TileReader> TreeHashes<'a, R> {
    /// The tree of the first `size` entries; its tiles for this very size must be readable.
    pub fn new(size: u64, reader: &'a mut R) -> Self {
        Self { size, reader, read: BTreeMap::new() }
    }

    /// The root over all entries.
    pub fn root(&mut self) -> Result<Hash, ProofRefused> {
        if self.size == 0 { Ok(empty_root()) } else { self.range(0, self.size) }
    }

    /// The proof that the entry at `index` is in the tree: its neighbours from the leaf upwards.
    pub fn prove_inclusion(&mut self, index: u64) -> Result<Vec<Hash>, ProofRefused> {
        if index >= self.size {
            return Err(ProofRefused::OutOfRange { asked: index, size: self.size });
        }
        let (mut start, mut end) = (0, self.size);
        let mut path = Vec::new();
        while end - start > 1 {
            let middle = start + split_point(end - start);
            if index < middle {
                path.push(self.range(middle, end)?);
                end = middle;
            } else {
                path.push(self.range(start, middle)?);
                start = middle;
            }
        }
        path.reverse();
        Ok(path)
    }

    /// The proof for many entries at once: the roots of the largest subtrees that hold none of them, from left to right.
    /// With their leaves it makes the whole tree.
    pub fn prove_many(&mut self, indexes: &BTreeSet<u64>) -> Result<Vec<Hash>, ProofRefused> {
        if let Some(asked) = indexes.last().copied().filter(|last| *last >= self.size) {
            return Err(ProofRefused::OutOfRange { asked, size: self.size });
        }
        let mut proof = Vec::new();
        if self.size > 0 {
            self.gather(0, self.size, indexes, &mut proof)?;
        }
        Ok(proof)
    }

    fn gather(
        &mut self,
        start: u64,
        end: u64,
        indexes: &BTreeSet<u64>,
        proof: &mut Vec<Hash>,
    ) -> Result<(), ProofRefused> {
        if indexes.range(start..end).next().is_none() {
            proof.push(self.range(start, end)?);
        } else if end - start > 1 {
            let middle = start + split_point(end - start);
            self.gather(start, middle, indexes, proof)?;
            self.gather(middle, end, indexes, proof)?;
        }
        Ok(())
    }

    /// The proof that the tree of the first `old_size` entries is the beginning of this one. Empty for an old size of
    /// 0 and for the same size.
    pub fn prove_consistency(&mut self, old_size: u64) -> Result<Vec<Hash>, ProofRefused> {
        if old_size > self.size {
            return Err(ProofRefused::OutOfRange { asked: old_size, size: self.size });
        }
        let mut path = Vec::new();
        if old_size == 0 || old_size == self.size {
            return Ok(path);
        }
        let (mut start, mut end) = (0, self.size);
        while end != old_size {
            let middle = start + split_point(end - start);
            if old_size <= middle {
                path.push(self.range(middle, end)?);
                end = middle;
            } else {
                path.push(self.range(start, middle)?);
                start = middle;
            }
        }
        // The old tree's last subtree, unless it is the whole old tree, whose root the verifier has.
        if start != 0 {
            path.push(self.range(start, end)?);
        }
        path.reverse();
        Ok(path)
    }

    /// The root over the entries `start..end`, which are one subtree of the tree: at least one entry.
    fn range(&mut self, start: u64, end: u64) -> Result<Hash, ProofRefused> {
        let length = end - start;
        if length.is_power_of_two() {
            return self.perfect(length.ilog2(), start);
        }
        let middle = start + split_point(length);
        Ok(node_hash(self.range(start, middle)?, self.range(middle, end)?))
    }

    /// The root over the `2^height` entries from `start` on, which is a multiple of that.
    fn perfect(&mut self, height: u32, start: u64) -> Result<Hash, ProofRefused> {
        let level = height / 8;
        let first = start >> (8 * level);
        let count = 1 << (height % 8);
        let path = shelf_tile(Shelf::Hashes(level as u8), first, self.size)
            .ok_or(ProofRefused::OutOfRange { asked: start, size: self.size })?;
        let offset = (first % TILE_WIDTH as u64) as usize;
        if !self.read.contains_key(&path) {
            let bytes = self.reader.tile(path);
            let bytes = bytes.map_err(|why| ProofRefused::Unreadable { path, why: why.to_string() })?;
            self.read.insert(path, tile_hashes(path, &bytes)?);
        }
        Ok(root_over(&self.read[&path][offset..offset + count]))
    }
}

/// Checks that the leaf at `index` is in the tree of `size` entries with this root.
pub fn verify_inclusion(
    leaf: Hash,
    index: u64,
    size: u64,
    root: Hash,
    proof: &[Hash],
) -> Result<(), ProofWrong> {
    if index >= size {
        return Err(ProofWrong::Question);
    }
    // Below where the paths to this entry and to the last one part, each level has a neighbour; above it, only
    // those levels at which the path turns right.
    let inner = (u64::BITS - (index ^ (size - 1)).leading_zeros()) as usize;
    let border = (index.checked_shr(inner as u32).unwrap_or(0)).count_ones() as usize;
    check_length(proof, inner + border)?;
    let (below, above) = proof.split_at(inner);
    let hash = below.iter().zip(0..).fold(leaf, |hash, (neighbour, level)| {
        if index >> level & 1 == 0 { node_hash(hash, *neighbour) } else { node_hash(*neighbour, hash) }
    });
    let hash = above.iter().fold(hash, |hash, neighbour| node_hash(*neighbour, hash));
    if hash == root { Ok(()) } else { Err(ProofWrong::Root) }
}

/// The root of the tree of `size` entries that these leaves and the proof for them make (see
/// [`TreeHashes::prove_many`]); the caller compares it with what was signed.
pub fn root_with_many(size: u64, leaves: &BTreeMap<u64, Hash>, proof: &[Hash]) -> Result<Hash, ProofWrong> {
    fn over(
        start: u64,
        end: u64,
        leaves: &BTreeMap<u64, Hash>,
        rest: &mut std::slice::Iter<'_, Hash>,
    ) -> Option<Hash> {
        let mut within = leaves.range(start..end);
        match (within.next(), end - start) {
            (None, _) => rest.next().copied(),
            (Some((_, leaf)), 1) => Some(*leaf),
            (Some(_), length) => {
                let middle = start + split_point(length);
                let left = over(start, middle, leaves, rest)?;
                Some(node_hash(left, over(middle, end, leaves, rest)?))
            }
        }
    }
    if leaves.last_key_value().is_some_and(|(last, _)| *last >= size) {
        return Err(ProofWrong::Question);
    }
    let mut rest = proof.iter();
    let root = if size == 0 { Some(empty_root()) } else { over(0, size, leaves, &mut rest) };
    let got = proof.len();
    match (root, rest.len()) {
        (Some(root), 0) => Ok(root),
        (Some(_), left) => Err(ProofWrong::Length { want: got - left, got }),
        (None, _) => Err(ProofWrong::Length { want: got + 1, got }),
    }
}

/// Checks that the tree of `old_size` entries with `old_root` is the beginning of the one of `size` with `root`.
pub fn verify_consistency(
    old_size: u64,
    old_root: Hash,
    size: u64,
    root: Hash,
    proof: &[Hash],
) -> Result<(), ProofWrong> {
    if old_size > size {
        return Err(ProofWrong::Question);
    }
    if old_size == 0 || old_size == size {
        check_length(proof, 0)?;
        let same = if old_size == 0 { old_root == empty_root() } else { old_root == root };
        return if same { Ok(()) } else { Err(ProofWrong::Root) };
    }
    // The walk starts at the largest perfect subtree that ends the old tree; where that is the whole old tree, its
    // root is known and left out of the proof.
    let shift = old_size.trailing_zeros();
    let last = old_size - 1;
    let inner = (u64::BITS - (last ^ (size - 1)).leading_zeros()).saturating_sub(shift) as usize;
    let border = last.checked_shr(shift + inner as u32).unwrap_or(0).count_ones() as usize;
    let seeded = !old_size.is_power_of_two();
    check_length(proof, usize::from(seeded) + inner + border)?;
    let (seed, path) = if seeded { (proof[0], &proof[1..]) } else { (old_root, proof) };
    let (below, above) = path.split_at(inner);
    let (mut old_hash, mut new_hash) = (seed, seed);
    for (neighbour, level) in below.iter().zip(shift..) {
        if last >> level & 1 == 0 {
            new_hash = node_hash(new_hash, *neighbour);
        } else {
            old_hash = node_hash(*neighbour, old_hash);
            new_hash = node_hash(*neighbour, new_hash);
        }
    }
    for neighbour in above {
        old_hash = node_hash(*neighbour, old_hash);
        new_hash = node_hash(*neighbour, new_hash);
    }
    if old_hash == old_root && new_hash == root { Ok(()) } else { Err(ProofWrong::Root) }
}

fn check_length(proof: &[Hash], want: usize) -> Result<(), ProofWrong> {
    if proof.len() == want { Ok(()) } else { Err(ProofWrong::Length { want, got: proof.len() }) }
}
