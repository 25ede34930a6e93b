//! `waxseal grant`: what people let apps do. The operator can end a grant, never give one.

use super::table::Table;
use super::{Act, Out, Stop, person};
use crate::config::StoreOptions;
use clap::{Args, Subcommand};
use model::{AppId, GrantId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use vault::{Connected, Refusal, Vault};

/// List and end what people let apps do
#[derive(Args, Debug)]
pub(super) struct Grant {
    #[command(flatten)]
    store: StoreOptions,
    #[command(subcommand)]
    what: What,
}

/// What to do with grants.
#[derive(Subcommand, Debug, Serialize, Deserialize)]
pub enum What {
    /// List grants, newest first
    List {
        /// Only those of this app
        #[arg(long, value_name = "ID")]
        app: Option<AppId>,
        /// Only those of this person
        #[arg(long, value_name = "H", value_parser = person::handle)]
        person: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// End a grant: from then on no token of it opens anything
    Revoke {
        /// The grant
        id: GrantId,
    },
}

impl Grant {
    pub(super) fn run(self) -> Result<(), Stop> {
        Act::Grant(self.what).run_on(&self.store)
    }
}

impl What {
    pub(super) async fn run(self, vault: &Vault, out: &mut dyn Out) -> Result<(), Stop> {
        match self {
            What::List { app, person, json } => {
                let person = match person {
                    Some(handle) => Some(person::find(vault, &handle).await?),
                    None => None,
                };
                let grants = vault.grant_list(app, person).await?;
                out.say(&if json { as_json(&grants)? } else { as_table(&grants) });
                Ok(())
            }
            What::Revoke { id } => {
                vault.grant_end(id).await.map_err(|refusal| match refusal {
                    Refusal::NotFound => Stop::refused(format!("there is no grant {id}")),
                    other => other.into(),
                })?;
                out.say(&format!("{id} has ended"));
                Ok(())
            }
        }
    }
}

type Named = (Connected, Option<String>);

fn as_json(grants: &[Named]) -> Result<String, Stop> {
    let one = |(Connected { grant, app, partner, contained, .. }, handle): &Named| {
        json!({
            "id": grant.id, "app": grant.app, "app_name": app, "partner": partner,
            "person": grant.person, "handle": handle, "state": grant.state.as_str(),
            "scope": grant.scopes.to_string(), "purpose": grant.purpose,
            "authorization_details": oauth::details::granted(&grant.terms, &grant.purpose, grant.agreed_at),
            "given_at": grant.given_at, "ends_at": grant.terms.ends_at, "used": grant.used, "used_at": grant.used_at,
            "contained": contained.as_ref().map(|contained| json!({"at": contained.at, "why": contained.why})),
        })
    };
    serde_json::to_string_pretty(&grants.iter().map(one).collect::<Vec<_>>()).map_err(Stop::refused)
}

fn as_table(grants: &[Named]) -> String {
    let mut table = Table::new(&["GRANT", "PERSON", "APP", "MAY", "STATE", "USED", "ENDS"]);
    for (Connected { grant, app, contained, .. }, handle) in grants {
        let person = handle.as_ref().map_or(grant.person.to_string(), |handle| format!("@{handle}"));
        let actions: Vec<&str> = grant.terms.actions.closed().iter().map(model::Action::as_str).collect();
        let state = if contained.is_some() { "contained" } else { grant.state.as_str() };
        let (id, used, ends) =
            (grant.id.to_string(), grant.used.to_string(), grant.terms.ends_at.to_string());
        table.row(&[&id, &person, app, &actions.join(" "), state, &used, &ends]);
    }
    table.to_string()
}
