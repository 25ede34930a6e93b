//! `waxseal verify`: replays the log and holds it to its checkpoint, to an earlier one, and to receipts; in a data folder
//! also every stored record to the log.
//!
//! Invariant: what is printed as proved was recomputed here. Whose key was trusted, and why, is said too.

use super::bundle;
use super::log_source::{Files, Http, Log, Noted, Open, seen_by_witness};
use super::out::Terminal;
use super::{Act, Exit, Out, Stop, given};
use crate::config::StoreOptions;
use crate::witnessing;
use clap::Args;
use ledger::checkpoint::Checkpoint;
use ledger::earlier::{SeenBy, Witnessed, Witnessing};
use ledger::note::VerifierKey;
use ledger::policy::Policy;
use ledger::report::Gap;
use ledger::verify::{Kept, replay};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::path::PathBuf;
use vault::{Audit, Vault};

/// Check the log, and receipts against it
#[derive(Args, Debug)]
pub(super) struct Verify {
    /// A server: its log, as anyone can fetch it
    #[arg(long, value_name = "URL", required_unless_present_any = ["dir", "proof", "bundle"], conflicts_with = "dir")]
    url: Option<String>,
    /// A data folder, with every record in it; or a folder with the files of a log: checkpoint, key and tile/
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// A proof file (.tlog-proof) for a receipt, to be checked without the log; with --key or --policy
    #[arg(long, value_name = "FILE", value_parser = given::file, conflicts_with_all = ["url", "dir", "since", "save", "bundle"])]
    proof: Vec<String>,
    /// An evidence file, offline; with --url or --dir, also that it is of that log
    #[arg(long, value_name = "FILE", conflicts_with = "save")]
    bundle: Option<PathBuf>,
    #[command(flatten)]
    what: What,
}

/// What to hold the log to.
#[derive(Args, Debug, Serialize, Deserialize)]
pub struct What {
    /// A checkpoint kept from earlier, which the log must extend
    #[arg(long, value_name = "CHECKPOINT-FILE", value_parser = given::file)]
    pub(super) since: Option<String>,
    /// A receipt whose record the log must hold, or a file with one a line
    #[arg(long, value_name = "FILE", value_parser = given::file_or_text)]
    pub(super) receipt: Vec<String>,
    /// The log's key that you trust, or a file with it [default: those of the policy, else the one that the log itself gives]
    #[arg(long, value_name = "KEY", value_parser = given::file_or_text)]
    key: Option<String>,
    /// A witness that must have cosigned the log: its key, and its URL if it is to be asked what it saw
    #[arg(long, value_name = "KEY[=URL]")]
    witness: Vec<String>,
    /// How many of those witnesses are enough [default: all]
    #[arg(long, value_name = "K", requires = "witness")]
    quorum: Option<usize>,
    /// Whom to believe, and how many witnesses must have cosigned, as a C2SP policy file
    #[arg(long, value_name = "FILE", value_parser = given::file, conflicts_with = "witness")]
    policy: Option<String>,
    /// Keep the checkpoint that was verified in this file, for --since next time
    #[arg(long, value_name = "FILE", value_parser = given::absolute)]
    save: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
    /// The checkpoint of an evidence file, which the log must extend too.
    #[arg(skip)]
    bundled: Option<String>,
}

impl Verify {
    pub(super) fn run(self) -> Result<(), Stop> {
        let Verify { url, dir, proof, bundle, mut what } = self;
        let mut out = Terminal::default();
        let file = bundle.map(|path| bundle::read(&path)).transpose();
        let file = file.map_err(|stop| what.failed_with(stop, &mut out))?;
        if let Some(file) = file {
            let is_offline = url.is_none() && dir.is_none();
            what.check_bundle(&file, is_offline, &mut out)?;
            what.bundled = Some(file.checkpoint);
        }
        match (url, dir) {
            (Some(url), _) => what.check(&mut Http::new(&url), None, &mut out),
            (None, Some(dir)) if dir.join("waxseal.db").exists() => {
                Act::Verify(what).run_on(&StoreOptions::folder(dir))
            }
            (None, Some(dir)) => what.check(&mut Files(dir), None, &mut out),
            (None, None) if what.bundled.is_some() => Ok(()),
            (None, None) => what.check_proofs(&proof, &mut out),
        }
    }
}

/// Whom the auditor trusts.
pub(super) struct Trust {
    /// The keys of the log.
    pub(super) keys: Vec<VerifierKey>,
    /// Whether the auditor gave them; else the log did, or the file.
    pub(super) given: bool,
    /// Who must have cosigned.
    pub(super) policy: Option<Policy>,
}

impl What {
    /// Checks the log in a vault, and every record in it.
    pub(super) async fn run(self, vault: &Vault, out: &mut dyn Out) -> Result<(), Stop> {
        let audit = vault.audit().await.map_err(Stop::unverified)?;
        tokio::task::block_in_place(|| self.check(&mut Open::new(vault), Some(&audit), out))
    }

    /// Whom to trust; `from_log` asks the log for its key, where nothing else gives it.
    pub(super) fn trust(&self, from_log: impl FnOnce() -> Result<String, Stop>) -> Result<Trust, Stop> {
        let policy = match (&self.policy, &self.witness[..]) {
            (Some(file), _) => Some(Policy::parse(file.as_bytes()).map_err(Stop::usage)?),
            (None, []) => None,
            (None, given) => {
                let given = given.iter().map(|text| witnessing::witness(text)).collect::<Result<Vec<_>, _>>();
                let given = given.map_err(Stop::usage)?;
                let needed = self.quorum.unwrap_or(given.len());
                Some(witnessing::some_of(given, needed).map_err(Stop::usage)?)
            }
        };
        let read = |text: &str| given::lines(text).map(str::parse).collect::<Result<Vec<_>, _>>();
        let named = policy.as_ref().map(Policy::log_keys).filter(|keys| !keys.is_empty());
        let (keys, given) = match (&self.key, named) {
            (Some(key), _) => (read(key).map_err(Stop::usage)?, true),
            (None, Some(keys)) => (keys, true),
            (None, None) => (read(&from_log()?).map_err(Stop::unverified)?, false),
        };
        Ok(Trust { keys, given, policy })
    }

    /// The receipts that were given.
    pub(super) fn receipts(&self) -> Vec<String> {
        self.receipt.iter().flat_map(|text| given::lines(text)).map(str::to_owned).collect()
    }

    fn check(&self, log: &mut impl Log, audit: Option<&Audit>, out: &mut dyn Out) -> Result<(), Stop> {
        let unread = |why: &dyn std::fmt::Display| Stop::unverified(format!("the log gives no key: {why}"));
        let trust = self.trust(|| log.key().map_err(|why| unread(&why)))?;
        let receipts = self.receipts();
        // Before the log: what a witness tells, and what is cosigned, is never longer than what the log shows after it.
        let seen = trust.policy.as_ref().map_or_else(Vec::new, |policy| seen(policy, &trust.keys, out));
        let cosigned = match &trust.policy {
            Some(policy) if policy.needs_witnesses() => log.cosigned().map_err(Stop::unverified)?,
            _ => None,
        };
        let witnesses = trust.policy.as_ref().map(|policy| Witnessing {
            policy,
            cosigned: cosigned.as_deref(),
            seen: &seen,
        });
        let kept = Kept { since: self.since.as_deref().map(str::as_bytes), receipts: &receipts, witnesses };
        let mut log = Noted { log, note: Vec::new() };
        let report = replay(&mut log, &trust.keys, kept, &mut |done, total| out.progress(done, total));
        let report = report.map_err(|found| self.failed(&[found.to_string()], out))?;
        if let Some(note) = self.bundled.as_deref().map(str::as_bytes) {
            let kept = Kept { since: Some(note), ..Kept::default() };
            replay(&mut log, &trust.keys, kept, &mut |done, total| out.progress(done, total)).map_err(
                |found| {
                    self.failed(&[format!("the checkpoint of the evidence is not of this log: {found}")], out)
                },
            )?;
        }
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
            let gap = |gap: &Gap| json!({"grant": gap.grant, "from": gap.from, "to": gap.to});
            let gaps: Vec<_> = report.gaps.iter().map(gap).collect();
            let told = json!({
                "verified": true, "origin": origin, "size": size, "root": root.to_string(), "since": report.since,
                "receipts": report.receipts, "gaps": gaps, "key_given": trust.given, "records": audit.map(counts),
                "witnessed": report.witnessed.as_ref().map(witnessed),
            });
            out.say(&told.to_string());
            return Ok(());
        }
        out.say(&report.to_string());
        if self.bundled.is_some() {
            out.say("Proved: the checkpoint of the evidence is one of this log.");
        }
        if !trust.given {
            out.say("Taken on trust: that the key is the log's own; it came from the log. Keep it, and give it with --key.");
        }
        if let Some(audit) = audit {
            out.say(&records(audit));
        }
        Ok(())
    }

    /// Says it in JSON too, where that was asked for.
    pub(super) fn failed_with(&self, stop: Stop, out: &mut dyn Out) -> Stop {
        match stop.exit {
            Exit::Unverified => self.failed(&[stop.sentence], out),
            Exit::Refused | Exit::Usage => stop,
        }
    }

    pub(super) fn failed(&self, findings: &[String], out: &mut dyn Out) -> Stop {
        if self.json {
            out.say(&json!({"verified": false, "findings": findings}).to_string());
        }
        Stop::unverified(findings.join("\n"))
    }
}

/// What the witnesses tell that can be asked. One that does not answer proves nothing, and hinders nothing.
fn seen(policy: &Policy, keys: &[VerifierKey], out: &mut dyn Out) -> Vec<SeenBy> {
    let mut seen = Vec::new();
    let Some(origin) = keys.first().map(VerifierKey::name) else { return seen };
    for (witness, url) in policy.witnesses.iter().filter_map(|witness| Some((witness, witness.url.as_ref()?)))
    {
        let name = witness.key.name();
        match seen_by_witness(url, origin) {
            Ok(Some(note)) => seen.push(SeenBy { witness: name.to_owned(), note }),
            Ok(None) => {
                out.warn(&format!("Not asked: the witness {name} tells nothing of this log at its URL."))
            }
            Err(why) => out.warn(&format!("Not asked: the witness {name} ({why}).")),
        }
    }
    seen
}

pub(super) fn witnessed(witnessed: &Witnessed) -> serde_json::Value {
    let Witnessed { size, cosigners, agree } = witnessed;
    let cosigners = cosigners.0.iter().map(|(name, time)| json!({"name": name, "time": time}));
    json!({"size": size, "cosigners": cosigners.collect::<Vec<_>>(), "agree": agree})
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
