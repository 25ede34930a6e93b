//! `waxseal person`: who has an account, what is kept of them, and its end.
//!
//! Invariant: what is kept of a person is read only after a record with the reason, which the person sees.

use super::table::{Table, one_line};
use super::{Act, Out, Stop, export, out};
use crate::config::StoreOptions;
use clap::{Args, Subcommand};
use model::{Handle, person_name};
use serde::{Deserialize, Serialize};
use std::io::{BufRead, IsTerminal, stdin};
use std::path::PathBuf;
use vault::Vault;

/// Add and list people, hand out what is kept of one, and erase
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
    /// Write a person's conversations into a file, as JSON. The person sees that it was done, and why
    Export {
        /// Whose
        #[arg(value_parser = handle)]
        handle: String,
        /// The file; it must not be there yet
        #[arg(long, value_name = "FILE")]
        #[serde(skip)]
        out: PathBuf,
        /// Why, for the person to read
        #[arg(long, value_name = "W", default_value = "export asked for by the person")]
        why: String,
    },
    /// Make a link with which a person who has lost the password sets a new one. It opens after a day; the person is told
    Recover {
        /// Whose password
        #[arg(value_parser = handle)]
        handle: String,
        /// Why, for the person to read
        #[arg(long, value_name = "W")]
        why: String,
    },
    /// Erase a person for good: words, grants, sessions. Nothing brings them back
    Erase {
        /// Whom
        #[arg(value_parser = handle)]
        handle: String,
        /// Do not ask
        #[arg(long)]
        #[serde(skip)]
        yes: bool,
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
    vault.person_by_handle(&parsed).await.map_err(|refusal| nobody(&parsed, refusal))
}

/// Not found means that nobody has the handle.
pub(super) fn nobody(handle: &Handle, refusal: vault::Refusal) -> Stop {
    match refusal {
        vault::Refusal::NotFound => Stop::refused(format!("nobody here is called @{}", handle.as_str())),
        other => other.into(),
    }
}

impl Person {
    pub(super) fn run(mut self) -> Result<(), Stop> {
        match &mut self.what {
            What::Add { password_stdin: true, password, .. } => *password = Some(line("the password")?),
            What::Erase { handle, yes: false } => confirm(handle)?,
            What::Export { out, .. } => {
                let path = std::mem::take(out);
                return export::into_file(&path, |out| Act::Person(self.what).run_into(&self.store, out));
            }
            _ => {}
        }
        Act::Person(self.what).run_on(&self.store)
    }
}

/// A line of standard input.
fn line(what: &str) -> Result<String, Stop> {
    let mut line = String::new();
    let read = stdin().lock().read_line(&mut line);
    read.map_err(|why| Stop::usage(format!("{what} cannot be read from standard input: {why}")))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Has the handle typed again; where nobody sits there, only `--yes` will do.
fn confirm(handle: &str) -> Result<(), Stop> {
    if !stdin().is_terminal() {
        return Err(Stop::usage(format!("@{handle} would be erased for good: if that is meant, add --yes")));
    }
    out::warn(&format!("@{handle} will be erased for good. Type the handle to go on:"));
    match line("the handle")?.trim().trim_start_matches('@') == handle {
        true => Ok(()),
        false => Err(Stop::refused("nobody was erased")),
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
            What::Export { handle, why, .. } => export::run(vault, &handle, &why, out).await,
            What::Recover { handle, why } => {
                let parsed = Handle::parse(&handle).map_err(Stop::usage)?;
                let made = vault.staff_recovery(&parsed, &why).await;
                let made = made.map_err(|refusal| nobody(&parsed, refusal))?;
                out.say(&format!("{}/recover/{}", vault.issuer(), made.token));
                out.say(&format!(
                    "for @{handle}, and for nobody else: make sure that it is them. It works once, from {} to {}. That it \
                     was made is on record, and whoever is signed in to the account is told and can stop it. One-time \
                     codes are asked for as before",
                    made.opens_at, made.ends_at
                ));
                Ok(())
            }
            What::Erase { handle, .. } => {
                let parsed = Handle::parse(&handle).map_err(Stop::usage)?;
                vault.person_erase(&parsed).await.map_err(|refusal| nobody(&parsed, refusal))?;
                out.say(&format!(
                    "@{handle} is erased: every word, grant and session is gone, and no app reaches anything of it. \
                     The log keeps its entries; nothing here ties them to a person any more"
                ));
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
