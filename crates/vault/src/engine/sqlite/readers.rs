//! The reading connections, lent one body at a time.
//!
//! Invariant: at most [`READERS_MAX`] connections, each inside one transaction that ends with its body; they are
//! opened read-only, so no body can write through them.

use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags};

use super::{Fault, Faults, Job, Session, connect, fault};

/// More than there are processors on the machines this engine is for: a reader does not wait for the disk.
const READERS_MAX: usize = 16;
/// Each commit of the writer makes SQLite forget what a reader has cached, so much of it would be for nothing. The
/// file is not mapped into memory either, though that would save a quarter of a read: a disk that fails would then
/// kill the process where now it fails a body.
const CACHE_KIB: i64 = 1024;

pub(super) struct Readers {
    database: PathBuf,
    faults: Arc<Faults>,
    pool: Mutex<Pool>,
    returned: Condvar,
}

#[derive(Default)]
struct Pool {
    idle: Vec<Connection>,
    open: usize,
}

impl Readers {
    pub(super) fn new(database: PathBuf, faults: &Arc<Faults>) -> Readers {
        Readers { database, faults: Arc::clone(faults), pool: Mutex::default(), returned: Condvar::new() }
    }

    /// Runs the body in a snapshot of its own and answers it.
    pub(super) fn run(&self, mut job: Box<dyn Job>) {
        match self.take() {
            Ok(conn) => {
                let outcome = snapshot(&conn, &self.faults, job.as_mut());
                self.give_back(outcome.is_ok().then_some(conn));
                job.answer(outcome);
            }
            Err(fault) => job.answer(Err(fault)),
        }
    }

    fn take(&self) -> Result<Connection, Fault> {
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(conn) = pool.idle.pop() {
                return Ok(conn);
            }
            if pool.open < READERS_MAX {
                pool.open += 1;
                drop(pool);
                return self.connect().inspect_err(|_| self.give_back(None));
            }
            pool = self.returned.wait(pool).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes a connection back; `None` for one that is no good any more.
    fn give_back(&self, conn: Option<Connection>) {
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        match conn {
            Some(conn) => pool.idle.push(conn),
            None => pool.open -= 1,
        }
        drop(pool);
        self.returned.notify_one();
    }

    fn connect(&self) -> Result<Connection, Fault> {
        let conn = connect(&self.database, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(fault)?;
        conn.pragma_update(None, "cache_size", -CACHE_KIB).map_err(fault)?;
        Ok(conn)
    }
}

fn snapshot(conn: &Connection, faults: &Faults, job: &mut dyn Job) -> Result<(), Fault> {
    let end = |sql: &str| conn.prepare_cached(sql).and_then(|mut sql| sql.raw_execute()).map_err(fault);
    end("begin")?;
    let mut session = Session::new(conn, faults);
    job.run(&mut session);
    end("commit")?;
    Ok(())
}
