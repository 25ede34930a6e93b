//! The data folder: made, locked and closed to others before anything is opened in it.
//!
//! Invariant: while a [`Folder`] lives, no other process serves the same folder.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use super::OpenError;

/// A locked data folder.
pub(super) struct Folder {
    path: PathBuf,
    // The lock goes with the open file, so even a killed process leaves none behind.
    _lock: File,
}

impl Folder {
    pub(super) fn lock(path: &Path) -> Result<Folder, OpenError> {
        let unusable =
            |error: std::io::Error| OpenError::Folder { path: path.to_owned(), reason: error.to_string() };
        private_folder().create(path).map_err(unusable)?;
        let lock = private_file().open(path.join("waxseal.lock")).map_err(unusable)?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => OpenError::Locked(path.to_owned()),
            TryLockError::Error(error) => unusable(error),
        })?;
        let folder = Folder { path: path.to_owned(), _lock: lock };
        // Made here, so that nobody else may ever read it: SQLite gives its log and index files the same permissions.
        private_file().open(folder.database()).map_err(unusable)?;
        // A power cut must not take away the name of a file whose content is safe.
        File::open(path).and_then(|folder| folder.sync_all()).map_err(unusable)?;
        Ok(folder)
    }

    pub(super) fn database(&self) -> PathBuf {
        self.path.join("waxseal.db")
    }
}

fn private_folder() -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
