//! `waxseal serve`: the server, until it is told to stop.
//!
//! Invariant: it says that it listens only once it answers; a stop finishes what was begun and closes the data.

use super::act::{issuer, runtime};
use super::{Stop, out};
use crate::config::{ListenOptions, Settings, StoreOptions};
use crate::listener::Peer;
use crate::wiring::House;
use crate::world::world;
use crate::{limits, listener, logging, metrics, through, witnessing};
use clap::Args;
use ledger::note::VerifierKey;
use oauth::metadata::Issuer;
use outbound::Outbound;
use std::io::ErrorKind;
use std::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use vault::Place;

/// Run the server
#[derive(Args, Debug)]
pub(super) struct Serve {
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    listen: ListenOptions,
}

impl Serve {
    pub(super) fn run(self) -> Result<(), Stop> {
        let settings = Settings::settle(&self.store, &self.listen)?;
        logging::start(logging::SERVER, settings.log_json).map_err(Stop::usage)?;
        Bound::to(settings)?.serve(async |_| Ok(()))
    }
}

/// A server that has its address, but has not opened its data.
pub(super) struct Bound {
    settings: Settings,
    main: TcpListener,
    metrics: Option<TcpListener>,
    /// Where it is reached.
    pub(super) issuer: Issuer,
}

pub(super) fn bind(address: &str) -> Result<TcpListener, Stop> {
    let listener = TcpListener::bind(address).map_err(|why| {
        Stop::refused(match why.kind() {
            ErrorKind::AddrInUse => {
                format!("something is listening on {address} already: stop it, or give another --listen")
            }
            _ => format!("cannot listen on {address} ({why}): give another --listen"),
        })
    })?;
    listener.set_nonblocking(true).map_err(Stop::refused)?;
    Ok(listener)
}

impl Bound {
    /// Takes the address; port 0 becomes a real one here, and with it the URL.
    pub(super) fn to(mut settings: Settings) -> Result<Bound, Stop> {
        let main = bind(&settings.listen)?;
        if let Some(host) = settings.listen.strip_suffix(":0") {
            let port = main.local_addr().map_err(Stop::refused)?.port();
            settings.listen = format!("{host}:{port}");
        }
        let metrics = settings.metrics_listen.as_deref().map(bind).transpose()?;
        let issuer = issuer(&settings)?;
        Ok(Bound { settings, main, metrics, issuer })
    }

    /// Opens the data, runs `first` on it, and serves until a signal comes.
    pub(super) fn serve(self, first: impl AsyncFnOnce(&House) -> Result<(), Stop>) -> Result<(), Stop> {
        let Bound { settings, main, metrics, issuer } = self;
        let address = main.local_addr().map_err(Stop::refused)?;
        let files = limits::raise_files();
        let mut house = House::open(settings.place.clone(), issuer, settings.log.clone(), world())?;
        house.limit = settings.limit;
        house.outbound = Outbound::new(settings.outbound);
        let log: VerifierKey = house.vault.log_key().parse().map_err(Stop::refused)?;
        if settings.witnesses.as_ref().is_some_and(|asked| !witnessing::is_about(&asked.policy, &log)) {
            return Err(Stop::usage(format!("the policy lists other logs than this one, {log}")));
        }
        runtime()?.block_on(async {
            let stopped = stop_signal()?;
            let listen = |listener| tokio::net::TcpListener::from_std(listener).map_err(Stop::refused);
            let (main, metrics) = (listen(main)?, metrics.map(listen).transpose()?);
            first(&house).await?;
            let mut workers = work::start(&house.vault, settings.witnesses);
            workers.spawn(work::logouts(house.vault.clone(), house.outbound.clone()));
            workers.spawn(house.webhooks().run());
            #[cfg(feature = "nats")]
            if let Some(nats) = settings.nats {
                workers.spawn(house.join(nats));
            }
            let _commands = match &settings.place {
                Place::Folder(folder) => through::listen(folder, house.vault.clone()),
                Place::Postgres(_) => None,
            };
            if let Some(metrics) = metrics {
                let router = metrics::routes(house.vault.clone());
                tokio::spawn(listener::serve(metrics, router, Peer::Direct, std::future::pending()));
            }
            out::say(&format!("Waxseal is listening on http://{address}"));
            tracing::info!(%address, ?files, "listening");
            listener::serve(main, house.router(), settings.peer, house.closed_after(stopped)).await;
            tracing::info!("stopped");
            Ok(())
        })
    }
}

/// Comes with the first SIGINT or SIGTERM; listened for from now on.
pub(super) fn stop_signal() -> Result<impl Future<Output = ()>, Stop> {
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Stop::refused)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(Stop::refused)?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
