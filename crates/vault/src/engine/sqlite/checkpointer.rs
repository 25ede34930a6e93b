//! Moves what was committed from SQLite's log into its database file, off the writer's path.
//!
//! SQLite would do this inside a commit, every thousand pages, and make everyone behind it wait 70 to 150 ms. Here a
//! thread of its own copies, while the writer goes on appending. Only the very last of it the writer must do itself,
//! between two commits: the log starts over at its beginning only when nothing is left to copy.
//!
//! Invariant: the log stays near [`LOG_PAGES_MAX`] as long as no reader holds a snapshot open.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering::Relaxed};
use std::thread::{self, JoinHandle};

use rusqlite::{Connection, OpenFlags};

use super::{Fault, connect, fault};

/// The log's length, in pages of 4 KiB, from which the thread copies.
const COPY_PAGES_MIN: i64 = 1000;
/// The log's length from which it is to start over.
const LOG_PAGES_MAX: i64 = 4000;
/// So few pages the writer copies in passing.
const REST_PAGES_MAX: i64 = 200;
/// How often the thread goes after what the writer appended meanwhile, before it leaves the rest to the writer.
const ROUNDS_MAX: usize = 4;

#[derive(Default)]
struct Shared {
    /// Pages in the log after the last commit.
    log_pages: AtomicI64,
    /// The log is long and almost all copied: the writer may start it over.
    restart: AtomicBool,
    stop: AtomicBool,
}

/// The thread that copies. Dropping it waits for the end of its round.
pub(super) struct Checkpointer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpointer {
    pub(super) fn start(database: &Path, writer: &mut Connection) -> Result<Checkpointer, Fault> {
        let shared = Arc::new(Shared::default());
        // Takes the place of SQLite's own automatic checkpoint.
        let log = Arc::clone(&shared);
        let on_commit = move |_: &mut rusqlite::hooks::Wal, pages: i32| {
            log.log_pages.store(i64::from(pages), Relaxed);
            Ok(())
        };
        writer.wal_hook(Some(on_commit)).map_err(fault)?;
        let conn = connect(database, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(fault)?;
        let seen = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("sqlite-checkpointer".to_owned())
            .spawn(move || serve(&conn, &seen))
            .map_err(|error| Fault::Other(error.to_string()))?;
        Ok(Checkpointer { shared, thread: Some(thread) })
    }

    /// Called by the writer between commits.
    pub(super) fn after_commit(&self, writer: &Connection) {
        if self.shared.restart.swap(false, Relaxed) {
            if let Err(error) = checkpoint(writer, "restart") {
                tracing::debug!(%error, "the log could not start over yet");
            }
        } else if self.shared.log_pages.load(Relaxed) >= COPY_PAGES_MIN {
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
    while !shared.stop.load(Relaxed) {
        thread::park();
        for _ in 0..ROUNDS_MAX {
            match checkpoint(conn, "passive") {
                Ok(copied) => {
                    let rest = shared.log_pages.load(Relaxed) - copied;
                    if rest <= REST_PAGES_MAX {
                        break;
                    }
                }
                Err(error) => tracing::debug!(%error, "the log could not be copied yet"),
            }
        }
        if shared.log_pages.load(Relaxed) >= LOG_PAGES_MAX {
            shared.restart.store(true, Relaxed);
        }
    }
}

/// Copies what no reader holds back; gives the number of pages of the log that are copied.
fn checkpoint(conn: &Connection, mode: &str) -> rusqlite::Result<i64> {
    conn.query_row(&format!("pragma wal_checkpoint({mode})"), [], |row| row.get(2))
}
