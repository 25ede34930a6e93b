//! The auditor: replays a whole log from its entries, and holds it to its checkpoint, to an earlier one and to receipts.
//!
//! Invariant: nothing that the source says is believed; what is not recomputed from the entries is signed by the log.

use std::collections::BTreeMap;

use crate::bundle;
use crate::checkpoint::Checkpoint;
use crate::earlier::{Earlier, Witnessing};
use crate::edge::Edge;
use crate::entry::Entry;
use crate::found::{Found, ReceiptName, altered};
use crate::hash::{Hash, leaf_hash, root_over};
use crate::note::VerifierKey;
use crate::receipt::Receipt;
use crate::report::{Report, Seen, gaps};
use crate::tile::{Shelf, TILE_WIDTH, TilePath, TileReader, shelf_tile, shelf_tiles};

/// A log to check: its tiles and its checkpoint, from a folder, a server or a database.
pub trait Source: TileReader {
    /// The bytes of its checkpoint, a signed note.
    fn checkpoint(&mut self) -> Result<Vec<u8>, Self::Error>;
}

/// What an auditor holds against the log, besides the log itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Kept<'a> {
    /// A checkpoint kept from earlier, a signed note.
    pub since: Option<&'a [u8]>,
    /// Receipts that apps were given.
    pub receipts: &'a [String],
    /// What witnesses say, if they are to be asked.
    pub witnesses: Option<Witnessing<'a>>,
}

/// Checks a whole log. `keys` are those of one log, from a source that the auditor trusts; `progress` hears how many
/// entries of how many are done, once a bundle.
///
/// Reads every bundle and tile once, in order; memory stays the same however long the log is, but for the receipts.
pub fn replay<S: Source>(
    source: &mut S,
    keys: &[VerifierKey],
    kept: Kept<'_>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Report, Found> {
    let note = source.checkpoint().map_err(|why| Found::NoCheckpoint(why.to_string()))?;
    let checkpoint = Checkpoint::open(&note, keys).map_err(Found::Checkpoint)?;
    let since = kept.since.map(|note| Earlier::kept(note, keys, &checkpoint)).transpose()?;
    let since_size = since.as_ref().map(Earlier::size);
    let mut earlier: Vec<Earlier> = since.into_iter().collect();
    let witnesses = kept.witnesses.map(|witnesses| witnesses.look(&note, &checkpoint, keys, &mut earlier));
    let witnessed = witnesses.transpose()?;
    let receipts = open_receipts(kept.receipts, keys)?;
    let mut wanted = Wanted::new(&receipts)?;
    let mut stored = Stored { source, checkpoint: &checkpoint };
    let mut replayed = Replayed { edge: Edge::default(), earlier, seen: Seen::default() };
    for path in shelf_tiles(Shelf::Entries, checkpoint.size) {
        replayed.bundle(path, &mut stored, &mut wanted)?;
        progress(replayed.edge.size(), checkpoint.size);
    }
    let Replayed { edge, earlier, seen } = replayed;
    for (path, hashes) in edge.partial_tiles() {
        stored.compare(path, hashes)?;
    }
    if edge.root() != checkpoint.root {
        return Err(Found::OtherRoot {
            size: checkpoint.size,
            signed: checkpoint.root,
            computed: edge.root(),
        });
    }
    // From here on the log itself is at fault: its key signed this tree.
    earlier.iter().try_for_each(Earlier::outcome)?;
    let kinds = seen.kinds()?;
    wanted.met_once(checkpoint.size)?;
    let receipts_held = wanted.leaves.len() as u64;
    Ok(Report {
        checkpoint,
        kinds,
        since: since_size,
        receipts: receipts_held,
        gaps: gaps(&receipts),
        witnessed,
    })
}

/// How far the replay has come.
struct Replayed {
    edge: Edge,
    earlier: Vec<Earlier>,
    seen: Seen,
}

impl Replayed {
    /// Replays one bundle: reads its entries, grows the tree by them, and compares each tile that this completes.
    fn bundle(
        &mut self,
        path: TilePath,
        stored: &mut Stored<'_, impl Source>,
        wanted: &mut Wanted,
    ) -> Result<(), Found> {
        let bytes = stored.read(path)?;
        let mut count = 0;
        for entry in bundle::entries(&bytes) {
            let entry = entry.ok_or(Found::BundleCut { path, whole: count })?;
            count += 1;
            if count > path.width() {
                return Err(Found::EntryAdded { path });
            }
            let index = self.edge.size();
            let leaf = leaf_hash(entry);
            wanted.meet(leaf, index);
            self.edge.append(leaf, &mut |tile, hashes| stored.compare(tile, hashes))?;
            for earlier in &mut self.earlier {
                earlier.meet(index + 1, || self.edge.root());
            }
            let known = Entry::parse(entry).and_then(|entry| entry.check_record().map(|()| entry));
            match known {
                Ok(entry) => self.seen.count(index, &entry),
                Err(why) => self.seen.strange(index, why),
            }
        }
        if count == path.width() { Ok(()) } else { Err(Found::EntryDropped { path, whole: count }) }
    }
}

/// What the source holds of the log with this checkpoint.
struct Stored<'a, S> {
    source: &'a mut S,
    checkpoint: &'a Checkpoint,
}

impl<S: Source> Stored<'_, S> {
    fn read(&mut self, path: TilePath) -> Result<Vec<u8>, Found> {
        self.source.tile(path).map_err(|why| Found::Unreadable { path, why: why.to_string() })
    }

    /// Holds a stored tile to the hashes that it must have; where they differ, finds out what happened.
    fn compare(&mut self, path: TilePath, hashes: &[Hash]) -> Result<(), Found> {
        let bytes = self.read(path)?;
        let (stored, rest) = bytes.as_chunks::<32>();
        if stored.len() != hashes.len() || !rest.is_empty() {
            return Err(Found::TileLength { path, bytes: bytes.len() });
        }
        if stored.iter().zip(hashes).all(|(stored, computed)| *stored == computed.0) {
            return Ok(());
        }
        let stored: Vec<Hash> = stored.iter().copied().map(Hash).collect();
        let vouched = self.vouches_for(path, &stored);
        Err(altered(path, &stored, hashes, vouched))
    }

    /// Whether the stored tree above a tile agrees with it: the hash on the next level, or for the last tile the root.
    fn vouches_for(&mut self, path: TilePath, stored: &[Hash]) -> bool {
        let size = self.checkpoint.size;
        let Shelf::Hashes(level) = path.shelf() else { return false };
        if !path.is_full() {
            return Edge::open(size, self.source).is_ok_and(|edge| edge.root() == self.checkpoint.root);
        }
        let parents = shelf_tile(Shelf::Hashes(level + 1), path.index(), size);
        let bytes = parents.and_then(|parent| self.source.tile(parent).ok()).unwrap_or_default();
        let position = (path.index() % TILE_WIDTH as u64) as usize;
        bytes.as_chunks::<32>().0.get(position).is_some_and(|parent| *parent == root_over(stored).0)
    }
}

pub(crate) fn open_receipts(tokens: &[String], keys: &[VerifierKey]) -> Result<Vec<Receipt>, Found> {
    let open = |(position, token): (usize, &String)| {
        let token = token.trim();
        Receipt::verify(token, keys).map_err(|why| Found::ReceiptForged { position: position + 1, why })
    };
    tokens.iter().enumerate().map(open).collect()
}

/// The leaves of the receipts, and where each was met in the log: the first and the last time.
struct Wanted {
    leaves: BTreeMap<Hash, (ReceiptName, Option<(u64, u64)>)>,
}

impl Wanted {
    /// Two receipts of one number must be the same receipt; the same one may be given twice.
    fn new(receipts: &[Receipt]) -> Result<Self, Found> {
        let mut leaves = BTreeMap::new();
        let mut by_name: BTreeMap<ReceiptName, Hash> = BTreeMap::new();
        for (receipt, position) in receipts.iter().zip(1..) {
            let entry = receipt.entry();
            let entry = entry.map_err(|why| Found::ReceiptForged { position, why: why.into() })?;
            let (name, leaf) = (ReceiptName::of(receipt), entry.leaf_hash());
            if by_name.insert(name.clone(), leaf).is_some_and(|other| other != leaf) {
                return Err(Found::Fork(name));
            }
            leaves.insert(leaf, (name, None));
        }
        Ok(Self { leaves })
    }

    fn meet(&mut self, leaf: Hash, index: u64) {
        if let Some((_, met)) = self.leaves.get_mut(&leaf) {
            let (first, _) = met.unwrap_or((index, index));
            *met = Some((first, index));
        }
    }

    fn met_once(&self, size: u64) -> Result<(), Found> {
        for (name, met) in self.leaves.values() {
            match *met {
                None => return Err(Found::ReceiptMissing { name: name.clone(), size }),
                Some((first, second)) if first != second => {
                    return Err(Found::EntryRepeated { name: name.clone(), first, second });
                }
                Some(_) => {}
            }
        }
        Ok(())
    }
}
