//! For those who measure: entries that are about nothing, the work on one record, and the room that each table takes.
//!
//! Invariant: built with the feature `measure` alone, which only the benchmark asks for.

use crate::engine::{Reads, params};
use crate::tables::map::{Tiles, put_tiles};
use crate::tables::queue;
use crate::{Fault, Refusal, Vault};
use ledger::commitment::{Commitment, SaltKey, commit_access};
use ledger::entry::Entry;
use ledger::hash::Hash;
use ledger::map_tiles::{Changes, change};
use ledger::record::AccessRecord;

impl Vault {
    /// Sends as many entries to the log, in one transaction, numbered from `from` on. Nothing in the database is about them.
    pub async fn entries_add(&self, from: i64, count: i64) -> Result<(), Refusal> {
        let at = self.world.now();
        self.engine
            .write("entries_add", move |tx| -> Result<(), Refusal> {
                for n in from..from + count {
                    let mut hidden = [0x5a; 32];
                    hidden[..8].copy_from_slice(&n.to_be_bytes());
                    queue::push(tx, queue::GRANT_EVENT, &[0; 16], n, &Entry::Grant(Commitment(hidden)), at)?;
                }
                Ok(())
            })
            .await
    }

    /// Changes the tree of the map, as a step of counting does: made from a snapshot, written in one transaction.
    pub async fn map_change(&self, changes: Changes) -> Result<Hash, Refusal> {
        let planned = self.engine.read("map_plan", move |snap| -> Result<_, Refusal> {
            Ok(change(&mut Tiles(snap), &changes).map_err(|why| Fault::Other(why.to_string()))?)
        });
        let changed = planned.await?;
        self.engine
            .write("map_change", move |tx| -> Result<Hash, Refusal> {
                put_tiles(tx, &changed)?;
                Ok(changed.root)
            })
            .await
    }

    /// What an access costs besides its rows: its commitment, and, if asked, its receipt.
    pub fn record_work(&self, record: &AccessRecord, receipt: bool) -> Result<usize, Refusal> {
        let (salt, seal) = (SaltKey([1; 32]).access(record.n), SaltKey([2; 32]).person(record.n).seal());
        let commitment = commit_access(record, &salt, &seal)?;
        let receipt = receipt.then(|| self.keys.receipt(record, &salt, &seal)).transpose()?;
        Ok(commitment.0.len() + receipt.map_or(0, |receipt| receipt.len()))
    }

    /// How many bytes of the disk each table and each index takes, in whole pages.
    pub async fn room(&self) -> Result<Vec<(String, u64)>, Fault> {
        let sql = match self.engine.is_folder() {
            true => "select name, pgsize from dbstat where aggregate = 1 order by name",
            false => {
                "select relname::text, pg_relation_size(oid) from pg_class where relkind in ('r', 'i') \
                 and relnamespace = 'public'::regnamespace order by 1"
            }
        };
        self.engine
            .read("room", move |snap| {
                snap.all(sql, params![], |row| {
                    Ok((row.text(0)?.to_owned(), u64::try_from(row.int(1)?).unwrap_or(0)))
                })
            })
            .await
    }
}
