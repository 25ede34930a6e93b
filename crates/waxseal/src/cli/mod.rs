//! The command line: what is asked, and how it ends.
//!
//! Invariant: an error is one sentence on standard error and an exit code that api.md names; never a trace.

mod act;
mod app;
mod bundle;
mod contain;
mod demo;
mod doctor;
mod export;
mod given;
mod grant;
mod import;
mod keys;
mod log_source;
mod openapi;
mod out;
mod person;
mod report;
mod serve;
mod stop;
mod table;
mod verify;
mod verify_proof;
mod witness;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

pub use act::Act;
pub use out::Out;
pub use stop::{Exit, Stop};

/// A private-messaging server on which apps reach people's messages only as far as each person let them, and every access leaves a record
#[derive(Parser, Debug)]
#[command(name = "waxseal", version, max_term_width = 100, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Serve(serve::Serve),
    Demo(demo::Demo),
    Person(person::Person),
    App(app::App),
    Grant(grant::Grant),
    Contain(contain::Contain),
    Import(import::Import),
    Keys(keys::Keys),
    Report(report::Report),
    Verify(verify::Verify),
    Witness(witness::Witness),
    Doctor(doctor::Doctor),
    Openapi(openapi::Openapi),
}

/// Runs what the arguments ask for.
pub fn main() -> ExitCode {
    // Without a subcommand or with an unknown one, clap prints how it is used and ends with 2.
    let Cli { command } = Cli::parse();
    let done = match command {
        Command::Serve(serve) => serve.run(),
        Command::Demo(demo) => demo.run(),
        Command::Person(person) => person.run(),
        Command::App(app) => app.run(),
        Command::Grant(grant) => grant.run(),
        Command::Contain(contain) => contain.run(),
        Command::Import(import) => import.run(),
        Command::Keys(keys) => keys.run(),
        Command::Report(report) => report.run(),
        Command::Verify(verify) => verify.run(),
        Command::Witness(witness) => witness.run(),
        Command::Doctor(doctor) => doctor.run(),
        Command::Openapi(openapi) => openapi.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(stop) => {
            out::warn(&format!("waxseal: {stop}"));
            ExitCode::from(stop.exit as u8)
        }
    }
}
