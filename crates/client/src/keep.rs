//! Where the key and the tokens of a session are kept between runs.
//!
//! Invariant: what is kept is replaced whole or not at all, and only its owner can read it.

use crate::error::Error;
use crate::shapes::Granted;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// Keeps one session. The text holds a private key and tokens: keep it where secrets are kept. The calls may block.
pub trait Keep: Send + Sync + 'static {
    /// What was kept last, if anything.
    fn load(&self) -> Result<Option<String>, Error>;
    /// Keeps this text instead of what was kept before, for good when it returns.
    fn store(&self, text: &str) -> Result<(), Error>;
    /// Keeps nothing any more.
    fn forget(&self) -> Result<(), Error>;
}

/// A session as it is kept: a key, the tokens that are bound to it, and whose they are.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) issuer: String,
    pub(crate) app: String,
    pub(crate) key: String,
    /// The key of the server's log, as it was when she signed in.
    pub(crate) log_key: String,
    pub(crate) person: Option<String>,
    pub(crate) grant: Option<String>,
    #[serde(default)]
    pub(crate) granted: Vec<Granted>,
    #[serde(default)]
    pub(crate) scope: String,
    pub(crate) access: String,
    /// When the access token ends, in seconds since 1970.
    pub(crate) access_ends_at: i64,
    pub(crate) refresh: Option<String>,
}

impl Kept {
    pub(crate) fn read(text: &str) -> Result<Kept, Error> {
        serde_json::from_str(text)
            .map_err(|_| Error::Keep("what was kept is no session of this client".to_owned()))
    }

    pub(crate) fn text(&self) -> Result<String, Error> {
        serde_json::to_string(self).map_err(|why| Error::Keep(why.to_string()))
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kept({}, {:?})", self.issuer, self.grant)
    }
}

/// Forgets with the program.
#[derive(Default)]
pub struct MemoryKeep(Mutex<Option<String>>);

impl MemoryKeep {
    /// An empty one.
    pub fn new() -> MemoryKeep {
        MemoryKeep::default()
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MemoryKeep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryKeep")
    }
}

impl Keep for MemoryKeep {
    fn load(&self) -> Result<Option<String>, Error> {
        Ok(self.held().clone())
    }

    fn store(&self, text: &str) -> Result<(), Error> {
        *self.held() = Some(text.to_owned());
        Ok(())
    }

    fn forget(&self) -> Result<(), Error> {
        *self.held() = None;
        Ok(())
    }
}

/// A file that only its owner can read (0600 on Unix; elsewhere as its folder has it).
#[derive(Debug, Clone)]
pub struct FileKeep(PathBuf);

impl FileKeep {
    /// This file; its folder must exist.
    pub fn new(path: impl Into<PathBuf>) -> FileKeep {
        FileKeep(path.into())
    }

    fn fault(&self, why: &std::io::Error) -> Error {
        Error::Keep(format!("{}: {why}", self.0.display()))
    }

    /// Beside the file, so that a rename puts it in its place whole.
    fn beside(&self) -> PathBuf {
        let mut name = self.0.file_name().unwrap_or_default().to_os_string();
        name.push(format!(".new-{}", std::process::id()));
        self.0.with_file_name(name)
    }

    fn write(&self, text: &str) -> std::io::Result<()> {
        let beside = self.beside();
        // Left by a run that was killed here.
        let _ = std::fs::remove_file(&beside);
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&beside, &self.0)
    }
}

impl Keep for FileKeep {
    fn load(&self) -> Result<Option<String>, Error> {
        match std::fs::read_to_string(&self.0) {
            Ok(text) => Ok(Some(text)),
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(why) => Err(self.fault(&why)),
        }
    }

    fn store(&self, text: &str) -> Result<(), Error> {
        self.write(text).map_err(|why| self.fault(&why))
    }

    fn forget(&self) -> Result<(), Error> {
        match std::fs::remove_file(&self.0) {
            Err(why) if why.kind() != std::io::ErrorKind::NotFound => Err(self.fault(&why)),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let keep = FileKeep::new(folder.path().join("session.json"));
        assert_eq!(keep.load(), Ok(None));
        for text in ["first", "second"] {
            keep.store(text).unwrap();
            assert_eq!(keep.load(), Ok(Some(text.to_owned())));
        }
        let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap).collect();
        assert_eq!(files.len(), 1, "nothing is left beside it");
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::PermissionsExt::mode(&files[0].metadata().unwrap().permissions());
            assert_eq!(mode & 0o777, 0o600);
        }
        keep.forget().unwrap();
        keep.forget().unwrap();
        assert_eq!(keep.load(), Ok(None));
        assert!(FileKeep::new(folder.path().join("no/folder")).store("x").is_err());
    }
}
