//! The way into the log: an entry is put here in the transaction of what it is about.
//!
//! Where writing transactions run one after another anyway, an entry takes its place in the log at once, and commits
//! with what it is about. Where they run beside each other, that place would make each wait for the one before; there
//! the entry waits in a queue for the sequencer. Either way it is in no checkpoint yet.
//! Invariant: places have no holes: one is taken and filled in the same transaction, right after the last.

use crate::Fault;
use crate::engine::{Reads, Tx, params};
use ledger::entry::Entry;
use model::Time;

/// Which table holds the record behind an entry.
pub(crate) const ACCESS: i64 = 1;
/// See `ACCESS`.
pub(crate) const GRANT_EVENT: i64 = 2;
/// See `ACCESS`.
pub(crate) const APP_EVENT: i64 = 3;

/// See `ACCESS`.
pub(crate) const STAFF_EVENT: i64 = 4;

/// See `ACCESS`. An entry about a key is its own record.
pub(crate) const KEY: i64 = 5;

/// See `ACCESS`.
pub(crate) const MAP: i64 = 6;

const NEXT: &str = "select coalesce(max(idx) + 1, 0) from ledger_entries";

const APPEND: &str = "insert into ledger_entries (idx, entry, home, n) values ($1, $2, $3, $4)";

/// What is kept beside an entry: of an access its grant and its number there, so that it can be counted in the order of
/// the log.
pub(crate) fn beside(kind: i64, home: &[u8; 16], n: i64) -> (Option<&[u8; 16]>, Option<i64>) {
    if kind == ACCESS { (Some(home), Some(n)) } else { (None, None) }
}

/// Sends an entry to the log. Says where it stands, to be kept beside the record, if that is known at once. The id of a
/// queued one is made of the time and of what it is about, so it is unique without randomness.
pub(crate) fn push(
    tx: &mut Tx<'_>,
    kind: i64,
    home: &[u8; 16],
    n: i64,
    entry: &Entry<'_>,
    at: Time,
) -> Result<Option<i64>, Fault> {
    let entry = entry.to_bytes();
    if tx.in_turn() {
        let (home, n) = beside(kind, home, n);
        let index = tx.one(NEXT, params![], |row| row.int(0))?.unwrap_or(0);
        tx.put(APPEND, params![index, &entry, home, n])?;
        return Ok(Some(index));
    }
    let mut id = Vec::with_capacity(33);
    id.extend_from_slice(&at.micros().to_be_bytes());
    id.push(u8::try_from(kind).unwrap_or(0));
    id.extend_from_slice(home);
    id.extend_from_slice(&n.to_be_bytes());
    tx.put(
        "insert into ledger_queue (id, kind, home, n, entry) values ($1, $2, $3, $4, $5)",
        params![&id, kind, home, n, &entry],
    )?;
    Ok(None)
}
