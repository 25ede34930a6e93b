//! Holds the counting map to the log: counts every access anew, in the order of the log, and makes both trees of them.
//!
//! Invariant: what is stored of the map is compared and never counted on.

use super::audit::{Audit, NO_KEY};
use super::counted::counted;
use super::record::unsigned;
use crate::engine::{Reads, Snap, params};
use crate::tables::map::{self, Head, Home};
use crate::{Fault, Refusal};
use ledger::canonical::CanonicalJson;
use ledger::commitment::SaltKey;
use ledger::entry::{Entry, VERSION};
use ledger::map::{Leaf, MapRecord, Standing, root_of};
use ledger::map_tiles;
use model::AppId;
use std::collections::BTreeMap;

/// Accesses that are looked at in one go.
const LOOK_MAX: i64 = 10_000;

/// Everything, counted anew.
#[derive(Default)]
struct Recounted {
    homes: BTreeMap<Home, Standing>,
    apps: BTreeMap<AppId, Standing>,
    leaves: Vec<Leaf>,
}

fn recount(snap: &mut Snap<'_>, head: &Head) -> Result<Recounted, Refusal> {
    let (mut recounted, mut from) = (Recounted::default(), 0);
    while from < head.size {
        let looked = counted(snap, (from, head.size), LOOK_MAX)?;
        for access in &looked {
            for home in [Home::Grant(access.grant), Home::Person(access.person)] {
                recounted.homes.entry(home).or_default().count(access.action, &access.commitment);
            }
            recounted.apps.entry(access.app).or_default().count(access.action, &access.commitment);
        }
        match looked.last() {
            Some(last) if looked.len() as i64 == LOOK_MAX => from = last.index + 1,
            _ => break,
        }
    }
    for (home, standing) in &recounted.homes {
        let key: SaltKey = home.key(snap)?.ok_or(Refusal::Changed)?;
        recounted.leaves.push(Leaf { label: home.label(&key), value: standing.value(&key.map()) });
    }
    recounted.leaves.sort_by_key(|leaf| leaf.label);
    Ok(recounted)
}

fn homes(snap: &mut Snap<'_>, audit: &mut Audit, recounted: &Recounted) -> Result<(), Refusal> {
    for (home, standing) in &recounted.homes {
        if map::standing(snap, home)? != Some(*standing) {
            audit.find(format!("the map does not count the accesses of {home} that are in the log"));
        }
    }
    let sql = "select count(*) from map_standings";
    let stored = unsigned(snap.one(sql, params![], |row| row.int(0))?.unwrap_or(0));
    let there = recounted.homes.len() as u64;
    if stored != there {
        audit.find(format!(
            "the map counts for {stored} people and grants, and {there} of them have accesses"
        ));
    }
    Ok(())
}

fn apps(snap: &mut Snap<'_>, audit: &mut Audit, head: &Head, recounted: &Recounted) -> Result<(), Refusal> {
    let stored = map::apps_at(snap, head.n)?;
    let sql = "select count(*) from person_counts where salt_key = $1";
    let erased = snap.one(sql, params![&NO_KEY], |row| row.int(0))?.unwrap_or(0) > 0;
    let mut total = 0;
    for app in recounted.apps.keys().filter(|app| !stored.contains_key(app)) {
        audit.find(format!("the map counts nothing for {app}, which has accesses"));
    }
    for (app, (standing, _)) in &stored {
        total += standing.counts.total();
        let there = recounted.apps.get(app).copied().unwrap_or_default();
        let lowered = standing.counts.lowered_since(&there.counts).is_some();
        // What is counted and not there can only be of people who were erased.
        if lowered || (there != *standing && (there.counts == standing.counts || !erased)) {
            audit.find(format!("the map does not count the accesses of {app} that are in the log"));
        }
    }
    let sql = "select count(*) from ledger_entries where substr(entry, 1, 2) = $1 and idx < $2";
    let logged = snap.one(sql, params![&[VERSION, 1], head.size], |row| row.int(0))?;
    let logged = unsigned(logged.unwrap_or(0));
    if logged != total {
        audit.find(format!(
            "the log holds {logged} accesses up to the newest map, and the map counts {total}"
        ));
    }
    Ok(())
}

fn roots(snap: &mut Snap<'_>, audit: &mut Audit, head: &Head, recounted: &Recounted) -> Result<(), Refusal> {
    let people = root_of(&recounted.leaves);
    let stored = map_tiles::root(&mut map::Tiles(snap)).map_err(map::shape)?;
    if stored != people || head.labels != recounted.leaves.len() as i64 {
        audit.find("the stored tree of the map is not the one that the accesses lead to".to_owned());
    }
    let sql =
        "select m.n, m.record, e.entry from maps m left join ledger_entries e on e.idx = m.leaf order by m.n";
    let maps = snap.all(sql, params![], |row| {
        Ok((row.int(0)?, row.text(1)?.to_owned(), row.opt_blob(2)?.map(<[u8]>::to_vec)))
    })?;
    let apps = root_of(&map::app_leaves(&map::apps_at(snap, head.n)?));
    for ((n, record, entry), due) in maps.iter().zip(1..) {
        let parsed = MapRecord::parse(record).map_err(|why| Fault::Shape(why.to_string()))?;
        let json = CanonicalJson::parse(record).map_err(|why| Fault::Shape(why.to_string()))?;
        let same = entry.as_ref().is_none_or(|entry| *entry == Entry::Map(json).to_bytes());
        if *n != due || parsed.n != unsigned(due) || !same {
            audit.find(format!("map {due} is not the one that is in the log"));
        }
        // Until the next map says so, erased people still stand in the newest.
        if *n == head.n && (parsed.apps != apps || (parsed.people != people && !head.erased)) {
            audit.find(format!("map {n} has other roots than the accesses lead to"));
        }
    }
    audit.maps = maps.len() as u64;
    if maps.len() as i64 != head.n {
        audit.find(format!("{} maps were made, and {} are there", head.n, maps.len()));
    }
    Ok(())
}

/// Counts all of it anew.
pub(super) fn maps(snap: &mut Snap<'_>, audit: &mut Audit) -> Result<(), Refusal> {
    let head = map::head(snap)?;
    let recounted = recount(snap, &head)?;
    homes(snap, audit, &recounted)?;
    apps(snap, audit, &head, &recounted)?;
    roots(snap, audit, &head, &recounted)
}
