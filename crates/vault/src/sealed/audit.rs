//! Holds every stored record to the log: recomputes its commitment and looks whether it stands where it says.
//!
//! Invariant: nothing that is stored beside a record is believed: not its number, not its leaf. One snapshot is looked at,
//! so what others do meanwhile is neither missed nor miscounted.

use super::record::unsigned;
use super::{access_list, audit_map};
use crate::engine::{Reads, Snap, params};
use crate::tables::ids::{array32, id};
use crate::tables::queue;
use crate::{Fault, Refusal, Vault};
use ledger::canonical::CanonicalJson;
use ledger::commitment::{SaltKey, commit_access, commit_grant, commit_staff};
use ledger::entry::{Entry, VERSION};
use ledger::record::{GrantRecord, StaffRecord};
use model::{AppId, GrantId, PersonId};

/// How many findings are told; more would say nothing new.
const FINDINGS_MAX: usize = 100;

/// What was looked at, and what is not as it should be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audit {
    /// Accesses whose records stand in the log.
    pub accesses: u64,
    /// Changes of grants whose records stand in the log.
    pub grant_events: u64,
    /// Changes of apps that stand in the log.
    pub app_events: u64,
    /// Acts of staff whose records stand in the log.
    pub staff_events: u64,
    /// Records that no checkpoint covers yet.
    pub waiting: u64,
    /// Maps, the newest of which counts exactly these accesses.
    pub maps: u64,
    /// Entries of the log whose records are gone, as those of erased people are.
    pub gone: u64,
    /// What is wrong, a sentence each; the first hundred.
    pub findings: Vec<String>,
}

/// The records of one owner: a grant, an app or a person.
struct Shelf<'a> {
    /// What one of them is called: `access`.
    what: &'static str,
    /// The kind in the queue.
    kind: i64,
    owner: &'a dyn std::fmt::Display,
    home: &'a [u8; 16],
    /// How many there must be.
    count: i64,
    /// Of each, by number: the number, the leaf, whether a checkpoint covers it, the entry there. `$1` is the owner.
    rows: &'static str,
}

macro_rules! rows {
    ($table:literal, $owner:literal) => {
        concat!(
            "select x.n, x.leaf, x.leaf < (select h.size from ledger_head h), e.entry from ",
            $table,
            " x left join ledger_entries e on e.idx = x.leaf where x.",
            $owner,
            " = $1 order by x.n"
        )
    };
}

const ACCESSES: &str = rows!("access", "grant_id");
const GRANT_EVENTS: &str = rows!("grant_events", "grant_id");
const APP_EVENTS: &str = rows!("app_events", "app");
const STAFF_EVENTS: &str = rows!("staff_events", "person");

struct Stands {
    n: i64,
    leaf: Option<i64>,
    /// A checkpoint covers it.
    covered: bool,
    entry: Option<Vec<u8>>,
}

impl Audit {
    pub(super) fn find(&mut self, finding: String) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        }
    }

    /// Looks at one owner's records: all numbers there, each where it says, each the one that was committed to. Says how
    /// many stand in the log.
    fn shelf(
        &mut self,
        snap: &mut Snap<'_>,
        shelf: &Shelf<'_>,
        mut entry: impl FnMut(&mut Snap<'_>, i64) -> Result<Option<Vec<u8>>, Refusal>,
    ) -> Result<u64, Refusal> {
        let Shelf { what, owner, count, .. } = shelf;
        let rows = snap.all(shelf.rows, params![shelf.home], |row| {
            let (covered, entry) = (row.opt_int(2)? == Some(1), row.opt_blob(3)?.map(<[u8]>::to_vec));
            Ok(Stands { n: row.int(0)?, leaf: row.opt_int(1)?, covered, entry })
        })?;
        let (mut next, mut stand) = (1, 0);
        for row in rows {
            let n = row.n;
            if n != next {
                self.find(format!("{owner}: {what} {next} is missing, and {what} {n} is there"));
            }
            next = n + 1;
            let stored = match row.leaf {
                Some(_) => row.entry,
                None => queued(snap, shelf, n)?,
            };
            let Some(expected) = entry(snap, n)? else {
                self.find(format!("{owner}: the record of {what} {n} cannot be read"));
                continue;
            };
            match (row.leaf, stored) {
                (_, Some(stored)) if stored == expected && row.covered => stand += 1,
                (_, Some(stored)) if stored == expected => self.waiting += 1,
                (Some(leaf), _) => self.find(format!(
                    "{owner}: the record of {what} {n} is not the one that the log holds at {leaf}: it was changed"
                )),
                (None, _) => {
                    self.find(format!("{owner}: the record of {what} {n} neither is in the log nor waits for it"));
                }
            }
        }
        if next != count + 1 {
            let last = next - 1;
            self.find(format!(
                "{owner}: it counts {count} as its last {what}, and {last} is the last that is there"
            ));
        }
        Ok(stand)
    }
}

fn queued(snap: &mut Snap<'_>, shelf: &Shelf<'_>, n: i64) -> Result<Option<Vec<u8>>, Fault> {
    let sql = "select entry from ledger_queue where kind = $1 and home = $2 and n = $3";
    snap.one(sql, params![shelf.kind, shelf.home, n], |row| Ok(row.blob(0)?.to_vec()))
}

/// A stored text that a record should be made of.
fn text(snap: &mut Snap<'_>, sql: &str, home: &[u8; 16], n: i64) -> Result<String, Refusal> {
    let found = snap.one(sql, params![home, n], |row| Ok(row.text(0)?.to_owned()))?;
    found.ok_or(Refusal::NotFound)
}

fn grants(snap: &mut Snap<'_>, audit: &mut Audit) -> Result<(), Refusal> {
    let sql = "select id, used, events, salt_key from grants order by id";
    let all = snap.all(sql, params![], |row| {
        Ok((id::<GrantId>(row, 0)?, row.int(1)?, row.int(2)?, SaltKey(array32(row, 3)?)))
    })?;
    for (grant, used, events, salts) in all {
        let (owner, home) = (&grant, grant.as_bytes());
        let shelf = Shelf { what: "access", kind: queue::ACCESS, owner, home, count: used, rows: ACCESSES };
        audit.accesses += audit.shelf(snap, &shelf, |snap, n| {
            let Some(written) = access_list::written(snap, grant, n)? else { return Ok(None) };
            let commitment = commit_access(&written.record(), &written.salt, &written.seal);
            Ok(commitment.ok().map(|commitment| Entry::Access(commitment).to_bytes()))
        })?;
        let kind = queue::GRANT_EVENT;
        let shelf = Shelf { what: "change", kind, owner, home, count: events, rows: GRANT_EVENTS };
        audit.grant_events += audit.shelf(snap, &shelf, |snap, n| {
            let sql = "select record from grant_events where grant_id = $1 and n = $2";
            let record = GrantRecord::parse(&text(snap, sql, home, n)?);
            let salt = salts.grant(unsigned(n));
            let commitment = record.and_then(|record| commit_grant(&record, &salt));
            Ok(commitment.ok().map(|commitment| Entry::Grant(commitment).to_bytes()))
        })?;
    }
    Ok(())
}

fn apps(snap: &mut Snap<'_>, audit: &mut Audit) -> Result<(), Refusal> {
    let sql = "select id, events from apps order by id";
    for (app, events) in snap.all(sql, params![], |row| Ok((id::<AppId>(row, 0)?, row.int(1)?)))? {
        let (owner, home, kind) = (&app, app.as_bytes(), queue::APP_EVENT);
        let shelf = Shelf { what: "change", kind, owner, home, count: events, rows: APP_EVENTS };
        audit.app_events += audit.shelf(snap, &shelf, |snap, n| {
            let entry = text(snap, "select entry from app_events where app = $1 and n = $2", home, n)?;
            Ok(CanonicalJson::parse(&entry).ok().map(|json| Entry::App(json).to_bytes()))
        })?;
    }
    Ok(())
}

/// What the salt key of an erased person is.
pub(super) const NO_KEY: [u8; 32] = [0; 32];

/// People number the accesses to their things over all grants, and the acts of staff.
fn people(snap: &mut Snap<'_>, audit: &mut Audit) -> Result<(), Refusal> {
    let sql = "select person, accesses, staff_acts, salt_key from person_counts \
               where (accesses > 0 or staff_acts > 0) and salt_key <> $1";
    let all = snap.all(sql, params![&NO_KEY], |row| {
        Ok((id::<PersonId>(row, 0)?, row.int(1)?, row.int(2)?, array32(row, 3)?))
    })?;
    for (person, accesses, staff_acts, salt_key) in all {
        let sql = "select x.person_n from access x join grants g on g.id = x.grant_id where g.person = $1 \
                   order by x.person_n";
        let mut next = 1;
        for n in snap.all(sql, params![person.as_bytes()], |row| row.int(0))? {
            if n != next {
                audit.find(format!("{person}: access {next} to this person's things is missing"));
            }
            next = n + 1;
        }
        if next != accesses + 1 {
            audit.find(format!(
                "{person}: {accesses} accesses were counted, and the last that is there is {}",
                next - 1
            ));
        }
        let salts = SaltKey(salt_key);
        let (owner, home, kind) = (&person, person.as_bytes(), queue::STAFF_EVENT);
        let shelf = Shelf { what: "act of staff", kind, owner, home, count: staff_acts, rows: STAFF_EVENTS };
        audit.staff_events += audit.shelf(snap, &shelf, |snap, n| {
            let sql = "select record from staff_events where person = $1 and n = $2";
            let record = StaffRecord::parse(&text(snap, sql, home, n)?);
            let commitment = record.and_then(|record| commit_staff(&record, &salts.staff(unsigned(n))));
            Ok(commitment.ok().map(|commitment| Entry::Staff(commitment).to_bytes()))
        })?;
    }
    Ok(())
}

/// Entries of the log whose records are not stored: only those of people who were erased may be gone.
fn gone(snap: &mut Snap<'_>, audit: &mut Audit) -> Result<(), Refusal> {
    let stand = [audit.accesses, audit.grant_events, audit.app_events, audit.staff_events];
    for (kind, stand) in (1u8..).zip(stand) {
        let sql = "select count(*) from ledger_entries where substr(entry, 1, 2) = $1 \
                   and idx < (select h.size from ledger_head h)";
        let logged = unsigned(snap.one(sql, params![&[VERSION, kind]], |row| row.int(0))?.unwrap_or(0));
        audit.gone += logged.saturating_sub(stand);
    }
    let sql = "select count(*) from person_counts where salt_key = $1";
    let erased = snap.one(sql, params![&NO_KEY], |row| row.int(0))?.unwrap_or(0);
    if audit.gone > 0 && erased == 0 && audit.findings.is_empty() {
        let count = audit.gone;
        audit.find(format!(
            "the log holds {count} entries more than there are records, and nobody was erased"
        ));
    }
    Ok(())
}

impl Vault {
    /// Holds every stored record to the log. What the log itself is worth, `ledger::verify` says.
    pub async fn audit(&self) -> Result<Audit, Refusal> {
        self.engine
            .read("audit", move |snap| -> Result<Audit, Refusal> {
                let mut audit = Audit::default();
                grants(snap, &mut audit)?;
                apps(snap, &mut audit)?;
                people(snap, &mut audit)?;
                gone(snap, &mut audit)?;
                audit_map::maps(snap, &mut audit)?;
                Ok(audit)
            })
            .await
    }
}

#[cfg(test)]
#[path = "audit_tests.rs"]
mod tests;
