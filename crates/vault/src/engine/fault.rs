//! What can go wrong below the queries: a [`Fault`] while the engine runs, an [`OpenError`] before it does.
//!
//! Invariant: nothing that ends in a fault is answered as done. After [`Fault::Unknown`] alone the change may
//! still be stored; after any other it is not.

use std::path::PathBuf;

/// The engine broke, or was broken: whoever operates the server must act, never the caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A unique or primary key is taken. The one fault that a query may expect, and turn into a refusal.
    #[error("the database already holds a row with this key: {0}")]
    Conflict(String),
    /// The disk, or the quota on it, is full.
    #[error(
        "the disk is full: free some space on the disk that holds the data, and writing goes on by itself"
    )]
    Full,
    /// The file, its folder or the server's role may not be written.
    #[error(
        "the data cannot be written: check the permissions of the data folder and whether its disk is mounted read-only"
    )]
    ReadOnly,
    /// The file is not what was written.
    #[error("the database is damaged ({0}): stop the server and restore the data folder from a backup")]
    Damaged(String),
    /// Others changed the same rows again and again.
    #[error("other transactions kept getting in the way: try again")]
    Contended,
    /// No connection, or it broke before the commit was sent.
    #[error("the database cannot be reached ({0}): check that it runs and accepts connections")]
    Unreachable(String),
    /// The connection broke during the commit.
    #[error(
        "the connection broke during the commit, so the change may or may not be stored: look before trying again"
    )]
    Unknown,
    /// The queue is full.
    #[error("more is waiting to be stored than the server takes: try again shortly")]
    Overloaded,
    /// The body of a transaction panicked; its changes were undone.
    #[error("the transaction `{0}` broke off; its changes were undone (this is a bug of the server)")]
    Panicked(&'static str),
    /// A row or a statement is not as the program expects it.
    #[error("the database does not look as the program expects: {0} (this is a bug of the server)")]
    Shape(String),
    /// The engine is shut.
    #[error("the server is shutting down")]
    Closed,
    /// What the database itself said.
    #[error("the database failed: {0}")]
    Other(String),
}

impl Fault {
    /// Is a row with this key already there?
    pub fn is_conflict(&self) -> bool {
        matches!(self, Fault::Conflict(_))
    }
}

/// Why the data cannot be served at all. Each sentence says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A second server on one folder.
    #[error("another waxseal is serving this folder ({}): stop it first, or choose another folder", .0.display())]
    Locked(PathBuf),
    /// The folder cannot be made or used.
    #[error("the data folder {} cannot be used ({reason}): choose a folder that this user may write to", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the operating system said.
        reason: String,
    },
    /// A newer program has been here.
    #[error(
        "this database is at schema {database}, and this waxseal knows up to {program}: it was last served by a newer waxseal; start that one, or a newer one still"
    )]
    Newer {
        /// The number of the newest step in the database.
        database: i64,
        /// The number of the newest step in the program.
        program: i64,
    },
    /// The steps in the database are not ours.
    #[error("this is not a database of waxseal, or one of a different branch of it: {0}")]
    Foreign(String),
    /// A step of the schema failed; it was undone.
    #[error("schema step {number} ({name}) failed and was undone: {fault}")]
    Step {
        /// The number of the step.
        number: i64,
        /// Its name.
        name: &'static str,
        /// What the database said.
        fault: Fault,
    },
    /// Another log than the one that was asked for.
    #[error(
        "this data holds the log {0}, which keeps its name and its key for ever: leave out --log-name and --log-key, or begin with new data"
    )]
    OtherLog(String),
    /// Not the address of a database.
    #[error(
        "this is not the address of a PostgreSQL database ({0}): it looks like postgres://user:password@host/database"
    )]
    Address(String),
    /// The database has a setting under which waxseal would break its promises.
    #[error("the PostgreSQL server is set up in a way waxseal cannot work with: {0}")]
    Settings(String),
    /// This program was built without PostgreSQL.
    #[error(
        "this waxseal was built without PostgreSQL: give it a data folder, or take a build with PostgreSQL in it"
    )]
    NoPostgres,
    /// Anything else.
    #[error(transparent)]
    Fault(#[from] Fault),
}
