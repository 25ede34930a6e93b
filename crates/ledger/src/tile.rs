//! Where the tree is stored: the tiles and entry bundles of C2SP tlog-tiles, and their paths.
//!
//! Invariant: a path has one spelling; whatever parses prints as it was read.

use std::fmt;
use std::str::FromStr;

use crate::hash::Hash;

/// Hashes in a full tile, and entries in a full bundle.
pub const TILE_WIDTH: usize = 256;

/// What a tile holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Shelf {
    /// Entries, each behind its length (see [`crate::bundle`]).
    Entries,
    /// Hashes of level 0 (of entries) to 63; each hash of level `L+1` is the root over a full tile of level `L`.
    Hashes(u8),
}

/// The place of one tile: `tile/<L>/<N>[.p/<W>]` or `tile/entries/<N>[.p/<W>]`, without a leading slash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TilePath {
    shelf: Shelf,
    index: u64,
    width: u16,
}

/// A text that is no tile path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a tile path: write tile/<level>/<number> or tile/entries/<number>, with .p/<width> for a partial tile"
)]
pub struct TilePathInvalid;

/// A tile's bytes are not a whole number of hashes, or not as many as its path says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path} should hold {} bytes and holds {bytes}", path.width() * 32)]
pub struct TileLength {
    /// Which tile.
    pub path: TilePath,
    /// How many bytes it holds.
    pub bytes: usize,
}

/// A tile with the place that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TileFile {
    /// Its place.
    pub path: TilePath,
    /// What to store there.
    pub bytes: Vec<u8>,
}

/// Whoever can hand over the stored tiles of one log: a folder, a database, a server.
pub trait TileReader {
    /// Why a tile could not be read.
    type Error: fmt::Display;

    /// The bytes stored at this very path. A missing tile is an error.
    fn tile(&mut self, path: TilePath) -> Result<Vec<u8>, Self::Error>;
}

impl TilePath {
    /// The tile `index` of a shelf, `width` (1 to 256) long; `None` for any other width or a level over 63.
    pub fn new(shelf: Shelf, index: u64, width: usize) -> Option<Self> {
        let level_known = !matches!(shelf, Shelf::Hashes(64..));
        let width = u16::try_from(width).ok().filter(|w| (1..=256).contains(w) && level_known)?;
        Some(Self { shelf, index, width })
    }

    /// What the tile holds.
    pub fn shelf(self) -> Shelf {
        self.shelf
    }

    /// Its number on its shelf, from 0.
    pub fn index(self) -> u64 {
        self.index
    }

    /// How many hashes or entries it holds, 1 to 256.
    pub fn width(self) -> usize {
        usize::from(self.width)
    }

    /// Whether it holds all that it ever will.
    pub fn is_full(self) -> bool {
        self.width() == TILE_WIDTH
    }

    /// Whether a log of this size has filled this tile at least so far.
    pub fn is_within(self, size: u64) -> bool {
        let end = u128::from(self.index) * TILE_WIDTH as u128 + u128::from(self.width);
        end <= u128::from(nodes_at(self.shelf, size))
    }
}

/// How many entries, or hashes of a level, a log of this size has.
fn nodes_at(shelf: Shelf, size: u64) -> u64 {
    match shelf {
        Shelf::Entries => size,
        Shelf::Hashes(level) => size.checked_shr(8 * u32::from(level)).unwrap_or(0),
    }
}

/// The levels of hashes that a log of this size has.
fn levels(size: u64) -> impl Iterator<Item = Shelf> {
    (0..8).map(Shelf::Hashes).take_while(move |level| nodes_at(*level, size) > 0)
}

/// All tiles of one shelf in a log of this size: the full ones, then the partial one, if any.
pub fn shelf_tiles(shelf: Shelf, size: u64) -> impl Iterator<Item = TilePath> {
    let nodes = nodes_at(shelf, size);
    let full = (0..nodes / 256).map(move |index| TilePath { shelf, index, width: 256 });
    full.chain(partial_tile(shelf, size))
}

/// All tiles and bundles that make up a log of this size.
pub fn tiles(size: u64) -> impl Iterator<Item = TilePath> {
    levels(size).chain([Shelf::Entries]).flat_map(move |shelf| shelf_tiles(shelf, size))
}

/// The last, partial tile of a shelf in a log of this size; `None` where the last one is full.
pub fn partial_tile(shelf: Shelf, size: u64) -> Option<TilePath> {
    let nodes = nodes_at(shelf, size);
    let width = (nodes % 256) as u16;
    (width > 0).then_some(TilePath { shelf, index: nodes / 256, width })
}

/// The tile of a shelf that holds the hash or entry `node` in a log of this size, as wide as it is then.
pub fn shelf_tile(shelf: Shelf, node: u64, size: u64) -> Option<TilePath> {
    let index = node / TILE_WIDTH as u64;
    let full = TilePath { shelf, index, width: 256 };
    if full.is_within(size) {
        return Some(full);
    }
    partial_tile(shelf, size).filter(|tile| tile.index == index && node % 256 < u64::from(tile.width))
}

/// The bytes of a tile: its hashes one after the other.
pub fn tile_bytes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

/// The hashes in the bytes of the tile at `path`.
pub fn tile_hashes(path: TilePath, bytes: &[u8]) -> Result<Vec<Hash>, TileLength> {
    match bytes.as_chunks::<32>() {
        (chunks, []) if chunks.len() == path.width() => Ok(chunks.iter().copied().map(Hash).collect()),
        _ => Err(TileLength { path, bytes: bytes.len() }),
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.shelf {
            Shelf::Entries => f.write_str("tile/entries/")?,
            Shelf::Hashes(level) => write!(f, "tile/{level}/")?,
        }
        let mut groups = 1_000_000_000_000_000_000; // 1000^6: a u64 has at most seven groups
        while groups > 1 {
            if self.index >= groups {
                write!(f, "x{:03}/", self.index / groups % 1000)?;
            }
            groups /= 1000;
        }
        write!(f, "{:03}", self.index % 1000)?;
        if self.is_full() { Ok(()) } else { write!(f, ".p/{}", self.width) }
    }
}

impl FromStr for TilePath {
    type Err = TilePathInvalid;

    /// Reads leniently, then accepts only what prints as it was read: so each tile has one URL.
    fn from_str(text: &str) -> Result<Self, TilePathInvalid> {
        let path = read_path(text).ok_or(TilePathInvalid)?;
        if path.to_string() == text { Ok(path) } else { Err(TilePathInvalid) }
    }
}

fn read_path(text: &str) -> Option<TilePath> {
    let (shelf, place) = text.strip_prefix("tile/")?.split_once('/')?;
    let shelf = match shelf {
        "entries" => Shelf::Entries,
        level => Shelf::Hashes(level.parse().ok()?),
    };
    let (index, width) = match place.split_once(".p/") {
        Some((_, "256")) => return None,
        Some((index, width)) => (index, width.parse().ok()?),
        None => (place, TILE_WIDTH),
    };
    let index = index.split('/').try_fold(0u64, |index, group| {
        let group: u64 = group.trim_start_matches('x').parse().ok()?;
        index.checked_mul(1000)?.checked_add(group)
    })?;
    TilePath::new(shelf, index, width)
}
