//! What an audit proved, and what it could not, in sentences.
//!
//! Invariant: nothing is called proved that [`crate::verify::replay`] did not recompute or see signed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::checkpoint::Checkpoint;
use crate::earlier::Witnessed;
use crate::entry::{Entry, EntryInvalid};
use crate::found::{Found, ReceiptName};
use crate::map::MapRecord;
use crate::receipt::Receipt;

/// The verdict on a log that passed. Its `Display` is for people; the fields are for programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The head of the log that was checked.
    pub checkpoint: Checkpoint,
    /// How many entries of each kind it has.
    pub kinds: Kinds,
    /// The size of the earlier checkpoint that it extends, where one was given.
    pub since: Option<u64>,
    /// How many different receipts are in the log.
    pub receipts: u64,
    /// The accesses below the highest number of each grant whose receipts were not given. No fault in itself: they
    /// are in the log, but the holder of the receipts may ask where they are.
    pub gaps: Vec<Gap>,
    /// How far witnesses saw the log, where they were asked.
    pub witnessed: Option<Witnessed>,
}

/// Entries by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kinds {
    /// Accesses by apps.
    pub access: u64,
    /// Changes of grants.
    pub grant: u64,
    /// Changes of apps.
    pub app: u64,
    /// Looks by the server's staff.
    pub staff: u64,
    /// Changes of the log's keys.
    pub key: u64,
    /// Roots of the counting map.
    pub map: u64,
}

/// Receipts `from..=to` of a grant were not given, while a later one was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The grant.
    pub grant: String,
    /// The first number without a receipt.
    pub from: u64,
    /// The last one.
    pub to: u64,
}

/// The entries met so far, and the first that is not as it must be, if any.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    kinds: Kinds,
    maps: Maps,
    strange: Option<Found>,
}

/// The numbers of the maps that were met: all from 1 up to a number, and perhaps some beyond. Two nodes may append two maps in
/// either order, so what comes early waits for what is due.
#[derive(Debug, Default)]
struct Maps {
    upto: u64,
    beyond: BTreeSet<u64>,
}

impl Maps {
    /// False if this number was met before.
    fn meet(&mut self, n: u64) -> bool {
        if n <= self.upto || !self.beyond.insert(n) {
            return false;
        }
        while self.beyond.remove(&(self.upto + 1)) {
            self.upto += 1;
        }
        true
    }
}

impl Seen {
    pub(crate) fn count(&mut self, index: u64, entry: &Entry<'_>) {
        if let Entry::Map(json) = entry
            && let Ok(map) = MapRecord::parse(json.as_str())
            && !self.maps.meet(map.n)
        {
            self.strange.get_or_insert(Found::MapRepeated { n: map.n, index });
        }
        let count = match entry {
            Entry::Access(_) => &mut self.kinds.access,
            Entry::Grant(_) => &mut self.kinds.grant,
            Entry::App(_) => &mut self.kinds.app,
            Entry::Staff(_) => &mut self.kinds.staff,
            Entry::Key(_) => &mut self.kinds.key,
            Entry::Map(_) => &mut self.kinds.map,
        };
        *count += 1;
    }

    pub(crate) fn strange(&mut self, index: u64, why: EntryInvalid) {
        self.strange.get_or_insert(Found::EntryStrange { index, why });
    }

    /// The counts, if all entries were in their form and no map is missing.
    pub(crate) fn kinds(self) -> Result<Kinds, Found> {
        let missing =
            self.maps.beyond.first().map(|&later| Found::MapMissing { n: self.maps.upto + 1, later });
        self.strange.or(missing).map_or(Ok(self.kinds), Err)
    }
}

/// What is missing below the highest number of each grant.
pub(crate) fn gaps(receipts: &[Receipt]) -> Vec<Gap> {
    let names: BTreeSet<ReceiptName> = receipts.iter().map(ReceiptName::of).collect();
    let mut next: BTreeMap<&str, u64> = BTreeMap::new();
    let mut gaps = Vec::new();
    for ReceiptName { grant, n } in &names {
        let from = next.insert(grant, n + 1).unwrap_or(1);
        if from < *n {
            gaps.push(Gap { grant: grant.clone(), from, to: n - 1 });
        }
    }
    gaps
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { grant, from, to } = self;
        if from == to {
            write!(f, "access {from} of grant {grant}")
        } else {
            write!(f, "accesses {from} to {to} of grant {grant}")
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Checkpoint { origin, size, root } = &self.checkpoint;
        let Kinds { access, grant, app, staff, key, map } = self.kinds;
        writeln!(
            f,
            "Proved: {origin} holds exactly the {size} entries that its key signed, with the root {root}."
        )?;
        writeln!(
            f,
            "They are {access} accesses, {grant} changes of grants, {app} of apps, {staff} staff acts, {key} changes of \
             keys and {map} map roots, numbered without holes."
        )?;
        match self.since {
            Some(since) => {
                writeln!(f, "Proved: the first {since} of them are those of the checkpoint that you kept.")?
            }
            None => writeln!(
                f,
                "Not proved: that none was changed earlier; keep this checkpoint to check next time."
            )?,
        }
        match self.receipts {
            0 => writeln!(f, "Not proved: whom and what the entries are about; no receipts were given.")?,
            1 => writeln!(f, "Proved: the receipt is genuine, and its record stands in the log.")?,
            n => {
                writeln!(f, "Proved: all {n} receipts are genuine, and each record stands in the log once.")?
            }
        }
        for gap in &self.gaps {
            writeln!(f, "To look into: {gap} took place, by the numbers, and no receipt was given here.")?;
        }
        match &self.witnessed {
            None => {
                write!(f, "Not proved: that everyone is shown this same log (that takes witnesses), and")?
            }
            Some(witnessed) => {
                writeln!(f, "{witnessed}")?;
                let rest = size - witnessed.size;
                match rest {
                    0 => write!(f, "Not proved:")?,
                    _ => write!(f, "Not proved: that everyone is shown the {rest} entries after those, and")?,
                }
            }
        }
        write!(f, " what an app did afterwards with what it had read.")
    }
}

impl fmt::Display for Witnessed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { size, cosigners, agree } = self;
        match cosigners.0.len() {
            0 => write!(f, "Not proved: that any witness saw it; none cosigned it, and you asked for none.")?,
            1 => write!(
                f,
                "Proved: the witness {cosigners} cosigned the first {size} entries, and no others."
            )?,
            n => write!(
                f,
                "Proved: {n} witnesses ({cosigners}) cosigned the same first {size} entries, and no others."
            )?,
        }
        match agree {
            0 => Ok(()),
            1 => write!(f, "\nProved: what one witness tells of the log is this log."),
            n => write!(f, "\nProved: what {n} witnesses tell of the log is this log."),
        }
    }
}
