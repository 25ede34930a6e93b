//! Browsers in which a person has signed in before.
//!
//! Invariant: what a browser is known by is a secret cookie, of which the hash is stored. To know it opens nothing: it only
//! lets her try where others have tried too often, and spares her the notice of a new one.

use super::attempts::Address;
use super::notices::{self, Notice};
use super::secret::{Secret, SecretKind};
use crate::Fault;
use crate::engine::{Reads, Tx, params};
use model::{PersonId, Time, World};

/// How long a browser is known after it was last used to sign in, in seconds: 400 days, as long as browsers keep a cookie.
pub const BROWSER_S: i64 = 400 * 24 * 3600;
/// How many browsers of a person are known; signing in with more forgets the one that was used least lately.
pub(crate) const BROWSERS_MAX: i64 = 30;

/// From where somebody comes.
#[derive(Clone, Default)]
pub struct Visit {
    /// What the browser says it is.
    pub agent: String,
    /// The address.
    pub from: Address,
    /// The browser cookie that came, good or not.
    pub browser: Option<String>,
}

impl Visit {
    /// What is stored of the browser cookie.
    pub(crate) fn token(&self) -> Option<[u8; 32]> {
        Secret::read(SecretKind::Browser, self.browser.as_deref()?).map(|secret| secret.hash())
    }
}

impl From<&str> for Visit {
    fn from(agent: &str) -> Self {
        Visit { agent: agent.to_owned(), ..Visit::default() }
    }
}

impl std::fmt::Debug for Visit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Visit")
    }
}

/// What a browser calls itself, as it is stored.
pub(crate) fn agent(said: &str) -> String {
    said.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// The browser, if she has signed in in it before.
pub(crate) fn known(
    db: &mut impl Reads,
    person: PersonId,
    token: Option<[u8; 32]>,
    now: Time,
) -> Result<Option<[u8; 32]>, Fault> {
    let Some(token) = token else { return Ok(None) };
    let sql = "select seen_at from browsers where person = $1 and token = $2 and seen_at > $3";
    let since = now.plus_seconds(-BROWSER_S).micros();
    let found = db.one(sql, params![person.as_bytes(), &token, since], |row| row.int(0))?;
    Ok(found.map(|_| token))
}

/// Has she first signed in in this browser before that?
pub(crate) fn known_before(
    db: &mut impl Reads,
    person: PersonId,
    token: Option<[u8; 32]>,
    before: Time,
) -> Result<bool, Fault> {
    let Some(token) = token else { return Ok(false) };
    let sql = "select seen_at from browsers where person = $1 and token = $2 and created_at <= $3";
    Ok(db.one(sql, params![person.as_bytes(), &token, before.micros()], |row| row.int(0))?.is_some())
}

/// She has signed in in this browser: it is known from now on. Its cookie comes back, and its hash. `first`: it is the one
/// in which the account was made, so nobody need be told.
pub(crate) fn note(
    tx: &mut Tx<'_>,
    world: &World,
    person: PersonId,
    visit: &Visit,
    first: bool,
) -> Result<(String, [u8; 32]), Fault> {
    let now = world.now();
    let came = visit.browser.as_deref().and_then(|cookie| Secret::read(SecretKind::Browser, cookie));
    let cookie = came.unwrap_or_else(|| Secret::new(SecretKind::Browser, world));
    let token = cookie.hash();
    if known(tx, person, Some(token), now)?.is_none() && !first {
        notices::add(tx, world, person, &Notice::SignedIn { agent: agent(&visit.agent) })?;
    }
    tx.put(
        "insert into browsers (person, token, agent, created_at, seen_at) values ($1, $2, $3, $4, $4) \
         on conflict (person, token) do update set agent = excluded.agent, seen_at = excluded.seen_at",
        params![person.as_bytes(), &token, &agent(&visit.agent), now.micros()],
    )?;
    let sql = "delete from browsers where person = $1 and token in (select token from browsers where person = $1 \
               order by seen_at desc, token limit 1000 offset $2)";
    tx.put(sql, params![person.as_bytes(), BROWSERS_MAX])?;
    Ok((cookie.into_clear(), token))
}

/// A browser is not known any more.
pub(crate) fn forget(tx: &mut Tx<'_>, person: PersonId, token: &[u8]) -> Result<(), Fault> {
    tx.put("delete from browsers where person = $1 and token = $2", params![person.as_bytes(), token])
}

/// Forgets browsers that were not used for [`BROWSER_S`], at most so many. How many.
pub(crate) fn purge(tx: &mut Tx<'_>, now: Time, most: i64) -> Result<u64, Fault> {
    let before = now.plus_seconds(-BROWSER_S).micros();
    let sql = "delete from browsers where token in (select token from browsers where seen_at <= $1 limit $2) and seen_at <= $1";
    tx.execute(sql, params![before, most])
}
