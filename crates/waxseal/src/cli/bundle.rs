//! `waxseal verify --bundle`: checks an evidence file offline, and says in sentences what it proves.
//!
//! Invariant: nothing in the file is believed, its size is bounded before it is read, and nothing is unpacked to disk.

use super::verify::{self, What};
use super::{Out, Stop};
use ledger::checkpoint::Checkpoint;
use ledger::earlier::Witnessed;
use ledger::evidence::EvidenceFile;
use ledger::evidence_check::check;
use ledger::map::Counts;
use ledger::note::Note;
use ledger::policy::Policy;
use ledger::verdict::{Counted, Verdict, Wrong};
use ledger::verify::Kept;
use ledger::zip::BYTES_MAX;
use serde_json::{Value, json};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Reads an evidence file; what is none did not pass.
pub(super) fn read(path: &Path) -> Result<EvidenceFile, Stop> {
    let unread = |why: std::io::Error| Stop::usage(format!("{} cannot be read: {why}", path.display()));
    let mut bytes = Vec::new();
    File::open(path)
        .map_err(unread)?
        .take(2 * BYTES_MAX as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(unread)?;
    EvidenceFile::read(&bytes).map_err(|why| Stop::unverified(Wrong::from(why)))
}

impl What {
    /// Checks it. Offline, the kept checkpoint and the witnesses are for the file to satisfy; where the log is at hand, for
    /// the log.
    pub(super) fn check_bundle(
        &self,
        file: &EvidenceFile,
        is_offline: bool,
        out: &mut dyn Out,
    ) -> Result<(), Stop> {
        let trust = self.trust(|| Ok(file.key.clone())).map_err(|stop| self.failed_with(stop, out))?;
        let receipts = self.receipts();
        let since = self.since.as_deref().filter(|_| is_offline).map(str::as_bytes);
        let checked = check(file, &trust.keys, Kept { since, receipts: &receipts, witnesses: None });
        let verdict = checked.map_err(|wrong| {
            let findings: Vec<String> = wrong.iter().map(Wrong::to_string).collect();
            self.failed(&findings, out)
        })?;
        let policy = trust.policy.as_ref().filter(|policy| is_offline && policy.needs_witnesses());
        let witnessed = policy.map(|policy| witnessed_by(policy, file, &verdict)).transpose();
        let witnessed = witnessed.map_err(|finding| self.failed(&[finding], out))?;
        if self.json {
            out.say(&as_json(&verdict, witnessed.as_ref(), trust.given).to_string());
            return Ok(());
        }
        out.say(&verdict.to_string());
        if let Some(witnessed) = &witnessed {
            out.say(&witnessed.to_string());
        }
        if !trust.given {
            out.say(
                "Taken on trust: that the key is the log's own; it came with the file. Get it from somewhere else too, and \
                 give it with --key.",
            );
        }
        Ok(())
    }
}

fn witnessed_by(policy: &Policy, file: &EvidenceFile, verdict: &Verdict) -> Result<Witnessed, String> {
    let note = Note::parse(file.checkpoint.as_bytes()).map_err(|why| why.to_string())?;
    let cosigners = policy.cosigned(&note).map_err(|why| {
        format!(
            "the evidence is not witnessed as you ask: {why}; ask for a newer file, or check it with --url"
        )
    })?;
    Ok(Witnessed { size: verdict.checkpoint.size, cosigners, agree: 0 })
}

fn as_json(verdict: &Verdict, witnessed: Option<&Witnessed>, key_given: bool) -> Value {
    let Verdict { about, checkpoint, signers, maps, proved, look_into, not_proved, .. } = verdict;
    let Checkpoint { origin, size, root } = checkpoint;
    let counted = |one: &Counted| {
        let Counted { app, name, grant, counts: Counts { list, read, send, delete }, last_read } = one;
        json!({"app": app, "name": name, "grant": grant, "list": list, "read": read, "send": send, "delete": delete,
               "last_read": last_read})
    };
    json!({
        "verified": true, "about": about, "origin": origin, "size": size, "root": root.to_string(), "signers": signers,
        "key_given": key_given, "maps": maps.iter().map(|(_, map)| map.n).collect::<Vec<_>>(),
        "counted": verdict.counted.iter().map(counted).collect::<Vec<_>>(), "proved": proved, "look_into": look_into,
        "not_proved": not_proved, "witnessed": witnessed.map(verify::witnessed),
    })
}
