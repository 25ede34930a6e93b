//! What the gate and the issuer need to know of an app, kept ready by version.
//!
//! Invariant: an `AppFacts` is looked up by the version that the database says now, so it is never older than that.

use super::ids::id;
use super::retirements;
use crate::engine::{Reads, Row, params};
use crate::{Fault, Refusal, Vault};
use model::{AppId, Ceiling, Time};
use oauth::client::{Client, ClientKind, KeySource, Profile};
use oauth::key_set::KeySet;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// An app as the server works with it.
#[derive(Debug, Clone)]
pub struct AppFacts {
    /// Its id, the `client_id`.
    pub id: AppId,
    /// Its name.
    pub name: String,
    /// Who runs it.
    pub partner: String,
    /// How it proves itself.
    pub kind: ClientKind,
    /// What is demanded of it.
    pub profile: Profile,
    /// What it asks people counts only if it signed it.
    pub signs_requests: bool,
    /// Its tokens are bound to the certificate that it shows.
    pub binds_certificate: bool,
    /// Where it may be sent back to.
    pub redirect_uris: Vec<String>,
    /// The most it may have.
    pub ceiling: Ceiling,
    /// Grows with each change.
    pub version: i64,
    pub(crate) live: bool,
    /// When it ends by itself.
    pub retires_at: Option<Time>,
}

impl AppFacts {
    /// Neither suspended nor retired at this moment.
    pub fn live_at(&self, now: Time) -> bool {
        self.live && self.retires_at.is_none_or(|at| at > now)
    }

    /// What the protocol needs to know of it.
    pub fn client_at(&self, now: Time) -> Client {
        Client {
            id: self.id,
            kind: self.kind.clone(),
            profile: self.profile,
            signs_requests: self.signs_requests,
            binds_certificate: self.binds_certificate,
            redirect_uris: self.redirect_uris.clone(),
            ceiling: self.ceiling.clone(),
            live: self.live_at(now),
        }
    }
}

const FIND: &str = "select id, name, partner, redirect_uris, ceiling, version, state, retires_at, profile, \
    kind, secret, jwks, jwks_uri, signs_requests, \
    binds_certificate, tls_subject from apps where id = $1";

/// Reads an app.
pub(crate) fn read(db: &mut impl Reads, app: AppId) -> Result<Option<AppFacts>, Fault> {
    let shape = |what: &str, why: String| Fault::Shape(format!("{what} of {app}: {why}"));
    let found = db.one(FIND, params![app.as_bytes()], |row| {
        Ok(AppFacts {
            id: id(row, 0)?,
            name: row.text(1)?.to_owned(),
            partner: row.text(2)?.to_owned(),
            redirect_uris: serde_json::from_str(row.text(3)?)
                .map_err(|e| shape("redirect_uris", e.to_string()))?,
            ceiling: oauth::details::parse_ceiling(row.text(4)?)
                .map_err(|e| shape("the ceiling", e.to_string()))?,
            version: row.int(5)?,
            live: row.text(6)? == "live",
            retires_at: row.opt_int(7)?.map(Time::from_micros),
            profile: Profile::parse(row.text(8)?)
                .ok_or_else(|| shape("the profile", row.text(8).unwrap_or("").to_owned()))?,
            signs_requests: row.int(13)? != 0,
            binds_certificate: row.int(14)? != 0,
            kind: kind(row)?
                .ok_or_else(|| shape("the kind", "what it proves itself by is not there".into()))?,
        })
    })?;
    let Some(mut facts) = found else { return Ok(None) };
    facts.ceiling.retiring = retirements::retiring(db, app)?;
    Ok(Some(facts))
}

/// How it proves itself, in columns 9 to 12 and 15; none if they contradict each other.
fn kind(row: &Row<'_>) -> Result<Option<ClientKind>, Fault> {
    let keys = match (row.opt_text(11)?, row.opt_text(12)?) {
        (Some(jwks), None) => {
            KeySet::parse(jwks.as_bytes()).ok().map(|keys| KeySource::Inline(Arc::new(keys)))
        }
        (None, Some(uri)) => Some(KeySource::Uri(uri.to_owned())),
        _ => None,
    };
    Ok(match row.text(9)? {
        "public" => Some(ClientKind::Public),
        "secret" => row.opt_blob(10)?.and_then(|hash| hash.try_into().ok()).map(ClientKind::Secret),
        "keys" => keys.map(ClientKind::Keys),
        "self-signed" => keys.map(ClientKind::SelfSigned),
        "certificate" => row.opt_text(15)?.and_then(|text| text.parse().ok()).map(ClientKind::Named),
        _ => None,
    })
}

/// Apps that were read before, each at one version.
#[derive(Clone, Default)]
pub(crate) struct Apps(Arc<Mutex<HashMap<AppId, Arc<AppFacts>>>>);

impl Apps {
    /// The app at this version: from memory, or read now.
    pub(crate) fn at(&self, db: &mut impl Reads, app: AppId, version: i64) -> Result<Arc<AppFacts>, Fault> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&app).cloned();
        if let Some(facts) = known.filter(|facts| facts.version == version) {
            return Ok(facts);
        }
        let facts = read(db, app)?.ok_or_else(|| Fault::Shape(format!("{app} has gone")))?;
        let facts = Arc::new(facts);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(app, facts.clone());
        Ok(facts)
    }
}

impl Vault {
    /// An app by its `client_id`.
    pub async fn app(&self, app: AppId) -> Result<Arc<AppFacts>, Refusal> {
        self.app_find(app).await?.ok_or(Refusal::NotFound)
    }

    /// An app by its `client_id`, with whatever the issuer needs; `None` when there is none.
    pub async fn app_find(&self, app: AppId) -> Result<Option<Arc<AppFacts>>, Refusal> {
        let apps = self.apps.clone();
        self.engine
            .read("app_find", move |snap| -> Result<_, Refusal> {
                let sql = "select version from apps where id = $1";
                let version = snap.one(sql, params![app.as_bytes()], |row| row.int(0))?;
                Ok(version.map(|version| apps.at(snap, app, version)).transpose()?)
            })
            .await
    }
}
