//! The right edge of the tree: the last, unfinished tile of each level, which is all that growing a log needs.
//!
//! Invariant: the edge of a log of `size` entries holds `(size >> 8·L) mod 256` hashes at level `L`, so tiles, root
//! and size cannot disagree. The sequencer grows the log with it, and the verifier rebuilds it from the entries.

use std::convert::Infallible;

use crate::hash::{Hash, empty_root, node_hash, root_over};
use crate::tile::{
    Shelf, TILE_WIDTH, TileFile, TileLength, TilePath, TileReader, partial_tile, tile_bytes, tile_hashes,
};

/// The right edge of a log; a new one is that of the empty log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edge {
    size: u64,
    levels: Vec<Vec<Hash>>,
}

/// Why the edge of a stored log could not be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EdgeFault {
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

impl Edge {
    /// Opens the edge of a stored log. What the tiles say is believed: compare [`Edge::root`] with a checkpoint.
    pub fn open(size: u64, tiles: &mut impl TileReader) -> Result<Self, EdgeFault> {
        let mut levels = Vec::new();
        let mut level = 0;
        while size.checked_shr(8 * u32::from(level)).is_some_and(|nodes| nodes > 0) {
            levels.push(match partial_tile(Shelf::Hashes(level), size) {
                None => Vec::new(),
                Some(path) => {
                    let bytes = tiles.tile(path);
                    let bytes = bytes.map_err(|why| EdgeFault::Unreadable { path, why: why.to_string() })?;
                    tile_hashes(path, &bytes)?
                }
            });
            level += 1;
        }
        Ok(Self { size, levels })
    }

    /// How many entries the log has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root of the whole tree.
    pub fn root(&self) -> Hash {
        self.peaks_from_the_right().reduce(|right, left| node_hash(left, right)).unwrap_or_else(empty_root)
    }

    /// The roots of the perfect subtrees that make up the tree, smallest (rightmost) first.
    fn peaks_from_the_right(&self) -> impl Iterator<Item = Hash> {
        self.levels.iter().flat_map(|tile| {
            let peak = move |bit: u32| {
                let end = tile.len() >> bit << bit;
                root_over(&tile[end - (1 << bit)..end])
            };
            (0..8).filter(|bit| tile.len() >> bit & 1 == 1).map(peak)
        })
    }

    /// Appends one leaf; each tile that this completes is handed to `full`, lower levels first. After an error of
    /// `full` the edge is of no more use.
    pub fn append<E>(
        &mut self,
        leaf: Hash,
        full: &mut impl FnMut(TilePath, &[Hash]) -> Result<(), E>,
    ) -> Result<(), E> {
        self.size += 1;
        let mut hash = leaf;
        for level in 0..8 {
            if usize::from(level) == self.levels.len() {
                self.levels.push(Vec::with_capacity(TILE_WIDTH));
            }
            let tile = &mut self.levels[usize::from(level)];
            tile.push(hash);
            if tile.len() < TILE_WIDTH {
                break;
            }
            let index = (self.size >> (8 * level) >> 8) - 1;
            if let Some(path) = TilePath::new(Shelf::Hashes(level), index, TILE_WIDTH) {
                full(path, tile)?;
            }
            hash = root_over(tile);
            tile.clear();
        }
        Ok(())
    }

    /// The unfinished tiles, lower levels first.
    pub fn partial_tiles(&self) -> impl Iterator<Item = (TilePath, &[Hash])> {
        self.levels.iter().zip(0..).filter_map(|(tile, level)| {
            Some((partial_tile(Shelf::Hashes(level), self.size)?, tile.as_slice()))
        })
    }

    /// Appends these leaves and returns the tiles to write for the new size: those completed and those begun.
    pub fn grow(&mut self, leaves: &[Hash]) -> Vec<TileFile> {
        let old_size = self.size;
        let mut files = Vec::new();
        let mut keep = |path, hashes: &[Hash]| {
            files.push(TileFile { path, bytes: tile_bytes(hashes) });
            Ok::<(), Infallible>(())
        };
        for leaf in leaves {
            let Ok(()) = self.append(*leaf, &mut keep);
        }
        let begun = self.partial_tiles().filter(|(path, _)| !path.is_within(old_size));
        files.extend(begun.map(|(path, hashes)| TileFile { path, bytes: tile_bytes(hashes) }));
        files
    }
}
