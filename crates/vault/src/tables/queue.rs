//! The queue into the log: an entry is put here in the transaction of what it is about.

use crate::Fault;
use crate::engine::{Tx, params};
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

/// Queues an entry. Its id is made of the time and of what it is about, so it is unique without randomness.
pub(crate) fn push(
    tx: &mut Tx<'_>,
    kind: i64,
    home: &[u8; 16],
    n: i64,
    entry: &Entry<'_>,
    at: Time,
) -> Result<(), Fault> {
    let mut id = Vec::with_capacity(33);
    id.extend_from_slice(&at.micros().to_be_bytes());
    id.push(u8::try_from(kind).unwrap_or(0));
    id.extend_from_slice(home);
    id.extend_from_slice(&n.to_be_bytes());
    tx.put(
        "insert into ledger_queue (id, kind, home, n, entry) values ($1, $2, $3, $4, $5)",
        params![&id, kind, home, n, &entry.to_bytes()],
    )
}
