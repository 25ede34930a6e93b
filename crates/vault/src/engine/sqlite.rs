//! SQLite: one file in one folder, one thread that writes, a checkpointer beside it, and readers on their callers' threads.
//!
//! Invariant: only the writer's connection can write, and only one process opens the folder, so nothing here ever
//! waits for a lock of another.

#[path = "sqlite/checkpointer.rs"]
mod checkpointer;
#[path = "sqlite/folder.rs"]
mod folder;
#[path = "sqlite/readers.rs"]
mod readers;
#[path = "sqlite/writer.rs"]
mod writer;

use std::path::Path;
use std::sync::Arc;

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, ffi};

use super::ddl::for_sqlite;
use super::faults::Faults;
use super::job::Job;
use super::tx::{Link, OnRow};
use super::{Fault, OpenError, Row, Value};

/// The open folder. Dropping it finishes what is queued, then closes.
pub(super) struct Sqlite {
    // In the order in which they must go: readers, then the writer, and the lock on the folder last.
    readers: readers::Readers,
    writer: writer::Writer,
    _folder: folder::Folder,
}

impl Sqlite {
    pub(super) fn open(path: &Path, faults: &Arc<Faults>) -> Result<Sqlite, OpenError> {
        let folder = folder::Folder::lock(path)?;
        let writer = writer::Writer::open(&folder.database(), faults)?;
        let readers = readers::Readers::new(folder.database(), faults);
        Ok(Sqlite { readers, writer, _folder: folder })
    }

    /// Queues a body for the writer; never waits.
    pub(super) fn write(&self, job: Box<dyn Job>) {
        self.writer.queue(job);
    }

    /// See [`super::Engine::wipe_log`].
    pub(super) fn wipe_log(&self) {
        self.writer.wipe_log();
    }

    /// Runs a reading body at once, on this thread. Fifty rows take 25 µs; handing them over to another thread and
    /// being woken again was measured at 25 µs more, and at 0.6 of the reads a second.
    pub(super) fn read(&self, job: Box<dyn Job>) {
        self.readers.run(job);
    }
}

/// How many prepared statements a connection keeps: more than the program has.
const STATEMENTS_MAX: usize = 512;

/// A connection set up as all of ours are.
fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let conn = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "trusted_schema", false)?;
    conn.pragma_update(None, "temp_store", "memory")?;
    // A plan once made stays: else SQLite makes it anew whenever a parameter changes, which is each time.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(conn)
}

/// A connection inside a transaction.
struct Session<'c> {
    conn: &'c Connection,
    faults: &'c Faults,
    broken: Option<Fault>,
    /// The schema was changed.
    altered: bool,
}

impl<'c> Session<'c> {
    fn new(conn: &'c Connection, faults: &'c Faults) -> Self {
        Session { conn, faults, broken: None, altered: false }
    }

    /// Runs `step` unless a statement failed before, and remembers if it fails.
    fn step<T>(&mut self, step: impl FnOnce(&Connection) -> Result<T, Fault>) -> Result<T, Fault> {
        if let Some(fault) = &self.broken {
            return Err(fault.clone());
        }
        let done = self.faults.statement().and_then(|()| step(self.conn));
        done.inspect_err(|fault| self.broken = Some(fault.clone()))
    }
}

impl Link for Session<'_> {
    fn execute(&mut self, sql: &str, params: &[Value<'_>]) -> Result<u64, Fault> {
        self.step(|conn| Ok(bound(conn, sql, params)?.raw_execute().map_err(fault)? as u64))
    }

    fn put(&mut self, sql: &str, params: &[Value<'_>]) -> Result<(), Fault> {
        self.execute(sql, params).map(|_| ())
    }

    fn each(&mut self, sql: &str, params: &[Value<'_>], on_row: &mut OnRow<'_>) -> Result<(), Fault> {
        self.step(|conn| {
            let mut statement = bound(conn, sql, params)?;
            let mut rows = statement.raw_query();
            while let Some(row) = rows.next().map_err(fault)? {
                on_row(&Row::Sqlite(row))?;
            }
            Ok(())
        })
    }

    fn ddl(&mut self, sql: &str) -> Result<(), Fault> {
        self.altered = true;
        self.step(|conn| conn.execute_batch(&for_sqlite(sql)).map_err(fault))
    }

    fn in_turn(&self) -> bool {
        true
    }

    fn lock_schema(&mut self) -> Result<(), Fault> {
        Ok(())
    }

    fn settled(&mut self, _: &mut Option<i64>) -> Result<bool, Fault> {
        // One writes at a time: whoever began before has ended.
        Ok(true)
    }

    fn broken(&self) -> Option<&Fault> {
        self.broken.as_ref()
    }
}

/// The prepared statement with its parameters. SQLite numbers `$1..$n` as it meets them, PostgreSQL by their digits:
/// a text that first uses them out of order would bind differently here, so the tests refuse it.
fn bound<'c>(
    conn: &'c Connection,
    sql: &str,
    params: &[Value<'_>],
) -> Result<rusqlite::CachedStatement<'c>, Fault> {
    let mut statement = conn.prepare_cached(sql).map_err(fault)?;
    if statement.parameter_count() != params.len() {
        let count = statement.parameter_count();
        return Err(Fault::Shape(format!("{} values for the {count} parameters of `{sql}`", params.len())));
    }
    for (number, value) in (1..).zip(params) {
        if cfg!(debug_assertions) && statement.parameter_name(number) != Some(format!("${number}").as_str()) {
            return Err(Fault::Shape(format!("${number} is not the next parameter first used in `{sql}`")));
        }
        statement.raw_bind_parameter(number, value).map_err(fault)?;
    }
    Ok(statement)
}

impl rusqlite::ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Value::Null => ValueRef::Null,
            Value::Int(number) => ValueRef::Integer(number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// Reads one column.
pub(super) fn value<'r>(row: &'r rusqlite::Row<'r>, column: usize) -> Result<Value<'r>, Fault> {
    Ok(match row.get_ref(column).map_err(fault)? {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Int(number),
        ValueRef::Text(text) => Value::Text(
            std::str::from_utf8(text).map_err(|_| Fault::Damaged(format!("column {column} is not UTF-8")))?,
        ),
        ValueRef::Blob(bytes) => Value::Blob(bytes),
        ValueRef::Real(_) => return Err(Fault::Shape(format!("column {column} holds a fraction"))),
    })
}

/// What an error of SQLite means to those who serve from it.
fn fault(error: rusqlite::Error) -> Fault {
    let rusqlite::Error::SqliteFailure(failure, text) = &error else {
        return Fault::Shape(error.to_string());
    };
    let text = text.clone().unwrap_or_else(|| failure.to_string());
    match (failure.code, failure.extended_code) {
        (
            _,
            ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID,
        ) => Fault::Conflict(text),
        (ErrorCode::DiskFull, _) => Fault::Full,
        (ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied, _) => Fault::ReadOnly,
        (ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase, _) => Fault::Damaged(text),
        _ => Fault::Other(text),
    }
}
