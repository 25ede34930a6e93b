//! `waxseal report`: evidence of what was done to a person's things, by an app, or in a time, as one file.
//!
//! Invariant: what is kept of a person is read only after a record with the reason, which the person sees. The file is made
//! by whoever asks, for its owner alone, and is whole or not there.

use super::person::{handle, nobody};
use super::{Act, Out, Stop, app, export, given};
use crate::config::StoreOptions;
use clap::Args;
use ledger::checkpoint::Checkpoint;
use ledger::evidence_check::check;
use ledger::note::VerifierKey;
use ledger::verify::Kept;
use model::{AppId, Handle, Time};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use vault::{Refusal, Vault};

/// Make an evidence file, which `verify --bundle` checks offline: of a person's things, of an app, or of a time
#[derive(Args, Debug)]
pub(super) struct Report {
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    what: What,
}

/// What the evidence is to be about.
#[derive(Args, Debug, Serialize, Deserialize)]
pub struct What {
    /// Every access by this app; with --between, how often it did what in that time
    #[arg(long, value_name = "ID", required_unless_present_any = ["person", "between"])]
    app: Option<AppId>,
    /// Every access to this person's things. The person sees that it was asked for, and why
    #[arg(long, value_name = "H", value_parser = handle, conflicts_with_all = ["app", "between"])]
    person: Option<String>,
    /// How often each app did what in a time: two days (at their beginning in UTC) or moments (RFC 3339)
    #[arg(long, alias = "period", value_name = "T1..T2", value_parser = between)]
    between: Option<(Time, Time)>,
    /// Also prove that the log extends this checkpoint, kept from earlier
    #[arg(long, value_name = "CHECKPOINT-FILE", value_parser = given::file)]
    since: Option<String>,
    /// Why a person's evidence is asked for, for the person to read
    #[arg(long, value_name = "W", default_value = "evidence asked for by the person")]
    why: String,
    /// The file; it must not be there yet
    #[arg(long, value_name = "FILE")]
    #[serde(skip)]
    out: PathBuf,
}

fn between(text: &str) -> Result<(Time, Time), String> {
    let (from, to) =
        text.split_once("..").ok_or("write two times with .. between, as 2027-01-01..2027-02-01")?;
    let (from, to) = (app::date(from)?, app::date(to)?);
    if from < to {
        Ok((from, to))
    } else {
        Err("it ends before it begins: give the earlier time first".into())
    }
}

impl Report {
    pub(super) fn run(mut self) -> Result<(), Stop> {
        let path = std::mem::take(&mut self.what.out);
        export::into_file(&path, |out| Act::Report(self.what).run_into(&self.store, out))
    }
}

impl What {
    pub(super) async fn run(self, vault: &Vault, out: &mut dyn Out) -> Result<(), Stop> {
        let keys = [vault.log_key().parse::<VerifierKey>().map_err(Stop::refused)?];
        let since = self.since.as_ref().map(|note| {
            let kept = Checkpoint::open(note.as_bytes(), &keys);
            kept.map(|kept| kept.size).map_err(|why| {
                Stop::refused(format!("the checkpoint given with --since is not one of this log: {why}"))
            })
        });
        let size = since.transpose()?;
        let made = match (&self.person, self.app, self.between) {
            (Some(handle), _, _) => {
                let handle = Handle::parse(handle).map_err(Stop::usage)?;
                let made = vault.evidence_staff(&handle, &self.why, size).await;
                made.map_err(|refusal| nobody(&handle, refusal))?
            }
            (None, app, Some(between)) => named(vault.evidence_between(app, between, size).await, app)?,
            (None, Some(app), None) => named(vault.evidence_app(app, size).await, Some(app))?,
            (None, None, None) => return Err(Stop::usage("say what about: --person, --app or --between")),
        };
        // What is handed out was checked as its holder will.
        let kept = Kept { since: self.since.as_deref().map(str::as_bytes), ..Kept::default() };
        let verdict = check(&made, &keys, kept).map_err(|wrong| {
            let wrong: Vec<String> = wrong.iter().map(ToString::to_string).collect();
            Stop::unverified(format!("the evidence does not hold: {}", wrong.join("\n")))
        })?;
        out.part(&made.write().map_err(Stop::refused)?)?;
        out.say(&verdict.to_string());
        Ok(())
    }
}

fn named<T>(made: Result<T, Refusal>, app: Option<AppId>) -> Result<T, Stop> {
    made.map_err(|refusal| match (refusal, app) {
        (Refusal::NotFound, Some(id)) => app::named(Refusal::NotFound, id),
        (other, _) => other.into(),
    })
}
