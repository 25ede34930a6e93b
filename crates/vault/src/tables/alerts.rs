//! What a person wants to be told of her apps: a first read, a first deletion, many accesses in a day, any at night.
//!
//! Invariant: what is told is decided by `sealed/alerted.rs` from the records, after they have their place in the log; here is
//! only what she wishes.

use crate::engine::{Reads, Row, Tx, params};
use crate::{Fault, Own, Refusal, Vault};

/// The most accesses a day that a person can name.
pub const ALERT_PER_DAY_MAX: i64 = 100_000;

/// What she wants to be told of; nothing, if she has not said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Alerts {
    /// An app reads for the first time under its grant.
    pub first_read: bool,
    /// An app deletes for the first time under its grant.
    pub first_delete: bool,
    /// An app does more than so many things in a day.
    pub per_day: Option<i64>,
    /// An app does anything between these hours; over midnight where the first is the higher one.
    pub night: Option<(i64, i64)>,
    /// How many minutes her clock is ahead of UTC: days and hours are hers. It is a number and no place, so it does not know of
    /// summer time.
    pub east_min: i64,
}

/// The clocks of the world, in minutes ahead of UTC: from 12 hours behind to 14 ahead, in quarters of an hour.
pub const EAST_MIN: (i64, i64, i64) = (-12 * 60, 14 * 60, 15);

impl Alerts {
    /// Nothing at all?
    fn is_nothing(&self) -> bool {
        Alerts { east_min: 0, ..*self } == Alerts::default()
    }
}

/// Columns `first_read, first_delete, per_day, night_from, night_to, east_min` from `first` on.
pub(crate) fn alerts_of_row(row: &Row<'_>, first: usize) -> Result<Alerts, Fault> {
    Ok(Alerts {
        first_read: row.int(first)? != 0,
        first_delete: row.int(first + 1)? != 0,
        per_day: row.opt_int(first + 2)?,
        night: row.opt_int(first + 3)?.zip(row.opt_int(first + 4)?),
        east_min: row.int(first + 5)?,
    })
}

/// Alerts are about what happens from now on.
pub(crate) fn found(tx: &mut Tx<'_>) -> Result<(), Fault> {
    let sql = "insert into alert_head (one, idx) \
               values (1, coalesce((select max(e.idx) + 1 from ledger_entries e), 0)) on conflict do nothing";
    tx.put(sql, params![])
}

impl Vault {
    /// What she wants to be told of.
    pub async fn alerts(&self, own: &Own) -> Result<Alerts, Refusal> {
        let me = own.person();
        self.engine
            .read("alerts", move |snap| -> Result<_, Refusal> {
                let sql = "select first_read, first_delete, per_day, night_from, night_to, east_min from alerts where person = $1";
                let alerts = snap.one(sql, params![me.as_bytes()], |row| alerts_of_row(row, 0))?;
                Ok(alerts.unwrap_or_default())
            })
            .await
    }

    /// Has her told of this from now on, and of nothing else.
    pub async fn alerts_set(&self, own: &Own, alerts: Alerts) -> Result<(), Refusal> {
        if alerts.per_day.is_some_and(|most| !(1..=ALERT_PER_DAY_MAX).contains(&most)) {
            return Err(Refusal::Invalid(format!("a number from 1 to {ALERT_PER_DAY_MAX} a day will do")));
        }
        if alerts
            .night
            .is_some_and(|(from, to)| from == to || ![from, to].iter().all(|hour| (0..24).contains(hour)))
        {
            return Err(Refusal::Invalid("the night begins and ends at different hours, 0 to 23".into()));
        }
        let (west, east, apart) = EAST_MIN;
        if !(west..=east).contains(&alerts.east_min) || alerts.east_min % apart != 0 {
            return Err(Refusal::Invalid("a clock is from 12 hours behind UTC to 14 ahead of it".into()));
        }
        let me = own.person();
        self.engine
            .write("alerts_set", move |tx| -> Result<(), Refusal> {
                if alerts.is_nothing() {
                    return Ok(tx.put("delete from alerts where person = $1", params![me.as_bytes()])?);
                }
                let (from, to) = alerts.night.unzip();
                tx.put(
                    "insert into alerts (person, first_read, first_delete, per_day, night_from, night_to, east_min) \
                     values ($1, $2, $3, $4, $5, $6, $7) on conflict (person) do update set \
                     first_read = $2, first_delete = $3, per_day = $4, night_from = $5, night_to = $6, east_min = $7",
                    params![
                        me.as_bytes(),
                        alerts.first_read,
                        alerts.first_delete,
                        alerts.per_day,
                        from,
                        to,
                        alerts.east_min
                    ],
                )?;
                Ok(())
            })
            .await
    }
}
