//! Links with which somebody sets a new password who has lost it: made by whoever runs the server, told to her, and open only
//! after a wait.
//!
//! Invariant: a link sets a password and nothing else. It signs nobody in, so whatever is asked for beside a password is asked
//! for as before. It works once, and she can stop it from any session as long as it has not been used.

use super::ids::id;
use super::notices::{self, Notice};
use super::secret::{Secret, SecretKind};
use super::sessions;
use crate::engine::{Reads, Tx, params};
use crate::{Fault, Own, Refusal, Vault};
use model::{PersonId, Time, World};

/// How long a link waits before it opens, in seconds: a day, in which she can stop it.
pub const RECOVERY_WAIT_S: i64 = 24 * 3600;
/// How long it stays open then, in seconds: three days.
pub const RECOVERY_S: i64 = 3 * 24 * 3600;

/// A link, for whoever made it.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryLink {
    /// What stands in it.
    pub token: String,
    /// It works from then on.
    pub opens_at: Time,
    /// And until then.
    pub ends_at: Time,
}

impl std::fmt::Debug for RecoveryLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RecoveryLink")
    }
}

/// A link, for whoever opens it, or whose account it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// Her handle.
    pub handle: String,
    /// It works from then on.
    pub opens_at: Time,
    /// And until then.
    pub ends_at: Time,
}

/// Stores a link in the place of the one before.
pub(crate) fn insert(tx: &mut Tx<'_>, world: &World, person: PersonId) -> Result<RecoveryLink, Fault> {
    let (now, secret) = (world.now(), Secret::new(SecretKind::Recovery, world));
    let opens_at = now.plus_seconds(RECOVERY_WAIT_S);
    let ends_at = opens_at.plus_seconds(RECOVERY_S);
    tx.put(
        "insert into recoveries (person, token, opens_at, ends_at) values ($1, $2, $3, $4) on conflict (person) \
         do update set token = excluded.token, opens_at = excluded.opens_at, ends_at = excluded.ends_at",
        params![person.as_bytes(), &secret.hash(), opens_at.micros(), ends_at.micros()],
    )?;
    Ok(RecoveryLink { token: secret.into_clear(), opens_at, ends_at })
}

/// Forgets links whose time is over, at most so many. How many.
pub(crate) fn purge(tx: &mut Tx<'_>, now: Time, most: i64) -> Result<u64, Fault> {
    let sql = "delete from recoveries where person in (select person from recoveries where ends_at <= $1 limit $2) \
               and ends_at <= $1";
    tx.execute(sql, params![now.micros(), most])
}

impl Vault {
    /// What a link is for, open or not yet. Whatever does not work looks the same.
    pub async fn recovery(&self, token: &str) -> Result<Recovery, Refusal> {
        let token = Secret::read(SecretKind::Recovery, token).ok_or(Refusal::NotFound)?.hash();
        let now = self.world.now().micros();
        self.engine
            .read("recovery", move |snap| -> Result<_, Refusal> {
                let sql = "select p.handle, r.opens_at, r.ends_at from recoveries r join persons p on p.id = r.person \
                           where r.token = $1 and r.ends_at > $2";
                let found = snap.one(sql, params![&token, now], |row| {
                    Ok(Recovery {
                        handle: row.opt_text(0)?.unwrap_or_default().to_owned(),
                        opens_at: Time::from_micros(row.int(1)?),
                        ends_at: Time::from_micros(row.int(2)?),
                    })
                })?;
                found.ok_or(Refusal::NotFound)
            })
            .await
    }

    /// Sets a new password by a link, and ends every session. Nobody is signed in by it.
    pub async fn recover(&self, token: &str, new: String) -> Result<(), Refusal> {
        let token = Secret::read(SecretKind::Recovery, token).ok_or(Refusal::NotFound)?.hash();
        let (world, now) = (self.world.clone(), self.world.now());
        let (handle, name) = self
            .engine
            .read("recovery_of", move |snap| -> Result<_, Refusal> {
                let sql = "select p.handle, p.name from recoveries r join persons p on p.id = r.person \
                           where r.token = $1 and r.opens_at <= $2 and r.ends_at > $2";
                let found = snap.one(sql, params![&token, now.micros()], |row| {
                    Ok((row.opt_text(0)?.unwrap_or_default().to_owned(), row.text(1)?.to_owned()))
                })?;
                found.ok_or(Refusal::NotFound)
            })
            .await?;
        let password = self.hash_password(new, &handle, &name).await?;
        self.engine
            .write("recover", move |tx| -> Result<(), Refusal> {
                let sql =
                    "delete from recoveries where token = $1 and opens_at <= $2 and ends_at > $2 returning person";
                let person = tx.one(sql, params![&token, now.micros()], |row| id(row, 0))?;
                let person: PersonId = person.ok_or(Refusal::NotFound)?;
                tx.put("update persons set password = $1 where id = $2", params![&password, person.as_bytes()])?;
                // Whoever was in is out, and no browser is known any more: it may have been taken over.
                sessions::end_all(tx, person, now)?;
                tx.put("delete from browsers where person = $1", params![person.as_bytes()])?;
                tracing::info!(%person, "a password was set by a recovery link");
                Ok(notices::add(tx, &world, person, &Notice::PasswordRecovered {})?)
            })
            .await
    }

    /// The link that waits for her, if there is one.
    pub async fn recovery_of_own(&self, own: &Own) -> Result<Option<Recovery>, Refusal> {
        let (person, now) = (own.person(), self.world.now().micros());
        self.engine
            .read("recovery_of_own", move |snap| -> Result<_, Refusal> {
                let sql = "select opens_at, ends_at from recoveries where person = $1 and ends_at > $2";
                Ok(snap.one(sql, params![person.as_bytes(), now], |row| {
                    let (opens_at, ends_at) =
                        (Time::from_micros(row.int(0)?), Time::from_micros(row.int(1)?));
                    Ok(Recovery { handle: String::new(), opens_at, ends_at })
                })?)
            })
            .await
    }

    /// She did not ask for it: the link opens nothing.
    pub async fn recovery_stop(&self, own: &Own) -> Result<(), Refusal> {
        let (person, session) = (own.person(), own.session());
        self.engine
            .write("recovery_stop", move |tx| -> Result<(), Refusal> {
                sessions::hold(tx, session)?;
                Ok(tx.put("delete from recoveries where person = $1", params![person.as_bytes()])?)
            })
            .await
    }
}
