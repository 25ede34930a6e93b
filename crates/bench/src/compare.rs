//! Introspection and refresh beside the npm package `oidc-provider`, in turns: the same requests, by the same load, each server
//! on the same core: Waxseal on SQLite, as it comes, and on PostgreSQL; the other on the same PostgreSQL. Each has each commit on
//! disk before it answers.
//!
//! Invariant: both do the same work: opaque tokens, an app that proves itself with a secret, refresh tokens that work once, no ID
//! token. Ratios are taken inside a round.

use crate::drive::{self, What};
use crate::house::{self, SignIn};
use crate::{Options, process, report};
use data_encoding::BASE64;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use testkit::cluster::{Cluster, Disk};

/// The least that we have to be faster: introspection, refresh.
const FLOORS: [f64; 2] = [10.0, 5.0];

/// A server to be asked, and its tokens.
struct Beside {
    address: SocketAddr,
    /// `client_id:secret`, as `Authorization: Basic` has it.
    basic: String,
    sign_ins: Vec<SignIn>,
    /// Where it takes the two requests.
    paths: [&'static str; 2],
}

/// Measures, and prints what it found.
pub(crate) fn measure(folder: &Path, options: &Options) -> Result<(), String> {
    std::fs::create_dir_all(folder).map_err(|e| e.to_string())?;
    let at = folder.join("postgres");
    let cluster = Cluster::start(&at, Disk::Synced)?;
    let outcome = in_turns(&cluster, &at, &folder.join("data"), options);
    cluster.stop()?;
    outcome
}

/// Waxseal with its tokens; its server is stopped when dropped.
fn ours(place: &str, count: usize) -> Result<(process::Server, Beside), String> {
    let (client, sign_ins) = house::build_signed_in(place, count)?;
    let server = process::Server::start(place)?;
    let basic = BASE64.encode(client.as_bytes());
    let beside = Beside { address: server.address, basic, sign_ins, paths: ["/introspect", "/token"] };
    Ok((server, beside))
}

fn in_turns(cluster: &Cluster, socket: &Path, data: &Path, options: &Options) -> Result<(), String> {
    // Each connection of each round begins with a refresh token of its own.
    let count = options.rounds * options.connections;
    report::line("Preparing sign-ins …");
    process::pin("self", 1);
    let (_postgres, on_postgres) = ours(&cluster.url("postgres"), count)?;
    let (_sqlite, on_sqlite) = ours(&data.display().to_string(), count)?;
    let (_other, theirs) = oidc_provider(socket, count)?;
    let mut rates: [[Vec<f64>; 3]; 2] = Default::default();
    for round in 0..options.rounds {
        report::line(&format!("Round {} of {} …", round + 1, options.rounds));
        for (kind, what) in [What::Introspect, What::Refresh].into_iter().enumerate() {
            for (whose, beside) in [&on_sqlite, &on_postgres, &theirs].into_iter().enumerate() {
                let requests = beside.requests(what, kind, round, options.connections);
                let run = drive::run(beside.address, &requests, options.connections, options.seconds)?;
                rates[kind][whose].push(run.per_s);
            }
        }
    }
    report::line(&format!(
        "\nevery commit on disk, {} connections, {} rounds of {} s; requests/s, median [lowest–highest]",
        options.connections, options.rounds, options.seconds
    ));
    for ((what, [on_sqlite, on_postgres, theirs]), floor) in
        [What::Introspect, What::Refresh].into_iter().zip(rates).zip(FLOORS)
    {
        let shown = |rates: &[f64]| report::shown(report::spread(rates.to_vec()), 0);
        report::line(&format!("{:<14} oidc-provider on PostgreSQL {}", what.name(), shown(&theirs)));
        for (engine, ours) in [("SQLite", on_sqlite), ("PostgreSQL", on_postgres)] {
            let ratios = ours.iter().zip(&theirs).map(|(ours, theirs)| ours / theirs).collect();
            report::line(&format!(
                "{:<14} Waxseal on {engine:<10} {:<24} ratio {} (floor {floor})",
                "",
                shown(&ours),
                report::shown(report::spread(ratios), 1),
            ));
        }
    }
    Ok(())
}

impl Beside {
    fn requests(&self, what: What, kind: usize, round: usize, connections: usize) -> drive::Requests {
        let bodies = match what {
            What::Refresh => {
                let fresh = self.sign_ins.iter().skip(round * connections).take(connections);
                fresh.map(|one| drive::refreshing(&one.refresh)).collect()
            }
            _ => {
                let form = |one: &SignIn| format!("token={}&token_type_hint=access_token", one.access);
                self.sign_ins.iter().map(form).collect()
            }
        };
        drive::posting(what, self.paths[kind], &self.basic, bodies)
    }
}

/// A child that ends when dropped.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the other server, with as many sign-ins.
fn oidc_provider(socket: &Path, count: usize) -> Result<(Killed, Beside), String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("oidc-provider");
    let quiet = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"];
    let installed = Command::new("npm").args(quiet).current_dir(&folder).stdout(Stdio::null()).status();
    match installed {
        Ok(status) if status.success() => {}
        Ok(status) => return Err(format!("npm ci in {} ended with {status}", folder.display())),
        Err(why) => return Err(format!("npm does not start: {why}; install Node.js")),
    }
    let mut node = Command::new("node");
    node.arg("server.mjs").arg(socket).args(["postgres", &count.to_string()]).current_dir(&folder);
    node.env("NODE_ENV", "production").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = Killed(node.spawn().map_err(|why| format!("node does not start: {why}"))?);
    process::pin(&child.0.id().to_string(), 0);
    let out = child.0.stdout.take().ok_or("the other server has no output")?;
    let mut lines = BufReader::new(out).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
    let mut next = |what: &str| lines.next().ok_or(format!("the other server told no {what}"));
    let address = next("address")?.parse().map_err(|_| "the other server told no address".to_owned())?;
    let basic = BASE64.encode(next("client")?.as_bytes());
    let pair = |line: String| {
        let (access, refresh) = line.split_once(' ')?;
        Some(SignIn { access: access.to_owned(), refresh: refresh.to_owned() })
    };
    let sign_ins: Vec<SignIn> = lines.filter_map(pair).collect();
    if sign_ins.len() != count {
        return Err(format!("the other server made {} sign-ins of {count}", sign_ins.len()));
    }
    let paths = ["/token/introspection", "/token"];
    process::pin(&child.0.id().to_string(), 0);
    Ok((child, Beside { address, basic, sign_ins, paths }))
}
