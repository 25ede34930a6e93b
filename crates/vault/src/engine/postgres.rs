//! PostgreSQL: two crews of threads, each thread with a connection of its own, one transaction at a time on it.
//!
//! What need not be waited for is sent ahead: `begin` with the first statement, and what only [`Tx::put`] asked for
//! with the next one or with `commit`. docs/design.md ("PostgreSQL: pool or lane") has the measurements behind this.
//!
//! Invariant: a transaction holds its rows' locks for one body only, so nodes that share a database get in each
//! other's way as little as two bodies do.
//!
//! [`Tx::put`]: super::Tx::put

#[path = "postgres/crew.rs"]
mod crew;
#[path = "postgres/session.rs"]
mod session;
#[path = "postgres/values.rs"]
mod values;

use std::sync::Arc;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::error::{Severity, SqlState};

use super::faults::Faults;
use super::job::Job;
use super::{Fault, OpenError};
use crew::Crew;
use session::Session;
pub(super) use values::value;

/// What each crew begins its transactions with.
const WRITING: &str = "begin isolation level read committed read write";
const READING: &str = "begin isolation level repeatable read read only";

/// What the server calls the connections that write: who ends something waits for what is under way on them.
const WRITERS_NAME: &str = "waxseal";

/// Connections that write, and that read, of one node. More only get in each other's way.
const WRITERS: usize = 16;
const READERS: usize = 8;

/// The first version with everything we rely on that its makers still mend.
const VERSION_MIN: i64 = 14_00_00;

/// The reachable database. Dropping it finishes what is queued, then disconnects.
pub(super) struct Postgres {
    writers: Crew,
    readers: Crew,
}

impl Postgres {
    pub(super) fn open(url: &str, faults: &Arc<Faults>) -> Result<Postgres, OpenError> {
        let mut config: Config = url.parse().map_err(|error| OpenError::Address(format!("{error}")))?;
        config.connect_timeout(Duration::from_secs(5)).tcp_user_timeout(Duration::from_secs(10));
        check(&config)?;
        let named = |name| Arc::new(config.clone().application_name(name).clone());
        let writers = Crew::start("postgres-writer", WRITERS, WRITING, &named(WRITERS_NAME), faults)?;
        let readers = Crew::start("postgres-reader", READERS, READING, &named("waxseal-reads"), faults)?;
        Ok(Postgres { writers, readers })
    }

    /// Queues a body for a writing connection; never waits.
    pub(super) fn write(&self, job: Box<dyn Job>) {
        self.writers.queue(job);
    }

    /// Queues a body for a reading connection; never waits.
    pub(super) fn read(&self, job: Box<dyn Job>) {
        self.readers.queue(job);
    }
}

/// Refuses a server on which our promises would not hold.
fn check(config: &Config) -> Result<(), OpenError> {
    let mut session = Session::connect(config)?;
    let setting =
        |session: &mut Session, name: &str| session.setting(name).map(|value| value.unwrap_or_default());
    let version = setting(&mut session, "server_version_num")?;
    if version.parse().unwrap_or(0) < VERSION_MIN {
        return Err(OpenError::Settings(format!("its version is {version}; take 14 or later")));
    }
    let encoding = setting(&mut session, "server_encoding")?;
    if encoding != "UTF8" {
        return Err(OpenError::Settings(format!(
            "the database is in {encoding}; create one with encoding UTF8"
        )));
    }
    if setting(&mut session, "synchronous_commit")? == "off" {
        return Err(OpenError::Settings(
            "synchronous_commit is off, so it would acknowledge what is not on disk; set it to on".to_owned(),
        ));
    }
    if setting(&mut session, "fsync")? == "off" {
        tracing::warn!("fsync is off in PostgreSQL: a power cut may lose everything; this is for tests only");
    }
    Ok(())
}

/// What an error of PostgreSQL means to those who serve from it.
fn fault(error: &tokio_postgres::Error) -> Fault {
    let Some(said) = error.as_db_error() else {
        return match error.is_closed() {
            true => Fault::Unreachable("the connection was closed".to_owned()),
            false => Fault::Shape(error.to_string()),
        };
    };
    let text = said.message().to_owned();
    match said.code() {
        code if *code == SqlState::UNIQUE_VIOLATION => {
            Fault::Conflict(said.constraint().map_or(text, str::to_owned))
        }
        code if *code == SqlState::T_R_DEADLOCK_DETECTED
            || *code == SqlState::T_R_SERIALIZATION_FAILURE
            || *code == SqlState::LOCK_NOT_AVAILABLE =>
        {
            Fault::Contended
        }
        code if *code == SqlState::DISK_FULL => Fault::Full,
        code if *code == SqlState::READ_ONLY_SQL_TRANSACTION => Fault::ReadOnly,
        code if *code == SqlState::DATA_CORRUPTED || *code == SqlState::INDEX_CORRUPTED => {
            Fault::Damaged(text)
        }
        _ if ends_connection(error) => Fault::Unreachable(text),
        _ => Fault::Other(text),
    }
}

/// Is the connection gone with this error?
fn ends_connection(error: &tokio_postgres::Error) -> bool {
    error.is_closed()
        || error
            .as_db_error()
            .is_some_and(|said| matches!(said.parsed_severity(), Some(Severity::Fatal | Severity::Panic)))
}
