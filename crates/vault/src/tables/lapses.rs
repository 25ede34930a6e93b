//! What of grants is not used, and lapses: since when each is counted, what it lost, and her letting it have that again.
//!
//! Invariant: each grant that is not over has a row from its first moment on, gone with its end. What lapses is taken in
//! one transaction that holds the grant, notes it for her, the app and the log, and says when to look again.

use super::grants::{self, Grant};
use super::ids::id;
use super::notices::{self, Notice};
use crate::engine::{Reads, Snap, Tx, params};
use crate::{Fault, Own, Refusal, Vault};
use ledger::record::{GrantActor, GrantEvent};
use model::{
    Action, Actions, GrantId, GrantState, LET_AGAIN_S, Lapsed, RIGHT_UNUSED_S, Terms, Time, Uses, World,
};

/// What is kept of a grant for this.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kept {
    pub(crate) said_yes: Time,
    pub(crate) signed_in: Time,
    pub(crate) look_at: Time,
    lapsed: Actions,
    lapsed_at: Time,
}

impl Kept {
    /// When it and its rights were used, with when each action was.
    pub(crate) fn uses(&self, grant: &Grant, actions: Vec<(Action, Time)>) -> Uses {
        Uses { said_yes: self.said_yes, signed_in: self.signed_in, used_at: grant.used_at, actions }
    }

    /// What it lost that she can let it have again, and until when.
    fn again(&self, now: Time) -> Option<(Actions, Time)> {
        let until = self.lapsed_at.plus_seconds(LET_AGAIN_S);
        (!self.lapsed.is_empty() && until > now).then_some((self.lapsed, until))
    }
}

/// What is kept of one grant; nothing once it is over.
pub(crate) fn kept(db: &mut impl Reads, grant: GrantId) -> Result<Option<Kept>, Fault> {
    let sql = "select said_yes, signed_in, look_at, lapsed, lapsed_at from grant_lapses where grant_id = $1";
    db.one(sql, params![grant.as_bytes()], |row| {
        let at = |column| row.int(column).map(Time::from_micros);
        let (lapsed, lapsed_at) = (Actions::from_bits(row.int(3)?), at(4)?);
        Ok(Kept { said_yes: at(0)?, signed_in: at(1)?, look_at: at(2)?, lapsed, lapsed_at })
    })
}

/// Something happened to a grant: what she does herself says yes to the rest of it.
pub(crate) fn changed(
    tx: &mut Tx<'_>,
    grant: GrantId,
    (what, by): (GrantEvent, GrantActor),
    at: Time,
) -> Result<(), Fault> {
    match (what, by) {
        (GrantEvent::Given, _) => tx.put(
            "insert into grant_lapses (grant_id, said_yes, signed_in, look_at) values ($1, $2, $2, $3)",
            params![grant.as_bytes(), at.micros(), at.plus_seconds(RIGHT_UNUSED_S).micros()],
        ),
        (GrantEvent::Ended, _) => over(tx, grant),
        (GrantEvent::Widened, GrantActor::Person) => {
            said_yes(tx, grant, at)?;
            let sql = "update grant_lapses set lapsed = 0, lapsed_at = 0 where grant_id = $1";
            tx.put(sql, params![grant.as_bytes()])
        }
        (GrantEvent::Narrowed | GrantEvent::Resumed, GrantActor::Person) => said_yes(tx, grant, at),
        (GrantEvent::Narrowed | GrantEvent::Widened | GrantEvent::Paused | GrantEvent::Resumed, _) => Ok(()),
    }
}

/// The grant is over.
pub(crate) fn over(tx: &mut Tx<'_>, grant: GrantId) -> Result<(), Fault> {
    tx.put("delete from grant_lapses where grant_id = $1", params![grant.as_bytes()])
}

/// What an app cannot be let have again, for it is retired.
pub(crate) fn gone(tx: &mut Tx<'_>, grant: GrantId, actions: Actions) -> Result<(), Fault> {
    let sql = "update grant_lapses set lapsed = lapsed - (lapsed & $1) where grant_id = $2";
    tx.put(sql, params![actions.bits(), grant.as_bytes()])
}

fn said_yes(tx: &mut Tx<'_>, grant: GrantId, at: Time) -> Result<(), Fault> {
    let sql = "update grant_lapses set said_yes = $1, look_at = $2 where grant_id = $3";
    let look_at = at.plus_seconds(RIGHT_UNUSED_S);
    tx.put(sql, params![at.micros(), look_at.micros(), grant.as_bytes()])
}

/// She signed in with it, and was asked or not.
pub(crate) fn signed_in(tx: &mut Tx<'_>, grant: GrantId, is_asked: bool, at: Time) -> Result<(), Fault> {
    let sql = "update grant_lapses set signed_in = $1 where grant_id = $2";
    tx.put(sql, params![at.micros(), grant.as_bytes()])?;
    if is_asked { said_yes(tx, grant, at) } else { Ok(()) }
}

/// Grants of which something may have lapsed, the longest overdue first.
pub(crate) fn due(snap: &mut Snap<'_>, now: Time, most: i64) -> Result<Vec<GrantId>, Fault> {
    let sql = "select grant_id from grant_lapses where look_at <= $1 order by look_at limit $2";
    snap.all(sql, params![now.micros(), most], |row| id(row, 0))
}

fn look_again(tx: &mut Tx<'_>, grant: GrantId, at: Time) -> Result<(), Fault> {
    let sql = "update grant_lapses set look_at = $1 where grant_id = $2";
    tx.put(sql, params![at.micros(), grant.as_bytes()])
}

/// Takes what has lapsed of a grant that this transaction holds.
pub(crate) fn take(
    tx: &mut Tx<'_>,
    world: &World,
    (grant, kept): (&Grant, &Kept),
    uses: &Uses,
    now: Time,
) -> Result<(), Refusal> {
    let is_paused = grant.state == GrantState::Paused;
    match uses.lapsed(grant.terms.actions, is_paused, now) {
        Lapsed::Nothing(next) => Ok(look_again(tx, grant.id, next)?),
        Lapsed::Whole => {
            let told = Notice::LapsedWhole { app: grant.app, grant: grant.id };
            notices::add(tx, world, grant.person, &told)?;
            let why = (GrantEvent::Ended, GrantActor::Hygiene);
            grants::set_state(tx, grant.id, GrantState::Ended, why, now)
        }
        Lapsed::Rights(lost, next) => {
            let actions = grant.terms.actions.closed().iter().filter(|action| !lost.has(*action)).collect();
            let terms = Terms { actions, ..grant.terms.clone() };
            grants::change(tx, grant.id, &terms, (GrantEvent::Narrowed, GrantActor::Hygiene), now)?;
            let earlier = kept.again(now).map_or(Actions::NONE, |(earlier, _)| earlier);
            let sql = "update grant_lapses set lapsed = $1, lapsed_at = $2, look_at = $3 where grant_id = $4";
            let lapsed = earlier.or(lost).bits();
            tx.put(sql, params![lapsed, now.micros(), next.micros(), grant.id.as_bytes()])?;
            let told = Notice::Lapsed { app: grant.app, grant: grant.id, actions: lost.bits() };
            Ok(notices::add(tx, world, grant.person, &told)?)
        }
    }
}

impl Vault {
    /// What one of her grants lost by disuse, while she can let the app have it again; and until when that is.
    pub async fn grant_lapsed(&self, own: &Own, grant: GrantId) -> Result<Option<(Actions, Time)>, Refusal> {
        let (person, now) = (own.person(), self.world.now());
        self.engine
            .read("grant_lapsed", move |snap| -> Result<_, Refusal> {
                grants::of_person(snap, person, grant)?.ok_or(Refusal::NotFound)?;
                Ok(kept(snap, grant)?.and_then(|kept| kept.again(now)))
            })
            .await
    }

    /// She lets the app have again what it lost by disuse.
    pub async fn grant_let_again(&self, own: &Own, grant: GrantId) -> Result<(), Refusal> {
        let (person, now) = (own.person(), self.world.now());
        self.engine
            .write("grant_let_again", move |tx| -> Result<(), Refusal> {
                let found = grants::hold(tx, grant)?.filter(|found| found.person == person);
                let found = found.ok_or(Refusal::NotFound)?;
                let stands = matches!(found.state, GrantState::Active | GrantState::Paused);
                let again = kept(tx, grant)?.filter(|_| stands).and_then(|kept| kept.again(now));
                let Some((lapsed, _)) = again else {
                    let why = "there is nothing any more that the app could have again; it can ask you anew";
                    return Err(Refusal::Conflict(why.to_owned()));
                };
                let terms = Terms { actions: found.terms.actions.or(lapsed), ..found.terms };
                grants::change(tx, grant, &terms, (GrantEvent::Widened, GrantActor::Person), now)
            })
            .await
    }
}
