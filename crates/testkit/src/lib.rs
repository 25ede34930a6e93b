//! What tests are handed: places to keep data in (a folder, or a PostgreSQL database), and keys to sign with.
//!
//! Invariant: whatever a test is handed here is its own, empty or filled as it asked, and goes when the test does.

pub mod authority;
pub mod cluster;
pub mod nats;
mod postgres;
mod signer;
mod site;

use std::path::{Path, PathBuf};

pub use postgres::{Database, database, database_like};
pub use signer::{Signer, ed25519, es256, rsa};
pub use site::Site;

/// An empty folder, removed when this is dropped.
#[derive(Debug)]
pub struct Folder(tempfile::TempDir);

impl Folder {
    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Where something in it is, or is to be.
    pub fn join(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

/// A folder for one test.
///
/// # Panics
/// If the system's folder for temporary files cannot be written to.
pub fn folder() -> Folder {
    #[expect(clippy::expect_used, reason = "a test without a folder cannot go on")]
    Folder(tempfile::Builder::new().prefix("waxseal-").tempdir().expect("a folder for temporary files"))
}
