//! `waxseal verify`: replays the log and holds it to its checkpoint, to an earlier one, and to receipts; in a data folder
//! also every stored record to the log.
//!
//! Invariant: what is printed as proved was recomputed here. Whose key was trusted, and why, is said too.

use super::out::Terminal;
use super::{Act, Out, Stop, given};
use crate::config::StoreOptions;
use clap::Args;
use ledger::checkpoint::Checkpoint;
use ledger::note::VerifierKey;
use ledger::tile::{TilePath, TileReader};
use ledger::verify::{Kept, Source, replay};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::runtime::Handle;
use vault::{Audit, Vault};

/// The largest tile: 256 entries of 65,535 bytes, each behind its length.
const TILE_BYTES_MAX: u64 = 256 * 65_537;
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// Check the log, and receipts against it
#[derive(Args, Debug)]
pub(super) struct Verify {
    /// A server: its log, as anyone can fetch it
    #[arg(long, value_name = "URL", required_unless_present = "dir", conflicts_with = "dir")]
    url: Option<String>,
    /// A data folder, with every record in it; or a folder with the files of a log: checkpoint, key and tile/
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    #[command(flatten)]
    what: What,
}

/// What to hold the log to.
#[derive(Args, Debug, Serialize, Deserialize)]
pub struct What {
    /// A checkpoint kept from earlier, which the log must extend
    #[arg(long, value_name = "CHECKPOINT-FILE", value_parser = given::file)]
    since: Option<String>,
    /// A receipt whose record the log must hold, or a file with one a line
    #[arg(long, value_name = "FILE", value_parser = given::file_or_text)]
    receipt: Vec<String>,
    /// The log's key that you trust, or a file with it [default: the one that the log itself gives]
    #[arg(long, value_name = "KEY", value_parser = given::file_or_text)]
    key: Option<String>,
    /// Keep the checkpoint that was verified in this file, for --since next time
    #[arg(long, value_name = "FILE", value_parser = given::absolute)]
    save: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Verify {
    pub(super) fn run(self) -> Result<(), Stop> {
        let Verify { url, dir, what } = self;
        let mut out = Terminal::default();
        match (url, dir) {
            (Some(url), _) => what.check(&mut Http::new(&url)?, None, &mut out),
            (None, Some(dir)) if dir.join("waxseal.db").exists() => {
                Act::Verify(what).run_on(&StoreOptions::folder(dir))
            }
            (None, Some(dir)) => what.check(&mut Files(dir), None, &mut out),
            (None, None) => Err(Stop::usage("give --url or --dir")),
        }
    }
}

/// A log that may also give its key.
trait Log: Source {
    fn key(&mut self) -> Result<String, Self::Error>;
}

impl What {
    /// Checks the log in a vault, and every record in it.
    pub(super) async fn run(self, vault: &Vault, out: &mut dyn Out) -> Result<(), Stop> {
        let audit = vault.audit().await.map_err(Stop::unverified)?;
        let mut log = Open { vault, runtime: Handle::current() };
        tokio::task::block_in_place(|| self.check(&mut log, Some(&audit), out))
    }

    fn check(&self, log: &mut impl Log, audit: Option<&Audit>, out: &mut dyn Out) -> Result<(), Stop> {
        let trusted = match &self.key {
            Some(key) => key.clone(),
            None => log.key().map_err(|why| Stop::unverified(format!("the log gives no key: {why}")))?,
        };
        let keys = given::lines(&trusted).map(str::parse::<VerifierKey>);
        let keys = keys.collect::<Result<Vec<_>, _>>().map_err(Stop::usage)?;
        let receipts: Vec<String> =
            self.receipt.iter().flat_map(|text| given::lines(text)).map(str::to_owned).collect();
        let kept = Kept { since: self.since.as_deref().map(str::as_bytes), receipts: &receipts };
        let mut log = Noted { log, note: Vec::new() };
        let report = replay(&mut log, &keys, kept, &mut |done, total| out.progress(done, total));
        let report = report.map_err(|found| self.failed(&[found.to_string()], out))?;
        if let Some(findings) = audit.map(|audit| &audit.findings).filter(|findings| !findings.is_empty()) {
            return Err(self.failed(findings, out));
        }
        if let Some(path) = &self.save {
            std::fs::write(path, &log.note).map_err(|why| {
                Stop::refused(format!("the checkpoint cannot be kept in {}: {why}", path.display()))
            })?;
        }
        if self.json {
            let Checkpoint { origin, size, root } = &report.checkpoint;
            let told = json!({
                "verified": true, "origin": origin, "size": size, "root": root.to_string(), "since": report.since,
                "receipts": report.receipts, "key_given": self.key.is_some(), "records": audit.map(counts),
            });
            out.say(&told.to_string());
            return Ok(());
        }
        out.say(&report.to_string());
        if self.key.is_none() {
            out.say("Taken on trust: that the key is the log's own; it came from the log. Keep it, and give it with --key.");
        }
        if let Some(audit) = audit {
            out.say(&records(audit));
        }
        Ok(())
    }

    fn failed(&self, findings: &[String], out: &mut dyn Out) -> Stop {
        if self.json {
            out.say(&json!({"verified": false, "findings": findings}).to_string());
        }
        Stop::unverified(findings.join("\n"))
    }
}

fn counts(audit: &Audit) -> serde_json::Value {
    let Audit { accesses, grant_events, app_events, staff_events, waiting, maps, gone, .. } = audit;
    json!({"accesses": accesses, "grant_events": grant_events, "app_events": app_events,
           "staff_events": staff_events, "waiting": waiting, "maps": maps, "gone": gone})
}

fn records(audit: &Audit) -> String {
    let Audit { accesses, grant_events, app_events, staff_events, waiting, maps, gone, .. } = audit;
    let mut text = format!(
        "Proved: every record that is stored here ({accesses} accesses, {grant_events} changes of grants, {app_events} of \
         apps, {staff_events} acts of staff) is the one in the log, and their numbers have no holes."
    );
    if *maps > 0 {
        text.push_str(&format!(
            "\nProved: the newest of {maps} maps counts exactly the accesses in the log."
        ));
    }
    if *waiting > 0 {
        text.push_str(&format!("\n{waiting} more wait for their place in the log."));
    }
    if *gone > 0 {
        text.push_str(&format!(
            "\nNot proved: what {gone} entries were about; their records went with erased people."
        ));
    }
    text
}

/// A log whose checkpoint is remembered as it was read.
struct Noted<'l, L> {
    log: &'l mut L,
    note: Vec<u8>,
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
struct Open<'v> {
    vault: &'v Vault,
    runtime: Handle,
}

impl TileReader for Open<'_> {
    type Error = vault::Refusal;
    fn tile(&mut self, path: TilePath) -> Result<Vec<u8>, vault::Refusal> {
        self.runtime.block_on(self.vault.tile(path))
    }
}

impl Source for Open<'_> {
    fn checkpoint(&mut self) -> Result<Vec<u8>, vault::Refusal> {
        self.runtime.block_on(self.vault.checkpoint()).map(String::into_bytes)
    }
}

impl Log for Open<'_> {
    fn key(&mut self) -> Result<String, vault::Refusal> {
        Ok(self.vault.log_key())
    }
}

/// The files of a log, in a folder.
struct Files(PathBuf);

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
}

/// The log of a server, by HTTP.
struct Http {
    agent: ureq::Agent,
    ledger: String,
}

impl Http {
    fn new(url: &str) -> Result<Http, Stop> {
        if !url.starts_with("http://") {
            return Err(Stop::usage(
                "this waxseal speaks http only: fetch an https log into a folder (checkpoint, key, tile/) and give --dir",
            ));
        }
        let config = ureq::Agent::config_builder().timeout_global(Some(ANSWER_WITHIN)).build();
        let ledger = format!("{}/ledger", url.trim_end_matches('/'));
        Ok(Http { agent: ureq::Agent::new_with_config(config), ledger })
    }

    fn get(&self, path: &str) -> Result<Vec<u8>, String> {
        let url = format!("{}/{path}", self.ledger);
        let answer = self.agent.get(&url).call().map_err(|why| format!("{url}: {why}"))?;
        answer
            .into_body()
            .into_with_config()
            .limit(TILE_BYTES_MAX)
            .read_to_vec()
            .map_err(|why| format!("{url}: {why}"))
    }
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
}
