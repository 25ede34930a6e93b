//! `waxseal keys`: the server's own keys. They are listed without their secrets, and turn without a failed request.

use super::table::Table;
use super::{Act, Out, Stop};
use crate::config::StoreOptions;
use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};
use serde_json::json;
use vault::{KeyPurpose, ListedKey, Turn, Vault};

/// List the server's keys and let them give way to new ones
#[derive(Args, Debug)]
pub(super) struct Keys {
    #[command(flatten)]
    store: StoreOptions,
    #[command(subcommand)]
    what: What,
}

/// What to do with keys.
#[derive(Subcommand, Debug, Serialize, Deserialize)]
pub enum What {
    /// List every key that is kept, without its secret
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Make a new key, which takes over once everyone knows it
    ///
    /// Keys also turn by themselves: `id_token` after 90 days of use, `token` after 30.
    Rotate {
        /// `id_token` (signs what apps check with /jwks) or `token` (tags access tokens)
        #[arg(value_parser = purpose)]
        purpose: String,
        /// The old one is in the wrong hands: what it made is worth nothing from now on
        #[arg(long)]
        at_once: bool,
    },
}

fn purpose(word: &str) -> Result<String, String> {
    word.parse::<KeyPurpose>().map(|purpose| purpose.as_str().to_owned())
}

impl Keys {
    pub(super) fn run(self) -> Result<(), Stop> {
        Act::Keys(self.what).run_on(&self.store)
    }
}

impl What {
    pub(super) async fn run(self, vault: &Vault, out: &mut dyn Out) -> Result<(), Stop> {
        match self {
            What::List { json } => {
                let keys = vault.keys_list().await?;
                out.say(&if json { as_json(&keys)? } else { as_table(&keys) });
            }
            What::Rotate { purpose, at_once } => {
                let turn = if at_once { Turn::AtOnce } else { Turn::Ahead };
                vault.keys_rotate(purpose.parse().map_err(Stop::usage)?, turn).await?;
                out.say(&match turn {
                    Turn::AtOnce => {
                        format!("a new {purpose} key is in use; what the old ones made is refused")
                    }
                    Turn::Ahead => format!(
                        "a new {purpose} key is published; it takes over in {} minutes",
                        vault::KEY_AHEAD_S / 60
                    ),
                });
            }
        }
        Ok(())
    }
}

fn as_json(keys: &[ListedKey]) -> Result<String, Stop> {
    let one = |key: &ListedKey| {
        json!({
            "id": key.id, "purpose": key.purpose.as_str(), "state": key.state, "created_at": key.created_at,
            "active_from": key.active_from, "retires_at": key.retires_at,
        })
    };
    serde_json::to_string_pretty(&keys.iter().map(one).collect::<Vec<_>>()).map_err(Stop::refused)
}

fn as_table(keys: &[ListedKey]) -> String {
    let mut table = Table::new(&["PURPOSE", "STATE", "FROM", "UNTIL", "ID"]);
    for key in keys {
        let until = key.retires_at.map_or("-".to_owned(), |at| at.to_string());
        table.row(&[key.purpose.as_str(), key.state, &key.active_from.to_string(), &until, &key.id]);
    }
    table.to_string()
}
