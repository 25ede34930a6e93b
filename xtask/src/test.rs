//! `cargo xtask test`: everything that is tested, in one run, on one machine.
//! Invariant: a step that cannot be taken is counted as failed, so nothing passes by being left out.

pub(crate) mod apps;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::postgres::Postgres;
use crate::provide::{self, provide};
use crate::steps::{Steps, plainly};
use crate::{Stop, cargo, tidy};

pub(crate) const HELP: &str = "\
Build and test everything: the house rules, the Rust tests on SQLite and on PostgreSQL, the pages in Chromium, and
signing in with OAuth clients that were made elsewhere, the TypeScript client, and the apps of partners in Chromium and
in a window

Usage: cargo xtask test [--only rust|browser|clients|apps] [FILTER]...

  --only rust       leaves the browser, the clients and the apps out
  --only browser    builds the server and runs the browser tests alone
  --only clients    builds the server and runs the tests with other people's clients and the TypeScript client alone
  --only apps       builds the server and the apps and runs the tests of the apps alone
  FILTER            goes to the test runner as it is: names of tests and options of nextest (or of cargo test where
                    nextest is not installed); with --only browser, clients or apps, names of files in that folder of tests
                    or, for clients, in clients/typescript/tests

  cargo xtask test -p ledger              the tests of one crate
  cargo xtask test revoke                 the Rust tests with `revoke` in their name
  cargo xtask test --only browser sign_in.test.mjs

Needs PostgreSQL, Node.js, Chromium, Python and, for the apps, Xvfb. As root on Debian it installs what is missing;
elsewhere it says what to install, and exits with 2. A temporary PostgreSQL serves the whole run; set
WAXSEAL_TEST_POSTGRES to use another.";

/// What `test` was asked for.
#[derive(Debug, PartialEq, Eq)]
struct Ask {
    rust: bool,
    browser: bool,
    clients: bool,
    apps: bool,
    filter: Vec<String>,
}

/// Runs the tests that `args` ask for.
pub(crate) fn run(root: &Path, args: &[String]) -> Result<(), Stop> {
    let ask = parse(args).map_err(Stop::Unable)?;
    let mut needs = Vec::new();
    if ask.rust && std::env::var_os(POSTGRES_URL).is_none() {
        needs.push(provide::POSTGRES);
    }
    if ask.rust {
        needs.push(provide::NATS);
    }
    if ask.browser || ask.clients || ask.apps {
        needs.push(provide::NODE);
    }
    if ask.browser || ask.apps {
        needs.push(provide::CHROMIUM);
    }
    if ask.clients {
        needs.push(provide::PYTHON);
    }
    if ask.apps {
        needs.push(provide::SCREEN);
    }
    provide(&needs)?;
    let mut steps = Steps::default();
    if ask.rust && ask.filter.is_empty() {
        steps.step("tidy", |_| tidy::run(root));
    }
    if build(root, &ask, &mut steps) {
        if ask.rust {
            rust(root, &ask, &mut steps);
        }
        if ask.browser {
            browser(root, &ask, &mut steps);
        }
        if ask.clients {
            clients(root, &ask, &mut steps);
            typescript(root, &ask, &mut steps);
        }
        if ask.apps {
            apps::test(root, &ask, &mut steps);
        }
    }
    steps.print_summary();
    let tally = steps.tally;
    crate::say(&format!("{} passed, {} failed", tally.passed, tally.failed))?;
    steps.verdict()
}

fn parse(args: &[String]) -> Result<Ask, String> {
    let mut ask = Ask { rust: true, browser: true, clients: true, apps: true, filter: Vec::new() };
    let mut args = args.iter();
    let mut only = None;
    while let Some(arg) = args.next() {
        if arg == "--only" {
            only = Some(args.next().map_or("", String::as_str));
        } else if let Some(what) = arg.strip_prefix("--only=") {
            only = Some(what);
        } else {
            ask.filter.push(arg.clone());
        }
    }
    match only {
        // A filter is one of Rust tests unless said otherwise.
        None if ask.filter.is_empty() => {}
        None | Some("rust") => (ask.browser, ask.clients, ask.apps) = (false, false, false),
        Some("browser") => (ask.rust, ask.clients, ask.apps) = (false, false, false),
        Some("clients") => (ask.rust, ask.browser, ask.apps) = (false, false, false),
        Some("apps") => (ask.rust, ask.browser, ask.clients) = (false, false, false),
        Some(_) => return Err("`--only` takes `rust`, `browser`, `clients` or `apps`".to_owned()),
    }
    Ok(ask)
}

const POSTGRES_URL: &str = "WAXSEAL_TEST_POSTGRES";

/// Builds what the tests need, with the features that the test runner would, so that nothing is built twice.
/// True if there is something to test; where a filter names the tests, their runner builds what they need.
fn build(root: &Path, ask: &Ask, steps: &mut Steps) -> bool {
    let what: &[&str] = match ask {
        Ask { rust: false, .. } => &["--package", "waxseal"],
        Ask { filter, .. } if filter.is_empty() => &["--workspace", "--all-targets"],
        _ => return true,
    };
    steps.step("build", |_| plainly(cargo(root).arg("build").args(what)))
}

fn rust(root: &Path, ask: &Ask, steps: &mut Steps) {
    let mut postgres = None;
    if std::env::var_os(POSTGRES_URL).is_none() {
        steps.step("start a temporary PostgreSQL", |_| {
            let started = Postgres::start()?;
            eprintln!("{}", started.url());
            postgres = Some(started);
            Ok(())
        });
        if postgres.is_none() {
            return;
        }
    }
    // Cargo takes `--workspace` as "and all others" even where packages are named.
    let names_packages = ask.filter.iter().any(|arg| arg.starts_with("-p") || arg.starts_with("--package"));
    let tests = |command: &[&str], rest: &[&str]| {
        let mut tests = cargo(root);
        tests.args(command).args((!names_packages).then_some("--workspace")).args(rest).args(&ask.filter);
        if let Some(postgres) = &postgres {
            tests.env(POSTGRES_URL, postgres.url());
        }
        tests
    };
    if provide::on_path("cargo-nextest").is_none() {
        steps.step("Rust tests", |steps| steps.count(&mut tests(&["test"], &["--no-fail-fast"])));
        return;
    }
    steps.step("Rust tests", |steps| steps.count(&mut tests(&["nextest", "run"], &["--no-fail-fast"])));
    if ask.filter.is_empty() {
        // The run before served the doors from SQLite.
        steps.step("wire tests on PostgreSQL", |steps| {
            let wire = ["--no-fail-fast", "-E", "package(waxseal) & binary(wire)"];
            steps.count(tests(&["nextest", "run"], &wire).env("WAXSEAL_WIRE_ENGINE", "postgres"))
        });
        steps.step("Rust documentation tests", |steps| steps.count(&mut tests(&["test", "--doc"], &[])));
    }
}

fn browser(root: &Path, ask: &Ask, steps: &mut Steps) {
    let folder = root.join("tests/browser");
    if steps.step("install playwright-core", |_| npm_ci(&folder)) {
        steps.step("browser tests", |steps| {
            let mut node = node(&folder, ask)?;
            steps.count(with_chromium(&mut node))
        });
    }
}

fn with_chromium(node: &mut Command) -> &mut Command {
    match provide::chromium() {
        Some(chromium) => node.env("WAXSEAL_CHROMIUM", chromium),
        None => node,
    }
}

/// Signs in with clients that were made elsewhere: in JavaScript, in Python, and in Rust.
fn clients(root: &Path, ask: &Ask, steps: &mut Steps) {
    let folder = root.join("tests/clients");
    // A filter names files of here, or of clients/typescript.
    if !ask.filter.is_empty() && test_files(&folder, &ask.filter).is_err() {
        return;
    }
    let install = || npm_ci(&folder).and_then(|()| venv(root, &folder)).and_then(|()| rust_client(root));
    if steps.step("install the clients", |_| install()) {
        steps.step("clients made elsewhere", |steps| {
            let mut node = node(&folder, ask)?;
            node.env("WAXSEAL_CLIENTS_PYTHON", venv_python(root));
            steps.count(node.env("WAXSEAL_CLIENTS_RUST", rust_target(root).join(RUST_CLIENT)))
        });
    }
}

/// The TypeScript client: compiled, which checks its types, and used against the server.
fn typescript(root: &Path, ask: &Ask, steps: &mut Steps) {
    let (folder, tests) = (root.join("clients/typescript"), root.join("clients/typescript/tests"));
    // A filter names files of tests/clients, or of here.
    let Ok(files) = test_files(&tests, &ask.filter) else { return };
    let compiled = steps.step("compile the TypeScript client", |_| {
        npm_ci(&folder)?;
        plainly(Command::new("npm").args(["run", "--silent", "build"]).current_dir(&folder))
    });
    if compiled {
        steps.step("the TypeScript client", |steps| {
            let mut node = Command::new("node");
            node.args(["--test", "--test-reporter=spec"]).args(files);
            steps.count(node.current_dir(tests).env("WAXSEAL_BIN", built_server()?))
        });
    }
}

fn npm_ci(folder: &Path) -> Result<(), String> {
    let mut npm = Command::new("npm");
    let quiet = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"];
    plainly(npm.args(quiet).current_dir(folder))
}

fn venv_python(root: &Path) -> PathBuf {
    root.join("target/clients-python/bin/python")
}

/// A Python of the tests' own, with the packages that are pinned for it.
fn venv(root: &Path, folder: &Path) -> Result<(), String> {
    let home = root.join("target/clients-python");
    plainly(Command::new("python3").args(["-m", "venv"]).arg(&home))?;
    let quiet = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
    plainly(Command::new(venv_python(root)).args(quiet).arg(folder.join("authlib/requirements.txt")))
}

/// The client in Rust, which is no member of the workspace: below its target folder.
const RUST_CLIENT: &str = "debug/waxseal-clients-openidconnect";

fn rust_target(root: &Path) -> PathBuf {
    root.join("target/clients-rust")
}

fn rust_client(root: &Path) -> Result<(), String> {
    let mut build = cargo(root);
    build.args(["build", "--quiet", "--locked", "--manifest-path"]);
    build.arg(root.join("tests/clients/openidconnect/Cargo.toml"));
    plainly(build.env("CARGO_TARGET_DIR", rust_target(root)))
}

/// Node's test runner over the files of a folder that were asked for.
fn node(folder: &Path, ask: &Ask) -> Result<Command, String> {
    let mut node = Command::new("node");
    node.args(["--test", "--test-reporter=spec"]).args(test_files(folder, &ask.filter)?);
    node.current_dir(folder).env("WAXSEAL_BIN", built_server()?);
    Ok(node)
}

/// The test files of `folder` whose names contain one of `wanted`; all if none is wanted.
fn test_files(folder: &Path, wanted: &[String]) -> Result<Vec<String>, String> {
    let entries =
        std::fs::read_dir(folder).map_err(|e| format!("{} cannot be read: {e}", folder.display()))?;
    let mut files: Vec<String> = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".test.mjs"))
        .filter(|name| wanted.is_empty() || wanted.iter().any(|part| name.contains(part)))
        .collect();
    files.sort();
    if files.is_empty() {
        Err(format!("no test file in {} is called that", folder.display()))
    } else {
        Ok(files)
    }
}

/// The server beside this program: both were built by the same cargo into the same folder.
fn built_server() -> Result<PathBuf, String> {
    let own = std::env::current_exe().map_err(|e| format!("cannot tell where this program is: {e}"))?;
    Ok(own.with_file_name("waxseal"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<([bool; 4], Vec<String>), String> {
        let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        parse(&args).map(|ask| ([ask.rust, ask.browser, ask.clients, ask.apps], ask.filter))
    }

    #[test]
    fn all_is_tested_unless_asked_otherwise() {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(parsed(""), Ok(([true, true, true, true], vec![])));
        assert_eq!(parsed("--only rust"), Ok(([true, false, false, false], vec![])));
        assert_eq!(parsed("--only=browser sign_in"), Ok(([false, true, false, false], words("sign_in"))));
        assert_eq!(parsed("--only clients"), Ok(([false, false, true, false], vec![])));
        assert_eq!(parsed("--only apps marquee"), Ok(([false, false, false, true], words("marquee"))));
        assert_eq!(parsed("-p ledger"), Ok(([true, false, false, false], words("-p ledger"))));
        assert!(parsed("--only nothing").is_err());
        assert!(parsed("--only").is_err());
    }
}
