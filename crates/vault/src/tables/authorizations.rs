//! Requests for a grant that the person has not answered yet.
//!
//! Invariant: a request is answered once: the answer removes it in the transaction that stores what comes of it.

use super::ids::id;
use super::sessions;
use crate::engine::{Reads, Tx, params};
use crate::{Fault, Own, Refusal, Vault};
use model::{AuthorizationId, Time};
use oauth::authorize::Request;

/// How long a request waits for an answer, in seconds.
pub const AUTHORIZATION_S: i64 = 1800;

/// A request with what is known of it.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// Its id.
    pub id: AuthorizationId,
    /// The request.
    pub request: Request,
    /// When it came.
    pub asked_at: Time,
}

pub(crate) fn waiting(
    db: &mut impl Reads,
    authorization: AuthorizationId,
    now: Time,
) -> Result<Waiting, Refusal> {
    let sql = "select id, request, at from authorizations where id = $1 and ends_at > $2";
    let found = db.one(sql, params![authorization.as_bytes(), now.micros()], |row| {
        let request = serde_json::from_str(row.text(1)?).map_err(|e| Fault::Shape(e.to_string()))?;
        Ok(Waiting { id: id(row, 0)?, request, asked_at: Time::from_micros(row.int(2)?) })
    })?;
    found.ok_or(Refusal::NotFound)
}

pub(crate) fn remove(tx: &mut Tx<'_>, authorization: AuthorizationId) -> Result<(), Refusal> {
    let sql = "delete from authorizations where id = $1";
    let gone = tx.execute(sql, params![authorization.as_bytes()])?;
    if gone == 0 { Err(Refusal::NotFound) } else { Ok(()) }
}

impl Vault {
    /// Keeps a request until the person has answered.
    pub async fn authorization_add(&self, request: &Request) -> Result<AuthorizationId, Refusal> {
        let (authorization, now) = (AuthorizationId::new(&self.world), self.world.now());
        let json = serde_json::to_string(request).map_err(|e| Fault::Shape(e.to_string()))?;
        let app = request.client_id;
        self.engine
            .write("authorization_add", move |tx| -> Result<(), Refusal> {
                let ends_at = now.plus_seconds(AUTHORIZATION_S).micros();
                let sql =
                    "insert into authorizations (id, app, request, at, ends_at) values ($1, $2, $3, $4, $5)";
                let params = params![authorization.as_bytes(), app.as_bytes(), &json, now.micros(), ends_at];
                Ok(tx.put(sql, params)?)
            })
            .await?;
        Ok(authorization)
    }

    /// A request that waits.
    pub async fn authorization(&self, authorization: AuthorizationId) -> Result<Waiting, Refusal> {
        let now = self.world.now();
        self.engine.read("authorization", move |snap| waiting(snap, authorization, now)).await
    }

    /// When the person signed in at this browser, or proved again that it is her.
    pub async fn signed_in_at(&self, own: &Own) -> Result<Time, Refusal> {
        let session = own.session();
        self.engine.read("signed_in_at", move |snap| sessions::signed_in_at(snap, session)).await
    }

    /// The person does not let the app in.
    pub async fn consent_deny(&self, own: &Own, authorization: AuthorizationId) -> Result<Request, Refusal> {
        let (now, _) = (self.world.now(), own.person());
        self.engine
            .write("consent_deny", move |tx| -> Result<_, Refusal> {
                let Waiting { request, .. } = waiting(tx, authorization, now)?;
                remove(tx, authorization)?;
                Ok(request)
            })
            .await
    }
}
