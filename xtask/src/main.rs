//! `cargo xtask`: run the server, and test, check, measure and tidy the workspace.
//! Invariant: depends on nothing but std, so that it builds in seconds on a machine that has just been cloned to.

mod check;
mod postgres;
mod provide;
mod steps;
mod test;
mod tidy;

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const HELP: &str = "\
Chores of the Waxseal workspace

Usage: cargo xtask <COMMAND> [ARGS]...

Commands:
  run     Build the server and start it with invented people and apps, in a temporary folder
  app     Build and start one of the apps of partners: jukebox, marquee, teller
  test    Build and test everything: Rust, PostgreSQL, browser, apps
  check   What a change must pass besides its tests: format, lints, licences, documentation
  bench   Measure the server; prints ratios and this machine's noise
  tidy    Hold the house rules that no compiler knows

`cargo xtask <COMMAND> --help` says more.
Exit codes: 0 done, 1 failed, 2 asked for something that does not exist or lacks a program (says which).";

const RUN_HELP: &str = "\
Build the server and start `waxseal demo`: invented people, conversations and apps, in a temporary folder

Usage: cargo xtask run [ARGS OF `waxseal demo`]...

  cargo xtask run                              prints where to look; Ctrl-C ends it and removes its folder
  cargo xtask run --listen 127.0.0.1:9000      listens there";

const APP_HELP: &str = "\
Build and start one of the apps of partners in `apps/`

Usage: cargo xtask app <jukebox|marquee|teller> [ARGS OF THE APP]...

`cargo xtask run` registers all three, and prints the line that starts each.";

const BENCH_HELP: &str = "\
Build for release and measure the server; prints ratios within one run, and this machine's noise

Usage: cargo xtask bench [ARGS OF THE BENCHMARK]...";

const TIDY_HELP: &str = "\
Hold the house rules that no compiler knows: what files open with, how long they and their functions are, what
they are called, words that must not be committed, who may name a sealed table, which room may import which

Usage: cargo xtask tidy";

/// Why a chore ended without being done.
enum Stop {
    /// It ran, and what it looked at is not right.
    Failed(String),
    /// The same, and it has shown all there is to say.
    FailedAsShown,
    /// It could not run; the sentence says what to do first.
    Unable(String),
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Stop::Failed(why)) => {
            eprintln!("{why}");
            ExitCode::from(1)
        }
        Err(Stop::FailedAsShown) => ExitCode::from(1),
        Err(Stop::Unable(why)) => {
            eprintln!("{why}");
            ExitCode::from(2)
        }
    }
}

fn dispatch(args: &[String]) -> Result<(), Stop> {
    let (command, rest) = args.split_first().map_or(("--help", args), |(first, rest)| (first.as_str(), rest));
    let wants_help = matches!(rest.first().map(String::as_str), Some("--help" | "-h"));
    let help = match command {
        "run" => RUN_HELP,
        "app" => APP_HELP,
        "test" => test::HELP,
        "check" => check::HELP,
        "bench" => BENCH_HELP,
        "tidy" => TIDY_HELP,
        _ => HELP,
    };
    match command {
        "--help" | "-h" | "help" => say(HELP),
        _ if wants_help => say(help),
        "run" => become_cargo(&["run", "--release", "--package", "waxseal", "--", "demo"], rest),
        "app" => app(rest),
        "test" => test::run(&root(), rest),
        "check" => check::run(&root(), rest),
        "bench" => become_cargo(&["run", "--release", "--package", "bench", "--"], rest),
        "tidy" if rest.is_empty() => tidy::run(&root()).map_err(Stop::Failed),
        "tidy" => Err(Stop::Unable("`cargo xtask tidy` takes no arguments".to_owned())),
        unknown => Err(Stop::Unable(format!("there is no `cargo xtask {unknown}`\n\n{HELP}"))),
    }
}

fn app(args: &[String]) -> Result<(), Stop> {
    match args.split_first() {
        Some((name, rest)) if test::apps::NAMES.contains(&name.as_str()) => {
            let run = ["run", "--quiet", "--manifest-path", test::apps::MANIFEST, "--package", name, "--"];
            become_cargo(&run, rest)
        }
        _ => Err(Stop::Unable(format!("name one of {}\n\n{APP_HELP}", test::apps::NAMES.join(", ")))),
    }
}

#[allow(clippy::print_stdout, reason = "help that is asked for is output")]
fn say(text: &str) -> Result<(), Stop> {
    println!("{text}");
    Ok(())
}

/// The root of the repository, wherever in it the chore was started.
fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_owned()
}

/// The cargo that runs us.
fn cargo(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    command
}

/// Hands this process over to cargo, so that signals and the exit code are those of the program it starts.
fn become_cargo(args: &[&str], rest: &[String]) -> Result<(), Stop> {
    let error = cargo(&root()).args(args).args(rest).exec();
    Err(Stop::Unable(format!("cargo did not start: {error}")))
}
