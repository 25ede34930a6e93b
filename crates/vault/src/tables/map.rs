//! The counting map: counts what the log took in, and puts its new roots into the log (docs/ledger.md, section 7).
//!
//! Invariant: standings, tiles, the head of the map and its entry change in one transaction that moves the head from the
//! version it was read at. Whatever stopped before it left nothing, and the next step counts the same again.

use super::ids::{array32, id};
use super::queue;
use crate::engine::{Reads, Snap, Tx, params};
use crate::sealed::{Counted, counted};
use crate::{Fault, Refusal, Vault};
use ledger::commitment::{Commitment, Salt, SaltKey};
use ledger::entry::Entry;
use ledger::hash::Hash;
use ledger::map::{Counts, Label, Leaf, MapRecord, Standing, root_of};
use ledger::map_tiles::{Changed, Changes, MapFault, MapTiles, change};
use ledger::record::Action;
use model::{AppId, GrantId, PersonId, Time, World};
use std::collections::BTreeMap;

/// People and grants whose count one step changes at most: few enough that nobody's act waits long behind it.
const LABELS_MAX: usize = 500;
/// Accesses that one step counts at most.
const ACCESSES_MAX: usize = 50_000;
/// Accesses that are looked at in one go.
const LOOK_MAX: i64 = 1_000;

/// How old the map may be that is called fresh.
const MAP_AGE_S: i64 = 60;
/// Steps of the sequencer that are waited for; on a busy server there is always one more.
const SEQUENCED_MAX: usize = 8;

/// The stored tiles of the tree of people and grants.
pub(crate) struct Tiles<'t, R>(pub(crate) &'t mut R);

impl<R: Reads> MapTiles for Tiles<'_, R> {
    type Error = Fault;

    fn map_tile(&mut self, path: &[u8]) -> Result<Option<Vec<u8>>, Fault> {
        let sql = "select tile from map_tiles where path = $1";
        self.0.one(sql, params![path], |row| Ok(row.blob(0)?.to_vec()))
    }
}

pub(crate) fn shape(fault: MapFault<Fault>) -> Fault {
    match fault {
        MapFault::Unreadable(fault) => fault,
        damaged @ MapFault::Damaged(_) => Fault::Shape(damaged.to_string()),
    }
}

/// How far the map has come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head {
    pub(crate) n: i64,
    pub(crate) size: i64,
    pub(crate) labels: i64,
    version: i64,
    pub(crate) erased: bool,
}

pub(crate) fn head(db: &mut impl Reads) -> Result<Head, Fault> {
    let sql = "select n, size, labels, version, erased from map_head where one = 1";
    let head = db.one(sql, params![], |row| {
        let (n, size, labels, version) = (row.int(0)?, row.int(1)?, row.int(2)?, row.int(3)?);
        Ok(Head { n, size, labels, version, erased: row.int(4)? != 0 })
    })?;
    head.ok_or_else(|| Fault::Shape("the counting map has no head".into()))
}

/// Makes the empty map, in a new database.
pub(crate) fn found(tx: &mut Tx<'_>) -> Result<(), Fault> {
    let sql = "insert into map_head (one, n, size, labels, version, erased) values (1, 0, 0, 0, 0, 0) \
               on conflict do nothing";
    tx.put(sql, params![])
}

/// Whose accesses are counted under a blinded label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Home {
    Grant(GrantId),
    Person(PersonId),
}

impl std::fmt::Display for Home {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Home::Grant(grant) => grant.fmt(f),
            Home::Person(person) => person.fmt(f),
        }
    }
}

impl Home {
    pub(crate) fn bytes(&self) -> &[u8; 16] {
        match self {
            Home::Grant(grant) => grant.as_bytes(),
            Home::Person(person) => person.as_bytes(),
        }
    }

    /// Its label, made of the key that goes when the person goes.
    pub(crate) fn label(&self, key: &SaltKey) -> Label {
        match self {
            Home::Grant(_) => Label::of_grant(&key.grant(1)),
            Home::Person(person) => Label::of_person(&person.to_string(), &key.person(1).salt),
        }
    }

    pub(crate) fn key(&self, db: &mut impl Reads) -> Result<Option<SaltKey>, Fault> {
        let sql = match self {
            Home::Grant(_) => "select salt_key from grants where id = $1",
            Home::Person(_) => "select salt_key from person_counts where person = $1",
        };
        db.one(sql, params![self.bytes()], |row| Ok(SaltKey(array32(row, 0)?)))
    }
}

/// Columns `lists, reads, sends, deletes, head` from `first` on.
fn standing_of_row(row: &crate::engine::Row<'_>, first: usize) -> Result<Standing, Fault> {
    let count = |column: usize| row.int(first + column).map(|count| u64::try_from(count).unwrap_or(0));
    let counts = Counts { list: count(0)?, read: count(1)?, send: count(2)?, delete: count(3)? };
    Ok(Standing { counts, head: Hash(array32(row, first + 4)?) })
}

/// What is counted for a person or a grant; nothing at first.
pub(crate) fn standing(db: &mut impl Reads, home: &Home) -> Result<Option<Standing>, Fault> {
    let sql = "select lists, reads, sends, deletes, head from map_standings where home = $1";
    db.one(sql, params![home.bytes()], |row| standing_of_row(row, 0))
}

/// What was counted for each app under the map `n`, and what hides it.
pub(crate) fn apps_at(db: &mut impl Reads, n: i64) -> Result<BTreeMap<AppId, (Standing, Salt)>, Fault> {
    let sql = "select a.app, b.blind, a.lists, a.reads, a.sends, a.deletes, a.head from map_apps a \
               join map_blinds b on b.app = a.app \
               where a.n = (select max(m.n) from map_apps m where m.app = a.app and m.n <= $1)";
    let apps = db.all(sql, params![n], |row| {
        Ok((id::<AppId>(row, 0)?, (standing_of_row(row, 2)?, Salt(array32(row, 1)?))))
    })?;
    Ok(apps.into_iter().collect())
}

/// The leaves of the tree of apps, in their order.
pub(crate) fn app_leaves(apps: &BTreeMap<AppId, (Standing, Salt)>) -> Vec<Leaf> {
    let leaf = |(app, (standing, blind)): (&AppId, &(Standing, Salt))| Leaf {
        label: Label::of_app(&app.to_string()),
        value: standing.value(blind),
    };
    let mut leaves: Vec<Leaf> = apps.iter().map(leaf).collect();
    leaves.sort_by_key(|leaf| leaf.label);
    leaves
}

/// Accesses that are to be counted, by where they count.
#[derive(Default)]
struct Batch {
    homes: BTreeMap<Home, Vec<(Action, Commitment)>>,
    apps: BTreeMap<AppId, Vec<(Action, Commitment)>>,
    count: usize,
}

impl Batch {
    /// Takes an access in, unless the batch is full.
    fn take(&mut self, access: &Counted) -> bool {
        let homes = [Home::Grant(access.grant), Home::Person(access.person)];
        let new = homes.iter().filter(|home| !self.homes.contains_key(home)).count();
        if self.count == ACCESSES_MAX || self.homes.len() + new > LABELS_MAX {
            return false;
        }
        self.count += 1;
        let counted = (access.action, access.commitment);
        for home in homes {
            self.homes.entry(home).or_default().push(counted);
        }
        self.apps.entry(access.app).or_default().push(counted);
        true
    }
}

/// What a step will write.
struct Plan {
    head: Head,
    size: i64,
    tree: Changed,
    standings: Vec<(Home, Standing)>,
    apps: Vec<(AppId, Standing)>,
    blinds: Vec<(AppId, Salt)>,
    app_labels: u64,
    app_root: Hash,
}

fn add(standing: &mut Standing, accesses: &[(Action, Commitment)]) {
    accesses.iter().for_each(|(action, commitment)| standing.count(*action, commitment));
}

fn plan(snap: &mut Snap<'_>, world: &World, head: Head, size: i64, batch: &Batch) -> Result<Plan, Refusal> {
    let (mut changes, mut standings) = (Changes::new(), Vec::new());
    for (home, accesses) in &batch.homes {
        let mut standing = standing(snap, home)?.unwrap_or_default();
        add(&mut standing, accesses);
        // Gone meanwhile: the erasure also moved the head, so this step would come to nothing.
        let key = home.key(snap)?.ok_or(Refusal::Changed)?;
        changes.insert(home.label(&key), Some(standing.value(&key.map())));
        standings.push((*home, standing));
    }
    let tree = change(&mut Tiles(snap), &changes).map_err(shape)?;
    let mut all = apps_at(snap, head.n)?;
    let (mut apps, mut blinds) = (Vec::new(), Vec::new());
    for (app, accesses) in &batch.apps {
        let (standing, _) = all.entry(*app).or_insert_with(|| {
            let blind = Salt(world.random::<32>());
            blinds.push((*app, blind));
            (Standing::default(), blind)
        });
        add(standing, accesses);
        apps.push((*app, *standing));
    }
    let leaves = app_leaves(&all);
    Ok(Plan {
        head,
        size,
        tree,
        standings,
        apps,
        blinds,
        app_labels: leaves.len() as u64,
        app_root: root_of(&leaves),
    })
}

pub(crate) fn put_tiles(tx: &mut Tx<'_>, tree: &Changed) -> Result<(), Fault> {
    for (path, tile) in &tree.tiles {
        match tile {
            Some(tile) => tx.put(
                "insert into map_tiles (path, tile) values ($1, $2) on conflict (path) do update set tile = $2",
                params![path, tile],
            )?,
            None => tx.put("delete from map_tiles where path = $1", params![path])?,
        }
    }
    Ok(())
}

fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn columns(counts: &Counts) -> [i64; 4] {
    [counts.list, counts.read, counts.send, counts.delete].map(int)
}

fn write(tx: &mut Tx<'_>, plan: &Plan, at: Time) -> Result<(), Refusal> {
    let Plan { head, size, tree, .. } = plan;
    let (n, labels) = (head.n + 1, head.labels + int(tree.added) - int(tree.removed));
    let sql = "update map_head set n = $1, size = $2, labels = $3, version = version + 1, erased = 0 \
               where one = 1 and version = $4";
    if tx.execute(sql, params![n, *size, labels, head.version])? == 0 {
        return Err(Refusal::Changed);
    }
    put_tiles(tx, tree)?;
    for (home, Standing { counts, head }) in &plan.standings {
        let [lists, reads, sends, deletes] = columns(counts);
        tx.put(
            "insert into map_standings (home, lists, reads, sends, deletes, head) values ($1, $2, $3, $4, $5, $6) \
             on conflict (home) do update set lists = $2, reads = $3, sends = $4, deletes = $5, head = $6",
            params![home.bytes(), lists, reads, sends, deletes, &head.0],
        )?;
    }
    for (app, blind) in &plan.blinds {
        tx.put("insert into map_blinds (app, blind) values ($1, $2)", params![app.as_bytes(), &blind.0])?;
    }
    for (app, Standing { counts, head }) in &plan.apps {
        let [lists, reads, sends, deletes] = columns(counts);
        tx.put(
            "insert into map_apps (app, n, lists, reads, sends, deletes, head) values ($1, $2, $3, $4, $5, $6, $7)",
            params![app.as_bytes(), n, lists, reads, sends, deletes, &head.0],
        )?;
    }
    let number = |number: i64| u64::try_from(number).unwrap_or(0);
    let record = MapRecord {
        app_labels: plan.app_labels,
        apps: plan.app_root,
        at: at.to_string(),
        n: number(n),
        people: tree.root,
        people_labels: number(labels),
        size: number(*size),
    };
    let json = record.render()?;
    let leaf = queue::push(tx, queue::MAP, &[0; 16], n, &Entry::Map(json.clone()), at)?;
    let sql = "insert into maps (n, at, record, leaf) values ($1, $2, $3, $4)";
    Ok(tx.put(sql, params![n, at.micros(), json.as_str(), leaf])?)
}

/// Takes what is counted for a person and their grants out of the tree, with whatever says whose it was.
pub(crate) fn take_out(tx: &mut Tx<'_>, homes: &[Home]) -> Result<(), Fault> {
    // Whoever counts meanwhile counted for nothing: the head has moved.
    let sql = "update map_head set version = version + 1 where one = 1 returning version";
    tx.one(sql, params![], |row| row.int(0))?;
    let mut changes = Changes::new();
    for home in homes {
        if standing(tx, home)?.is_some()
            && let Some(key) = home.key(tx)?
        {
            changes.insert(home.label(&key), None);
            tx.put("delete from map_standings where home = $1", params![home.bytes()])?;
        }
    }
    if changes.is_empty() {
        return Ok(());
    }
    let tree = change(&mut Tiles(tx), &changes).map_err(shape)?;
    put_tiles(tx, &tree)?;
    let sql = "update map_head set labels = labels - $1, erased = 1 where one = 1";
    tx.put(sql, params![int(tree.removed)])
}

impl Vault {
    /// One step of counting: what the log took in since the newest map, as far as one step goes, becomes a new map and
    /// its entry. With `even_if_nothing`, also if there was nothing. Says whether there may be more.
    pub async fn map_step(&self, even_if_nothing: bool) -> Result<bool, Refusal> {
        let (head, logged) = self
            .engine
            .read("map_head", |snap| -> Result<_, Refusal> {
                let sql = "select size from ledger_head where one = 1";
                Ok((head(snap)?, snap.one(sql, params![], |row| row.int(0))?.unwrap_or(0)))
            })
            .await?;
        let (mut batch, mut size) = (Batch::default(), logged);
        let mut from = head.size;
        'looking: while from < logged {
            let looked =
                self.engine.read("map_look", move |snap| counted(snap, (from, logged), LOOK_MAX)).await?;
            for access in &looked {
                if !batch.take(access) {
                    size = access.index;
                    break 'looking;
                }
            }
            match looked.last() {
                Some(last) if looked.len() as i64 == LOOK_MAX => from = last.index + 1,
                _ => break,
            }
        }
        if batch.count == 0 && !head.erased && !even_if_nothing {
            return Ok(false);
        }
        let world = self.world.clone();
        let plan = self.engine.read("map_plan", move |snap| plan(snap, &world, head, size, &batch)).await?;
        let at = self.world.now();
        self.engine.write("map_write", move |tx| write(tx, &plan, at)).await?;
        Ok(size < logged)
    }

    /// Brings the log and the map up to date, as the workers would within a minute; where `fresh`, with a map that is at
    /// most a minute old.
    pub(crate) async fn map_catch_up(&self, fresh: bool) -> Result<(), Refusal> {
        self.sequence_all().await?;
        let now = self.world.now();
        let newest = self
            .engine
            .read("map_newest", |snap| -> Result<_, Refusal> {
                let sql = "select m.at from maps m where m.n = (select h.n from map_head h where h.one = 1)";
                Ok(snap.one(sql, params![], |row| row.int(0))?.map(Time::from_micros))
            })
            .await?;
        let old = newest.is_none_or(|at| at < now.plus_seconds(-MAP_AGE_S) || at > now);
        let mut even_if_nothing = fresh && old;
        loop {
            match self.map_step(even_if_nothing).await {
                Ok(true) => even_if_nothing = false,
                // Somebody else counts at this very moment.
                Ok(false) | Err(Refusal::Changed) => break,
                Err(refusal) => return Err(refusal),
            }
        }
        self.sequence_all().await
    }

    async fn sequence_all(&self) -> Result<(), Refusal> {
        for _ in 0..SEQUENCED_MAX {
            if self.sequence().await? == 0 {
                break;
            }
        }
        Ok(())
    }
}
