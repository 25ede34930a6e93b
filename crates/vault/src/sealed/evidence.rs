//! Evidence files: what the log and the counting map prove of a person's things, of an app, or of a time.
//!
//! Invariant: a file is put together from one snapshot, for a holder who is entitled to it: a person gets all of their own
//! (`Own`), staff get it after a record with the reason, an app's and a period's say nothing of who people are.

use super::Own;
use super::access_list::action;
use super::record::{Touched, Written, unsigned};
use crate::engine::{Reads, Row, Snap, params};
use crate::tables::cosigned::newest;
use crate::tables::ids::{array32, id, opt_id};
use crate::tables::log;
use crate::tables::map::{self, Home};
use crate::{Fault, Refusal, Vault};
use ledger::commitment::{Commitment, Salt, SaltKey};
use ledger::entry::Entry;
use ledger::evidence::{
    About, AppEvidence, Claim, Committed, Evidence, EvidenceFile, Extends, FORMAT, GrantEvidence, Held,
    InTheClear,
};
use ledger::map::{Label, Leaf, MapRecord, Standing, prove_among};
use ledger::map_tiles::prove;
use ledger::proof::TreeHashes;
use ledger::record::StaffAct;
use ledger::tile::{Shelf, TILE_WIDTH, shelf_tile};
use model::{AppId, GrantId, Handle, PersonId, Time};
use std::collections::{BTreeMap, BTreeSet};

/// The most accesses that one file lists.
pub const EVIDENCE_ACCESSES_MAX: usize = 50_000;
/// The most entries of the log that one file holds.
pub const EVIDENCE_ENTRIES_MAX: i64 = 1_000_000;
/// How many files are put together at once; who else asks waits.
pub(crate) const EVIDENCE_AT_ONCE_MAX: usize = 2;
/// How often a file is begun again where the log or the map moves on meanwhile.
const TRIES: usize = 8;

/// What an evidence file is to be about.
#[derive(Debug, Clone, Copy)]
enum Asked {
    Person(PersonId),
    Grant(PersonId, GrantId),
    App(AppId),
    Period { only: Option<AppId>, from: Time, to: Time },
}

impl Asked {
    fn about(&self) -> About {
        match *self {
            Asked::Person(person) => About::Person(person.to_string()),
            Asked::Grant(_, grant) => About::Grant(grant.to_string()),
            Asked::App(app) => About::App(app.to_string()),
            Asked::Period { only: None, from, to } => {
                About::Period { from: from.to_string(), to: to.to_string() }
            }
            Asked::Period { only: Some(app), from, to } => {
                About::Count { app: app.to_string(), from: from.to_string(), to: to.to_string() }
            }
        }
    }
}

/// A map that a checkpoint covers.
struct Map {
    n: i64,
    size: i64,
    clear: InTheClear,
}

fn shape(why: impl std::fmt::Display) -> Fault {
    Fault::Shape(why.to_string())
}

const ACCESSES: &str = "select x.n, x.action, x.conversation, x.first_seq, x.last_seq, x.count, x.withheld, x.at, \
    x.person_n, x.leaf, e.entry from access x join ledger_entries e on e.idx = x.leaf \
    where x.grant_id = $1 and x.leaf < $2 order by x.leaf limit $3";

fn commitment(entry: &[u8]) -> Result<Commitment, Fault> {
    match Entry::parse(entry) {
        Ok(Entry::Access(commitment) | Entry::Grant(commitment) | Entry::Staff(commitment)) => Ok(commitment),
        _ => Err(shape("an entry of the log is not the commitment that it should be")),
    }
}

/// Whose access it was, and what hides it.
struct Of<'k> {
    grant: GrantId,
    app: AppId,
    key: &'k SaltKey,
    person_key: &'k SaltKey,
    /// For the person: with the opening of their number in place of its seal.
    opened: bool,
}

fn access(row: &Row<'_>, of: &Of<'_>) -> Result<Committed, Fault> {
    let (n, opening) = (unsigned(row.int(0)?), of.person_key.person(unsigned(row.int(8)?)));
    let written = Written {
        grant: of.grant,
        n: row.int(0)?,
        app: of.app,
        action: action(row, 1)?,
        touched: Touched {
            conversation: opt_id(row, 2)?,
            first_seq: row.opt_int(3)?,
            last_seq: row.opt_int(4)?,
            count: row.int(5)?,
            withheld: row.int(6)?,
        },
        at: Time::from_micros(row.int(7)?),
        salt: of.key.access(n),
        seal: opening.seal(),
    };
    Ok(Committed {
        index: unsigned(row.int(9)?),
        commitment: commitment(row.blob(10)?)?,
        record: written.record().render().map_err(shape)?,
        salt: written.salt,
        seal: (!of.opened).then_some(written.seal),
        opening: of.opened.then_some(opening),
    })
}

/// Columns n, record, leaf.
fn map_row(row: &Row<'_>) -> Result<Map, Fault> {
    let record = row.text(1)?.to_owned();
    let size = MapRecord::parse(&record).map_err(shape)?.size;
    let size = i64::try_from(size).map_err(shape)?;
    Ok(Map { n: row.int(0)?, size, clear: InTheClear { index: unsigned(row.int(2)?), record } })
}

/// Puts one file together.
struct Making<'s, 'c> {
    snap: &'s mut Snap<'c>,
    /// How many entries the checkpoint covers.
    size: i64,
    checkpoint: String,
    evidence: Evidence,
    bundles: BTreeMap<String, Vec<u8>>,
    indexes: BTreeSet<u64>,
    listed: usize,
}

impl Making<'_, '_> {
    /// The one map that a condition on `$1` picks, if a checkpoint covers it.
    fn map(&mut self, condition: &str, value: i64) -> Result<Option<Map>, Refusal> {
        let sql = format!("select n, record, leaf from maps where {condition}");
        let logged = self.size;
        let found = self.snap.one(&sql, params![value], |row| match row.opt_int(2)? {
            Some(leaf) if leaf < logged => Ok(Some(map_row(row)?)),
            _ => Ok(None),
        })?;
        Ok(match found {
            None => None,
            Some(covered) => Some(covered.ok_or(Refusal::Changed)?),
        })
    }

    /// Under this map the file makes its claims.
    fn under(&mut self, map: &Map) {
        self.indexes.insert(map.clear.index);
        self.evidence.maps.push(map.clear.clone());
    }

    /// Notes that an app is spoken of, with what maps hold for it.
    fn app(&mut self, app: AppId, claims: Vec<Claim>) -> Result<(), Refusal> {
        let sql = "select leaf, entry from app_events where app = $1 and n = 1 and leaf < $2";
        let found = self.snap.one(sql, params![app.as_bytes(), self.size], |row| {
            Ok(InTheClear { index: unsigned(row.int(0)?), record: row.text(1)?.to_owned() })
        })?;
        let registered = found.ok_or(Refusal::Changed)?;
        if !self.indexes.insert(registered.index) {
            return Ok(());
        }
        self.evidence.apps.push(AppEvidence { registered, claims });
        Ok(())
    }

    /// What the tree of people and grants holds for a label, now.
    fn claim(&mut self, home: &Home, key: &SaltKey) -> Result<Claim, Refusal> {
        let held = map::standing(self.snap, home)?;
        let held = held.map(|Standing { counts, head }| Held { counts, head, blind: key.map() });
        let proof = prove(&mut map::Tiles(self.snap), &home.label(key)).map_err(map::shape)?;
        Ok(Claim { held, proof })
    }

    /// Records beside their entries: columns n, record, leaf, entry.
    fn committed(
        &mut self,
        sql: &str,
        home: &[u8; 16],
        salt: impl Fn(u64) -> Salt,
    ) -> Result<Vec<Committed>, Refusal> {
        let found = self.snap.all(sql, params![home, self.size], |row| {
            let (salt, index) = (salt(unsigned(row.int(0)?)), unsigned(row.int(2)?));
            let (record, commitment) = (row.text(1)?.to_owned(), commitment(row.blob(3)?)?);
            Ok(Committed { index, commitment, record, salt, seal: None, opening: None })
        })?;
        self.indexes.extend(found.iter().map(|committed| committed.index));
        Ok(found)
    }

    /// One grant with its changes and accesses.
    fn grant(&mut self, grant: GrantId, opened: bool) -> Result<(), Refusal> {
        let sql = "select g.app, g.salt_key, p.salt_key from grants g join person_counts p on p.person = g.person \
                   where g.id = $1";
        let found = self.snap.one(sql, params![grant.as_bytes()], |row| {
            Ok((id::<AppId>(row, 0)?, SaltKey(array32(row, 1)?), SaltKey(array32(row, 2)?)))
        })?;
        let (app, key, person_key) = found.ok_or(Refusal::NotFound)?;
        self.app(app, Vec::new())?;
        let sql = "select x.n, x.record, x.leaf, e.entry from grant_events x join ledger_entries e on e.idx = x.leaf \
                   where x.grant_id = $1 and x.leaf < $2 order by x.n";
        let changes = self.committed(sql, grant.as_bytes(), |n| key.grant(n))?;
        if changes.is_empty() {
            // It was given a moment ago, and no checkpoint covers that yet.
            return Ok(());
        }
        let of = Of { grant, app, key: &key, person_key: &person_key, opened };
        let left = i64::try_from(EVIDENCE_ACCESSES_MAX + 1 - self.listed).map_err(shape)?;
        let accesses =
            self.snap.all(ACCESSES, params![grant.as_bytes(), self.size, left], |row| access(row, &of))?;
        self.listed += accesses.len();
        if self.listed > EVIDENCE_ACCESSES_MAX {
            return Err(Refusal::Invalid(format!(
                "there are more than {EVIDENCE_ACCESSES_MAX} accesses, and one file lists no more: ask for one grant, or \
                 for the counts of a time"
            )));
        }
        self.indexes.extend(accesses.iter().map(|access| access.index));
        let claim = self.claim(&Home::Grant(grant), &key)?;
        self.evidence.grants.push(GrantEvidence { changes, accesses, claim });
        Ok(())
    }

    fn person(&mut self, person: PersonId) -> Result<(), Refusal> {
        let sql = "select id from grants where person = $1 order by given_at, id";
        for grant in self.snap.all(sql, params![person.as_bytes()], |row| id::<GrantId>(row, 0))? {
            self.grant(grant, true)?;
        }
        let home = Home::Person(person);
        let key = home.key(self.snap)?.ok_or(Refusal::NotFound)?;
        if map::standing(self.snap, &home)?.is_some() {
            self.evidence.person = Some(self.claim(&home, &key)?);
        }
        let sql = "select x.n, x.record, x.leaf, e.entry from staff_events x join ledger_entries e on e.idx = x.leaf \
                   where x.person = $1 and x.leaf < $2 order by x.n";
        self.evidence.staff = self.committed(sql, person.as_bytes(), |n| key.staff(n))?;
        Ok(())
    }

    /// What the tree of apps held for an app under a map.
    fn app_claim(&self, app: AppId, leaves: &[Leaf], held: &BTreeMap<AppId, (Standing, Salt)>) -> Claim {
        let held = held.get(&app).map(|(Standing { counts, head }, blind)| Held {
            counts: *counts,
            head: *head,
            blind: *blind,
        });
        Claim { held, proof: prove_among(leaves, &Label::of_app(&app.to_string())) }
    }

    fn of_app(&mut self, app: AppId, map: &Map) -> Result<(), Refusal> {
        let held = map::apps_at(self.snap, map.n)?;
        let claim = self.app_claim(app, &map::app_leaves(&held), &held);
        self.app(app, vec![claim])?;
        let sql = "select id from grants where app = $1 order by given_at, id";
        for grant in self.snap.all(sql, params![app.as_bytes()], |row| id::<GrantId>(row, 0))? {
            self.grant(grant, false)?;
        }
        Ok(())
    }

    /// What the apps did between the last map before a time and the first after it.
    fn period(&mut self, only: Option<AppId>, from: Time, to: Time) -> Result<(), Refusal> {
        let after = "n = (select min(m.n) from maps m where m.at >= $1)";
        let before = "n = (select max(m.n) from maps m where m.at <= $1)";
        let later = match self.map(after, to.micros())? {
            Some(later) => later,
            None => self.newest()?,
        };
        let earlier = self.map(before, from.micros())?.filter(|earlier| earlier.n < later.n);
        let start = earlier.as_ref().map_or(0, |map| map.size);
        let mut held = Vec::new();
        for map in earlier.iter().chain([&later]) {
            self.under(map);
            let apps = map::apps_at(self.snap, map.n)?;
            held.push((map::app_leaves(&apps), apps));
        }
        let apps = match only {
            Some(app) => vec![app],
            None => self.snap.all("select id from apps order by id", params![], |row| id::<AppId>(row, 0))?,
        };
        for app in apps {
            let claims = held.iter().map(|(leaves, apps)| self.app_claim(app, leaves, apps)).collect();
            // One that was registered after all of this has no part in it.
            match self.app(app, claims) {
                Err(Refusal::Changed) if only.is_none() => {}
                done => done?,
            }
        }
        if only.is_none() {
            self.entries(start, later.size)?;
        }
        Ok(())
    }

    /// The bundles with the entries `from..to` of the log.
    fn entries(&mut self, from: i64, to: i64) -> Result<(), Refusal> {
        if to - from > EVIDENCE_ENTRIES_MAX {
            return Err(Refusal::Invalid(format!(
                "the log took in more than {EVIDENCE_ENTRIES_MAX} entries in this time, and one file holds no more: ask \
                 for a shorter one"
            )));
        }
        let width = TILE_WIDTH as u64;
        let mut node = unsigned(from) / width * width;
        while node < unsigned(to) {
            let path = shelf_tile(Shelf::Entries, node, unsigned(self.size));
            let path = path.ok_or_else(|| shape("an entry of the log has no bundle"))?;
            self.bundles.insert(path.to_string(), log::entries(self.snap, path)?);
            self.indexes.extend((node..).take(path.width()));
            node += width;
        }
        Ok(())
    }

    fn newest(&mut self) -> Result<Map, Refusal> {
        let n = map::head(self.snap)?.n;
        self.map("n = $1", n)?.ok_or(Refusal::Changed)
    }

    fn fill(&mut self, asked: Asked) -> Result<(), Refusal> {
        if let Asked::Period { only, from, to } = asked {
            return self.period(only, from, to);
        }
        let map = self.newest()?;
        self.under(&map);
        match asked {
            Asked::Person(person) => self.person(person)?,
            Asked::Grant(_, grant) => self.grant(grant, true)?,
            Asked::App(app) => self.of_app(app, &map)?,
            Asked::Period { .. } => {}
        }
        self.without_holes(map.size)
    }

    /// Where entries wait for their places, a later access may have got its place first: then the file is made anew.
    fn without_holes(&self, size: i64) -> Result<(), Refusal> {
        for grant in &self.evidence.grants {
            let covered = grant.accesses.iter().filter(|access| access.index < unsigned(size));
            let numbers = covered.map(|access| {
                let record = ledger::record::AccessRecord::parse(&access.record);
                record.map(|record| record.n)
            });
            let numbers = numbers.collect::<Result<BTreeSet<u64>, _>>()?;
            if numbers.last().is_some_and(|last| *last != numbers.len() as u64) {
                return Err(Refusal::Changed);
            }
        }
        Ok(())
    }

    /// The proofs over all that was put in.
    fn finish(mut self, since: Option<u64>, key: String) -> Result<EvidenceFile, Refusal> {
        let size = unsigned(self.size);
        let mut tiles = log::Tiles(self.snap);
        let mut tree = TreeHashes::new(size, &mut tiles);
        self.evidence.tree = tree.prove_many(&self.indexes).map_err(shape)?;
        if let Some(since) = since {
            let hashes = tree.prove_consistency(since).map_err(|_| {
                Refusal::Invalid(format!("the checkpoint given has {since} entries, and the log only {size}"))
            })?;
            self.evidence.since = Some(Extends { size: since, hashes });
        }
        let Making { evidence, checkpoint, bundles, .. } = self;
        Ok(EvidenceFile { evidence, checkpoint, key, bundles })
    }
}

impl Vault {
    /// All that proves what was done to her things; or to those under one of her grants. With a proof that the log
    /// extends its first `since` entries.
    pub async fn evidence_own(
        &self,
        own: &Own,
        grant: Option<GrantId>,
        since: Option<u64>,
    ) -> Result<EvidenceFile, Refusal> {
        let person = own.person();
        let asked = grant.map_or(Asked::Person(person), |grant| Asked::Grant(person, grant));
        self.evidence(asked, since).await
    }

    /// The same of a person, for staff: after a record with the reason, which the person sees.
    pub async fn evidence_staff(
        &self,
        handle: &Handle,
        why: &str,
        since: Option<u64>,
    ) -> Result<EvidenceFile, Refusal> {
        let person = self.staff_note(handle, StaffAct::Report, why).await?;
        self.evidence(Asked::Person(person), since).await
    }

    /// All that an app did under grants that are not erased, and how much that is of what it did in all.
    pub async fn evidence_app(&self, app: AppId, since: Option<u64>) -> Result<EvidenceFile, Refusal> {
        self.evidence(Asked::App(app), since).await
    }

    /// How often each app, or only one, did what from one time to another.
    pub async fn evidence_between(
        &self,
        only: Option<AppId>,
        (from, to): (Time, Time),
        since: Option<u64>,
    ) -> Result<EvidenceFile, Refusal> {
        if from > to {
            return Err(Refusal::Invalid(
                "the time ends before it begins: give the earlier one first".into(),
            ));
        }
        self.evidence(Asked::Period { only, from, to }, since).await
    }

    async fn evidence(&self, asked: Asked, since: Option<u64>) -> Result<EvidenceFile, Refusal> {
        let _turn = self.evidence.acquire().await.map_err(|_| Fault::Closed)?;
        for _ in 0..TRIES {
            self.map_catch_up(true).await?;
            match self.evidence_now(asked, since).await {
                Err(Refusal::Changed) => {}
                made => return made,
            }
        }
        Err(Refusal::Conflict("the log is too busy just now; try again in a minute".into()))
    }

    async fn evidence_now(&self, asked: Asked, since: Option<u64>) -> Result<EvidenceFile, Refusal> {
        let (server, made_at, key) =
            (self.issuer.clone(), self.world.now().to_string(), self.keys.log.public().to_string());
        self.engine
            .read("evidence", move |snap| -> Result<EvidenceFile, Refusal> {
                match asked {
                    Asked::Grant(person, grant) => {
                        crate::tables::grants::of_person(snap, person, grant)?.ok_or(Refusal::NotFound)?;
                    }
                    Asked::App(app) | Asked::Period { only: Some(app), .. } => {
                        crate::tables::apps::read(snap, app)?.ok_or(Refusal::NotFound)?;
                    }
                    Asked::Person(_) | Asked::Period { only: None, .. } => {}
                }
                let (size, checkpoint) = newest(snap)?.ok_or_else(|| shape("the log has no head"))?;
                let size = i64::try_from(size).map_err(shape)?;
                let evidence = Evidence {
                    format: FORMAT.to_owned(),
                    about: asked.about(),
                    server: server.clone(),
                    made_at: made_at.clone(),
                    tree: Vec::new(),
                    since: None,
                    maps: Vec::new(),
                    apps: Vec::new(),
                    grants: Vec::new(),
                    person: None,
                    staff: Vec::new(),
                };
                let (bundles, indexes) = (BTreeMap::new(), BTreeSet::new());
                let mut making = Making { snap, size, checkpoint, evidence, bundles, indexes, listed: 0 };
                making.fill(asked)?;
                making.finish(since, key.clone())
            })
            .await
    }
}
