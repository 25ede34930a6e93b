//! `waxseal app`: which apps may ask people, and for how much at most.
//!
//! Invariant: a client secret is shown once, when the app is added; only its hash is kept.

use super::table::Table;
use super::{Act, Out, Stop};
use crate::config::StoreOptions;
use clap::{Args, Subcommand};
use model::{Action, AppId, Kind, Part, Time};
use oauth::certificate::Subject;
use oauth::client::Profile;
use oauth::key_set::KeySet;
use outbound::Private;
use serde::{Deserialize, Serialize};
use serde_json::json;
use vault::{Demands, ListedApp, LogoutUris, NewApp, NewKind, Refusal, Vault};

/// Register apps and set what they may ask for
#[derive(Args, Debug)]
pub(super) struct App {
    #[command(flatten)]
    store: StoreOptions,
    #[command(subcommand)]
    what: What,
}

/// What to do with apps.
#[derive(Subcommand, Debug, Serialize, Deserialize)]
pub enum What {
    /// Register an app; prints its client_id, and its secret, once
    Add(Add),
    /// List every app
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show an app, with what happened to it
    Show {
        /// The client_id
        id: AppId,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Set a new ceiling; grants that allow more are held to it at once
    Ceiling {
        /// The client_id
        id: AppId,
        /// The new ceiling
        #[arg(value_parser = ceiling_file, value_name = "FILE.json")]
        ceiling: String,
    },
    /// Stop an app at once; its grants wait
    Suspend {
        /// The client_id
        id: AppId,
        /// Why, for everyone to read in the directory and the log
        #[arg(long, value_name = "W")]
        why: String,
    },
    /// Let a suspended app go on
    Resume {
        /// The client_id
        id: AppId,
    },
    /// Make a link that opens the app's page to those who run it: what it could do and did, its webhooks; it opens once, within an hour
    Page {
        /// The client_id
        id: AppId,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// End an app, or a part of what it may do, on a date; again with another date, to put it off
    Retire {
        /// The client_id
        id: AppId,
        /// The day (2027-01-31, at its beginning in UTC) or the moment (RFC 3339)
        #[arg(long, value_name = "DATE", value_parser = date)]
        on: Time,
        /// End this action of its ceiling alone: list, read, send, delete; may be given several times
        #[arg(long, value_name = "A", value_parser = action)]
        action: Vec<String>,
        /// End this kind of content alone: text, card, receipt; may be given several times
        #[arg(long, value_name = "K", value_parser = kind)]
        kind: Vec<String>,
    },
}

/// An app to add.
#[derive(Args, Debug, Serialize, Deserialize)]
pub struct Add {
    /// Its name, as people see it
    #[arg(long, value_name = "N", value_parser = words)]
    name: String,
    /// Who runs it
    #[arg(long, value_name = "P", value_parser = words)]
    partner: String,
    /// Where it may be sent back to; give all of them
    #[arg(long, value_name = "U", required = true, num_args = 1.., value_parser = redirect_uri)]
    redirect_uri: Vec<String>,
    /// Where it may have people sent after they sign out; give all of them
    #[arg(long, value_name = "U", num_args = 1.., value_parser = redirect_uri)]
    post_logout_redirect_uri: Vec<String>,
    /// Where it is told that somebody signed out (OpenID Connect Back-Channel Logout): https
    #[arg(long, value_name = "U", value_parser = key_uri)]
    backchannel_logout_uri: Option<String>,
    /// The most it may ask for
    #[arg(long, value_name = "FILE.json", value_parser = ceiling_file)]
    ceiling: String,
    /// It runs on people's devices and keeps no secret [default]
    #[arg(long, group = "proof")]
    public: bool,
    /// It runs on a server and keeps a secret, which we make
    #[arg(long, group = "proof")]
    secret: bool,
    /// It proves itself with one of these keys (private_key_jwt): a JWKS with public keys
    #[arg(long, group = "proof", value_name = "FILE", value_parser = key_file)]
    jwks: Option<String>,
    /// It proves itself with one of the keys that it publishes there (private_key_jwt): https
    #[arg(long, group = "proof", value_name = "U", value_parser = key_uri)]
    jwks_uri: Option<String>,
    /// It proves itself with a certificate, vouched for by one of --mtls-ca, that names this (tls_client_auth): dn:…, dns:…, uri:…,
    /// ip:… or email:…
    #[arg(long, group = "proof", value_name = "SUBJECT", value_parser = subject)]
    tls_subject: Option<String>,
    /// The keys of --jwks or --jwks-uri are those of its certificates (self_signed_tls_client_auth)
    #[arg(long, conflicts_with_all = ["public", "secret", "tls_subject"])]
    self_signed: bool,
    /// Its tokens are bound to the certificate that it shows, however it proves itself
    #[arg(long)]
    bind_certificate: bool,
    /// What is demanded of it [default: fapi2 with keys or a certificate, else oauth21]
    #[arg(long, value_name = "fapi2|oauth21", value_parser = profile)]
    profile: Option<String>,
    /// What it asks people counts only if it is signed with one of its keys (RFC 9101)
    #[arg(long)]
    signed_requests: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn words(text: &str) -> Result<String, String> {
    model::person_name(text).map_err(|why| why.to_string())
}

fn redirect_uri(text: &str) -> Result<String, String> {
    oauth::redirect::check_registration(text).map(|()| text.to_owned()).map_err(|why| why.to_string())
}

/// Reads a ceiling file, so that what goes on from here is a ceiling.
fn ceiling_file(path: &str) -> Result<String, String> {
    let text = std::fs::read_to_string(path).map_err(|why| format!("it cannot be read: {why}"))?;
    oauth::details::parse_ceiling(&text).map_err(|why| why.to_string())?;
    Ok(text)
}

/// Reads a key set, so that what goes on from here is one.
fn key_file(path: &str) -> Result<String, String> {
    let text = std::fs::read_to_string(path).map_err(|why| format!("it cannot be read: {why}"))?;
    KeySet::parse(text.as_bytes()).map_err(|why| why.to_string())?;
    Ok(text)
}

/// A public address over https; or this machine's own, which the server fetches only if it was started so.
fn key_uri(text: &str) -> Result<String, String> {
    let host = text.split_once("://").map_or("", |(_, rest)| rest);
    let is_here = ["127.0.0.1", "[::1]", "localhost"].iter().any(|here| {
        host.strip_prefix(here).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']))
    });
    let private = if is_here { Private::Loopback } else { Private::Refused };
    outbound::check_url(text, private).map(|()| text.to_owned()).map_err(|why| why.to_string())
}

/// Reads whom a certificate must name, so that what goes on from here is somebody.
fn subject(text: &str) -> Result<String, String> {
    text.parse::<Subject>().map(|_| text.to_owned()).map_err(|why| why.to_string())
}

fn profile(text: &str) -> Result<String, String> {
    let known = Profile::parse(text).ok_or("the profiles are fapi2 and oauth21")?;
    Ok(known.as_str().to_owned())
}

fn action(text: &str) -> Result<String, String> {
    let known = Action::parse(text).ok_or("the actions are list, read, send and delete")?;
    Ok(known.as_str().to_owned())
}

fn kind(text: &str) -> Result<String, String> {
    let known = Kind::parse(text).ok_or("the kinds of content are text, card and receipt")?;
    Ok(known.as_str().to_owned())
}

pub(super) fn date(text: &str) -> Result<Time, String> {
    let moment = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    moment.parse().map_err(|_| "write a day as 2027-01-31, or a moment as 2027-01-31T12:00:00Z".to_owned())
}

impl App {
    pub(super) fn run(self) -> Result<(), Stop> {
        Act::App(self.what).run_on(&self.store)
    }
}

impl What {
    pub(super) async fn run(self, vault: &Vault, out: &mut dyn Out) -> Result<(), Stop> {
        match self {
            What::Add(new) => add(new, vault, out).await?,
            What::List { json } => list(vault, out, json).await?,
            What::Show { id, json } => show(vault, out, id, json).await?,
            What::Ceiling { id, ceiling } => {
                vault.app_ceiling(id, &ceiling).await.map_err(|refusal| named(refusal, id))?;
                out.say(&format!("{id} has its new ceiling"));
            }
            What::Suspend { id, why } => {
                vault.app_suspend(id, &why).await.map_err(|refusal| named(refusal, id))?;
                out.say(&format!("{id} is suspended"));
            }
            What::Resume { id } => {
                vault.app_resume(id).await.map_err(|refusal| named(refusal, id))?;
                out.say(&format!("{id} goes on"));
            }
            What::Page { id, json } => {
                let (url, ends_at) = vault.partner_link(id).await.map_err(|refusal| named(refusal, id))?;
                match json {
                    true => out.say(&json!({"url": url, "expires_at": ends_at.to_string()}).to_string()),
                    false => out.say(&url),
                }
            }
            What::Retire { id, on, action, kind } => {
                let actions = action.iter().filter_map(|word| Action::parse(word)).map(Part::Action);
                let kinds = kind.iter().filter_map(|word| Kind::parse(word)).map(Part::Kind);
                let parts: Vec<Part> = actions.chain(kinds).collect();
                if parts.is_empty() {
                    vault.app_retire(id, on).await.map_err(|refusal| named(refusal, id))?;
                    out.say(&format!("{id} ends at {on}"));
                    return Ok(());
                }
                let what = action.iter().chain(&kind).cloned().collect::<Vec<_>>().join(", ");
                vault.app_retire_parts(id, parts, on).await.map_err(|refusal| named(refusal, id))?;
                out.say(&format!("{what} of {id} ends at {on}"));
            }
        }
        Ok(())
    }
}

pub(super) fn named(refusal: Refusal, id: AppId) -> Stop {
    match refusal {
        Refusal::NotFound => Stop::refused(format!("there is no app {id}; `waxseal app list` has them all")),
        other => other.into(),
    }
}

async fn add(new: Add, vault: &Vault, out: &mut dyn Out) -> Result<(), Stop> {
    let Add { name, partner, redirect_uri, ceiling, secret, jwks, jwks_uri, profile, json, .. } = new;
    let logout =
        LogoutUris { post_logout: new.post_logout_redirect_uri, back_channel: new.backchannel_logout_uri };
    let named = new.tls_subject.map(|text| text.parse().map_err(Stop::usage)).transpose()?;
    let kind = match (secret, jwks, jwks_uri, named) {
        (true, ..) => NewKind::Secret,
        (_, Some(jwks), ..) if new.self_signed => NewKind::SelfSigned(jwks),
        (_, Some(jwks), ..) => NewKind::Keys(jwks),
        (_, _, Some(uri), _) if new.self_signed => NewKind::SelfSignedAt(uri),
        (_, _, Some(uri), _) => NewKind::KeysAt(uri),
        (_, _, _, Some(subject)) => NewKind::Named(subject),
        _ if new.self_signed => return Err(Stop::usage("--self-signed needs --jwks or --jwks-uri")),
        _ => NewKind::Public,
    };
    let demands = Demands {
        profile: profile.as_deref().and_then(Profile::parse),
        signs_requests: new.signed_requests,
        binds_certificate: new.bind_certificate,
    };
    let app = NewApp { name, partner, redirect_uris: redirect_uri, ceiling, kind, demands };
    let (id, secret) = vault.app_add(app).await?;
    if logout != LogoutUris::default() {
        vault.app_logout_uris(id, logout).await?;
    }
    if json {
        let mut told = json!({ "client_id": id });
        if let Some(secret) = secret {
            told["client_secret"] = secret.into();
        }
        out.say(&told.to_string());
        return Ok(());
    }
    out.say(&format!("client_id      {id}"));
    if let Some(secret) = secret {
        out.say(&format!("client_secret  {secret}"));
        out.warn("the secret is shown this once; only its hash is kept");
    }
    Ok(())
}

async fn list(vault: &Vault, out: &mut dyn Out, json: bool) -> Result<(), Stop> {
    let apps = vault.app_list().await?;
    if json {
        out.say(&serde_json::to_string_pretty(&apps).map_err(Stop::refused)?);
        return Ok(());
    }
    let mut table =
        Table::new(&["CLIENT_ID", "NAME", "PARTNER", "KIND", "PROFILE", "STATE", "PEOPLE", "ENDS"]);
    for app in &apps {
        let ends = app.retires_at.map_or("-".to_owned(), |at| at.to_string());
        let (id, people) = (app.id.to_string(), app.people.to_string());
        table.row(&[&id, &app.name, &app.partner, &app.kind, &app.profile, &app.state, &people, &ends]);
    }
    out.say(&table.to_string());
    Ok(())
}

async fn show(vault: &Vault, out: &mut dyn Out, id: AppId, json: bool) -> Result<(), Stop> {
    let mut apps = vault.app_list().await?.into_iter();
    let app: ListedApp = apps.find(|app| app.id == id).ok_or_else(|| named(Refusal::NotFound, id))?;
    if json {
        out.say(&serde_json::to_string_pretty(&app).map_err(Stop::refused)?);
        return Ok(());
    }
    let mut table = Table::new(&["client_id", &id.to_string()]);
    table.row(&["name", &app.name]);
    table.row(&["partner", &app.partner]);
    table.row(&["kind", &app.kind]);
    table.row(&["profile", &app.profile]);
    table.row(&["state", &app.state]);
    table.row(&["why", app.why.as_deref().unwrap_or("-")]);
    table.row(&["ends", &app.retires_at.map_or("-".to_owned(), |at| at.to_string())]);
    for part in &app.retiring {
        let words = part.action.map(Action::as_str).or(part.kind.map(Kind::as_str)).unwrap_or_default();
        table.row(&["ends", &format!("{words} {}", part.at)]);
    }
    table.row(&["people", &app.people.to_string()]);
    app.redirect_uris.iter().for_each(|uri| table.row(&["redirect_uri", uri]));
    table.row(&["ceiling", &app.ceiling.to_string()]);
    app.history.iter().for_each(|entry| table.row(&["history", &entry.to_string()]));
    out.say(&table.to_string());
    Ok(())
}
