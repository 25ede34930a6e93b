//! `cargo xtask check`: what a change must pass besides its tests.
//! Invariant: looks and changes nothing, so it can run anywhere, at any time.

use std::path::Path;

use crate::provide::on_path;
use crate::steps::{Steps, plainly};
use crate::{Stop, cargo, tidy};

pub(crate) const HELP: &str = "\
What a change must pass besides its tests: house rules, format, lints, documentation, licences

Usage: cargo xtask check

Licences and sources of dependencies are looked at by cargo-deny where it is installed (`cargo install cargo-deny`);
where it is not, the summary says so.";

/// Runs every check, also after one has failed.
pub(crate) fn run(root: &Path, args: &[String]) -> Result<(), Stop> {
    if !args.is_empty() {
        return Err(Stop::Unable("`cargo xtask check` takes no arguments".to_owned()));
    }
    let mut steps = Steps::default();
    let cargo = |args: &[&str]| plainly(cargo(root).args(args).env("RUSTDOCFLAGS", "-D warnings"));
    steps.step("tidy", |_| tidy::run(root));
    steps.step("format", |_| cargo(&["fmt", "--all", "--check"]));
    steps.step("lints", |_| cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]));
    steps.step("lints without PostgreSQL", |_| {
        cargo(&["clippy", "--package", "waxseal", "--no-default-features", "--", "-D", "warnings"])
    });
    steps.step("documentation", |_| cargo(&["doc", "--workspace", "--no-deps"]));
    let deny = on_path("cargo-deny").is_some();
    if deny {
        steps.step("licences and sources", |_| cargo(&["deny", "check", "licenses", "bans", "sources"]));
    }
    steps.print_summary();
    if !deny {
        eprintln!("licences and sources were not looked at: cargo-deny is not installed");
    }
    steps.verdict()
}
