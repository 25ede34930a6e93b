//! Signed-in browsers.
//!
//! Invariant: a session ends on the server. What ends with it ends in the same transaction: tokens of grants that may not
//! go on offline.

use super::browsers;
use super::events::{self, About};
use super::ids::id;
use super::logouts;
use super::secret::{Secret, SecretKind};
use crate::engine::{Reads, Tx, params};
use crate::{Fault, Own, Refusal, Vault};
use model::{PersonId, Scopes, SessionId, Time, World};

/// How long a session lasts at most, in seconds: 30 days.
pub const SESSION_S: i64 = 30 * 24 * 3600;

/// How long a session lasts without being used, in seconds: 14 days.
pub const SESSION_IDLE_S: i64 = 14 * 24 * 3600;

/// How exactly it is known when a session was last seen, in seconds: noting each page would make every look a write.
pub(crate) const SEEN_EVERY_S: i64 = 3600;

/// The name of the session cookie: bound to the host where the server is reached over https.
pub const fn session_cookie(secure: bool) -> &'static str {
    if secure { "__Host-waxseal" } else { "waxseal" }
}

/// The session cookie among the values of `Cookie` headers. Two of that name are none.
pub fn session_of<'a>(cookies: impl IntoIterator<Item = &'a str>, secure: bool) -> Option<&'a str> {
    let name = session_cookie(secure);
    let pairs = cookies.into_iter().flat_map(|value| value.split(';'));
    let mut values = pairs.filter_map(|pair| pair.trim().split_once('=')).filter(|pair| pair.0 == name);
    let (first, second) = (values.next(), values.next());
    first.filter(|_| second.is_none()).map(|pair| pair.1)
}

/// Sessions of one person: with one more the oldest ends, so that to list or to end them all is never much work.
pub const SESSIONS_MAX: i64 = 50;

/// One of her signed-in browsers.
#[derive(Debug, Clone)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// What the browser says it is.
    pub agent: String,
    /// Signed in when.
    pub created_at: Time,
    /// Last seen when, to the hour.
    pub seen_at: Time,
    /// Ends by itself when.
    pub ends_at: Time,
    /// It is the one that asks.
    pub this: bool,
}

/// Stores a new session.
pub(crate) fn insert(
    tx: &mut Tx<'_>,
    world: &World,
    person: PersonId,
    cookie: &Secret,
    (agent, browser): (&str, &[u8; 32]),
) -> Result<(), Fault> {
    let now = world.now();
    tx.put(
        "insert into sessions (token, id, person, agent, created_at, seen_at, authed_at, ends_at, ends_last, browser) \
         values ($1, $2, $3, $4, $5, $5, $5, $6, $7, $8)",
        params![
            &cookie.hash(),
            SessionId::new(world).as_bytes(),
            person.as_bytes(),
            &browsers::agent(agent),
            now.micros(),
            now.plus_seconds(SESSION_IDLE_S).micros(),
            now.plus_seconds(SESSION_S).micros(),
            browser
        ],
    )?;
    let sql = "select id from sessions where person = $1 order by created_at desc, id limit 100 offset $2";
    for oldest in tx.all(sql, params![person.as_bytes(), SESSIONS_MAX], |row| id(row, 0))? {
        end(tx, person, oldest, now)?;
    }
    Ok(())
}

/// She proved once more that it is her: the session goes on under a new cookie, and the old one opens nothing.
pub(crate) fn renew(tx: &mut Tx<'_>, session: SessionId, cookie: &Secret, now: Time) -> Result<(), Refusal> {
    let sql = "update sessions set token = $1, authed_at = $2, seen_at = $2 where id = $3 and ends_at > $2";
    let renewed = tx.execute(sql, params![&cookie.hash(), now.micros(), session.as_bytes()])?;
    if renewed == 0 { Err(Refusal::SignedOut) } else { Ok(()) }
}

/// A session, held until the transaction ends: whoever ends it waits, and then ends also what hangs on it by then.
pub(crate) fn hold(tx: &mut Tx<'_>, session: SessionId) -> Result<(), Refusal> {
    let held =
        tx.execute("update sessions set seen_at = seen_at where id = $1", params![session.as_bytes()])?;
    if held == 0 { Err(Refusal::SignedOut) } else { Ok(()) }
}

/// When she signed in there, or proved again that it is her.
pub(crate) fn signed_in_at(db: &mut impl Reads, session: SessionId) -> Result<Time, Refusal> {
    let sql = "select authed_at from sessions where id = $1";
    let at = db.one(sql, params![session.as_bytes()], |row| Ok(Time::from_micros(row.int(0)?)))?;
    at.ok_or(Refusal::SignedOut)
}

/// The session goes first: what is about to hang something on it holds it, and is then found by the second step. Whether
/// its browser is known from now on is for the caller to say; which one it is comes back.
fn end(tx: &mut Tx<'_>, person: PersonId, session: SessionId, at: Time) -> Result<Option<Vec<u8>>, Fault> {
    let browser = tx.one(
        "delete from sessions where id = $1 and person = $2 returning browser",
        params![session.as_bytes(), person.as_bytes()],
        |row| Ok(row.opt_blob(0)?.map(<[u8]>::to_vec)),
    )?;
    logouts::add(tx, session, at)?;
    // What is under way with such a token is looked at anew before it is recorded.
    tx.put(
        "update grants set version = version + 1 where id in \
         (select f.grant_id from token_families f where f.session = $1 and f.ended = 0)",
        params![session.as_bytes()],
    )?;
    let ended = tx.all(
        "update token_families set ended = 1 where session = $1 and ended = 0 and ((scopes & $2) = 0 or exists \
         (select 1 from grants g where g.id = token_families.grant_id and (g.scopes & $2) = 0)) returning grant_id",
        params![session.as_bytes(), Scopes::OFFLINE_ACCESS.bits()],
        |row| id(row, 0),
    )?;
    ended.into_iter().try_for_each(|grant| events::standing(tx, About::Grant(grant), at))?;
    Ok(browser.flatten())
}

/// Ends a session from elsewhere: its browser may be in other hands, so it is not known any more.
fn end_elsewhere(tx: &mut Tx<'_>, person: PersonId, session: SessionId, at: Time) -> Result<(), Fault> {
    match end(tx, person, session, at)? {
        Some(browser) => browsers::forget(tx, person, &browser),
        None => Ok(()),
    }
}

/// Ends sessions whose time is over, at most so many. How many.
pub(crate) fn end_over(tx: &mut Tx<'_>, now: Time, most: i64) -> Result<u64, Fault> {
    let sql = "select person, id from sessions where ends_at <= $1 limit $2";
    let over = tx.all(sql, params![now.micros(), most], |row| Ok((id(row, 0)?, id(row, 1)?)))?;
    for (person, session) in &over {
        end(tx, *person, *session, now)?;
    }
    Ok(over.len() as u64)
}

/// Ends every session of a person, and whatever was about to become one.
pub(crate) fn end_all(tx: &mut Tx<'_>, person: PersonId, at: Time) -> Result<(), Fault> {
    end_others(tx, person, SessionId::from_bytes([0; 16]), at)
}

/// Ends every session of a person but one, and whatever was about to become one.
pub(crate) fn end_others(tx: &mut Tx<'_>, person: PersonId, but: SessionId, at: Time) -> Result<(), Fault> {
    tx.put("delete from halves where person = $1", params![person.as_bytes()])?;
    let sql = "select id from sessions where person = $1 and id <> $2";
    for session in tx.all(sql, params![person.as_bytes(), but.as_bytes()], |row| id(row, 0))? {
        end_elsewhere(tx, person, session, at)?;
    }
    Ok(())
}

impl Vault {
    /// Signs a browser out. A cookie that is no session's does nothing.
    pub async fn sign_out(&self, cookie: &str) -> Result<(), Refusal> {
        let Some(secret) = Secret::read(SecretKind::Session, cookie) else { return Ok(()) };
        let (hash, now) = (secret.hash(), self.world.now());
        self.engine
            .write("sign_out", move |tx| -> Result<(), Refusal> {
                let sql = "select person, id from sessions where token = $1";
                let found = tx.one(sql, params![&hash], |row| Ok((id(row, 0)?, id(row, 1)?)))?;
                if let Some((person, session)) = found {
                    end(tx, person, session, now)?;
                }
                Ok(())
            })
            .await
    }

    /// Her signed-in browsers, newest first.
    pub async fn sessions(&self, own: &Own) -> Result<Vec<Session>, Refusal> {
        let (person, this, now) = (own.person(), own.session(), self.world.now());
        self.engine
            .read("sessions", move |snap| -> Result<_, Refusal> {
                let sql = "select id, agent, created_at, ends_at, seen_at from sessions where person = $1 and ends_at > $2 \
                           order by created_at desc";
                Ok(snap.all(sql, params![person.as_bytes(), now.micros()], |row| {
                    let session = id(row, 0)?;
                    Ok(Session {
                        id: session,
                        agent: row.text(1)?.to_owned(),
                        created_at: Time::from_micros(row.int(2)?),
                        ends_at: Time::from_micros(row.int(3)?),
                        seen_at: Time::from_micros(row.int(4)?),
                        this: session == this,
                    })
                })?)
            })
            .await
    }

    /// Whether she proved that it is her within these last seconds, at signing in or again since.
    ///
    /// Who needs it and is told no sends her to `/sign-in/again?return_to=…`, which brings her back with a fresh session.
    pub fn fresh_within(&self, own: &Own, seconds: i64) -> bool {
        own.authed_at().plus_seconds(seconds) > self.world.now()
    }

    /// Notes that a session was seen, and puts off its end. If that cannot be stored now, she can look at her messages all the same.
    pub(crate) async fn session_seen(&self, own: &Own, now: Time) {
        let session = own.session();
        let noted = self.engine.write("session_seen", move |tx| -> Result<(), Fault> {
            let sql = "update sessions set seen_at = $1, ends_at = case when ends_last < $2 then ends_last else $2 end \
                       where id = $3";
            let until = now.plus_seconds(SESSION_IDLE_S).micros();
            tx.put(sql, params![now.micros(), until, session.as_bytes()])
        });
        if let Err(fault) = noted.await {
            tracing::debug!(%fault, "that a session was seen could not be noted");
        }
    }

    /// Ends one of her sessions.
    pub async fn session_end(&self, own: &Own, session: SessionId) -> Result<(), Refusal> {
        let (person, now) = (own.person(), self.world.now());
        self.engine
            .write("session_end", move |tx| -> Result<(), Refusal> {
                let sql = "select id from sessions where id = $1 and person = $2";
                let hers = tx.one(sql, params![session.as_bytes(), person.as_bytes()], |row| {
                    id::<SessionId>(row, 0)
                })?;
                hers.ok_or(Refusal::NotFound)?;
                Ok(end_elsewhere(tx, person, session, now)?)
            })
            .await
    }

    /// Ends all her sessions but this one.
    pub async fn sessions_end_others(&self, own: &Own) -> Result<(), Refusal> {
        let (person, this, now) = (own.person(), own.session(), self.world.now());
        self.engine.write("sessions_end_others", move |tx| Ok(end_others(tx, person, this, now)?)).await
    }
}
