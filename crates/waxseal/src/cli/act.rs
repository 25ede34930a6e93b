//! What a command does to a vault: the same code whether it opened the vault itself or a running server did.
//!
//! Invariant: an act holds all it needs (files that were named are read before, paths are absolute), so it means the
//! same wherever it runs.

use super::{Out, Stop, app, contain, doctor, grant, import, keys, out, person, report, verify};
use crate::config::{ListenOptions, Settings, StoreOptions};
use crate::wiring::House;
use crate::world::world;
use crate::{logging, through};
use oauth::metadata::Issuer;
use serde::{Deserialize, Serialize};
use vault::{OpenError, Place, Vault};

/// Something to do to a vault.
#[derive(Debug, Serialize, Deserialize)]
pub enum Act {
    /// With people.
    Person(person::What),
    /// With apps.
    App(app::What),
    /// With grants.
    Grant(grant::What),
    /// End every token and grant of an app, of a span of time, or of all.
    Contain(contain::What),
    /// With the server's keys.
    Keys(keys::What),
    /// Take in an export.
    Import(import::What),
    /// Make an evidence file.
    Report(report::What),
    /// Check the log, and every record against it.
    Verify(verify::What),
    /// Look whether all is well.
    Doctor,
}

impl Act {
    /// Does it.
    pub async fn run(self, vault: &Vault, out: &mut dyn Out) -> Result<(), Stop> {
        match self {
            Act::Person(what) => what.run(vault, out).await,
            Act::App(what) => what.run(vault, out).await,
            Act::Grant(what) => what.run(vault, out).await,
            Act::Contain(what) => what.run(vault, out).await,
            Act::Keys(what) => what.run(vault, out).await,
            Act::Import(what) => what.run(vault, out).await,
            Act::Report(what) => what.run(vault, out).await,
            Act::Verify(what) => what.run(vault, out).await,
            Act::Doctor => doctor::look(vault, out).await,
        }
    }

    /// Does it to the vault that the options name: opens it, or goes through the server that has it open.
    pub(super) fn run_on(self, store: &StoreOptions) -> Result<(), Stop> {
        self.run_into(store, &mut out::Terminal::default())
    }

    /// The same, saying it to this terminal.
    pub(super) fn run_into(self, store: &StoreOptions, out: &mut out::Terminal) -> Result<(), Stop> {
        let settings = Settings::settle(store, &ListenOptions::default())?;
        logging::start(logging::COMMAND, settings.log_json).map_err(Stop::usage)?;
        let opened = House::open(settings.place.clone(), issuer(&settings)?, settings.log.clone(), world());
        match (opened, &settings.place) {
            (Ok(house), _) => runtime()?.block_on(async {
                let done = self.run(&house.vault, out).await;
                // No server runs that would bring what this wrote into the log.
                while house.vault.sequence().await? > 0 {}
                done
            }),
            (Err(OpenError::Locked(_)), Place::Folder(folder)) => through::ask(folder, &self, out),
            (Err(error), _) => Err(error.into()),
        }
    }
}

/// The public URL: the one that was given, else the address that is listened on.
pub(super) fn issuer(settings: &Settings) -> Result<Issuer, Stop> {
    let scheme = if settings.tls.as_ref().is_some_and(|tls| tls.for_all) { "https" } else { "http" };
    let url = settings.public_url.clone().unwrap_or_else(|| format!("{scheme}://{}", settings.listen));
    Issuer::parse(&url).map_err(|why| match &settings.public_url {
        Some(_) => Stop::usage(why),
        None => Stop::usage(format!("people cannot reach the server at {url}; give --public-url: {why}")),
    })
}

/// What async code runs on.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Stop> {
    let built = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    built.map_err(|why| Stop::refused(format!("the system gives no threads: {why}")))
}
