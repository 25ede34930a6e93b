//! What a witness remembers: its key, and of each log the last checkpoint that it cosigned, each in a file of its own.
//!
//! Invariant: the file of a log is replaced as a whole and is on the disk before the cosignature is made. A file that
//! cannot be read stops the witness: one that forgot would cosign a second history.

use ledger::checkpoint::Checkpoint;
use ledger::cosignature::{CosignerKey, WitnessKey};
use ledger::note::{Note, SignatureLine, VerifierKey};
use ledger::submission::{Cosigned, Submission, Turned, origin_hash};
use model::World;
use std::collections::HashMap;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

const KEY: &str = "witness.key";

/// Why a witness cannot be what it must be.
#[derive(Debug, thiserror::Error)]
pub enum MemoryFault {
    /// The folder, or a file in it.
    #[error("{path} cannot be used: {reason}")]
    File {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Another process has it.
    #[error("another witness uses {0}: stop it, or give another --data")]
    Locked(PathBuf),
    /// The key is of another name.
    #[error("the key in this folder is that of {0}: leave --name out, or give another --data")]
    OtherName(String),
    /// There is no key yet, and no name to make one.
    #[error("there is no key in this folder yet: give --name to have one made, or --key")]
    NoKey,
    /// The name cannot be one.
    #[error(transparent)]
    Name(#[from] ledger::note::KeyNameInvalid),
}

/// The folder of a witness, for this process alone.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    // The lock goes with the open file, so even a killed process leaves none behind.
    _lock: File,
}

/// A witness of some logs.
pub struct Witness {
    folder: Folder,
    world: World,
    key: WitnessKey,
    log_keys: Vec<VerifierKey>,
    /// By the hash of the origin.
    logs: HashMap<String, Mutex<Log>>,
}

/// One log, as it was cosigned last.
#[derive(Default)]
struct Log {
    last: Cosigned,
    /// The note with the log's signatures and ours; `None` before the first.
    note: Option<String>,
}

fn fault(path: &Path, reason: impl std::fmt::Display) -> MemoryFault {
    MemoryFault::File { path: path.to_owned(), reason: reason.to_string() }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Witness {
    /// Reads what was cosigned. `logs` are the keys that it trusts; the name of a key is the origin of its log.
    pub fn open(
        folder: Folder,
        key: WitnessKey,
        logs: Vec<VerifierKey>,
        world: World,
    ) -> Result<Witness, MemoryFault> {
        let mut witness = Witness { folder, world, key, log_keys: logs, logs: HashMap::new() };
        let origins: Vec<String> = witness.log_keys.iter().map(|key| key.name().to_owned()).collect();
        for origin in origins {
            let hash = origin_hash(&origin);
            if !witness.logs.contains_key(&hash) {
                let log = witness.remember(&origin, &hash)?;
                witness.logs.insert(hash, Mutex::new(log));
            }
        }
        Ok(witness)
    }

    /// The key that others check with.
    pub fn key(&self) -> &CosignerKey {
        self.key.public()
    }

    /// Decides on the body of a request: a line with the cosignature, or why there is none. Waits for the disk.
    pub fn cosign(&self, body: &[u8]) -> Result<Result<SignatureLine, Turned>, MemoryFault> {
        let (submission, checkpoint) = match authenticated(body, &self.log_keys) {
            Ok(authenticated) => authenticated,
            Err(turned) => return Ok(Err(turned)),
        };
        let hash = origin_hash(&checkpoint.origin);
        let Some(log) = self.logs.get(&hash) else {
            return Ok(Err(Turned::UnknownLog(checkpoint.origin)));
        };
        // From here to the end nobody else decides on this log.
        let mut log = held(log);
        if let Err(turned) = submission.judge(&checkpoint, log.last) {
            self.report(&checkpoint, &submission.note, &log, &turned);
            return Ok(Err(turned));
        }
        let note = self.signed_by_log(&submission.note, &checkpoint.origin);
        self.folder.replace(&hash, note.to_string().as_bytes())?;
        // A crash here: what is stored was cosigned for nobody, and will be when it is read again.
        let line = self.remembered(&mut log, &checkpoint, note);
        Ok(Ok(line))
    }

    /// The last checkpoint that was cosigned, by the hash of its origin.
    pub fn cosigned(&self, origin_hash: &str) -> Option<String> {
        held(self.logs.get(origin_hash)?).note.clone()
    }

    /// The note with the signatures of the log that were checked, and no others: nobody can have us store theirs.
    fn signed_by_log(&self, note: &Note, origin: &str) -> Note {
        note.only(|line| self.log_keys.iter().any(|key| key.name() == origin && key.is_of(line)))
    }

    fn remembered(&self, log: &mut Log, checkpoint: &Checkpoint, mut note: Note) -> SignatureLine {
        let seconds = u64::try_from(self.world.now().micros() / 1_000_000).unwrap_or(0).max(1);
        let line = self.key.cosign(note.text(), seconds);
        note.add(line.clone());
        *log = Log {
            last: Cosigned { size: checkpoint.size, root: checkpoint.root },
            note: Some(note.to_string()),
        };
        line
    }

    /// Reads the file of a log; one that is not there was never cosigned.
    fn remember(&self, origin: &str, hash: &str) -> Result<Log, MemoryFault> {
        let path = self.folder.path.join(hash);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(why) if why.kind() == ErrorKind::NotFound => return Ok(Log::default()),
            Err(why) => return Err(fault(&path, why)),
        };
        let keys: Vec<_> = self.log_keys.iter().filter(|key| key.name() == origin).cloned().collect();
        let unreadable = |why: &dyn std::fmt::Display| {
            fault(&path, format!("it should hold the last checkpoint of {origin} that was cosigned ({why})"))
        };
        let checkpoint = Checkpoint::open(&bytes, &keys).map_err(|why| unreadable(&why))?;
        let note = Note::parse(&bytes).map_err(|why| unreadable(&why))?;
        let mut log = Log::default();
        self.remembered(&mut log, &checkpoint, note);
        Ok(log)
    }

    /// A signed checkpoint that is not what was cosigned before may be the proof that its log told two stories.
    fn report(&self, checkpoint: &Checkpoint, note: &Note, log: &Log, turned: &Turned) {
        let Checkpoint { origin, size, root } = checkpoint;
        if matches!(turned, Turned::Elsewhere { .. } | Turned::Malformed(_)) {
            return;
        }
        let two_heads = *size == log.last.size && *root != log.last.root;
        if !two_heads {
            tracing::warn!(%origin, size, %turned, "a signed checkpoint was not cosigned");
            return;
        }
        tracing::error!(%origin, size, "a log signed two heads of one size: both are in the folder");
        let name = format!("{}.two-heads", origin_hash(origin));
        let both = format!("{}\n{note}", log.note.as_deref().unwrap_or_default());
        // The first such pair is proof enough; later ones would only fill the disk.
        if !self.folder.path.join(&name).exists()
            && let Err(fault) = self.folder.replace(&name, both.as_bytes())
        {
            tracing::error!(%fault, "the two heads could not be kept");
        }
    }
}

impl std::fmt::Debug for Witness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Witness({})", self.key())
    }
}

fn authenticated(body: &[u8], keys: &[VerifierKey]) -> Result<(Submission, Checkpoint), Turned> {
    let submission = Submission::parse(body)?;
    let checkpoint = submission.authenticate(keys)?;
    Ok((submission, checkpoint))
}

impl Folder {
    /// Takes the folder, and makes it if need be.
    pub fn lock(path: &Path) -> Result<Folder, MemoryFault> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path).map_err(|why| fault(path, why))?;
        let file = path.join("witness.lock");
        let lock = private_file().create(true).open(&file).map_err(|why| fault(&file, why))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => MemoryFault::Locked(path.to_owned()),
            TryLockError::Error(why) => fault(&file, why),
        })?;
        Ok(Folder { path: path.to_owned(), _lock: lock })
    }

    /// The key that is kept here, which must be of this name if one is given; a new one of it if there is none yet.
    pub fn key(&self, name: Option<&str>, world: &World) -> Result<WitnessKey, MemoryFault> {
        let path = self.path.join(KEY);
        match (fs::read_to_string(&path), name) {
            (Ok(text), name) => {
                let key = WitnessKey::from_secret_text(&text).map_err(|why| fault(&path, why))?;
                match name {
                    Some(name) if name != key.public().name() => {
                        Err(MemoryFault::OtherName(key.public().name().to_owned()))
                    }
                    _ => Ok(key),
                }
            }
            (Err(why), Some(name)) if why.kind() == ErrorKind::NotFound => {
                let key = WitnessKey::new(name, &world.random())?;
                self.replace(KEY, format!("{}\n", key.secret_text()).as_bytes())?;
                Ok(key)
            }
            (Err(why), None) if why.kind() == ErrorKind::NotFound => Err(MemoryFault::NoKey),
            (Err(why), _) => Err(fault(&path, why)),
        }
    }

    /// Replaces a file by new content as a whole; on return it is on the disk, and so is its name.
    fn replace(&self, name: &str, content: &[u8]) -> Result<(), MemoryFault> {
        let (path, next) = (self.path.join(name), self.path.join(format!("{name}.next")));
        let write = || -> std::io::Result<()> {
            let mut file = private_file().create(true).truncate(true).open(&next)?;
            file.write_all(content)?;
            file.sync_all()?;
            fs::rename(&next, &path)?;
            File::open(&self.path)?.sync_all()
        };
        write().map_err(|why| fault(&path, why))
    }
}

fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
