//! Where a log to be verified comes from: an open vault, the files of a log in a folder, or a server.
//!
//! Invariant: a source only fetches; nothing that it says is believed before it was checked.

use ledger::submission::origin_hash;
use ledger::tile::{TilePath, TileReader};
use ledger::verify::Source;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use vault::{Refusal, Vault};

/// The largest tile: 256 entries of 65,535 bytes, each behind its length.
const TILE_BYTES_MAX: u64 = 256 * 65_537;
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// A log that may also give its key, and its newest checkpoint that enough witnesses cosigned.
pub(super) trait Log: Source {
    fn key(&mut self) -> Result<String, Self::Error>;
    fn cosigned(&mut self) -> Result<Option<Vec<u8>>, Self::Error>;
}

/// A log whose checkpoint is remembered as it was read.
pub(super) struct Noted<'l, L> {
    pub(super) log: &'l mut L,
    pub(super) note: Vec<u8>,
}

impl<L: Log> TileReader for Noted<'_, L> {
    type Error = L::Error;
    fn tile(&mut self, path: TilePath) -> Result<Vec<u8>, L::Error> {
        self.log.tile(path)
    }
}

impl<L: Log> Source for Noted<'_, L> {
    fn checkpoint(&mut self) -> Result<Vec<u8>, L::Error> {
        self.note = self.log.checkpoint()?;
        Ok(self.note.clone())
    }
}

/// The log in an open vault.
pub(super) struct Open<'v> {
    vault: &'v Vault,
    runtime: Handle,
}

impl<'v> Open<'v> {
    /// For use inside the runtime, on a thread that may block.
    pub(super) fn new(vault: &'v Vault) -> Open<'v> {
        Open { vault, runtime: Handle::current() }
    }
}

impl TileReader for Open<'_> {
    type Error = Refusal;
    fn tile(&mut self, path: TilePath) -> Result<Vec<u8>, Refusal> {
        self.runtime.block_on(self.vault.tile(path))
    }
}

impl Source for Open<'_> {
    fn checkpoint(&mut self) -> Result<Vec<u8>, Refusal> {
        self.runtime.block_on(self.vault.checkpoint()).map(String::into_bytes)
    }
}

impl Log for Open<'_> {
    fn key(&mut self) -> Result<String, Refusal> {
        Ok(self.vault.log_key())
    }

    fn cosigned(&mut self) -> Result<Option<Vec<u8>>, Refusal> {
        match self.runtime.block_on(self.vault.cosigned_checkpoint()) {
            Ok(note) => Ok(Some(note.into_bytes())),
            Err(Refusal::NotFound) => Ok(None),
            Err(refusal) => Err(refusal),
        }
    }
}

/// The files of a log, in a folder.
pub(super) struct Files(pub(super) PathBuf);

impl Files {
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        std::fs::read(self.0.join(path)).map_err(|why| format!("{}: {why}", path.display()))
    }
}

impl TileReader for Files {
    type Error = String;
    fn tile(&mut self, path: TilePath) -> Result<Vec<u8>, String> {
        self.read(Path::new(&path.to_string()))
    }
}

impl Source for Files {
    fn checkpoint(&mut self) -> Result<Vec<u8>, String> {
        self.read(Path::new("checkpoint"))
    }
}

impl Log for Files {
    fn key(&mut self) -> Result<String, String> {
        self.read(Path::new("key")).and_then(|bytes| String::from_utf8(bytes).map_err(|why| why.to_string()))
    }

    fn cosigned(&mut self) -> Result<Option<Vec<u8>>, String> {
        match std::fs::read(self.0.join("cosigned")) {
            Ok(note) => Ok(Some(note)),
            Err(why) if why.kind() == ErrorKind::NotFound => Ok(None),
            Err(why) => Err(format!("cosigned: {why}")),
        }
    }
}

/// The log of a server, by HTTP.
pub(super) struct Http {
    agent: ureq::Agent,
    ledger: String,
}

impl Http {
    /// The log of the server at this URL, over TLS if it says so.
    pub(super) fn new(url: &str) -> Http {
        Http { agent: agent(), ledger: format!("{}/ledger", url.trim_end_matches('/')) }
    }

    /// `None` where there is no such thing.
    fn find(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        fetch(&self.agent, &format!("{}/{path}", self.ledger))
    }

    fn get(&self, path: &str) -> Result<Vec<u8>, String> {
        self.find(path)?.ok_or_else(|| format!("{}/{path}: not found", self.ledger))
    }
}

/// What fetches: keeps its connections, and trusts the authorities of this machine (`SSL_CERT_FILE` names others).
fn agent() -> ureq::Agent {
    let roots = outbound::authorities().iter().map(|der| Certificate::from_der(der).to_owned()).collect();
    let tls = TlsConfig::builder()
        .unversioned_rustls_crypto_provider(outbound::crypto())
        .root_certs(RootCerts::Specific(Arc::new(roots)))
        .build();
    let config = ureq::Agent::config_builder().timeout_global(Some(ANSWER_WITHIN)).tls_config(tls).build();
    ureq::Agent::new_with_config(config)
}

/// What is at this URL; `None` where nothing is.
fn fetch(agent: &ureq::Agent, url: &str) -> Result<Option<Vec<u8>>, String> {
    let answer = match agent.get(url).call() {
        Err(ureq::Error::StatusCode(404)) => return Ok(None),
        answer => answer.map_err(|why| format!("{url}: {why}"))?,
    };
    let body = answer.into_body().into_with_config().limit(TILE_BYTES_MAX).read_to_vec();
    body.map(Some).map_err(|why| format!("{url}: {why}"))
}

/// The last checkpoint of the log `origin` that the witness at this URL cosigned; `None` where it cosigned none.
pub(super) fn seen_by_witness(url: &str, origin: &str) -> Result<Option<Vec<u8>>, String> {
    fetch(&agent(), &format!("{}/{}/checkpoint", url.trim_end_matches('/'), origin_hash(origin)))
}

impl TileReader for Http {
    type Error = String;
    fn tile(&mut self, path: TilePath) -> Result<Vec<u8>, String> {
        self.get(&path.to_string())
    }
}

impl Source for Http {
    fn checkpoint(&mut self) -> Result<Vec<u8>, String> {
        self.get("checkpoint")
    }
}

impl Log for Http {
    fn key(&mut self) -> Result<String, String> {
        self.get("key").and_then(|bytes| String::from_utf8(bytes).map_err(|why| why.to_string()))
    }

    fn cosigned(&mut self) -> Result<Option<Vec<u8>>, String> {
        self.find("cosigned")
    }
}
