//! `waxseal contain`: ends every token and grant of an app, of a span of time, or of all, however many they are.
//!
//! Invariant: nothing undoes it; people let in anew whom they want.

use super::{Act, Out, Stop};
use crate::config::StoreOptions;
use clap::Args;
use model::{AppId, Time};
use serde::{Deserialize, Serialize};
use vault::{Containment, Vault};

/// End every token and grant of an app, of a span of time, or of all, in one stroke
///
/// For the case that tokens got into the wrong hands. From its answer on no request is served with what it ended. Nothing
/// undoes it: people let in anew whom they want.
#[derive(Args, Debug)]
pub(super) struct Contain {
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    what: What,
}

/// What to end.
#[derive(Args, Debug, Serialize, Deserialize)]
#[group(skip)]
pub struct What {
    /// Of this app; with a span: what it was given in it
    #[arg(long, value_name = "ID", required_unless_present_any = ["issued_between", "everything"])]
    app: Option<AppId>,
    /// What was given or issued in this span, its ends included, and what came later of a refresh token that was issued in it
    #[arg(long, value_name = "T1..T2", value_parser = span)]
    issued_between: Option<(Time, Time)>,
    /// Of every app
    #[arg(long, conflicts_with_all = ["app", "issued_between"])]
    everything: bool,
    /// Why, for everyone to read: on people's pages, in the directory and in the log
    #[arg(long, value_name = "W", value_parser = why)]
    why: String,
}

fn why(text: &str) -> Result<String, String> {
    let text = text.trim();
    match text.chars().count() {
        1..=500 if !text.chars().any(char::is_control) => Ok(text.to_owned()),
        _ => Err("say why in one line of at most 500 characters".to_owned()),
    }
}

fn span(text: &str) -> Result<(Time, Time), String> {
    let told = || "write two moments as 2027-01-31T12:00:00Z..2027-01-31T18:00:00Z".to_owned();
    let (from, until) = text.split_once("..").ok_or_else(told)?;
    Ok((from.parse().map_err(|_| told())?, until.parse().map_err(|_| told())?))
}

impl Contain {
    pub(super) fn run(self) -> Result<(), Stop> {
        Act::Contain(self.what).run_on(&self.store)
    }
}

impl What {
    pub(super) async fn run(self, vault: &Vault, out: &mut dyn Out) -> Result<(), Stop> {
        let What { app, issued_between, why, .. } = self;
        let of = app.map_or("of every app".to_owned(), |app| format!("of {app}"));
        let when = match issued_between {
            Some((from, until)) => format!("given or issued from {from} until {until}"),
            None => "given until now".to_owned(),
        };
        let settled = vault.contain(Containment { app, issued: issued_between, why }).await;
        let settled = settled.map_err(|refusal| match (refusal, app) {
            (vault::Refusal::NotFound, Some(app)) => {
                Stop::refused(format!("there is no app {app}; `waxseal app list` has them all"))
            }
            (other, _) => other.into(),
        })?;
        out.say(&format!("contained: every token and grant {of} {when} has ended"));
        if !settled {
            out.warn("a request that was under way for seconds may still have been served; no later one is");
        }
        Ok(())
    }
}
