//! Tokens that an app has for itself (`client_credentials`): for its webhooks and for what it could reach.
//!
//! Invariant: such a token opens nothing of a person's, and a token of a person's grant opens nothing here: the two are in
//! two tables. An app that is suspended, retired or contained has none that works.

use super::ids::{bound_of_row, id};
use crate::engine::{Reads, params};
use crate::tables::apps::AppFacts;
use crate::{Refusal, TokenRefusal, Vault};
use model::AppId;
use oauth::bound::{Bound, Presented};
use oauth::token::{ACCESS_TOKEN_S, OwnToken};
use std::sync::Arc;

/// In SQL: is the thing `t` of an app (with its columns app, era and at) contained by `h`?
macro_rules! holds_own {
    ($at:literal) => {
        concat!(
            "(h.app is null or h.app = t.app) and h.n > t.era and (h.whole = 1 or (t.",
            $at,
            " >= h.issued_from and t.",
            $at,
            " <= h.issued_until))"
        )
    };
}
pub(crate) use holds_own;

const FIND: &str = concat!(
    "select t.app, a.version, t.jkt, t.x5t from app_tokens t join apps a on a.id = t.app \
     where t.hash = $1 and t.ends_at > $2 and not exists (select 1 from containments h where ",
    holds_own!("at"),
    ")"
);

impl Vault {
    /// Issues a token to an app that has proved itself, for itself.
    pub async fn app_token(&self, app: AppId, bound: Bound) -> Result<OwnToken, TokenRefusal> {
        let (world, mint) = (self.world.clone(), self.token_mint().await?);
        let issued = self.engine.write("app_token", move |tx| -> Result<_, Refusal> {
            let (token, now) = (mint.token(&world)?, world.now());
            let ends_at = now.plus_seconds(ACCESS_TOKEN_S);
            tx.put(
                "insert into app_tokens (hash, app, era, at, ends_at, jkt, x5t) \
                 values ($1, $2, (select coalesce(max(n), 0) from containments), $3, $4, $5, $6)",
                params![
                    &token.hash(),
                    app.as_bytes(),
                    now.micros(),
                    ends_at.micros(),
                    bound.key().as_ref().map(|key| &key.0),
                    bound.certificate().as_ref().map(|certificate| &certificate.0)
                ],
            )?;
            Ok(token.into_clear())
        });
        Ok(OwnToken::new(issued.await?, bound))
    }

    /// Which app stands behind a token of its own as it was presented; uses its proof up.
    pub async fn app_of_token(&self, presented: Presented) -> Result<Arc<AppFacts>, Refusal> {
        let Presented { token, held } = presented;
        let hash = self.access_token_hash(&token).await?.ok_or(Refusal::Token)?;
        let (apps, now) = (self.apps.clone(), self.world.now());
        let found = self.engine.read("app_of_token", move |snap| -> Result<_, Refusal> {
            let found = snap.one(FIND, params![&hash, now.micros()], |row| {
                Ok((id::<AppId>(row, 0)?, row.int(1)?, bound_of_row(row, 2)?))
            })?;
            let (app, version, bound) = found.ok_or(Refusal::Token)?;
            Ok((apps.at(snap, app, version)?, bound))
        });
        let (app, bound) = found.await?;
        if !app.live_at(now) {
            return Err(Refusal::Token);
        }
        if !held.opens(bound) {
            return Err(Refusal::Unproven);
        }
        self.use_up(held.proof.map(|proof| proof.once)).await?;
        Ok(app)
    }
}
