//! Looks which rights and grants are not used, by the access records, and takes those away.
//!
//! Invariant: how a grant was used is read beside everyone else; what came in since is read in the transaction that takes,
//! which holds the grant. So nothing lapses that was used a moment ago, and two who look take once.

use super::access_list::action;
use crate::engine::{Reads, Tx, params};
use crate::tables::{grants, lapses};
use crate::{Fault, Refusal, Vault};
use model::{Action, GrantId, GrantState, RIGHT_UNUSED_S, Time, World};

/// Grants that one step looks at.
const GRANTS: i64 = 100;
/// Records that are looked at at once.
const RECORDS: i64 = 10_000;

/// When actions were last used under a grant: by the records up to number `n`.
struct Used {
    n: i64,
    actions: Vec<(Action, Time)>,
}

/// The last use of each action among the records from `from` on up to `to`, and whether any of them is older than `since`.
fn among(
    db: &mut impl Reads,
    grant: GrantId,
    (from, to): (i64, i64),
    since: Time,
) -> Result<(Vec<(Action, Time)>, bool), Fault> {
    let sql = "select action, max(at), min(at) from access where grant_id = $1 and n >= $2 and n <= $3 group by action";
    let found = db.all(sql, params![grant.as_bytes(), from, to], |row| {
        let at = |column| row.int(column).map(Time::from_micros);
        Ok((action(row, 0)?, at(1)?, at(2)?))
    })?;
    let is_past = found.iter().any(|(.., first)| *first < since);
    Ok((found.into_iter().map(|(action, last, _)| (action, last)).collect(), is_past))
}

fn take(tx: &mut Tx<'_>, world: &World, grant: GrantId, used: &Used, now: Time) -> Result<(), Refusal> {
    let Some(held) = grants::hold(tx, grant)? else { return Ok(()) };
    let Some(kept) = lapses::kept(tx, grant)?.filter(|kept| kept.look_at <= now) else { return Ok(()) };
    if !matches!(held.state, GrantState::Active | GrantState::Paused) {
        // It ended together with others, without a word of its own.
        return Ok(lapses::over(tx, grant)?);
    }
    let (since, _) = among(tx, grant, (used.n + 1, held.used), now)?;
    let actions = used.actions.iter().copied().chain(since).collect();
    let uses = kept.uses(&held, actions);
    lapses::take(tx, world, (&held, &kept), &uses, now)
}

impl Vault {
    /// When the actions of a grant were last used, as far back as matters, in parts that hold nobody up.
    async fn used(&self, grant: GrantId, now: Time) -> Result<Used, Refusal> {
        let since = now.plus_seconds(-RIGHT_UNUSED_S);
        let found = self.engine.read("lapse_grant", move |snap| Ok::<_, Refusal>(grants::find(snap, grant)?));
        let Some(found) = found.await? else { return Ok(Used { n: 0, actions: Vec::new() }) };
        let mut used = Used { n: found.used, actions: Vec::new() };
        let (mut to, mut missing) = (found.used, found.terms.actions.closed());
        while to > 0 && !missing.is_empty() {
            let part = (to - RECORDS + 1, to);
            let read = self
                .engine
                .read("lapse_used", move |snap| Ok::<_, Refusal>(among(snap, grant, part, since)?));
            let (actions, is_past) = read.await?;
            used.actions.extend(actions.iter().copied());
            for (action, _) in actions {
                missing = missing.without(action);
                if action == Action::Read {
                    missing = missing.without(Action::List);
                }
            }
            to = if is_past { 0 } else { part.0 - 1 };
        }
        Ok(used)
    }

    /// One step: takes what has lapsed by disuse. Says whether there may be more to do.
    pub async fn lapse_step(&self) -> Result<bool, Refusal> {
        let now = self.world.now();
        let due =
            self.engine.read("lapse_due", move |snap| Ok::<_, Refusal>(lapses::due(snap, now, GRANTS)?));
        let due = due.await?;
        for grant in &due {
            let (grant, world) = (*grant, self.world.clone());
            let used = self.used(grant, now).await?;
            self.engine.write("lapse_take", move |tx| take(tx, &world, grant, &used, now)).await?;
        }
        Ok(due.len() as i64 >= GRANTS)
    }
}
