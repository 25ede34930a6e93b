//! `waxseal serve`: the server, until it is told to stop.
//!
//! Invariant: it says that it listens only once it answers; a stop finishes what was begun and closes the data.

use super::act::{issuer, runtime};
use super::{Stop, out};
use crate::config::{ListenOptions, MutualSettings, Settings, StoreOptions};
use crate::handshakes::Tls;
use crate::listener::Peer;
use crate::tls::{self, Identity};
use crate::wiring::House;
use crate::world::world;
use crate::{limits, listener, logging, metrics, through, witnessing};
use clap::Args;
use ledger::note::VerifierKey;
use oauth::certificate::Authorities;
use oauth::metadata::{Issuer, Mutual};
use outbound::Outbound;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::sync::Arc;
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
    /// Where certificates are asked for, and how apps reach that.
    mutual: Option<(TcpListener, Mutual)>,
    /// What proves to others in TLS that we are this server.
    identity: Option<Arc<Identity>>,
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
        let asks = settings.tls.as_ref().and_then(|tls| tls.mutual.clone());
        let mutual = asks.map(|asks| mutual(asks, &issuer)).transpose()?;
        let identity = settings.tls.as_ref().map(|tls| Identity::read(&tls.identity.0, &tls.identity.1));
        let identity = identity.transpose().map_err(Stop::usage)?;
        Ok(Bound { settings, main, metrics, mutual, identity, issuer })
    }

    /// Opens the data, runs `first` on it, and serves until a signal comes.
    pub(super) fn serve(self, first: impl AsyncFnOnce(&House) -> Result<(), Stop>) -> Result<(), Stop> {
        let Bound { settings, main, metrics, mutual, identity, issuer } = self;
        let address = main.local_addr().map_err(Stop::refused)?;
        let files = limits::raise_files();
        let mut house = House::open(settings.place.clone(), issuer, settings.log.clone(), world())?;
        house.limit = settings.limit;
        house.outbound = Outbound::new(settings.outbound);
        let (asking, mutual) = mutual.unzip();
        house.mutual = mutual.map(Arc::new);
        let tls = |made: fn(Arc<Identity>) -> Result<Tls, _>| {
            identity.clone().map(made).transpose().map_err(Stop::refused)
        };
        let (plain, asks) = (tls(Tls::plain)?, tls(Tls::mutual)?);
        let plain = plain.filter(|_| settings.tls.as_ref().is_some_and(|tls| tls.for_all));
        let log: VerifierKey = house.vault.log_key().parse().map_err(Stop::refused)?;
        if settings.witnesses.as_ref().is_some_and(|asked| !witnessing::is_about(&asked.policy, &log)) {
            return Err(Stop::usage(format!("the policy lists other logs than this one, {log}")));
        }
        runtime()?.block_on(async {
            let stopped = stop_signal()?;
            let listen = |listener| tokio::net::TcpListener::from_std(listener).map_err(Stop::refused);
            let (main, metrics) = (listen(main)?, metrics.map(listen).transpose()?);
            let asking = asking.map(listen).transpose()?;
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
            if let Some(identity) = identity {
                workers.spawn(identity.keep_up());
            }
            let (all, for_apps) = house.routers();
            let (stops, stopping) = tokio::sync::watch::channel(());
            let asked = async {
                if let (Some(listener), Some(mutual)) = (asking, &house.mutual) {
                    let mut stopping = stopping;
                    let stopped = async move { drop(stopping.changed().await) };
                    out::say(&format!("Apps that show a certificate reach it at {}", mutual.url));
                    // Whoever is in front of this listener ends no TLS, and so says nothing that could be believed.
                    listener::serve_in(asks, listener, for_apps, Peer::Direct, stopped).await;
                }
            };
            let scheme = if plain.is_some() { "https" } else { "http" };
            out::say(&format!("Waxseal is listening on {scheme}://{address}"));
            tracing::info!(%address, ?files, "listening");
            let stopped = async {
                house.closed_after(stopped).await;
                drop(stops);
            };
            tokio::join!(listener::serve_in(plain, main, all, settings.peer, stopped), asked);
            tracing::info!("stopped");
            Ok(())
        })
    }
}

/// Takes the address at which certificates are asked for, and settles how apps reach it.
fn mutual(asks: MutualSettings, issuer: &Issuer) -> Result<(TcpListener, Mutual), Stop> {
    let MutualSettings { listen, url, authorities } = asks;
    let certificates = authorities.as_deref().map(tls::certificates).transpose().map_err(Stop::usage)?;
    let authorities = Authorities::read(&certificates.unwrap_or_default());
    let authorities = authorities.map_err(|why| Stop::usage(format!("mtls_ca: {why}")))?;
    let listener = bind(&listen)?;
    let port = listener.local_addr().map_err(Stop::refused)?.port();
    let host = issuer.as_str().split_once("://").map_or("", |(_, authority)| authority);
    let host = match host.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => host,
    };
    let derived = || Issuer::parse(&format!("https://{host}:{port}")).map_err(Stop::usage);
    Ok((listener, Mutual { url: url.map_or_else(derived, Ok)?, authorities }))
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
