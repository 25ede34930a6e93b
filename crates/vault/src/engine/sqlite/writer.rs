//! The one thread that writes: it takes what is queued, runs the bodies in one transaction, commits them together, and
//! answers them all.
//!
//! A body that has to be undone must not take the others along. A savepoint around each body sees to that, but copies
//! every page that the body changes, and hardly ever is it needed. So bodies first run without; if one of them changes
//! something and is then to be undone, all run once more, with.
//!
//! Invariant: [`commit`] is the only place where anything becomes durable, and no body is answered as done before it
//! has returned.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::super::job::Verdict;
use super::checkpointer::Checkpointer;
use super::{Fault, Faults, Job, OpenError, Session, connect, fault};

/// Bodies in one commit. A flush costs the same for one as for many, but the first must not wait for too many.
const BATCH_MAX: usize = 256;
/// After a batch of so many the server is busy, and the next batch is given time to grow: a commit costs its flush, the
/// pages that it writes and the caches of all readers, whatever it carries. Whoever is alone never waits.
const BUSY: usize = 3;
/// It is given time as long as it grows within each of these, and so many of them: when everyone waits for the commit,
/// waiting on would be for nothing.
const LINGER: Duration = Duration::from_micros(250);
/// See `LINGER`.
const LINGERS_MAX: usize = 12;
/// Bodies that may wait. Beyond this the server takes on more than it can store, and says so.
const QUEUE_MAX: usize = 8192;
const CACHE_KIB: i64 = 8 * 1024;
/// How long a checkpoint that starts the log over waits for readers of an old snapshot.
const READERS_WAIT: Duration = Duration::from_millis(5);

pub(super) struct Writer {
    wipe: Box<dyn Fn() + Send + Sync>,
    queue: Option<SyncSender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn open(database: &Path, faults: &Arc<Faults>) -> Result<Writer, OpenError> {
        let mut conn = connect_for_writing(database).map_err(fault)?;
        let checkpointer = Checkpointer::start(database, &mut conn)?;
        let (queue, jobs) = sync_channel(QUEUE_MAX);
        let wipe = Box::new(checkpointer.wiper());
        let thread_part = Committer { conn, apart: false, faults: Arc::clone(faults), checkpointer };
        let thread = thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || thread_part.serve(&jobs))
            .map_err(|error| Fault::Other(error.to_string()))?;
        Ok(Writer { wipe, queue: Some(queue), thread: Some(thread) })
    }

    /// Has the log emptied after a commit from now on.
    pub(super) fn wipe_log(&self) {
        (self.wipe)();
    }

    pub(super) fn queue(&self, job: Box<dyn Job>) {
        let Some(queue) = &self.queue else { return job.answer(Err(Fault::Closed)) };
        match queue.try_send(job) {
            Ok(()) => {}
            Err(TrySendError::Full(job)) => job.answer(Err(Fault::Overloaded)),
            Err(TrySendError::Disconnected(job)) => job.answer(Err(Fault::Closed)),
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.queue.take());
        // A body may hold the last handle on the engine; the writer cannot wait for itself.
        if let Some(thread) =
            self.thread.take().filter(|thread| thread.thread().id() != thread::current().id())
        {
            let _ = thread.join();
        }
    }
}

fn connect_for_writing(database: &Path) -> rusqlite::Result<Connection> {
    let conn = connect(database, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    conn.busy_timeout(READERS_WAIT)?;
    conn.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    // In this mode each commit flushes the log before it returns.
    conn.pragma_update(None, "synchronous", "full")?;
    conn.pragma_update(None, "cache_size", -CACHE_KIB)?;
    // What is destroyed is overwritten, also on pages that nothing else is on: an erased person must not be found there.
    conn.pragma_update_and_check(None, "secure_delete", true, |_| Ok(()))?;
    Ok(conn)
}

/// Why a batch was undone as a whole.
enum Ruin {
    /// A body broke the transaction it shared with the others: run again alone, the others are none the worse.
    Shared,
    /// A body is to be undone and the others are not: run again, each in a savepoint of its own.
    Mixed,
    /// Nothing could be begun or committed.
    Whole(Fault),
}

/// Takes what is queued, as far as it fits; says how much that was.
fn take(jobs: &Receiver<Box<dyn Job>>, batch: &mut Vec<Box<dyn Job>>) -> usize {
    let before = batch.len();
    batch.extend(jobs.try_iter().take(BATCH_MAX - before));
    batch.len() - before
}

/// The thread's part.
struct Committer {
    conn: Connection,
    /// Bodies have savepoints from the start, for as long as some are undone: that seldom happens, but then in runs.
    apart: bool,
    faults: Arc<Faults>,
    checkpointer: Checkpointer,
}

impl Committer {
    fn serve(mut self, jobs: &Receiver<Box<dyn Job>>) {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        let mut last = 0;
        while let Ok(first) = jobs.recv() {
            batch.push(first);
            take(jobs, &mut batch);
            if last >= BUSY {
                let grows = |_: &usize| {
                    // Nobody unparks this thread: it sleeps, and senders need not wake it for each body.
                    thread::park_timeout(LINGER);
                    take(jobs, &mut batch) > 0
                };
                (0..LINGERS_MAX).take_while(grows).for_each(drop);
            }
            last = batch.len();
            self.run(&mut batch);
            self.checkpointer.after_commit(&self.conn);
        }
        drop(self.checkpointer);
        // Leaves one file behind instead of three; if it cannot, the next start reads the log.
        let _ = self.conn.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()));
    }

    /// Runs and answers the whole batch.
    fn run(&mut self, batch: &mut Vec<Box<dyn Job>>) {
        let mut done = self.transact(batch);
        if matches!(done, Err(Ruin::Mixed)) {
            self.apart = true;
            done = self.transact(batch);
        }
        match done {
            Ok(()) => batch.drain(..).for_each(|job| job.answer(Ok(()))),
            Err(Ruin::Whole(fault)) => batch.drain(..).for_each(|job| job.answer(Err(fault.clone()))),
            Err(Ruin::Shared | Ruin::Mixed) => {
                for mut job in batch.drain(..) {
                    let outcome = match self.transact(std::slice::from_mut(&mut job)) {
                        // A body that ruins its own transaction has a fault for an answer, and that stands.
                        Ok(()) | Err(Ruin::Shared | Ruin::Mixed) => Ok(()),
                        Err(Ruin::Whole(fault)) => Err(fault),
                    };
                    job.answer(outcome);
                }
            }
        }
    }

    fn transact(&mut self, batch: &mut [Box<dyn Job>]) -> Result<(), Ruin> {
        let apart = self.apart;
        self.control("begin immediate")?;
        let (alone, mut undone) = (batch.len() == 1, false);
        for job in batch {
            if apart {
                self.control("savepoint body")?;
            }
            let changes = self.conn.total_changes();
            let mut session = Session::new(&self.conn, &self.faults);
            let verdict = job.run(&mut session);
            let undo = verdict == Verdict::Undo && (session.altered || self.conn.total_changes() != changes);
            // A full disk or a failing one makes SQLite end the transaction, and with it the bodies before.
            if self.conn.is_autocommit() {
                return Err(Ruin::Shared);
            }
            match (undo, apart) {
                (true, true) => self.control("rollback to body")?,
                (true, false) => {
                    self.undo();
                    return if alone { Ok(()) } else { Err(Ruin::Mixed) };
                }
                (false, _) => {}
            }
            if apart {
                self.control("release body")?;
            }
            undone |= undo;
        }
        self.apart = undone;
        self.commit().map_err(Ruin::Whole)
    }

    /// Makes the transaction durable, or undoes it. The one place on this engine where that happens.
    fn commit(&self) -> Result<(), Fault> {
        self.faults.before_commit().inspect_err(|_| self.undo())?;
        self.statement("commit").inspect_err(|_| self.undo())?;
        self.faults.after_commit();
        Ok(())
    }

    /// A step between bodies. If it fails, everything since `begin` is undone.
    fn control(&self, sql: &str) -> Result<(), Ruin> {
        self.statement(sql).inspect_err(|_| self.undo()).map_err(Ruin::Whole)
    }

    fn undo(&self) {
        if !self.conn.is_autocommit() {
            // Should even this fail, the next `begin` fails too, and its bodies are answered with that fault.
            let _ = self.conn.execute_batch("rollback");
        }
    }

    fn statement(&self, sql: &str) -> Result<(), Fault> {
        self.conn.prepare_cached(sql).and_then(|mut sql| sql.raw_execute()).map(|_| ()).map_err(fault)
    }
}
