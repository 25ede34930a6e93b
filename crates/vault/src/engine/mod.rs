//! The storage engine: named transactions on SQLite or on PostgreSQL, one SQL text for both.
//!
//! Invariant: a body runs to its end once it is queued, whoever stops waiting; its value is handed out only after the
//! commit; an error undoes that body and no other.
//!
//! The rules of the SQL: parameters `$1..$n` in the order in which the text first uses them; the types `bigint`, `text`
//! and `blob`; sums cast back (`cast(sum(n) as bigint)`); no JSON operators, arrays, triggers, sequences or
//! `listen`/`notify`.

mod ddl;
mod fault;
mod faults;
mod job;
mod meter;
#[cfg(feature = "postgres")]
mod postgres;
mod schema;
mod sqlite;
mod tx;
mod value;

use std::path::PathBuf;
use std::sync::Arc;

pub use fault::{Fault, OpenError};
#[cfg(test)]
pub(crate) use faults::What;
pub(crate) use job::Pending;
pub use meter::Timing;
pub(crate) use schema::Step;
pub(crate) use tx::{Reads, Snap, Tx};
pub(crate) use value::{Row, Value, params};

/// Where the data is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A folder of this machine, for this process alone: SQLite.
    Folder(PathBuf),
    /// A PostgreSQL database, by its URL, which many nodes may share.
    Postgres(String),
}

/// How often [`Engine::settle`] looks, 2 ms apart.
const SETTLE_LOOKS_MAX: u32 = 1500;

/// An open database.
pub(crate) struct Engine {
    store: Store,
    meter: meter::Meter,
    teller: Arc<job::Teller>,
    #[cfg(test)]
    faults: Arc<faults::Faults>,
}

enum Store {
    Sqlite(sqlite::Sqlite),
    #[cfg(feature = "postgres")]
    Postgres(postgres::Postgres),
}

impl Engine {
    /// Opens the database. Blocks; for start-up.
    pub(crate) fn open(place: &Place) -> Result<Engine, OpenError> {
        let faults = Arc::new(faults::Faults::from_environment());
        let store = match place {
            Place::Folder(path) => Store::Sqlite(sqlite::Sqlite::open(path, &faults)?),
            #[cfg(feature = "postgres")]
            Place::Postgres(url) => Store::Postgres(postgres::Postgres::open(url, &faults)?),
            #[cfg(not(feature = "postgres"))]
            Place::Postgres(_) => return Err(OpenError::NoPostgres),
        };
        Ok(Engine {
            store,
            meter: meter::Meter::default(),
            teller: Arc::default(),
            #[cfg(test)]
            faults,
        })
    }

    /// Queues a body that writes. It is queued when this returns, before anything is awaited; if another transaction
    /// gets in its way it may run again from its beginning, so it must not change what it captured.
    pub(crate) fn write<T, E, F>(&self, name: &'static str, mut body: F) -> Pending<T, E>
    where
        T: Send + 'static,
        E: From<Fault> + Send + 'static,
        F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        let (job, pending) = job::queue(self.meter.counter(name), &self.teller, move |link| {
            let mut tx = Tx { link, told: Vec::new() };
            body(&mut tx).map(|value| (value, tx.told))
        });
        match &self.store {
            Store::Sqlite(sqlite) => sqlite.write(job),
            #[cfg(feature = "postgres")]
            Store::Postgres(postgres) => postgres.write(job),
        }
        pending
    }

    /// Reads from one consistent snapshot, which holds everything that was answered before. On SQLite the body has
    /// run when this returns.
    pub(crate) fn read<T, E, F>(&self, name: &'static str, mut body: F) -> Pending<T, E>
    where
        T: Send + 'static,
        E: From<Fault> + Send + 'static,
        F: FnMut(&mut Snap<'_>) -> Result<T, E> + Send + 'static,
    {
        let (job, pending) = job::queue(self.meter.counter(name), &self.teller, move |link| {
            body(&mut Snap { link }).map(|value| (value, Vec::new()))
        });
        match &self.store {
            Store::Sqlite(sqlite) => sqlite.read(job),
            #[cfg(feature = "postgres")]
            Store::Postgres(postgres) => postgres.read(job),
        }
        pending
    }

    /// From now on, who hears the hints of each transaction, right after it has committed. Only the first one counts; it
    /// runs on the threads that write, so it must not wait.
    pub(crate) fn tell(&self, teller: impl Fn(model::Hint) + Send + Sync + 'static) {
        self.teller.set(teller);
    }

    /// Waits until every transaction that was writing when this was called has ended, on whichever node. What was
    /// committed before is then seen by whatever is committed from now on. `false` if one takes too long.
    pub(crate) async fn settle(&self) -> Result<bool, Fault> {
        let mut since = None;
        for _ in 0..SETTLE_LOOKS_MAX {
            let look = self.read("settle", move |snap| -> Result<_, Fault> {
                let mut since = since;
                let settled = snap.link.settled(&mut since)?;
                Ok((settled, since))
            });
            let (settled, looked_since) = look.await?;
            if settled {
                return Ok(true);
            }
            since = looked_since;
        }
        Ok(false)
    }

    /// Has what was destroyed disappear from the log of the database too, from the next commit on. PostgreSQL does so in
    /// its own time.
    pub(crate) fn wipe_log(&self) {
        match &self.store {
            Store::Sqlite(sqlite) => sqlite.wipe_log(),
            #[cfg(feature = "postgres")]
            Store::Postgres(_) => {}
        }
    }

    /// Is the data in a folder of this machine?
    pub(crate) fn is_folder(&self) -> bool {
        matches!(self.store, Store::Sqlite(_))
    }

    /// Where tests plan what is to go wrong.
    #[cfg(test)]
    pub(crate) fn faults(&self) -> &faults::Faults {
        &self.faults
    }

    /// How often each named transaction ran, and how long it took from being queued to being answered.
    pub(crate) fn metrics(&self) -> Vec<Timing> {
        self.meter.timings()
    }
}

#[cfg(test)]
#[path = "conformance_tests.rs"]
mod conformance;
#[cfg(test)]
#[cfg(feature = "postgres")]
#[path = "postgres_tests.rs"]
mod postgres_tests;
#[cfg(test)]
#[path = "sqlite_tests.rs"]
mod sqlite_tests;
