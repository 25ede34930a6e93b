//! Who did what: access records, for the person whose messages they touched and for the app that made them.
//!
//! Invariant: a list is asked for by a `Caller` (its own grant) or an `Own` (her own grants); there is no other asker.

use super::record::{Touched, Written, unsigned};
use super::{Caller, Own};
use crate::engine::{Reads, Row, params};
use crate::tables::ids::{array32, id, opt_id};
use crate::tables::log::leaf_told;
use crate::tables::{grants, lapses};
use crate::{Fault, Refusal, Vault};
use ledger::commitment::SaltKey;
use model::{Action, ConversationId, GrantId, Time, Uses};
use serde::Serialize;

/// One access, as it is listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Access {
    /// Its number in the grant.
    pub n: i64,
    /// What was done.
    pub action: &'static str,
    /// Where; none for a list of conversations.
    pub conversation: Option<ConversationId>,
    /// The first and the last seq that were looked at.
    pub first_seq: Option<i64>,
    /// See `first_seq`.
    pub last_seq: Option<i64>,
    /// How many messages (or conversations) were handed out or changed.
    pub count: i64,
    /// How many messages were left out.
    pub withheld: i64,
    /// When.
    pub at: Time,
    /// `ok`, or `none` when there was nothing.
    pub outcome: String,
    /// Its index in the log; none for the second until it is in a checkpoint.
    pub leaf: Option<i64>,
}

/// When each action of a grant was last used, as far back as was looked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastUsed {
    /// The actions that were used, each with the last time.
    pub actions: Vec<(Action, Time)>,
    /// Before this moment nobody looked; none when all records were looked at.
    pub looked_back_to: Option<Time>,
    /// By what it lapses if it is not used; none for a grant that is over.
    pub uses: Option<Uses>,
}

/// What an app did with one action under a grant, in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deeds {
    /// The action.
    pub action: Action,
    /// How often.
    pub times: i64,
    /// How many messages (or conversations) were handed out or changed.
    pub count: i64,
    /// When last.
    pub last_at: Time,
}

/// How many records of a grant are looked at for when its actions were last used: so that a long-lived grant costs no
/// more to look at than a young one.
const LOOK_BACK_RECORDS: i64 = 10_000;

/// Columns 0 to 9 of a listed access.
const COLUMNS: &str = concat!(
    "select n, action, conversation, first_seq, last_seq, count, withheld, at, outcome, ",
    leaf_told!(),
    " from access"
);

pub(super) fn action(row: &Row<'_>, column: usize) -> Result<Action, Fault> {
    let number = row.int(column)?;
    let action = Action::EACH.iter().copied().find(|&action| action as i64 == number);
    action.ok_or_else(|| Fault::Shape("an access of no known action".into()))
}

fn access(row: &Row<'_>) -> Result<Access, Fault> {
    Ok(Access {
        n: row.int(0)?,
        action: action(row, 1)?.as_str(),
        conversation: opt_id(row, 2)?,
        first_seq: row.opt_int(3)?,
        last_seq: row.opt_int(4)?,
        count: row.int(5)?,
        withheld: row.int(6)?,
        at: Time::from_micros(row.int(7)?),
        outcome: row.text(8)?.to_owned(),
        leaf: row.opt_int(9)?,
    })
}

/// The records of a grant with numbers below `before`, newest first.
fn newest(
    db: &mut impl Reads,
    grant: GrantId,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Access>, Fault> {
    let sql = format!("{COLUMNS} where grant_id = $1 and n < $2 order by n desc limit $3");
    db.all(&sql, params![grant.as_bytes(), before.unwrap_or(i64::MAX), limit], access)
}

/// The same, of one action alone.
fn newest_of(
    db: &mut impl Reads,
    grant: GrantId,
    of: Action,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Access>, Fault> {
    let sql = format!("{COLUMNS} where grant_id = $1 and n < $2 and action = $3 order by n desc limit $4");
    let before = before.unwrap_or(i64::MAX);
    db.all(&sql, params![grant.as_bytes(), before, of as i64, limit], access)
}

/// One record with the openings of its commitment.
pub(super) fn written(db: &mut impl Reads, grant: GrantId, n: i64) -> Result<Option<Written>, Fault> {
    let sql = "select x.n, x.action, x.conversation, x.first_seq, x.last_seq, x.count, x.withheld, x.at, \
               x.person_n, g.app, g.salt_key, p.salt_key \
               from access x join grants g on g.id = x.grant_id join person_counts p on p.person = g.person \
               where x.grant_id = $1 and x.n = $2";
    db.one(sql, params![grant.as_bytes(), n], |row| {
        Ok(Written {
            grant,
            n: row.int(0)?,
            app: id(row, 9)?,
            action: action(row, 1)?,
            touched: Touched {
                conversation: opt_id(row, 2)?,
                first_seq: row.opt_int(3)?,
                last_seq: row.opt_int(4)?,
                count: row.int(5)?,
                withheld: row.int(6)?,
            },
            at: Time::from_micros(row.int(7)?),
            salt: SaltKey(array32(row, 10)?).access(unsigned(row.int(0)?)),
            seal: SaltKey(array32(row, 11)?).person(unsigned(row.int(8)?)).seal(),
        })
    })
}

impl Vault {
    /// How often a grant was used, and the receipt of its last use, signed anew: for its end.
    pub(crate) async fn last_access(&self, grant: GrantId) -> Result<(i64, Option<String>), Refusal> {
        let found = self.engine.read("last_access", move |snap| -> Result<_, Refusal> {
            let sql = "select used from grants where id = $1";
            let used = snap.one(sql, params![grant.as_bytes()], |row| row.int(0))?.unwrap_or(0);
            Ok((used, written(snap, grant, used)?))
        });
        let (used, written) = found.await?;
        Ok((used, written.map(|written| self.sign_receipt(&written)).transpose()?))
    }
}

impl Vault {
    /// An app's own access records under its grant, newest first, with numbers below `before`.
    pub async fn accesses_of_caller(
        &self,
        caller: &Caller,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<Access>, Refusal> {
        let grant = caller.grant();
        self.engine.read("accesses_of_caller", move |snap| Ok(newest(snap, grant, before, limit)?)).await
    }

    /// When an app last used each action under its grant.
    pub async fn actions_last_used(&self, caller: &Caller) -> Result<LastUsed, Refusal> {
        let grant = caller.grant();
        self.engine
            .read("actions_last_used", move |snap| -> Result<_, Refusal> {
                let stands = grants::find(snap, grant)?.ok_or(Refusal::NotFound)?;
                let from = stands.used - LOOK_BACK_RECORDS;
                let sql = "select action, max(at), min(at) from access where grant_id = $1 and n > $2 group by action";
                let found = snap.all(sql, params![grant.as_bytes(), from], |row| {
                    let at = |column| row.int(column).map(Time::from_micros);
                    Ok((action(row, 0)?, at(1)?, at(2)?))
                })?;
                let looked_back_to = found.iter().map(|(_, _, first)| *first).min().filter(|_| from > 0);
                let actions: Vec<_> = found.into_iter().map(|(action, last, _)| (action, last)).collect();
                let uses = lapses::kept(snap, grant)?.map(|kept| kept.uses(&stands, actions.clone()));
                Ok(LastUsed { actions, looked_back_to, uses })
            })
            .await
    }

    /// Every access under one of the person's grants, newest first, with numbers below `before`.
    pub async fn accesses_of_own(
        &self,
        own: &Own,
        grant: GrantId,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<Access>, Refusal> {
        let person = own.person();
        self.engine
            .read("accesses_of_own", move |snap| -> Result<_, Refusal> {
                crate::tables::grants::of_person(snap, person, grant)?.ok_or(Refusal::NotFound)?;
                Ok(newest(snap, grant, before, limit)?)
            })
            .await
    }

    /// Every access of one action under one of the person's grants, newest first, with numbers below `before`.
    pub async fn accesses_of_own_doing(
        &self,
        own: &Own,
        grant: GrantId,
        action: Action,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<Access>, Refusal> {
        let person = own.person();
        self.engine
            .read("accesses_of_own_doing", move |snap| -> Result<_, Refusal> {
                crate::tables::grants::of_person(snap, person, grant)?.ok_or(Refusal::NotFound)?;
                Ok(newest_of(snap, grant, action, before, limit)?)
            })
            .await
    }

    /// What was done under one of the person's grants, action by action; those never used are left out.
    pub async fn access_summary_of_own(&self, own: &Own, grant: GrantId) -> Result<Vec<Deeds>, Refusal> {
        let person = own.person();
        self.engine
            .read("access_summary_of_own", move |snap| -> Result<_, Refusal> {
                crate::tables::grants::of_person(snap, person, grant)?.ok_or(Refusal::NotFound)?;
                let sql = "select action, count(*), cast(sum(count) as bigint), max(at) from access \
                           where grant_id = $1 group by action order by action";
                Ok(snap.all(sql, params![grant.as_bytes()], |row| {
                    let (times, count) = (row.int(1)?, row.int(2)?);
                    Ok(Deeds {
                        action: action(row, 0)?,
                        times,
                        count,
                        last_at: Time::from_micros(row.int(3)?),
                    })
                })?)
            })
            .await
    }

    /// The receipt of one access, for the person whose messages it touched.
    pub async fn receipt_of_own(&self, own: &Own, grant: GrantId, n: i64) -> Result<String, Refusal> {
        let person = own.person();
        let written = self
            .engine
            .read("receipt_of_own", move |snap| -> Result<_, Refusal> {
                crate::tables::grants::of_person(snap, person, grant)?.ok_or(Refusal::NotFound)?;
                written(snap, grant, n)?.ok_or(Refusal::NotFound)
            })
            .await?;
        self.sign_receipt(&written)
    }
}
