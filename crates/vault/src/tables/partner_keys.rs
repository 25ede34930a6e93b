//! What lets the people who run an app see its page: a link that opens once, and the session that it opens.
//!
//! Invariant: a key shows what is the app's own (numbers, its webhooks) and nothing of a person's; one that was made before its app was
//! contained opens nothing.

use super::app_tokens::holds_own;
use super::apps;
use super::ids::id;
use super::secret::{Secret, SecretKind};
use crate::engine::{Reads, Tx, params};
use crate::{AppFacts, Fault, Refusal, Vault};
use model::{AppId, Time, World};
use std::sync::Arc;

/// For how long a link can be opened, in seconds: an hour.
pub const PARTNER_LINK_S: i64 = 3600;
/// For how long the page stays open then, in seconds: 12 hours.
pub const PARTNER_S: i64 = 12 * 3600;

const FIND: &str = concat!(
    "select t.app, a.version from partner_keys t join apps a on a.id = t.app \
     where t.hash = $1 and t.kind = $2 and t.ends_at > $3 and not exists (select 1 from containments h where ",
    holds_own!("at"),
    ")"
);

fn find(db: &mut impl Reads, key: &Secret, kind: &str, now: Time) -> Result<Option<(AppId, i64)>, Fault> {
    db.one(FIND, params![&key.hash(), kind, now.micros()], |row| Ok((id(row, 0)?, row.int(1)?)))
}

fn insert(
    tx: &mut Tx<'_>,
    world: &World,
    app: AppId,
    (kind, secret, lasts_s): (&str, SecretKind, i64),
) -> Result<(String, Time), Fault> {
    let (now, key) = (world.now(), Secret::new(secret, world));
    let ends_at = now.plus_seconds(lasts_s);
    tx.put(
        "insert into partner_keys (hash, app, kind, era, at, ends_at) \
         values ($1, $2, $3, (select coalesce(max(n), 0) from containments), $4, $5)",
        params![&key.hash(), app.as_bytes(), kind, now.micros(), ends_at.micros()],
    )?;
    Ok((key.into_clear(), ends_at))
}

/// Forgets those whose time is over. At most so many; how many.
pub(crate) fn purge(tx: &mut Tx<'_>, now: Time, most: i64) -> Result<u64, Fault> {
    let sql =
        "delete from partner_keys where hash in (select hash from partner_keys where ends_at < $1 limit $2)";
    tx.execute(sql, params![now.micros(), most])
}

impl Vault {
    /// A new link to the page of an app, until when it can be opened. Whoever has it can open the page once.
    pub async fn partner_link(&self, app: AppId) -> Result<(String, Time), Refusal> {
        let (world, issuer) = (self.world.clone(), self.issuer.clone());
        self.engine
            .write("partner_link", move |tx| -> Result<_, Refusal> {
                apps::read(tx, app)?.ok_or(Refusal::NotFound)?;
                let (key, ends_at) =
                    insert(tx, &world, app, ("link", SecretKind::PartnerLink, PARTNER_LINK_S))?;
                Ok((format!("{issuer}/partner/enter?key={key}"), ends_at))
            })
            .await
    }

    /// Opens a link, once; what its cookie holds from then on comes back.
    pub async fn partner_enter(&self, link: &str) -> Result<String, Refusal> {
        let link = Secret::read(SecretKind::PartnerLink, link).ok_or(Refusal::NotFound)?;
        let world = self.world.clone();
        self.engine
            .write("partner_enter", move |tx| -> Result<_, Refusal> {
                let found = find(tx, &link, "link", world.now())?;
                let (app, _) = found.ok_or(Refusal::NotFound)?;
                let sql = "delete from partner_keys where hash = $1";
                // Another who opens it at the same moment finds it gone.
                if tx.execute(sql, params![&link.hash()])? == 0 {
                    return Err(Refusal::NotFound);
                }
                Ok(insert(tx, &world, app, ("session", SecretKind::Partner, PARTNER_S))?.0)
            })
            .await
    }

    /// Whose page a cookie opens.
    pub async fn partner(&self, cookie: &str) -> Result<Arc<AppFacts>, Refusal> {
        let key = Secret::read(SecretKind::Partner, cookie).ok_or(Refusal::SignedOut)?;
        let (apps, now) = (self.apps.clone(), self.world.now());
        self.engine
            .read("partner", move |snap| -> Result<_, Refusal> {
                let (app, version) = find(snap, &key, "session", now)?.ok_or(Refusal::SignedOut)?;
                Ok(apps.at(snap, app, version)?)
            })
            .await
    }

    /// Closes the page.
    pub async fn partner_leave(&self, cookie: &str) -> Result<(), Refusal> {
        let Some(key) = Secret::read(SecretKind::Partner, cookie) else { return Ok(()) };
        self.engine
            .write("partner_leave", move |tx| -> Result<(), Refusal> {
                Ok(tx.put("delete from partner_keys where hash = $1", params![&key.hash()])?)
            })
            .await
    }
}
