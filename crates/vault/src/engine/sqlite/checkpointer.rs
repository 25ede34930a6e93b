//! Moves what was committed from SQLite's log into its database file, off the writer's path.
//!
//! SQLite would do this inside a commit, every thousand pages, and make everyone behind it wait 70 to 150 ms. Here a
//! thread of its own copies while the writer goes on appending. Only the very last of it the writer must do itself,
//! between two commits, for the log starts over at its beginning only when nothing is left to copy.
//!
//! Invariant: as long as no reader keeps a snapshot open, the log stays near [`LOG_PAGES_MAX`], plus what the largest
//! single commit brings.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::Relaxed};
use std::thread::{self, JoinHandle};

use rusqlite::{Connection, OpenFlags};

use super::{Fault, connect, fault};

/// The log's length, in pages of 4 KiB, from which it is copied and started over. Pages that change often are then copied
/// once for many changes: at 4,000 pages copying took 13 % of the processor time of a send, at 16,000 it takes 4 %.
/// Starting over costs the writer some 10 ms, so that should be rare too: at 64 MiB it is out of the slowest hundredth of
/// commits, at 16 MiB it was not.
const LOG_PAGES_MAX: i64 = 16_000;
/// If a reader kept the log from starting over, it is tried again after so many pages more.
const COPY_PAGES_MIN: i64 = 4000;
/// So few pages the writer copies in passing.
const REST_PAGES_MAX: i64 = 200;
/// How often the thread goes after what the writer appended meanwhile, before it leaves the rest to the writer.
const ROUNDS_MAX: usize = 4;

/// What the writer and the thread tell each other. Only the log's own locks guard data, so no order is needed here.
#[derive(Default)]
struct Shared {
    /// Pages in the log after the last commit.
    in_log: AtomicI64,
    /// Of those, copied.
    copied: AtomicI64,
    /// The log is long and almost all copied: it is the writer's turn, and the thread keeps away.
    restart: AtomicBool,
    /// Something was destroyed for good, of which the log still has copies: it is to be emptied.
    wipe: AtomicBool,
    stop: AtomicBool,
}

impl Shared {
    fn to_copy(&self) -> i64 {
        self.in_log.load(Relaxed) - self.copied.load(Relaxed)
    }

    fn is_due(&self) -> bool {
        self.in_log.load(Relaxed) >= LOG_PAGES_MAX && self.to_copy() >= COPY_PAGES_MIN
    }
}

/// The thread that copies. Dropping it waits for the end of its round.
pub(super) struct Checkpointer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    pub(super) fn start(database: &Path, writer: &mut Connection) -> Result<Checkpointer, Fault> {
        let shared = Arc::new(Shared::default());
        let conn = connect(database, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(fault)?;
        let seen = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("sqlite-checkpointer".to_owned())
            .spawn(move || serve(&conn, &seen))
            .map_err(|error| Fault::Other(error.to_string()))?;
        // This takes the place of SQLite's own automatic checkpoint.
        let log = Arc::clone(&shared);
        let on_commit = move |_: &mut rusqlite::hooks::Wal, pages: i32| {
            if i64::from(pages) < log.in_log.swap(pages.into(), Relaxed) {
                // The log has started over.
                log.copied.store(0, Relaxed);
            }
            Ok(())
        };
        writer.wal_hook(Some(on_commit)).map_err(fault)?;
        Ok(Checkpointer { shared, thread: Some(thread) })
    }

    /// Has the log emptied after the next commit from which no reader keeps it.
    pub(super) fn wiper(&self) -> impl Fn() + Send + Sync + 'static {
        let shared = Arc::clone(&self.shared);
        move || shared.wipe.store(true, Relaxed)
    }

    /// Called by the writer between commits.
    pub(super) fn after_commit(&self, writer: &Connection) {
        if self.shared.wipe.swap(false, Relaxed) {
            match checkpoint(writer, "truncate", &self.shared) {
                Ok(true) => {}
                Ok(false) => self.shared.wipe.store(true, Relaxed),
                Err(fault) => tracing::warn!(%fault, "the log cannot be emptied"),
            }
            return;
        }
        if self.shared.restart.load(Relaxed) {
            // A reader may keep the log from starting over; then the thread asks again when there is more to copy.
            match checkpoint(writer, "restart", &self.shared) {
                Ok(true) => {}
                Ok(false) => tracing::debug!("a reader keeps the log from starting over"),
                Err(fault) => tracing::warn!(%fault, "the log cannot start over"),
            }
            self.shared.restart.store(false, Relaxed);
        } else if self.shared.is_due() {
            self.wake();
        }
    }

    fn wake(&self) {
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.shared.stop.store(true, Relaxed);
        self.wake();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(conn: &Connection, shared: &Shared) {
    loop {
        thread::park();
        if shared.stop.load(Relaxed) {
            return;
        }
        if shared.restart.load(Relaxed) || !shared.is_due() {
            continue;
        }
        for _ in 0..ROUNDS_MAX {
            // Without space the log grows on; with it, the next commit asks again.
            if let Err(fault) = checkpoint(conn, "passive", shared) {
                tracing::warn!(%fault, "the log cannot be copied into the database file");
                break;
            }
            if shared.to_copy() <= REST_PAGES_MAX {
                break;
            }
        }
        shared.restart.store(true, Relaxed);
    }
}

/// Copies what no reader holds back. Says whether that was all, and nobody needs the log any more.
fn checkpoint(conn: &Connection, mode: &str, shared: &Shared) -> Result<bool, Fault> {
    let done = conn.query_row(&format!("pragma wal_checkpoint({mode})"), [], |row| {
        Ok((row.get::<_, bool>(0)?, row.get::<_, i64>(2)?))
    });
    let (busy, copied) = done.map_err(fault)?;
    shared.copied.store(copied, Relaxed);
    Ok(!busy)
}
