//! `waxseal verify --proof`: that the records of receipts are in a log, from files alone.
//!
//! Invariant: the log's key comes from the auditor; a file that brings its own key would prove nothing.

use super::verify::{Trust, What, witnessed};
use super::{Out, Stop};
use ledger::checkpoint::Checkpoint;
use ledger::earlier::Witnessed;
use ledger::note::Note;
use ledger::proof_file::ProofFile;
use ledger::receipt::Receipt;
use serde_json::json;

/// A proof whose checkpoint was found to be genuine, and witnessed as was asked.
struct Opened {
    file: ProofFile,
    checkpoint: Checkpoint,
    witnessed: Option<Witnessed>,
}

impl What {
    /// Checks that each receipt is proved by one of these files.
    pub(super) fn check_proofs(&self, files: &[String], out: &mut dyn Out) -> Result<(), Stop> {
        let trust = self.trust(|| {
            Err(Stop::usage(
                "give the log's key with --key, or a policy that lists the log: a proof brings none",
            ))
        })?;
        let tokens = self.receipts();
        if tokens.is_empty() {
            return Err(Stop::usage("give the receipts that are to be proved, with --receipt"));
        }
        let proved = self.prove(files, &tokens, &trust).map_err(|finding| self.failed(&[finding], out))?;
        if self.json {
            let told = proved.iter().map(|(name, opened)| {
                let Checkpoint { origin, size, root } = &opened.checkpoint;
                json!({"record": name, "index": opened.file.index, "origin": origin, "size": size,
                       "root": root.to_string(), "witnessed": opened.witnessed.as_ref().map(witnessed)})
            });
            out.say(&json!({"verified": true, "proved": told.collect::<Vec<_>>()}).to_string());
            return Ok(());
        }
        for (name, opened) in &proved {
            let (Checkpoint { origin, size, .. }, index) = (&opened.checkpoint, opened.file.index);
            out.say(&format!("Proved: the receipt of {name} is genuine, and its record is entry {index} of {origin}, as of its checkpoint of {size} entries."));
            if let Some(witnessed) = &opened.witnessed {
                out.say(&witnessed.to_string());
            }
        }
        out.say("Not proved: that there were no other accesses, and what an app did afterwards with what it had read.");
        Ok(())
    }

    fn prove(
        &self,
        files: &[String],
        tokens: &[String],
        trust: &Trust,
    ) -> Result<Vec<(String, Opened)>, String> {
        let open = |text: &String| open(text, trust);
        let mut proofs = files.iter().map(open).collect::<Result<Vec<_>, _>>()?;
        let mut proved = Vec::new();
        for (token, position) in tokens.iter().zip(1..) {
            let receipt = Receipt::verify(token, &trust.keys);
            let receipt = receipt.map_err(|why| format!("receipt {position} is not genuine: {why}"))?;
            let name = format!("access {} of grant {}", receipt.record.n, receipt.record.grant);
            let entry = receipt.entry().map_err(|why| format!("receipt {position} is not genuine: {why}"))?;
            let leaf = entry.leaf_hash();
            let proves = |opened: &Opened| opened.file.verify(leaf, &trust.keys).is_ok();
            match proofs.iter().position(proves) {
                Some(at) => proved.push((name, proofs.swap_remove(at))),
                None => {
                    return Err(format!("no proof given here leads from {name} to a checkpoint of the log"));
                }
            }
        }
        Ok(proved)
    }
}

fn open(text: &str, trust: &Trust) -> Result<Opened, String> {
    let file = ProofFile::parse(text).map_err(|why| why.to_string())?;
    let genuine = |why: &dyn std::fmt::Display| format!("the checkpoint of a proof is not genuine: {why}");
    let note = file.checkpoint.as_bytes();
    let checkpoint = Checkpoint::open(note, &trust.keys).map_err(|why| genuine(&why))?;
    let note = Note::parse(note).map_err(|why| genuine(&why))?;
    let cosigners = trust.policy.as_ref().map(|policy| policy.cosigned(&note)).transpose();
    let cosigners = cosigners.map_err(|why| format!("a proof is not witnessed as you ask: {why}"))?;
    let size = checkpoint.size;
    let witnessed = cosigners.map(|cosigners| Witnessed { size, cosigners, agree: 0 });
    Ok(Opened { file, checkpoint, witnessed })
}
