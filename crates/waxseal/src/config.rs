//! How a server is set up: from the command line, the environment, a file, and defaults, in this order.
//!
//! Invariant: an option that nobody knows is an error wherever it stands; nothing is ignored in silence.

use crate::cli::Stop;
use crate::listener::Peer;
use crate::witnessing;
use api::Limit;
use clap::Args;
use ledger::note::{KeyNameInvalid, LogKey, is_key_name};
use oauth::metadata::Issuer;
use outbound::{Outbound, Policy, Private};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use vault::{LogIdentity, Place};
use work::Witnesses;

const LISTEN: &str = "127.0.0.1:8080";
const DATA: &str = "waxseal-data";

/// Where the data is, and under which name the server is known.
#[derive(Args, Debug, Clone, Default)]
pub struct StoreOptions {
    /// A TOML file with any of these options, under the same names with `_` for `-`
    #[arg(long, value_name = "FILE", env = "WAXSEAL_CONFIG", global = true)]
    config: Option<PathBuf>,
    /// The folder that holds the data [default: waxseal-data]
    #[arg(long, value_name = "DIR", env = "WAXSEAL_DATA", global = true)]
    data: Option<PathBuf>,
    /// A PostgreSQL database in place of the folder: postgres://user:password@host/database
    #[arg(long, value_name = "URL", env = "WAXSEAL_DATABASE_URL", hide_env_values = true, global = true)]
    database_url: Option<String>,
    /// The address by which people and apps reach the server, https://host [default: http:// and the listen address]
    #[arg(long, value_name = "URL", env = "WAXSEAL_PUBLIC_URL", global = true)]
    public_url: Option<String>,
    /// The name of the log, as host/path; it is given once, to new data, and stays [default: the public URL's, with /ledger]
    #[arg(long, value_name = "NAME", env = "WAXSEAL_LOG_NAME", global = true)]
    log_name: Option<String>,
    /// A file with the private key that a new log begins with, PRIVATE+KEY+name+…, in place of one that is made for it
    #[arg(long, value_name = "FILE", env = "WAXSEAL_LOG_KEY", conflicts_with = "log_name", global = true)]
    log_key: Option<PathBuf>,
}

impl StoreOptions {
    /// This folder, and nothing else.
    pub(crate) fn folder(data: PathBuf) -> StoreOptions {
        StoreOptions { data: Some(data), ..StoreOptions::default() }
    }
}

/// Where a server listens.
#[derive(Args, Debug, Clone, Default)]
pub struct ListenOptions {
    /// Where to listen; port 0 picks a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS", env = "WAXSEAL_LISTEN")]
    listen: Option<String>,
    /// Where to answer `/metrics`, for Prometheus alone [default: nowhere]
    #[arg(long, value_name = "ADDRESS", env = "WAXSEAL_METRICS_LISTEN")]
    metrics_listen: Option<String>,
    /// NATS, which carries hints between the nodes on one database so that each hears at once what happened at another:
    /// nats://host:port, or tls://host:port [default: each node looks for itself, every 0.4 seconds]
    #[arg(long, value_name = "URL", env = "WAXSEAL_NATS_URL", hide_env_values = true)]
    nats_url: Option<String>,
    /// A proxy is in front: who asks is what it put last into `X-Forwarded-For`; what came to it in plain, as it says in
    /// `X-Forwarded-Proto`, is refused where the public URL is https
    #[arg(long, env = "WAXSEAL_BEHIND_PROXY")]
    behind_proxy: bool,
    /// How many requests a minute one grant may make of the API; all apps of a person together 5 times as many, and an app for
    /// everybody 100 times; 0 for no limit [default: 6000]
    #[arg(long, value_name = "N", env = "WAXSEAL_REQUESTS_PER_MINUTE")]
    requests_per_minute: Option<u32>,
    /// Fetch keys of apps from loopback addresses too, over http if need be: for development alone
    #[arg(long, env = "WAXSEAL_ALLOW_LOOPBACK_FETCH")]
    allow_loopback_fetch: bool,
    /// A witness that is asked to cosign the log: its key and where it takes checkpoints; as often as there are witnesses
    #[arg(long, value_name = "KEY=URL", env = "WAXSEAL_WITNESS", value_delimiter = ' ')]
    witness: Vec<String>,
    /// The witnesses, and how many are enough, as a C2SP policy file
    #[arg(long, value_name = "FILE", env = "WAXSEAL_WITNESS_POLICY", conflicts_with = "witness")]
    witness_policy: Option<PathBuf>,
    /// Log as JSON, one object a line
    #[arg(long, env = "WAXSEAL_LOG_JSON")]
    log_json: bool,
    #[command(flatten)]
    tls: TlsOptions,
}

/// TLS of our own, and certificates of apps.
#[derive(Args, Deserialize, Debug, Clone, Default)]
#[serde(default)]
pub struct TlsOptions {
    /// The certificate of this server with its chain, as PEM; looked at every minute. With it, --listen speaks TLS, unless a proxy
    /// is in front
    #[arg(long, value_name = "FILE", env = "WAXSEAL_TLS_CERT", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Its key, as PEM
    #[arg(long, value_name = "FILE", env = "WAXSEAL_TLS_KEY", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Where to listen in TLS for apps that show a certificate (RFC 8705); no proxy may end TLS before it [default: nowhere]
    #[arg(long, value_name = "ADDRESS", env = "WAXSEAL_MTLS_LISTEN")]
    mtls_listen: Option<String>,
    /// The address by which apps reach that, https://host[:port] [default: the host of the public URL, the port of --mtls-listen]
    #[arg(long, value_name = "URL", env = "WAXSEAL_MTLS_URL")]
    mtls_url: Option<String>,
    /// The authorities that may vouch for certificates of apps (tls_client_auth), as PEM [default: none]
    #[arg(long, value_name = "FILE", env = "WAXSEAL_MTLS_CA")]
    mtls_ca: Option<PathBuf>,
}

/// A configuration file.
#[derive(Deserialize, Debug, Default)]
#[serde(deny_unknown_fields, default)]
struct File {
    data: Option<PathBuf>,
    database_url: Option<String>,
    public_url: Option<String>,
    log_name: Option<String>,
    log_key: Option<PathBuf>,
    listen: Option<String>,
    metrics_listen: Option<String>,
    nats_url: Option<String>,
    behind_proxy: Option<bool>,
    requests_per_minute: Option<u32>,
    allow_loopback_fetch: Option<bool>,
    witness: Vec<String>,
    witness_policy: Option<PathBuf>,
    log_json: Option<bool>,
    tls_cert: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    mtls_listen: Option<String>,
    mtls_url: Option<String>,
    mtls_ca: Option<PathBuf>,
}

/// What they all come to.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the data is.
    pub place: Place,
    /// The public URL, if one was given.
    pub public_url: Option<String>,
    /// Which log the data holds, if that was said.
    pub log: Option<LogIdentity>,
    /// Where to listen.
    pub listen: String,
    /// Where to answer `/metrics`.
    pub metrics_listen: Option<String>,
    /// What carries hints between nodes.
    #[cfg(feature = "nats")]
    pub nats: Option<bus::NatsUrl>,
    /// Whom a request is taken to come from.
    pub peer: Peer,
    /// How much one grant may ask of the API.
    pub limit: Option<Limit>,
    /// Which addresses are dialled that others chose.
    pub outbound: Policy,
    /// Who is asked to cosign the log.
    pub witnesses: Option<Witnesses>,
    /// Log as JSON.
    pub log_json: bool,
    /// TLS of our own.
    pub tls: Option<TlsSettings>,
}

/// TLS of our own.
#[derive(Debug, Clone)]
pub struct TlsSettings {
    /// The file with the certificate of this server, and the one with its key.
    pub identity: (PathBuf, PathBuf),
    /// No proxy ends TLS before us, so we speak it where people reach us too.
    pub for_all: bool,
    /// Where certificates of apps are asked for.
    pub mutual: Option<MutualSettings>,
}

/// Where certificates of apps are asked for.
#[derive(Debug, Clone)]
pub struct MutualSettings {
    /// Where to listen.
    pub listen: String,
    /// How apps reach that, if it was said.
    pub url: Option<Issuer>,
    /// The file with those who may vouch for them.
    pub authorities: Option<PathBuf>,
}

impl Settings {
    /// Settles every option: command line and environment (clap joins these), then the file, then the default.
    pub fn settle(store: &StoreOptions, listen: &ListenOptions) -> Result<Settings, Stop> {
        let file = store.config.as_deref().map(read).transpose()?.unwrap_or_default();
        let folder = store.data.clone().or(file.data);
        let database = store.database_url.clone().or(file.database_url);
        let place = match (database, folder) {
            (Some(url), _) => Place::Postgres(url),
            (None, folder) => Place::Folder(folder.unwrap_or_else(|| DATA.into())),
        };
        let nats = listen.nats_url.clone().or(file.nats_url);
        if nats.is_some() && matches!(place, Place::Folder(_)) {
            return Err(Stop::usage(
                "nats_url joins nodes on one database, and a folder has one node: give database_url too, or leave it out",
            ));
        }
        #[cfg(not(feature = "nats"))]
        if nats.is_some() {
            return Err(Stop::usage("this program was built without NATS: leave nats_url out"));
        }
        let behind_proxy = listen.behind_proxy || file.behind_proxy.unwrap_or_default();
        let requests = listen.requests_per_minute.or(file.requests_per_minute);
        let limit = requests.map_or(Limit::default(), |requests| Limit { requests, window_s: 60 });
        let loopback = listen.allow_loopback_fetch || file.allow_loopback_fetch.unwrap_or_default();
        let private = if loopback { Private::Loopback } else { Private::Refused };
        let witnesses = match (&listen.witness[..], &listen.witness_policy) {
            ([], None) => witnesses(&file.witness, file.witness_policy.as_deref())?,
            (given, policy) => witnesses(given, policy.as_deref())?,
        };
        let log = match (&store.log_name, &store.log_key) {
            (None, None) => log(file.log_name.as_deref(), file.log_key.as_deref())?,
            (name, key) => log(name.as_deref(), key.as_deref())?,
        };
        let given = TlsOptions {
            tls_cert: listen.tls.tls_cert.clone().or(file.tls_cert),
            tls_key: listen.tls.tls_key.clone().or(file.tls_key),
            mtls_listen: listen.tls.mtls_listen.clone().or(file.mtls_listen),
            mtls_url: listen.tls.mtls_url.clone().or(file.mtls_url),
            mtls_ca: listen.tls.mtls_ca.clone().or(file.mtls_ca),
        };
        Ok(Settings {
            place,
            tls: tls(given, !behind_proxy).map_err(Stop::usage)?,
            log,
            peer: if behind_proxy { Peer::Forwarded } else { Peer::Direct },
            limit: Some(limit).filter(|limit| limit.requests > 0),
            public_url: store.public_url.clone().or(file.public_url),
            listen: listen.listen.clone().or(file.listen).unwrap_or_else(|| LISTEN.to_owned()),
            #[cfg(feature = "nats")]
            nats: nats.map(|url| url.parse()).transpose().map_err(Stop::usage)?,
            metrics_listen: listen.metrics_listen.clone().or(file.metrics_listen),
            outbound: Policy { private },
            witnesses,
            log_json: listen.log_json || file.log_json.unwrap_or_default(),
        })
    }
}

/// TLS of our own. The files are read by whoever serves.
fn tls(given: TlsOptions, for_all: bool) -> Result<Option<TlsSettings>, String> {
    let TlsOptions { tls_cert, tls_key, mtls_listen, mtls_url, mtls_ca } = given;
    if mtls_listen.is_none() && (mtls_url.is_some() || mtls_ca.is_some()) {
        return Err("mtls_url and mtls_ca need mtls_listen: where certificates are asked for".to_owned());
    }
    let identity = match (tls_cert, tls_key) {
        (Some(certificate), Some(key)) => (certificate, key),
        (None, None) if mtls_listen.is_none() => return Ok(None),
        _ => return Err("give tls_cert and tls_key, the certificate of this server and its key".to_owned()),
    };
    let mutual = match mtls_listen {
        None => None,
        Some(listen) => {
            let url = mtls_url.as_deref().map(https).transpose()?;
            Some(MutualSettings { listen, url, authorities: mtls_ca })
        }
    };
    Ok(Some(TlsSettings { identity, for_all, mutual }))
}

fn https(url: &str) -> Result<Issuer, String> {
    let parsed = Issuer::parse(url).ok().filter(Issuer::is_secure);
    parsed
        .ok_or_else(|| format!("mtls_url must be https://host[:port], in lower case, without a path: {url}"))
}

/// Which log it is to be.
fn log(name: Option<&str>, key: Option<&Path>) -> Result<Option<LogIdentity>, Stop> {
    match (name, key) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => {
            Err(Stop::usage("a log's key has its name: give log_name or log_key, not both"))
        }
        // By custom a name is a URL without its scheme; with one it would be another name to every program that looks.
        (Some(name), None) if name.contains("://") => {
            Err(Stop::usage(format!("the name of a log is host/path, without http: {name}")))
        }
        (Some(name), None) if is_key_name(name) => Ok(Some(LogIdentity::Named(name.to_owned()))),
        (Some(name), None) => Err(Stop::usage(format!("{name:?} cannot name a log: {KeyNameInvalid}"))),
        (None, Some(path)) => {
            let unread = |why: &dyn std::fmt::Display| Stop::usage(format!("{}: {why}", path.display()));
            let text = std::fs::read_to_string(path).map_err(|why| unread(&why))?;
            let key = LogKey::from_secret_text(&text).map_err(|why| unread(&why))?;
            Ok(Some(LogIdentity::Keyed(Box::new(key))))
        }
    }
}

/// Who is asked to cosign. They are where the operator says, so any address is dialled.
fn witnesses(given: &[String], policy: Option<&Path>) -> Result<Option<Witnesses>, Stop> {
    let unread = |path: &Path, why: &dyn std::fmt::Display| {
        Stop::usage(format!("the policy {} cannot be read: {why}", path.display()))
    };
    let file = policy.map(|path| std::fs::read(path).map_err(|why| unread(path, &why))).transpose()?;
    let policy = witnessing::asked(given, file.as_deref()).map_err(Stop::usage)?;
    let chosen = Policy { private: Private::Chosen };
    Ok(policy.map(|policy| Witnesses { policy, outbound: Outbound::new(chosen) }))
}

fn read(path: &Path) -> Result<File, Stop> {
    let text = std::fs::read_to_string(path)
        .map_err(|why| Stop::usage(format!("the configuration {} cannot be read: {why}", path.display())))?;
    toml::from_str(&text)
        .map_err(|why| Stop::usage(format!("the configuration {} is not valid: {why}", path.display())))
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
