//! What the gate and the issuer need to know of an app, kept ready by version.
//!
//! Invariant: an `AppFacts` is looked up by the version that the database says now, so it is never older than that.

use super::ids::id;
use crate::engine::{Reads, params};
use crate::{Fault, Refusal, Vault};
use model::{AppId, Ceiling, Time};
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
    /// Public, or with a secret (its SHA-256).
    pub secret: Option<[u8; 32]>,
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
}

/// Reads an app.
pub(crate) fn read(db: &mut impl Reads, app: AppId) -> Result<Option<AppFacts>, Fault> {
    let shape = |what: &str, why: String| Fault::Shape(format!("{what} of {app}: {why}"));
    let sql = "select id, name, partner, secret, redirect_uris, ceiling, version, state, retires_at from apps where id = $1";
    db.one(sql, params![app.as_bytes()], |row| {
        let secret = row.opt_blob(3)?.map(|bytes| bytes.try_into()).transpose();
        Ok(AppFacts {
            id: id(row, 0)?,
            name: row.text(1)?.to_owned(),
            partner: row.text(2)?.to_owned(),
            secret: secret.map_err(|_| shape("the secret", "not 32 bytes".into()))?,
            redirect_uris: serde_json::from_str(row.text(4)?)
                .map_err(|e| shape("redirect_uris", e.to_string()))?,
            ceiling: oauth::details::parse_ceiling(row.text(5)?)
                .map_err(|e| shape("the ceiling", e.to_string()))?,
            version: row.int(6)?,
            live: row.text(7)? == "live",
            retires_at: row.opt_int(8)?.map(Time::from_micros),
        })
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
    pub async fn app(&self, app: AppId) -> Result<AppFacts, Refusal> {
        self.engine.read("app", move |snap| read(snap, app)?.ok_or(Refusal::NotFound)).await
    }
}
