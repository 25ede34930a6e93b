//! A log in memory, grown as the sequencer grows one: through the edge, in batches, tile by tile.

use std::collections::BTreeMap;

use ledger::bundle;
use ledger::edge::Edge;
use ledger::hash::{Hash, leaf_hash};
use ledger::tile::{Shelf, TileFile, TilePath, TileReader, partial_tile};

#[derive(Clone, Default)]
pub(crate) struct MemoryLog {
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    pub(crate) size: u64,
}

impl MemoryLog {
    /// Appends in one batch, with the edge read back from the stored tiles, as after a restart.
    pub(crate) fn append(&mut self, entries: &[Vec<u8>]) {
        let mut edge = Edge::open(self.size, self).expect("own tiles");
        let partial =
            partial_tile(Shelf::Entries, self.size).map(|path| self.tile(path).expect("own bundle"));
        let entry_slices = entries.iter().map(Vec::as_slice);
        let bundles =
            bundle::grow(self.size, &partial.unwrap_or_default(), entry_slices).expect("short entries");
        let leaves: Vec<Hash> = entries.iter().map(|entry| leaf_hash(entry)).collect();
        self.store(edge.grow(&leaves));
        self.store(bundles);
        self.size = edge.size();
    }

    fn store(&mut self, files: Vec<TileFile>) {
        for file in files {
            self.files.insert(file.path.to_string(), file.bytes);
        }
    }

    pub(crate) fn root(&mut self) -> Hash {
        Edge::open(self.size, self).expect("own tiles").root()
    }
}

impl TileReader for MemoryLog {
    type Error = &'static str;

    fn tile(&mut self, path: TilePath) -> Result<Vec<u8>, &'static str> {
        self.files.get(&path.to_string()).cloned().ok_or("no such file")
    }
}

/// Short entries that all differ.
pub(crate) fn entries(from: u64, count: u64) -> Vec<Vec<u8>> {
    (from..from + count).map(|n| format!("entry {n}").into_bytes()).collect()
}

/// A log of so many entries, written in one batch.
pub(crate) fn log_of(size: u64) -> MemoryLog {
    let mut log = MemoryLog::default();
    log.append(&entries(0, size));
    log
}
