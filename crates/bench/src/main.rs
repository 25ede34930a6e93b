//! The benchmark: Waxseal's requests beside its own cheapest request, on one core, as ratios of one run.
//!
//! Invariant: every ratio is taken between figures of the same round. No figure here is a test; a test never looks at a clock.

mod compare;
mod contain;
mod drive;
mod house;
mod live;
mod log;
mod over;
mod process;
mod report;
mod serve;
mod stream;

use std::path::Path;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const HELP: &str = "\
Measures recorded reads and durable sends beside the server's own gate-only request, as ratios of one run; the ledger; and what
is live: streams, webhooks, revocations.

usage: cargo xtask bench [--rounds N] [--seconds S] [--connections N] [--people N] [--entries N] [--only KIND,…]
                         [--postgres URL]
       cargo xtask bench --contain GRANTS [--rounds N]    what a token check costs, and ending so many grants at once
       cargo xtask bench --compare [--rounds N] [--seconds S] [--connections N]
                                                          introspection and refresh beside the npm package oidc-provider,
                                                          both on one PostgreSQL of their own

KIND is one of empty, gate, own, read, send, ledger, live; ratios that need another kind are then left at 0. The ledger is measured
with --entries in it, 10,000,000 if nothing is said, which takes some 1.5 GB of disk for a few minutes.

The server runs on core 0, the load on core 1. Figures are medians over the rounds, with the lowest and the highest.";

/// What was asked on the command line.
#[derive(Debug, Clone)]
struct Options {
    rounds: usize,
    seconds: f64,
    connections: usize,
    people: usize,
    kinds: Vec<drive::What>,
    ledger: bool,
    live: bool,
    entries: u64,
    postgres: Option<String>,
    /// Measure this instead: containment of so many grants.
    contain: Option<usize>,
    /// Measure this instead: sign-in beside another server.
    compare: bool,
}

fn options() -> Result<Options, String> {
    let kinds = drive::What::EACH.to_vec();
    let mut options = Options {
        rounds: 3,
        seconds: 3.0,
        connections: 64,
        people: 400,
        kinds,
        ledger: true,
        live: true,
        entries: 10_000_000,
        postgres: None,
        contain: None,
        compare: false,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        let number = |text: String| text.parse::<f64>().map_err(|_| format!("{text} is not a number"));
        match word.as_str() {
            "--rounds" => options.rounds = number(value()?)?.max(1.0) as usize,
            "--seconds" => options.seconds = number(value()?)?.max(0.2),
            "--connections" => options.connections = number(value()?)?.max(1.0) as usize,
            "--entries" => options.entries = number(value()?)?.max(1.0) as u64,
            "--people" => options.people = number(value()?)?.max(2.0) as usize,
            "--only" => {
                let wanted = value()?;
                let wanted: Vec<&str> = wanted.split(',').collect();
                options.kinds.retain(|kind| wanted.contains(&kind.word()));
                options.ledger = wanted.contains(&"ledger");
                options.live = wanted.contains(&"live");
            }
            "--contain" => options.contain = Some(number(value()?)?.max(1.0) as usize),
            "--compare" => options.compare = true,
            "--postgres" => options.postgres = Some(value()?),
            _ => return Err(format!("{word} is not an option; see --help")),
        }
    }
    Ok(options)
}

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let outcome = match words.next().as_deref() {
        Some("--help" | "-h") => {
            report::line(HELP);
            Ok(())
        }
        Some(how @ ("--serve" | "--whole" | "--bare")) => match (how, words.next()) {
            ("--serve", Some(place)) => serve::run(&place),
            ("--whole", Some(place)) => serve::run_whole(&place),
            ("--bare", _) => serve::run_bare(),
            _ => Err(format!("{how} needs a place")),
        },
        _ => options().and_then(|options| run(&options)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            report::complain(&why);
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), String> {
    let folder = std::env::temp_dir().join(format!("waxseal-bench-{}", std::process::id()));
    let outcome = match options.contain {
        Some(grants) => contain::measure(&folder, grants, options.rounds),
        None if options.compare => compare::measure(&folder, options),
        None => measure(options, &folder),
    };
    let _ = std::fs::remove_dir_all(&folder);
    outcome
}

fn measure(options: &Options, folder: &Path) -> Result<(), String> {
    std::fs::create_dir_all(folder).map_err(|e| e.to_string())?;
    let read_us = match options.kinds.is_empty() {
        true => None,
        false => Some(requests(options, folder)?).filter(|us| *us > 0.0),
    };
    if options.ledger {
        let cost = log::measure(folder, options.entries)?;
        report::ledger_share(cost, read_us);
    }
    if options.live {
        live::measure(folder)?;
    }
    if options.kinds.is_empty() { Ok(()) } else { report::rest(folder) }
}

/// Measures requests; microseconds of the processor for a recorded read, 0 if none was made.
fn requests(options: &Options, folder: &Path) -> Result<f64, String> {
    let place = options.postgres.clone().unwrap_or_else(|| folder.join("data").display().to_string());
    report::line("Preparing people, conversations and messages …");
    let house = house::build(&place, options.people)?;
    process::pin("self", 1);
    let server = process::Server::start(&place)?;
    let mut figures = report::Figures::default();
    for round in 0..options.rounds {
        report::line(&format!("Round {} of {} …", round + 1, options.rounds));
        for &what in &options.kinds {
            let requests = drive::requests(what, &house, round);
            let cpu_before = server.cpu_s();
            let run = drive::run(server.address, &requests, options.connections, options.seconds)?;
            let cpu_us = (server.cpu_s() - cpu_before) * 1e6 / run.requests.max(1) as f64;
            figures.add(what, run, cpu_us);
        }
    }
    figures.print(options);
    drop(server);
    Ok(figures.cpu_us(drive::What::Read))
}
