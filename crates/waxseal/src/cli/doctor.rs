//! `waxseal doctor`: looks at everything that a server stands on, and says of each thing what to do if it is not well.
//!
//! Invariant: it makes nothing and mends nothing. A thing that cannot be looked at is not well.

use super::out::Terminal;
use super::{Act, Out, Stop};
use crate::config::{ListenOptions, Settings, StoreOptions};
use crate::world::SystemClock;
use clap::Args;
use ledger::checkpoint::Checkpoint;
use ledger::note::VerifierKey;
use model::{Clock, Time};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::UNIX_EPOCH;
use vault::{Place, Vault};

/// Below this much free space there is a warning, in bytes.
const FREE_BYTES_MIN: u64 = 1 << 30;
/// The clock is wrong if it is before this program was made: 2026-01-01.
const CLOCK_MIN: Time = Time::from_micros(1_767_225_600_000_000);

/// Look whether all is well, and say what to do if not
#[derive(Args, Debug)]
pub(super) struct Doctor {
    #[command(flatten)]
    store: StoreOptions,
}

impl Doctor {
    pub(super) fn run(self) -> Result<(), Stop> {
        let settings = Settings::settle(&self.store, &ListenOptions::default())?;
        let mut out = Terminal::default();
        let mut seen = Seen { out: &mut out, unwell: 0 };
        if let Place::Folder(folder) = &settings.place {
            if !folder.join("waxseal.db").exists() {
                let folder = folder.display();
                return Err(Stop::refused(format!(
                    "there is no data in {folder} yet: `waxseal serve` makes it"
                )));
            }
            seen.folder(folder);
        }
        seen.clock(&settings.place);
        let unwell = seen.unwell;
        Act::Doctor.run_on(&self.store)?;
        verdict(unwell)
    }
}

fn verdict(unwell: usize) -> Result<(), Stop> {
    match unwell {
        0 => Ok(()),
        1 => Err(Stop::refused("one thing is not well; see above")),
        many => Err(Stop::refused(format!("{many} things are not well; see above"))),
    }
}

/// What was looked at so far.
struct Seen<'o> {
    out: &'o mut dyn Out,
    unwell: usize,
}

impl Seen<'_> {
    fn well(&mut self, what: &str) {
        self.out.say(&format!("ok    {what}"));
    }

    fn unwell(&mut self, what: &str) {
        self.unwell += 1;
        self.out.say(&format!("WRONG {what}"));
    }

    fn note(&mut self, well: bool, is_well: &str, what_to_do: &str) {
        if well { self.well(is_well) } else { self.unwell(what_to_do) }
    }

    fn folder(&mut self, folder: &Path) {
        let shown = folder.display();
        match std::fs::metadata(folder) {
            Ok(found) => self.note(
                found.mode() & 0o077 == 0,
                &format!("only its owner may open {shown}"),
                &format!("others on this machine may look into {shown}: run chmod 700 on it"),
            ),
            Err(why) => self.unwell(&format!("{shown} cannot be looked at ({why}): check its permissions")),
        }
        match rustix::fs::statvfs(folder) {
            Ok(disk) => {
                let free = disk.f_bavail.saturating_mul(disk.f_frsize);
                self.note(
                    free >= FREE_BYTES_MIN,
                    &format!("{} MiB are free on its disk", free >> 20),
                    &format!("only {} MiB are free on its disk: make room before it is full", free >> 20),
                );
            }
            Err(why) => self.unwell(&format!("the free space of its disk cannot be told ({why})")),
        }
    }

    fn clock(&mut self, place: &Place) {
        let now = SystemClock.now();
        let wrong = format!("the clock says {now}: set it, or times and ends of grants are wrong");
        self.note(now >= CLOCK_MIN, &format!("the clock says {now}"), &wrong);
        let Place::Folder(folder) = place else { return };
        let written = std::fs::metadata(folder.join("waxseal.db")).and_then(|found| found.modified()).ok();
        let written = written.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let written = written.and_then(|at| i64::try_from(at.as_secs()).ok()).unwrap_or(0);
        if written > now.seconds() + 60 {
            self.unwell("the clock is behind the newest change of the data: it was set back; check it");
        }
    }
}

/// The part that needs the open vault.
pub(super) async fn look(vault: &Vault, out: &mut dyn Out) -> Result<(), Stop> {
    let mut seen = Seen { out, unwell: 0 };
    match vault.ready().await {
        Ok(()) => seen.well("the database can be written"),
        Err(fault) => seen.unwell(&fault.to_string()),
    }
    match vault.integrity().await {
        Ok(found) if found.is_empty() => seen.well("the database is whole"),
        Ok(found) => {
            let found = found.join("; ");
            seen.unwell(&format!("the database is damaged ({found}): stop the server and restore a backup"));
        }
        Err(fault) => seen.unwell(&fault.to_string()),
    }
    match vault.jwks().await {
        Ok(_) => seen.well("the signing keys are there"),
        Err(refusal) => seen.unwell(&refusal.to_string()),
    }
    match head(vault).await {
        Ok(Checkpoint { origin, size, .. }) => seen.well(&format!("the log {origin} has {size} entries")),
        Err(why) => seen.unwell(&format!("{why}: run `waxseal verify`")),
    }
    verdict(seen.unwell)
}

/// The head of the log, with its signature and its tiles.
async fn head(vault: &Vault) -> Result<Checkpoint, String> {
    let key: VerifierKey =
        vault.log_key().parse().map_err(|why| format!("the log's key is broken ({why})"))?;
    let note = vault.checkpoint().await.map_err(|why| format!("the log has no checkpoint ({why})"))?;
    let head =
        Checkpoint::open(note.as_bytes(), &[key]).map_err(|why| format!("its checkpoint is bad ({why})"))?;
    for path in ledger::tile::tiles(head.size).filter(|path| !path.is_full()) {
        vault.tile(path).await.map_err(|why| format!("the log lacks {path} ({why})"))?;
    }
    Ok(head)
}
