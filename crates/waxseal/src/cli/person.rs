//! `waxseal person`: who has an account.

use super::table::{Table, one_line};
use super::{Act, Out, Stop};
use crate::config::StoreOptions;
use clap::{Args, Subcommand};
use model::{Handle, person_name};
use serde::{Deserialize, Serialize};
use std::io::{BufRead, stdin};
use vault::Vault;

/// Add and list people
#[derive(Args, Debug)]
pub(super) struct Person {
    #[command(flatten)]
    store: StoreOptions,
    #[command(subcommand)]
    what: What,
}

/// What to do with people.
#[derive(Subcommand, Debug, Serialize, Deserialize)]
pub enum What {
    /// Add a person
    Add {
        /// The handle: 2 to 30 of a-z 0-9 . _ -
        #[arg(value_parser = handle)]
        handle: String,
        /// The name that others see
        #[arg(long, value_parser = name)]
        name: String,
        /// Take the password from the first line of standard input; without one the person cannot sign in
        #[arg(long)]
        password_stdin: bool,
        #[arg(skip)]
        password: Option<String>,
    },
    /// List everyone: people with an account, and guests of imports
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Make two people friends
    Befriend {
        /// One
        #[arg(value_parser = handle, value_name = "HANDLE")]
        one: String,
        /// The other
        #[arg(value_parser = handle, value_name = "HANDLE")]
        other: String,
    },
}

/// Reads a handle as people write it.
pub(super) fn handle(text: &str) -> Result<String, String> {
    Handle::parse(text).map(|handle| handle.as_str().to_owned()).map_err(|why| why.to_string())
}

fn name(text: &str) -> Result<String, String> {
    person_name(text).map_err(|why| why.to_string())
}

/// The person with this handle; the sentence names it.
pub(super) async fn find(vault: &Vault, handle: &str) -> Result<model::PersonId, Stop> {
    let parsed = Handle::parse(handle).map_err(Stop::usage)?;
    vault.person_by_handle(&parsed).await.map_err(|refusal| match refusal {
        vault::Refusal::NotFound => Stop::refused(format!("nobody here is called @{}", parsed.as_str())),
        other => other.into(),
    })
}

impl Person {
    pub(super) fn run(mut self) -> Result<(), Stop> {
        if let What::Add { password_stdin: true, password, .. } = &mut self.what {
            let mut line = String::new();
            stdin().lock().read_line(&mut line).map_err(|why| {
                Stop::usage(format!("the password cannot be read from standard input: {why}"))
            })?;
            *password = Some(line.trim_end_matches(['\r', '\n']).to_owned());
        }
        Act::Person(self.what).run_on(&self.store)
    }
}

impl What {
    pub(super) async fn run(self, vault: &Vault, out: &mut dyn Out) -> Result<(), Stop> {
        match self {
            What::Add { handle, name, password, .. } => {
                let handle = Handle::parse(&handle).map_err(Stop::usage)?;
                let can_sign_in = password.is_some();
                let id = vault.person_add(&handle, &name, password).await?;
                out.say(&format!("added @{} ({id})", handle.as_str()));
                if !can_sign_in {
                    out.warn("without a password this person cannot sign in");
                }
                Ok(())
            }
            What::List { json } => list(vault, out, json).await,
            What::Befriend { one, other } => {
                find(vault, &one).await?;
                find(vault, &other).await?;
                let parse = |text: &str| Handle::parse(text).map_err(Stop::usage);
                vault.person_befriend(&parse(&one)?, &parse(&other)?).await?;
                out.say(&format!("@{one} and @{other} are friends"));
                Ok(())
            }
        }
    }
}

async fn list(vault: &Vault, out: &mut dyn Out, json: bool) -> Result<(), Stop> {
    let people = vault.person_list().await?;
    if json {
        out.say(&serde_json::to_string_pretty(&people).map_err(Stop::refused)?);
        return Ok(());
    }
    let mut table = Table::new(&["HANDLE", "NAME", "SIGNS IN", "ID", "SINCE"]);
    for person in &people {
        let handle = person.handle.as_ref().map_or("(guest)".to_owned(), |handle| format!("@{handle}"));
        let signs_in = if person.can_sign_in { "yes" } else { "no" };
        let (id, since) = (person.id.to_string(), person.created_at.to_string());
        table.row(&[&handle, &one_line(&person.name), signs_in, &id, &since]);
    }
    out.say(&table.to_string());
    Ok(())
}
