//! That somebody signed out, told to the apps that want to know (OpenID Connect Back-Channel Logout).
//!
//! Invariant: what is to be told is stored in the transaction that ends the session, and told after it, at least once: each
//! time with a fresh token, and no more often than [`WAITS_S`] says.

use super::ids::id;
use crate::engine::{Reads, Tx, params};
use crate::{Fault, Refusal, Vault};
use model::{AppId, PersonId, SessionId, Time};
use oauth::logout::LogoutToken;
use oauth::metadata::Issuer;

/// How long to wait after each try, in seconds; after the last one nobody tries any more.
pub const WAITS_S: [i64; 6] = [10, 60, 600, 3_600, 21_600, 0];
/// Of how many apps some are taken at once.
const TAKEN_MAX: i64 = 50;
/// And of each so many: one that does not answer holds up no other.
const TAKEN_OF_ONE_MAX: i64 = 10;

/// Where an app sends people to and is told things, when they sign out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogoutUris {
    /// Where it may have them sent after signing out; checked by `oauth::redirect`.
    pub post_logout: Vec<String>,
    /// Where it is told that somebody signed out; checked by `outbound`.
    pub back_channel: Option<String>,
}

/// One thing to be told.
#[derive(Debug, Clone)]
pub struct Logout {
    /// The app that is told.
    pub app: AppId,
    /// Where.
    pub uri: String,
    /// The signed token that tells it.
    pub token: String,
    session: SessionId,
}

/// Stores what is to be told of the end of a session. Before its families end, for they say which apps knew of it. An app that
/// she revoked, or that the operator suspended, hears no more of her.
pub(crate) fn add(tx: &mut Tx<'_>, session: SessionId, at: Time) -> Result<(), Fault> {
    tx.put(
        "insert into logouts (session, app, person, at, due_at) \
         select distinct f.session, g.app, g.person, cast($1 as bigint), cast($1 as bigint) from token_families f \
         join grants g on g.id = f.grant_id join apps a on a.id = g.app \
         where f.session = $2 and a.backchannel_logout_uri is not null and a.state = 'live' and g.state <> 'ended' \
         on conflict (session, app) do nothing",
        params![at.micros(), session.as_bytes()],
    )
}

/// A row that is taken to be told.
struct Taken {
    session: SessionId,
    app: AppId,
    person: PersonId,
    uri: Option<String>,
    at: Time,
}

fn take(tx: &mut Tx<'_>, now: Time) -> Result<Vec<Taken>, Fault> {
    let sql = "select distinct app from logouts where due_at <= $1 limit $2";
    let apps = tx.all(sql, params![now.micros(), TAKEN_MAX], |row| id::<AppId>(row, 0))?;
    let sql = "select l.session, l.app, l.person, a.backchannel_logout_uri, l.tries, l.at from logouts l \
               join apps a on a.id = l.app where l.due_at <= $1 and l.app = $2 order by l.due_at limit $3";
    let mut found = Vec::new();
    for app in apps {
        found.extend(tx.all(sql, params![now.micros(), app.as_bytes(), TAKEN_OF_ONE_MAX], |row| {
            let uri = row.opt_text(3)?.map(str::to_owned);
            let at = Time::from_micros(row.int(5)?);
            let taken = Taken { session: id(row, 0)?, app: id(row, 1)?, person: id(row, 2)?, uri, at };
            Ok((taken, row.int(4)?))
        })?);
    }
    let mut taken = Vec::with_capacity(found.len());
    for (one, tries) in found {
        let wait_s = usize::try_from(tries).ok().and_then(|tries| WAITS_S.get(tries)).copied();
        let params = params![one.session.as_bytes(), one.app.as_bytes(), tries];
        // Of two nodes that take it at once, one does.
        let is_ours = match wait_s.filter(|wait_s| *wait_s > 0) {
            Some(wait_s) => tx.execute(
                "update logouts set tries = tries + 1, due_at = $1 where session = $2 and app = $3 and tries = $4",
                params![
                    now.plus_seconds(wait_s).micros(),
                    one.session.as_bytes(),
                    one.app.as_bytes(),
                    tries
                ],
            )?,
            None => tx.execute("delete from logouts where session = $1 and app = $2 and tries = $3", params)?,
        };
        if is_ours > 0 {
            taken.push(one);
        }
    }
    Ok(taken)
}

impl Vault {
    /// Sets where an app sends people to and is told things, when they sign out.
    pub async fn app_logout_uris(&self, app: AppId, uris: LogoutUris) -> Result<(), Refusal> {
        let post_logout =
            serde_json::to_string(&uris.post_logout).map_err(|e| Fault::Shape(e.to_string()))?;
        self.engine
            .write("app_logout_uris", move |tx| -> Result<(), Refusal> {
                let sql = "update apps set post_logout_redirect_uris = $1, backchannel_logout_uri = $2 where id = $3";
                let params = params![&post_logout, uris.back_channel.as_deref(), app.as_bytes()];
                if tx.execute(sql, params)? == 0 { Err(Refusal::NotFound) } else { Ok(()) }
            })
            .await
    }

    /// Where an app may have people sent after signing out; nowhere if there is no such app.
    pub async fn post_logout_redirect_uris(&self, app: AppId) -> Result<Vec<String>, Refusal> {
        self.engine
            .read("post_logout_redirect_uris", move |snap| -> Result<_, Refusal> {
                let sql = "select post_logout_redirect_uris from apps where id = $1";
                let found = snap.one(sql, params![app.as_bytes()], |row| {
                    serde_json::from_str(row.text(0)?).map_err(|e| Fault::Shape(e.to_string()))
                })?;
                Ok(found.unwrap_or_default())
            })
            .await
    }

    /// What is to be told now, each with its token. Whoever takes it tells it, and says [`Vault::logout_told`] if that went
    /// well; else it comes again after a while, some times.
    pub async fn logouts_due(&self) -> Result<Vec<Logout>, Refusal> {
        let now = self.world.now();
        let any = self.engine.read("logouts_any", move |snap| -> Result<_, Refusal> {
            let sql = "select 1 from logouts where due_at <= $1 limit 1";
            Ok(snap.one(sql, params![now.micros()], |row| row.int(0))?)
        });
        if any.await?.is_none() {
            return Ok(Vec::new());
        }
        let taken = self.engine.write("logouts_due", move |tx| -> Result<_, Refusal> { Ok(take(tx, now)?) });
        let issuer = Issuer::parse(&self.issuer).map_err(|e| Fault::Shape(e.to_string()))?;
        let mut due = Vec::new();
        for Taken { session, app, person, uri, at } in taken.await? {
            let Some(uri) = uri else { continue };
            let id = format!("{session}.{app}.{}", at.micros());
            let token = LogoutToken { issuer: &issuer, person, session, app, now, id };
            due.push(Logout { app, uri, token: self.sign(&token).await?, session });
        }
        Ok(due)
    }

    /// It was told.
    pub async fn logout_told(&self, told: &Logout) -> Result<(), Refusal> {
        let (session, app) = (told.session, told.app);
        self.engine
            .write("logout_told", move |tx| -> Result<(), Refusal> {
                let sql = "delete from logouts where session = $1 and app = $2";
                Ok(tx.put(sql, params![session.as_bytes(), app.as_bytes()])?)
            })
            .await
    }
}
