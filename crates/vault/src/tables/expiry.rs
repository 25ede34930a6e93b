//! What ends by itself: codes, tokens, sessions, requests, grants past their end; deleted messages after 30 days; notices after a year.
//!
//! Invariant: nothing here is needed for safety, the gate looks at the clock itself; this only tidies and tells.

use super::containments;
use super::grants;
use super::ids::id;
use crate::engine::{Reads, params};
use crate::{Refusal, Vault};
use ledger::record::{GrantActor, GrantEvent};
use model::{GrantId, GrantState};

/// Rows of one kind that one step removes at most, so that the writer is never held up.
const STEP_MAX: i64 = 500;

impl Vault {
    /// One step of tidying. Says whether there may be more to do.
    pub async fn expire(&self) -> Result<bool, Refusal> {
        let now = self.world.now();
        self.engine
            .write("expire", move |tx| -> Result<bool, Refusal> {
                let mut most = 0;
                tx.put(containments::END_LINES, params![now.micros()])?;
                for sql in [
                    "delete from authorizations where id in (select id from authorizations where ends_at < $1 limit $2)",
                    "delete from access_tokens where hash in (select hash from access_tokens where ends_at < $1 limit $2)",
                    "delete from refresh_tokens where hash in (select hash from refresh_tokens where ends_at < $1 limit $2)",
                ] {
                    most = most.max(tx.execute(sql, params![now.micros(), STEP_MAX])?);
                }
                most = most.max(super::once::forget(tx, now, STEP_MAX)?);
                most = most.max(super::webhook_queue::purge(tx, now, STEP_MAX)?);
                most = most.max(super::partner_keys::purge(tx, now, STEP_MAX)?);
                most = most.max(super::sessions::end_over(tx, now, STEP_MAX)?);
                most = most.max(super::notices::purge(tx, now, STEP_MAX)?);
                most = most.max(super::devices::purge(tx, now, STEP_MAX)?);
                most = most.max(super::attempts::purge(tx, now, STEP_MAX)?);
                most = most.max(super::browsers::purge(tx, now, STEP_MAX)?);
                most = most.max(super::sign_in::purge_halves(tx, now, STEP_MAX)?);
                most = most.max(super::passkeys::purge(tx, now, STEP_MAX)?);
                most = most.max(super::recoveries::purge(tx, now, STEP_MAX)?);
                let kept_from = now.plus_seconds(-crate::sealed::KEY_KEPT_S).micros();
                let sql = "delete from sends where at < $1 and key in (select key from sends where at < $1 limit $2)";
                most = most.max(tx.execute(sql, params![kept_from, STEP_MAX])?);
                let sql = "select id from grants where state in ('active', 'paused') and ends_at <= $1 limit $2";
                let ended = tx.all(sql, params![now.micros(), STEP_MAX], |row| id::<GrantId>(row, 0))?;
                for grant in &ended {
                    let Some(held) = grants::hold(tx, *grant)? else { continue };
                    let by = match (held.contained, held.state) {
                        (Some(_), _) => GrantActor::Operator,
                        (None, GrantState::Active | GrantState::Paused) => GrantActor::Time,
                        (None, GrantState::Ended | GrantState::Spent) => continue,
                    };
                    grants::set_state(tx, *grant, GrantState::Ended, (GrantEvent::Ended, by), now)?;
                }
                most = most.max(ended.len() as u64).max(crate::sealed::purge_deleted(tx, now, STEP_MAX)?);
                most = most.max(super::events::purge(tx, now, STEP_MAX)?);
                Ok(most >= STEP_MAX.unsigned_abs())
            })
            .await
    }
}
