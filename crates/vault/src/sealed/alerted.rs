//! Tells people of accesses that they want to be told of: looks at each access once, after it has its place in the log.
//!
//! Invariant: the notices and the place up to which was looked commit together, from the place that was read; whoever was
//! stopped, or slower than another node, has told nothing, and nothing is told twice.

use super::access_list::action;
use crate::engine::{Reads, Snap, Tx, params};
use crate::tables::alerts::{Alerts, alerts_of_row};
use crate::tables::ids::id;
use crate::tables::notices::{self, Notice};
use crate::{Fault, Refusal, Vault};
use model::{Action, AppId, GrantId, PersonId, Time, World};

/// Entries of the log that one step looks at.
const LOOK_MAX: i64 = 5_000;

const DAY_US: i64 = 24 * HOUR_US;
const HOUR_US: i64 = 60 * MINUTE_US;
const MINUTE_US: i64 = 60_000_000;

/// An access to the things of somebody who wants to be told of some.
struct Seen {
    grant: GrantId,
    person: PersonId,
    app: AppId,
    n: i64,
    action: Action,
    at: Time,
    alerts: Alerts,
}

const SPAN: &str = "select e.home, g.person, g.app, x.n, x.action, x.at, \
    a.first_read, a.first_delete, a.per_day, a.night_from, a.night_to, a.east_min from ledger_entries e \
    join access x on x.grant_id = e.home and x.n = e.n join grants g on g.id = e.home \
    join alerts a on a.person = g.person where e.idx >= $1 and e.idx < $2 order by e.idx";

fn is_first(snap: &mut Snap<'_>, seen: &Seen) -> Result<bool, Fault> {
    let sql = "select 1 from access where grant_id = $1 and n < $2 and action = $3 limit 1";
    let earlier =
        snap.one(sql, params![seen.grant.as_bytes(), seen.n, seen.action as i64], |row| row.int(0))?;
    Ok(earlier.is_none())
}

impl Seen {
    /// A moment by her clock.
    fn hers(&self, at: i64) -> i64 {
        at + self.alerts.east_min * MINUTE_US
    }
}

/// Is it the first one in its day beyond so many? Numbers and times go together, so two earlier records tell.
fn is_first_beyond(snap: &mut Snap<'_>, seen: &Seen, most: i64) -> Result<bool, Fault> {
    let day = seen.hers(seen.at.micros()).div_euclid(DAY_US);
    let (within, before) = (seen.n - most, seen.n - most - 1);
    let sql = "select n, at from access where grant_id = $1 and n in ($2, $3)";
    let found = snap.all(sql, params![seen.grant.as_bytes(), within, before], |row| {
        Ok((row.int(0)?, seen.hers(row.int(1)?).div_euclid(DAY_US)))
    })?;
    Ok(found.contains(&(within, day)) && !found.contains(&(before, day)))
}

fn is_at_night(at: i64, (from, to): (i64, i64)) -> bool {
    let hour = at.div_euclid(HOUR_US).rem_euclid(24);
    if from < to { (from..to).contains(&hour) } else { hour >= from || hour < to }
}

fn told_of(snap: &mut Snap<'_>, seen: &Seen) -> Result<Vec<Notice>, Fault> {
    let Seen { app, alerts, action, .. } = seen;
    let (app, mut told) = (*app, Vec::new());
    if alerts.first_read && *action == Action::Read && is_first(snap, seen)? {
        told.push(Notice::FirstRead { app });
    }
    if alerts.first_delete && *action == Action::Delete && is_first(snap, seen)? {
        told.push(Notice::FirstDelete { app });
    }
    if let Some(most) = alerts.per_day
        && is_first_beyond(snap, seen, most)?
    {
        told.push(Notice::Often { app, most });
    }
    if alerts.night.is_some_and(|night| is_at_night(seen.hers(seen.at.micros()), night)) {
        told.push(Notice::AtNight { app });
    }
    Ok(told)
}

/// From where to where was looked, and what there is to tell.
type Looked = (i64, i64, Vec<(PersonId, Notice)>);

fn look(snap: &mut Snap<'_>) -> Result<Option<Looked>, Fault> {
    let sql = "select a.idx, h.size from alert_head a, ledger_head h where a.one = 1 and h.one = 1";
    let Some((from, size)) = snap.one(sql, params![], |row| Ok((row.int(0)?, row.int(1)?)))? else {
        return Ok(None);
    };
    if from >= size {
        return Ok(None);
    }
    let anyone = snap.one("select person from alerts limit 1", params![], |_| Ok(()))?;
    if anyone.is_none() {
        return Ok(Some((from, size, Vec::new())));
    }
    let to = size.min(from + LOOK_MAX);
    let found = snap.all(SPAN, params![from, to], |row| {
        Ok(Seen {
            grant: id(row, 0)?,
            person: id(row, 1)?,
            app: id(row, 2)?,
            n: row.int(3)?,
            action: action(row, 4)?,
            at: Time::from_micros(row.int(5)?),
            alerts: alerts_of_row(row, 6)?,
        })
    })?;
    let mut told: Vec<(PersonId, Notice)> = Vec::new();
    for seen in &found {
        for notice in told_of(snap, seen)? {
            let told_now = (seen.person, notice);
            // Told once a look: a hundred accesses in a minute of the night are one thing to tell.
            if !told.contains(&told_now) {
                told.push(told_now);
            }
        }
    }
    Ok(Some((from, to, told)))
}

fn tell(tx: &mut Tx<'_>, world: &World, (from, to, told): &Looked) -> Result<(), Refusal> {
    let sql = "update alert_head set idx = $1 where one = 1 and idx = $2";
    if tx.execute(sql, params![*to, *from])? == 0 {
        return Err(Refusal::Changed);
    }
    for (person, notice) in told {
        // Who was erased meanwhile is told nothing any more.
        let sql = "select 1 from alerts where person = $1";
        if tx.one(sql, params![person.as_bytes()], |_| Ok(()))?.is_some() {
            notices::add(tx, world, *person, notice)?;
        }
    }
    Ok(())
}

impl Vault {
    /// One step: looks at the accesses that the log took in since the last one, and tells whom they concern. Says whether
    /// there may be more.
    pub async fn alerts_step(&self) -> Result<bool, Refusal> {
        let looked = self.engine.read("alerts_look", |snap| Ok::<_, Refusal>(look(snap)?)).await?;
        let Some(looked) = looked else { return Ok(false) };
        let world = self.world.clone();
        self.engine.write("alerts_tell", move |tx| tell(tx, &world, &looked)).await?;
        Ok(true)
    }
}
