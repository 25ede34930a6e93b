//! Families of tokens: all tokens that come of one answer of a person hang on one family, and this on a grant.
//!
//! Invariant: a family is set once. It uses a share of its grant, never more: whatever reads a token meets the two, so
//! what narrows the grant narrows each of its families from the next request on.

use super::events::{self, About};
use super::grants::{Grant, since_columns, since_of_columns};
use super::ids::{id, opt_id};
use crate::Fault;
use crate::engine::{Reads, Row, Tx, params};
use model::{Actions, GrantId, Kinds, Reach, Scopes, SessionId, Terms, Time, World};
use oauth::consent::Share;

/// The answer that a family comes of.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// In which browser session; none for a device, which no browser signs out.
    pub(crate) session: Option<SessionId>,
    /// When she had signed in.
    pub(crate) authed_at: Time,
    /// When she gave it.
    pub(crate) at: Time,
    /// What it lets the tokens use.
    pub(crate) share: Share,
}

/// Stores a family; its id comes back.
pub(crate) fn insert(
    tx: &mut Tx<'_>,
    world: &World,
    grant: GrantId,
    answer: &Answer,
) -> Result<[u8; 16], Fault> {
    let family = world.random::<16>();
    let Share { scopes, terms } = &answer.share;
    let (since_kind, since_value) = since_columns(terms.since);
    tx.put(
        "insert into token_families (id, grant_id, session, scopes, actions, started_only, since_kind, since_value, \
         kinds, ends_at, at, authed_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        params![
            &family,
            grant.as_bytes(),
            answer.session.as_ref().map(SessionId::as_bytes),
            scopes.bits(),
            terms.actions.bits(),
            terms.reach.started_only,
            since_kind,
            since_value,
            terms.kinds.bits(),
            terms.ends_at.micros(),
            answer.at.micros(),
            answer.authed_at.micros()
        ],
    )?;
    Ok(family)
}

/// The columns of an answer, for [`answer_of_row`]; those of its share come first.
pub(crate) const ANSWER: &str = "f.scopes, f.actions, f.started_only, f.since_kind, f.since_value, f.kinds, f.ends_at, \
    f.session, f.authed_at, f.at";

/// The answer in the columns from `from` on.
pub(crate) fn answer_of_row(row: &Row<'_>, from: usize) -> Result<Answer, Fault> {
    Ok(Answer {
        share: share_of_row(row, from)?,
        session: opt_id(row, from + 7)?,
        authed_at: Time::from_micros(row.int(from + 8)?),
        at: Time::from_micros(row.int(from + 9)?),
    })
}

/// The share in the columns from `from` on.
pub(crate) fn share_of_row(row: &Row<'_>, from: usize) -> Result<Share, Fault> {
    Ok(Share {
        scopes: Scopes::from_bits(row.int(from)?),
        terms: Terms {
            actions: Actions::from_bits(row.int(from + 1)?),
            reach: Reach { started_only: row.int(from + 2)? != 0, chosen: None },
            since: since_of_columns(row.text(from + 3)?, row.int(from + 4)?),
            kinds: Kinds::from_bits(row.int(from + 5)?),
            ends_at: Time::from_micros(row.int(from + 6)?),
            uses: None,
        },
    })
}

/// What a share comes to under its grant as that stands.
pub(crate) fn of_grant(grant: &Grant, share: &Share, now: Time) -> (Scopes, Terms) {
    let terms = grant.terms.clone().meet(&share.terms, grant.given_at, now);
    (grant.scopes.and(share.scopes), terms)
}

/// What was let through with a token of this family, and is not recorded yet, is looked at anew: the record asks for the
/// version of the grant, and waits for whoever changes it.
pub(crate) fn look_again(tx: &mut Tx<'_>, family: &[u8; 16]) -> Result<(), Fault> {
    let sql = "update grants set version = version + 1 where id = (select f.grant_id from token_families f where f.id = $1)";
    tx.put(sql, params![family])
}

/// Ends a family: its access tokens and its refresh tokens open nothing any more.
pub(crate) fn end(tx: &mut Tx<'_>, family: &[u8; 16], at: Time) -> Result<(), Fault> {
    look_again(tx, family)?;
    let sql = "update token_families set ended = 1 where id = $1 returning grant_id";
    let grant = tx.one(sql, params![family], |row| id(row, 0))?;
    grant.map_or(Ok(()), |grant| events::standing(tx, About::Grant(grant), at))
}
