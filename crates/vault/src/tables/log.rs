//! The sequencer: gives entries that still wait in the queue their place in the log, grows the tree over what the last
//! checkpoint did not cover, and signs the new head.
//!
//! Invariant: tiles, the head and its checkpoint change in one transaction that moves the head from the size it was read
//! at, and an entry that has a place never changes. So the log never forks, never loses and never repeats, whoever else
//! sequences and wherever it stops: what was not committed was never seen, and is done again from what was.

use super::cosigned::newest;
use super::ids::bytes16;
use super::queue;
use crate::engine::{Reads, Tx, params};
use crate::{Fault, Refusal, Vault};
use ledger::bundle;
use ledger::checkpoint::Checkpoint;
use ledger::edge::Edge;
use ledger::hash::{Hash, empty_root, leaf_hash};
use ledger::note::LogKey;
use ledger::tile::{Shelf, TILE_WIDTH, TilePath, TileReader};
use tokio::sync::watch;

/// The most entries that one step integrates: few enough that nobody's act waits long behind it.
const STEP_MAX: i64 = 1024;
/// The most entries that one step takes from the queue, which is a few statements each.
const QUEUED_MAX: i64 = 256;

/// How many tiles a level has room for.
const LEVEL_TILES: i64 = 1 << 48;

/// The column that tells where an entry stands, of a row that has a `leaf`: nothing until a checkpoint covers it.
macro_rules! leaf_told {
    () => {
        "case when leaf < (select h.size from ledger_head h) then leaf end"
    };
}
pub(crate) use leaf_told;

/// How far the log is, as far as this node did it itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogNews {
    /// The size of the newest head that was signed.
    pub size: u64,
    /// The size of the newest one with enough cosignatures.
    pub cosigned: u64,
    /// Whether it was halted.
    pub halted: bool,
}

/// The stored tiles, as the ledger room asks for them.
pub(crate) struct Tiles<'t, R>(pub(crate) &'t mut R);

fn tile_row(db: &mut impl Reads, level: u8, index: u64) -> Result<Option<Vec<u8>>, Fault> {
    let Some(place) = place(level, index) else { return Ok(None) };
    let sql = "select hashes from ledger_tiles where place = $1";
    db.one(sql, params![place], |row| Ok(row.blob(0)?.to_vec()))
}

/// The one number by which a tile is stored. None where a log will never get.
fn place(level: u8, index: u64) -> Option<i64> {
    let index = i64::try_from(index).ok().filter(|index| *index < LEVEL_TILES)?;
    i64::from(level).checked_mul(LEVEL_TILES)?.checked_add(index)
}

impl<R: Reads> TileReader for Tiles<'_, R> {
    type Error = Fault;

    fn tile(&mut self, path: TilePath) -> Result<Vec<u8>, Fault> {
        let missing = || Fault::Shape(format!("the log has no {path}"));
        let Shelf::Hashes(level) = path.shelf() else { return Err(missing()) };
        let mut bytes = tile_row(self.0, level, path.index())?.ok_or_else(missing)?;
        // A partial tile is the beginning of what the tile has become.
        if bytes.len() < path.width() * 32 {
            return Err(missing());
        }
        bytes.truncate(path.width() * 32);
        Ok(bytes)
    }
}

struct Queued {
    id: Vec<u8>,
    kind: i64,
    home: [u8; 16],
    n: i64,
    entry: Vec<u8>,
}

pub(super) fn head_size(db: &mut impl Reads) -> Result<Option<i64>, Fault> {
    db.one("select size from ledger_head where one = 1", params![], |row| row.int(0))
}

fn sign(size: u64, root: Hash, key: &LogKey) -> Result<String, Fault> {
    let note = Checkpoint::sign(size, root, key).map_err(|e| Fault::Shape(e.to_string()))?;
    Ok(note.to_string())
}

/// Makes the head of an empty log, in a new database.
pub(crate) fn found(tx: &mut Tx<'_>, key: &LogKey) -> Result<(), Fault> {
    if head_size(tx)?.is_none() {
        let checkpoint = sign(0, empty_root(), key)?;
        let sql = "insert into ledger_head (one, origin, size, checkpoint) values (1, $1, 0, $2) on conflict do nothing";
        tx.put(sql, params![key.public().name(), &checkpoint])?;
    }
    Ok(())
}

/// Is there anything that the newest checkpoint does not cover?
const WAITS: &str = "select h.size from ledger_head h where exists (select 1 from ledger_queue) \
    or exists (select 1 from ledger_entries e where e.idx >= h.size)";

/// What a step did.
#[derive(Debug, Clone, Copy, Default)]
struct Stepped {
    /// How many entries it integrated.
    entries: usize,
    /// The size of the head that it signed.
    size: u64,
}

/// One step.
fn step(tx: &mut Tx<'_>, key: &LogKey) -> Result<Stepped, Refusal> {
    let shape = |e: &dyn std::fmt::Display| Fault::Shape(e.to_string());
    if tx.one(WAITS, params![], |row| row.int(0))?.is_none() {
        return Ok(Stepped::default());
    }
    // Whoever else sequences waits here, and then finds what is left.
    let sql = "update ledger_head set size = size where one = 1 returning size";
    let size = tx.one(sql, params![], |row| row.int(0))?.ok_or_else(|| shape(&"the log has no head"))?;
    take_queued(tx)?;
    let sql = "select entry from ledger_entries where idx >= $1 order by idx limit $2";
    let leaves = tx.all(sql, params![size, STEP_MAX], |row| Ok(leaf_hash(row.blob(0)?)))?;
    if leaves.is_empty() {
        return Ok(Stepped::default());
    }
    let old_size = u64::try_from(size).map_err(|e| shape(&e))?;
    let mut edge = Edge::open(old_size, &mut Tiles(tx)).map_err(|e| shape(&e))?;
    for file in edge.grow(&leaves) {
        let Shelf::Hashes(level) = file.path.shelf() else { continue };
        let place = place(level, file.path.index()).ok_or_else(|| shape(&"the log is too long"))?;
        let sql = "insert into ledger_tiles (place, hashes) values ($1, $2) on conflict (place) do update set hashes = $2";
        tx.put(sql, params![place, &file.bytes])?;
    }
    let checkpoint = sign(edge.size(), edge.root(), key)?;
    let new_size = i64::try_from(edge.size()).map_err(|e| shape(&e))?;
    let sql = "update ledger_head set size = $1, checkpoint = $2 where one = 1 and size = $3";
    if tx.execute(sql, params![new_size, &checkpoint, size])? == 0 {
        return Err(Refusal::Changed);
    }
    Ok(Stepped { entries: leaves.len(), size: edge.size() })
}

/// Gives what is queued the places after the last.
fn take_queued(tx: &mut Tx<'_>) -> Result<(), Refusal> {
    let sql = "select id, kind, home, n, entry from ledger_queue order by id limit $1";
    let queued = tx.all(sql, params![QUEUED_MAX], |row| {
        Ok(Queued {
            id: row.blob(0)?.to_vec(),
            kind: row.int(1)?,
            home: bytes16(row, 2)?,
            n: row.int(3)?,
            entry: row.blob(4)?.to_vec(),
        })
    })?;
    if queued.is_empty() {
        return Ok(());
    }
    let sql = "select coalesce(max(idx) + 1, 0) from ledger_entries";
    let next = tx.one(sql, params![], |row| row.int(0))?.unwrap_or(0);
    for (index, queued) in (next..).zip(&queued) {
        let (home, n) = queue::beside(queued.kind, &queued.home, queued.n);
        let sql = "insert into ledger_entries (idx, entry, home, n) values ($1, $2, $3, $4)";
        tx.put(sql, params![index, &queued.entry, home, n])?;
        note_place(tx, queued, index)?;
        tx.put("delete from ledger_queue where id = $1", params![&queued.id])?;
    }
    Ok(())
}

/// Notes where an entry stands, beside the record that it is about.
fn note_place(tx: &mut Tx<'_>, queued: &Queued, index: i64) -> Result<(), Fault> {
    let Queued { kind, home, n, .. } = queued;
    match *kind {
        queue::ACCESS => crate::sealed::note_leaf(tx, home, *n, index),
        queue::GRANT_EVENT => tx.put(
            "update grant_events set leaf = $1 where grant_id = $2 and n = $3",
            params![index, home, *n],
        ),
        queue::STAFF_EVENT => {
            tx.put("update staff_events set leaf = $1 where person = $2 and n = $3", params![index, home, *n])
        }
        queue::KEY => Ok(()),
        queue::MAP => tx.put("update maps set leaf = $1 where n = $2", params![index, *n]),
        _ => tx.put("update app_events set leaf = $1 where app = $2 and n = $3", params![index, home, *n]),
    }
}

impl Vault {
    /// Integrates what waits into the log, up to 1024 entries; says how many.
    pub async fn sequence(&self) -> Result<usize, Refusal> {
        if self.log_halted().is_some() {
            return Ok(0);
        }
        let key = self.keys.log.clone();
        let Stepped { entries, size } = self.engine.write("sequence", move |tx| step(tx, &key)).await?;
        if entries > 0 {
            self.news.send_modify(|news| news.size = news.size.max(size));
        }
        Ok(entries)
    }

    /// Signs no head any more until the process ends: the log was found to contradict what its own key signed. What happens
    /// is recorded as before, and waits.
    pub fn log_halt(&self, why: &str) {
        let _ = self.halted.set(why.to_owned());
        self.news.send_modify(|news| news.halted = true);
    }

    /// Why the log was halted, if it was.
    pub fn log_halted(&self) -> Option<&str> {
        self.halted.get().map(String::as_str)
    }

    /// Tells how far the log is, whenever this node brings it further.
    pub fn log_news(&self) -> watch::Receiver<LogNews> {
        self.news.subscribe()
    }

    /// The newest checkpoint: a signed note, with the cosignatures that it has so far.
    pub async fn checkpoint(&self) -> Result<String, Refusal> {
        self.engine
            .read("checkpoint", move |snap| -> Result<_, Refusal> {
                newest(snap)?.map(|(_, text)| text).ok_or(Refusal::NotFound)
            })
            .await
    }

    /// A tile or an entry bundle; not found until the log has grown that far.
    pub async fn tile(&self, path: TilePath) -> Result<Vec<u8>, Refusal> {
        self.engine
            .read("tile", move |snap| -> Result<_, Refusal> {
                let size = head_size(snap)?.and_then(|size| u64::try_from(size).ok()).unwrap_or(0);
                if !path.is_within(size) {
                    return Err(Refusal::NotFound);
                }
                match path.shelf() {
                    Shelf::Hashes(_) => Ok(Tiles(snap).tile(path)?),
                    Shelf::Entries => entries(snap, path),
                }
            })
            .await
    }
}

/// The bundle of entries at a path that the log has filled that far.
pub(crate) fn entries(db: &mut impl Reads, path: TilePath) -> Result<Vec<u8>, Refusal> {
    let from = i64::try_from(path.index().saturating_mul(TILE_WIDTH as u64)).unwrap_or(i64::MAX);
    let width = i64::try_from(path.width()).unwrap_or(0);
    let mut bytes = Vec::new();
    let sql = "select entry from ledger_entries where idx >= $1 and idx < $2 order by idx";
    db.each(sql, params![from, from.saturating_add(width)], &mut |row| {
        bundle::push(&mut bytes, row.blob(0)?).map_err(|e| Fault::Shape(e.to_string()))
    })?;
    Ok(bytes)
}
