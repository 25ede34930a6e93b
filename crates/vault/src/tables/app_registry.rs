//! The register of apps: what the operator does with them, each change public in the log.
//!
//! Invariant: a change and its entry are one transaction, and every change makes a new version that the gate sees at once.

use super::events::{self, About};
use super::ids::id;
use super::log::leaf_told;
use super::retirements::{self, Retirement};
use super::secret::{Secret, SecretKind};
use super::signals;
use super::{containments, queue};
use crate::engine::{Reads, Tx, params};
use crate::{Fault, Refusal, Vault};
use ledger::canonical::CanonicalJson;
use ledger::entry::Entry;
use ledger::record::{AppEvent, AppRecord};
use model::{AppId, Time, World};
use oauth::certificate::Subject;
use oauth::client::{ClientKind, KeySource, Profile};
use oauth::key_set::KeySet;
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// An app to be registered.
#[derive(Debug, Clone)]
pub struct NewApp {
    /// Its name.
    pub name: String,
    /// Who runs it.
    pub partner: String,
    /// Where it may be sent back to; checked by `oauth::client`.
    pub redirect_uris: Vec<String>,
    /// Its ceiling as JSON; checked by `oauth::details`.
    pub ceiling: String,
    /// How it will prove itself.
    pub kind: NewKind,
    /// What is demanded of it beyond that.
    pub demands: Demands,
}

/// How a new app will prove itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewKind {
    /// It cannot.
    Public,
    /// By a secret, which we make.
    Secret,
    /// By one of these keys: a JWKS as JSON.
    Keys(String),
    /// By one of the keys that it publishes at this URL.
    KeysAt(String),
    /// By a certificate that names this, and for which an authority vouches.
    Named(Subject),
    /// By a certificate with one of these keys: a JWKS as JSON.
    SelfSigned(String),
    /// By a certificate with one of the keys that it publishes at this URL.
    SelfSignedAt(String),
}

/// What is demanded of a new app.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Demands {
    /// Its profile; `None`: the one that fits how it proves itself.
    pub profile: Option<Profile>,
    /// What it asks people counts only if it signed it.
    pub signs_requests: bool,
    /// Its tokens are bound to the certificate that it shows, however it proves itself.
    pub binds_certificate: bool,
}

/// What is stored of how an app proves itself.
struct Proof {
    kind: ClientKind,
    /// The secret in the clear, and what goes into the columns.
    secret: Option<String>,
    jwks: Option<String>,
    jwks_uri: Option<String>,
    subject: Option<String>,
}

impl NewKind {
    fn proof(self, world: &World) -> Result<Proof, Refusal> {
        let bare = |kind| Proof { kind, secret: None, jwks: None, jwks_uri: None, subject: None };
        let read = |jwks: &str| match KeySet::parse(jwks.as_bytes()) {
            Ok(keys) => Ok(KeySource::Inline(Arc::new(keys))),
            Err(why) => Err(Refusal::Invalid(why.to_string())),
        };
        Ok(match self {
            NewKind::Public => bare(ClientKind::Public),
            NewKind::Secret => {
                let secret = Secret::new(SecretKind::Client, world).into_clear();
                let kind = ClientKind::Secret(oauth::client::secret_hash(&secret));
                Proof { secret: Some(secret), ..bare(kind) }
            }
            NewKind::Keys(jwks) => {
                let kind = ClientKind::Keys(read(&jwks)?);
                Proof { jwks: Some(jwks), ..bare(kind) }
            }
            NewKind::KeysAt(uri) => {
                let kind = ClientKind::Keys(KeySource::Uri(uri.clone()));
                Proof { jwks_uri: Some(uri), ..bare(kind) }
            }
            NewKind::Named(subject) => {
                let text = subject.to_string();
                Proof { subject: Some(text), ..bare(ClientKind::Named(subject)) }
            }
            NewKind::SelfSigned(jwks) => {
                let kind = ClientKind::SelfSigned(read(&jwks)?);
                Proof { jwks: Some(jwks), ..bare(kind) }
            }
            NewKind::SelfSignedAt(uri) => {
                let kind = ClientKind::SelfSigned(KeySource::Uri(uri.clone()));
                Proof { jwks_uri: Some(uri), ..bare(kind) }
            }
        })
    }
}

/// An app as it is listed: public knowledge.
#[derive(Debug, Clone, Serialize)]
pub struct ListedApp {
    /// Its id: the `client_id`.
    pub id: AppId,
    /// Its name.
    pub name: String,
    /// Who runs it.
    pub partner: String,
    /// How it proves itself: `public`, `secret`, `keys`, `certificate`, `self-signed`.
    pub kind: String,
    /// What is demanded of it: `fapi2` or `oauth21`.
    pub profile: String,
    /// Where it may be sent back to.
    pub redirect_uris: Vec<String>,
    /// The most it may have.
    pub ceiling: Value,
    /// `live`, `suspended` or `retired`.
    pub state: String,
    /// Why it is in this state, if the operator said so.
    pub why: Option<String>,
    /// When it ends by itself.
    pub retires_at: Option<Time>,
    /// What of its ceiling ends by itself, and when.
    pub retiring: Vec<Retirement>,
    /// Since when it is registered.
    pub created_at: Time,
    /// How many people let it in now.
    #[serde(skip)]
    pub people: i64,
    /// What happened to it, oldest first: the entries in the log.
    pub history: Vec<Value>,
}

impl ListedApp {
    /// How many people let it in, rounded so that nobody's coming or going can be seen.
    pub fn people_rounded(&self) -> i64 {
        rounded(self.people)
    }
}

/// Down to the last ten, or to two digits: 0, 40, 1300.
fn rounded(people: i64) -> i64 {
    let mut step = 10;
    while people >= step * 100 {
        step *= 10;
    }
    people.max(0) / step * step
}

fn shape(e: impl std::fmt::Display) -> Fault {
    Fault::Shape(e.to_string())
}

/// Notes a change of an app in its history and for the log.
pub(crate) fn note(
    tx: &mut Tx<'_>,
    app: AppId,
    what: AppEvent,
    at: Time,
    terms: Option<Value>,
    why: Option<&str>,
) -> Result<(), Refusal> {
    let sql = "update apps set events = events + 1, version = version + 1 where id = $1 returning events";
    let n = tx.one(sql, params![app.as_bytes()], |row| row.int(0))?.ok_or(Refusal::NotFound)?;
    events::standing(tx, About::App(app), at)?;
    signals::app_changed(tx, app, what, (terms.clone(), why), at)?;
    let record = AppRecord {
        app: app.to_string(),
        what,
        at: at.to_string(),
        terms: terms.map(|terms| CanonicalJson::of(&terms)).transpose().map_err(shape)?,
        why: why.map(str::to_owned),
    };
    let json = record.render()?;
    let entry = Entry::App(json.clone());
    let leaf = queue::push(tx, queue::APP_EVENT, app.as_bytes(), n, &entry, at)?;
    let sql = "insert into app_events (app, n, what, at, entry, leaf) values ($1, $2, $3, $4, $5, $6)";
    Ok(tx.put(sql, params![app.as_bytes(), n, what.as_str(), at.micros(), json.as_str(), leaf])?)
}

const LIST: &str = concat!(
    "select a.id, a.name, a.partner, a.kind, a.redirect_uris, a.ceiling, a.state, a.why, a.retires_at, \
    a.created_at, a.profile, (select count(distinct g.person) from grants g where g.app = a.id and g.state = 'active' \
    and not exists (select 1 from containments h where ",
    containments::holds_grant!(),
    ")) from apps a order by a.name, a.id"
);

fn list(db: &mut impl Reads) -> Result<Vec<ListedApp>, Fault> {
    let mut apps = db.all(LIST, params![], |row| {
        Ok(ListedApp {
            id: id(row, 0)?,
            name: row.text(1)?.to_owned(),
            partner: row.text(2)?.to_owned(),
            kind: row.text(3)?.to_owned(),
            redirect_uris: serde_json::from_str(row.text(4)?).map_err(shape)?,
            ceiling: serde_json::from_str(row.text(5)?).map_err(shape)?,
            state: row.text(6)?.to_owned(),
            why: row.opt_text(7)?.map(str::to_owned),
            retires_at: row.opt_int(8)?.map(Time::from_micros),
            created_at: Time::from_micros(row.int(9)?),
            profile: row.text(10)?.to_owned(),
            people: row.int(11)?,
            retiring: Vec::new(),
            history: Vec::new(),
        })
    })?;
    for app in &mut apps {
        app.retiring = retirements::listed(db, app.id)?;
        let sql = "select entry from app_events where app = $1 order by n";
        app.history =
            db.all(sql, params![app.id.as_bytes()], |row| serde_json::from_str(row.text(0)?).map_err(shape))?;
    }
    Ok(apps)
}

impl Vault {
    /// Registers an app. The secret, if it has one, is told this once.
    pub async fn app_add(&self, new: NewApp) -> Result<(AppId, Option<String>), Refusal> {
        let NewApp { name, partner, redirect_uris, ceiling, kind, demands } = new;
        let (world, now) = (self.world.clone(), self.world.now());
        let app = AppId::new(&world);
        let Proof { kind, secret, jwks, jwks_uri, subject } = kind.proof(&world)?;
        let profile = demands.profile.unwrap_or(kind.profile());
        if profile == Profile::Fapi2 && !kind.has_key() {
            let why =
                "the profile fapi2 is for apps with a key or a certificate; give it one, or take oauth21";
            return Err(Refusal::Invalid(why.to_owned()));
        }
        if demands.signs_requests && kind.keys().is_none() {
            return Err(Refusal::Invalid("an app that signs its requests has keys; give it some".to_owned()));
        }
        let uris = serde_json::to_string(&redirect_uris).map_err(shape)?;
        let value: Value = serde_json::from_str(&ceiling).map_err(shape)?;
        self.engine
            .write("app_add", move |tx| -> Result<(), Refusal> {
                let hash = match &kind {
                    ClientKind::Secret(hash) => Some(hash),
                    _ => None,
                };
                tx.put(
                    "insert into apps (id, name, partner, kind, secret, jwks, jwks_uri, profile, signs_requests, \
                     binds_certificate, tls_subject, redirect_uris, ceiling, state, created_at) \
                     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'live', $14)",
                    params![
                        app.as_bytes(),
                        &name,
                        &partner,
                        kind.as_str(),
                        hash,
                        jwks.as_deref(),
                        jwks_uri.as_deref(),
                        profile.as_str(),
                        i64::from(demands.signs_requests),
                        i64::from(demands.binds_certificate),
                        subject.as_deref(),
                        &uris,
                        &ceiling,
                        now.micros()
                    ],
                )?;
                let terms = json!({
                    "name": name, "partner": partner, "ceiling": value,
                    "kind": kind.as_str(), "profile": profile.as_str(),
                });
                note(tx, app, AppEvent::Registered, now, Some(terms), None)
            })
            .await?;
        Ok((app, secret))
    }

    /// Every app with its history.
    pub async fn app_list(&self) -> Result<Vec<ListedApp>, Refusal> {
        self.engine.read("app_list", move |snap| Ok(list(snap)?)).await
    }

    /// What happened to an app, oldest first: each entry with its index in the log, once it has one.
    pub async fn app_history(&self, app: AppId) -> Result<Vec<(Value, Option<i64>)>, Refusal> {
        self.engine
            .read("app_history", move |snap| -> Result<_, Refusal> {
                let sql =
                    concat!("select entry, ", leaf_told!(), " from app_events where app = $1 order by n");
                Ok(snap.all(sql, params![app.as_bytes()], |row| {
                    Ok((serde_json::from_str(row.text(0)?).map_err(shape)?, row.opt_int(1)?))
                })?)
            })
            .await
    }

    /// Sets a new ceiling (JSON, checked by the caller's parse). It binds grants given before from the next request on.
    pub async fn app_ceiling(&self, app: AppId, ceiling: &str) -> Result<(), Refusal> {
        oauth::details::parse_ceiling(ceiling).map_err(|e| Refusal::Invalid(e.to_string()))?;
        let (now, ceiling) = (self.world.now(), ceiling.to_owned());
        let value: Value = serde_json::from_str(&ceiling).map_err(shape)?;
        self.engine
            .write("app_ceiling", move |tx| -> Result<(), Refusal> {
                tx.put("update apps set ceiling = $1 where id = $2", params![&ceiling, app.as_bytes()])?;
                note(tx, app, AppEvent::Ceiling, now, Some(json!({"ceiling": value})), None)
            })
            .await?;
        self.settled().await.map(|_| ())
    }

    /// Stops an app at once; its grants wait.
    pub async fn app_suspend(&self, app: AppId, why: &str) -> Result<(), Refusal> {
        self.app_state(app, ("live", "suspended"), AppEvent::Suspended, Some(why.to_owned())).await
    }

    /// Lets a suspended app go on.
    pub async fn app_resume(&self, app: AppId) -> Result<(), Refusal> {
        self.app_state(app, ("suspended", "live"), AppEvent::Resumed, None).await
    }

    async fn app_state(
        &self,
        app: AppId,
        (from, to): (&'static str, &'static str),
        what: AppEvent,
        why: Option<String>,
    ) -> Result<(), Refusal> {
        let now = self.world.now();
        self.engine
            .write("app_state", move |tx| -> Result<(), Refusal> {
                let sql = "select state from apps where id = $1";
                let state = tx.one(sql, params![app.as_bytes()], |row| Ok(row.text(0)?.to_owned()))?;
                let state = state.ok_or(Refusal::NotFound)?;
                if state != from {
                    return Err(Refusal::Conflict(format!("the app is {state}, not {from}")));
                }
                let sql = "update apps set state = $1, why = $2 where id = $3";
                tx.put(sql, params![to, why.as_deref(), app.as_bytes()])?;
                note(tx, app, what, now, None, why.as_deref())
            })
            .await?;
        self.settled().await.map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn people_are_rounded_down_to_tens_or_two_digits() {
        let cases =
            [(-1, 0), (0, 0), (9, 0), (10, 10), (99, 90), (999, 990), (1_049, 1_000), (123_456, 120_000)];
        for (people, rounded) in cases {
            assert_eq!(super::rounded(people), rounded, "{people}");
        }
    }
}
