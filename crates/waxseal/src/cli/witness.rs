//! `waxseal witness`: cosigns the checkpoints of logs, of this project or another, as long as they only grow.
//!
//! Invariant: it has a folder, a key and a life of its own; it shares nothing with a server, and is best run by somebody
//! who does not run the logs.

use super::act::runtime;
use super::serve::{bind, stop_signal};
use super::{Stop, given, out};
use crate::listener::Peer;
use crate::world::world;
use crate::{listener, logging};
use clap::Args;
use ledger::cosignature::WitnessKey;
use ledger::note::VerifierKey;
use std::path::PathBuf;
use std::sync::Arc;
use witness::{Folder, MemoryFault};

/// Run a witness: cosign what logs publish, as long as they only grow
#[derive(Args, Debug)]
pub(super) struct Witness {
    /// Where to listen; port 0 picks a free one
    #[arg(long, value_name = "ADDRESS", env = "WAXSEAL_WITNESS_LISTEN", default_value = "127.0.0.1:8090")]
    listen: String,
    /// The folder for the key, and for what was cosigned
    #[arg(long, value_name = "DIR", env = "WAXSEAL_WITNESS_DATA", default_value = "waxseal-witness")]
    data: PathBuf,
    /// The name of the witness, by custom a host and path; a key of this name is made in the folder
    #[arg(long, env = "WAXSEAL_WITNESS_NAME", conflicts_with = "key")]
    name: Option<String>,
    /// A file with the witness's own private key, in place of one in the folder
    #[arg(long, value_name = "FILE", env = "WAXSEAL_WITNESS_KEY")]
    key: Option<PathBuf>,
    /// The verifier key of a log to witness, or a file with one a line
    #[arg(long, value_name = "KEY", value_parser = given::file_or_text, required = true)]
    log: Vec<String>,
    /// Log as JSON, one object a line
    #[arg(long, env = "WAXSEAL_LOG_JSON")]
    log_json: bool,
}

impl Witness {
    pub(super) fn run(self) -> Result<(), Stop> {
        logging::start(logging::SERVER, self.log_json).map_err(Stop::usage)?;
        let mut logs = Vec::new();
        for line in self.log.iter().flat_map(|text| given::lines(text)) {
            logs.push(line.parse::<VerifierKey>().map_err(|why| Stop::usage(format!("{line}: {why}")))?);
        }
        let listener = bind(&self.listen)?;
        let address = listener.local_addr().map_err(Stop::refused)?;
        let folder = Folder::lock(&self.data)?;
        let key = match &self.key {
            Some(path) => key_in(path)?,
            None => folder.key(self.name.as_deref(), &world())?,
        };
        let origins: Vec<String> = logs.iter().map(|key| key.name().to_owned()).collect();
        let witness = Arc::new(witness::Witness::open(folder, key, logs, world())?);
        runtime()?.block_on(async {
            let stopped = stop_signal()?;
            let listener = tokio::net::TcpListener::from_std(listener).map_err(Stop::refused)?;
            out::say(&format!("Waxseal is witnessing on http://{address}"));
            out::say(&format!("Its key: {}", witness.key()));
            tracing::info!(%address, key = %witness.key(), ?origins, "witnessing");
            listener::serve(listener, witness::routes(witness), Peer::Direct, stopped).await;
            tracing::info!("stopped");
            Ok(())
        })
    }
}

fn key_in(path: &PathBuf) -> Result<WitnessKey, Stop> {
    let unusable = |why: &dyn std::fmt::Display| Stop::usage(format!("{}: {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|why| unusable(&why))?;
    WitnessKey::from_secret_text(&text).map_err(|why| unusable(&why))
}

impl From<MemoryFault> for Stop {
    fn from(fault: MemoryFault) -> Self {
        match fault {
            MemoryFault::NoKey | MemoryFault::Name(_) => Stop::usage(fault),
            _ => Stop::refused(fault),
        }
    }
}
