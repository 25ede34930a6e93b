//! Requests for a grant that the person has not answered yet, sent with her or pushed before.
//!
//! Invariant: a request is answered once: the answer removes it in the transaction that stores what comes of it. So the
//! `request_uri` of a pushed one can be opened again until it is answered, and leads nowhere after.

use super::ids::id;
use super::secret::{Secret, SecretKind};
use super::sessions;
use crate::engine::{Reads, Tx, params};
use crate::{Fault, Own, Refusal, Vault};
use model::{AppId, AuthorizationId, Time};
use oauth::authorize::Request;
use oauth::par::PUSHED_S;

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

pub(crate) fn insert(
    tx: &mut Tx<'_>,
    authorization: AuthorizationId,
    request: &Request,
    (at, ends_at): (Time, Time),
) -> Result<(), Fault> {
    let json = serde_json::to_string(request).map_err(|e| Fault::Shape(e.to_string()))?;
    let app = request.client_id;
    tx.put(
        "insert into authorizations (id, app, request, at, ends_at) values ($1, $2, $3, $4, $5)",
        params![authorization.as_bytes(), app.as_bytes(), &json, at.micros(), ends_at.micros()],
    )
}

impl Vault {
    /// Keeps a request until the person has answered.
    pub async fn authorization_add(&self, request: &Request) -> Result<AuthorizationId, Refusal> {
        let (authorization, now) = (AuthorizationId::new(&self.world), self.world.now());
        let request = request.clone();
        self.engine
            .write("authorization_add", move |tx| -> Result<(), Refusal> {
                Ok(insert(tx, authorization, &request, (now, now.plus_seconds(AUTHORIZATION_S)))?)
            })
            .await?;
        Ok(authorization)
    }

    /// Keeps a request that an app pushed; the handle by which a browser opens it comes back.
    pub async fn authorization_push(&self, request: &Request) -> Result<String, Refusal> {
        let (authorization, now) = (AuthorizationId::new(&self.world), self.world.now());
        let handle = Secret::new(SecretKind::Pushed, &self.world);
        let json = serde_json::to_string(request).map_err(|e| Fault::Shape(e.to_string()))?;
        let (app, hash) = (request.client_id, handle.hash());
        self.engine
            .write("authorization_push", move |tx| -> Result<(), Refusal> {
                let sql = "insert into authorizations (id, app, request, at, ends_at, pushed, open_until) \
                           values ($1, $2, $3, $4, $5, $6, $5)";
                let ends_at = now.plus_seconds(PUSHED_S).micros();
                let params =
                    params![authorization.as_bytes(), app.as_bytes(), &json, now.micros(), ends_at, &hash];
                Ok(tx.put(sql, params)?)
            })
            .await?;
        Ok(handle.into_clear())
    }

    /// The request that this app pushed under this handle. From the first time that it is opened it waits for an answer as
    /// any other does, and counts as having come then.
    pub async fn authorization_open(&self, app: AppId, handle: &str) -> Result<Waiting, Refusal> {
        let handle = Secret::read(SecretKind::Pushed, handle).ok_or(Refusal::NotFound)?;
        let (now, hash) = (self.world.now(), handle.hash());
        self.engine
            .write("authorization_open", move |tx| -> Result<_, Refusal> {
                let sql = "update authorizations set at = $1, ends_at = $2, opened = 1 \
                           where pushed = $3 and app = $4 and open_until > $1 and opened = 0";
                let ends_at = now.plus_seconds(AUTHORIZATION_S).micros();
                tx.execute(sql, params![now.micros(), ends_at, &hash, app.as_bytes()])?;
                let sql = "select id from authorizations where pushed = $1 and app = $2 and open_until > $3";
                let found = tx.one(sql, params![&hash, app.as_bytes(), now.micros()], |row| id(row, 0))?;
                waiting(tx, found.ok_or(Refusal::NotFound)?, now)
            })
            .await
    }

    /// A request was answered without anybody's being asked, with no code.
    pub async fn authorization_drop(&self, authorization: AuthorizationId) -> Result<(), Refusal> {
        self.engine.write("authorization_drop", move |tx| remove(tx, authorization)).await
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
        let (now, person) = (self.world.now(), own.person());
        self.engine
            .write("consent_deny", move |tx| -> Result<_, Refusal> {
                let Waiting { request, .. } = waiting(tx, authorization, now)?;
                if super::devices::of_question(tx, authorization, person)?.is_some() {
                    return Err(Refusal::NotFound);
                }
                remove(tx, authorization)?;
                Ok(request)
            })
            .await
    }
}
