//! Grants: their terms in columns, and every change with its record for the log.
//!
//! Invariant: a change of a grant, its new version and its entry are one transaction, so the gate and the log never disagree.

use super::events::{self, About};
use super::ids::{array32, id};
use super::{containments, lapses, queue, signals};
use crate::engine::{Reads, Row, Tx, params};
use crate::{Fault, Refusal};
use ledger::canonical::CanonicalJson;
use ledger::commitment::{SaltKey, commit_grant};
use ledger::entry::Entry;
use ledger::record::{GrantActor, GrantEvent, GrantRecord};
use model::{
    Actions, AppId, ConversationId, GrantId, GrantState, Kinds, PersonId, Reach, Scopes, Since, Terms, Time,
    World,
};
use oauth::consent::Agreed;
use std::collections::BTreeSet;

/// A grant as it stands.
#[derive(Debug, Clone)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// Who gave it.
    pub person: PersonId,
    /// To which app.
    pub app: AppId,
    /// The scopes.
    pub scopes: Scopes,
    /// What it allows.
    pub terms: Terms,
    /// Whether it is in force.
    pub state: GrantState,
    /// What for, in the app's words.
    pub purpose: String,
    /// When it was given.
    pub given_at: Time,
    /// When she last agreed to how long it lasts.
    pub agreed_at: Time,
    /// How often it was used.
    pub used: i64,
    /// When it was last used.
    pub used_at: Option<Time>,
    /// Which containment ended it, if one did and nothing else has since.
    pub contained: Option<i64>,
}

impl Grant {
    /// Active and not past its end.
    pub fn live_at(&self, now: Time) -> bool {
        self.state == GrantState::Active && self.terms.ends_at > now
    }

    /// This app's, in force or paused.
    pub(crate) fn is_held_by(&self, app: AppId, now: Time) -> bool {
        let stands = matches!(self.state, GrantState::Active | GrantState::Paused);
        self.app == app && stands && self.terms.ends_at > now
    }
}

/// The columns that `terms_of_row` reads, 0 to 7; `grant_of_row` reads on from there, to 18.
pub(crate) const COLUMNS: &str = concat!(
    "g.actions, g.started_only, g.chosen_only, g.since_kind, g.since_value, g.kinds, g.ends_at, g.uses, \
    g.id, g.person, g.app, g.scopes, g.state, g.purpose, g.given_at, g.used, g.used_at, g.agreed_at, ",
    containments::ended_by!()
);

/// The terms in columns 0 to 7. A list of conversations comes out empty; the gate asks the list itself.
pub(crate) fn terms_of_row(row: &Row<'_>) -> Result<Terms, Fault> {
    let since = since_of_columns(row.text(3)?, row.int(4)?);
    let chosen = (row.int(2)? != 0).then(BTreeSet::new);
    Ok(Terms {
        actions: Actions::from_bits(row.int(0)?),
        reach: Reach { started_only: row.int(1)? != 0, chosen },
        since,
        kinds: Kinds::from_bits(row.int(5)?),
        ends_at: Time::from_micros(row.int(6)?),
        uses: row.opt_int(7)?.map(|uses| u64::try_from(uses).unwrap_or(0)),
    })
}

/// A grant in the order of `COLUMNS`, its list of conversations still empty.
pub(crate) fn grant_of_row(row: &Row<'_>) -> Result<Grant, Fault> {
    let contained = row.opt_int(18)?;
    Ok(Grant {
        terms: terms_of_row(row)?,
        id: id(row, 8)?,
        person: id(row, 9)?,
        app: id(row, 10)?,
        scopes: Scopes::from_bits(row.int(11)?),
        state: match contained {
            Some(_) => GrantState::Ended,
            None => GrantState::parse(row.text(12)?),
        },
        purpose: row.text(13)?.to_owned(),
        given_at: Time::from_micros(row.int(14)?),
        used: row.int(15)?,
        used_at: row.opt_int(16)?.map(Time::from_micros),
        agreed_at: Time::from_micros(row.int(17)?),
        contained,
    })
}

/// Grants that a condition picks, with their lists of conversations.
pub(crate) fn select(
    db: &mut impl Reads,
    condition: &str,
    params: &[crate::engine::Value<'_>],
) -> Result<Vec<Grant>, Fault> {
    let mut grants =
        db.all(&format!("select {COLUMNS} from grants g where {condition}"), params, grant_of_row)?;
    for grant in &mut grants {
        if grant.terms.reach.chosen.is_some() {
            grant.terms.reach.chosen = Some(chosen(db, grant.id)?);
        }
    }
    Ok(grants)
}

/// The list of conversations of a grant that has one.
pub(crate) fn chosen(db: &mut impl Reads, grant: GrantId) -> Result<BTreeSet<ConversationId>, Fault> {
    let sql = "select conversation from grant_conversations where grant_id = $1";
    Ok(db.all(sql, params![grant.as_bytes()], |row| id(row, 0))?.into_iter().collect())
}

/// One grant.
pub(crate) fn find(db: &mut impl Reads, grant: GrantId) -> Result<Option<Grant>, Fault> {
    Ok(select(db, "g.id = $1", params![grant.as_bytes()])?.pop())
}

/// One grant, held until the transaction ends: nobody else changes it between this look and what follows from it.
pub(crate) fn hold(tx: &mut Tx<'_>, grant: GrantId) -> Result<Option<Grant>, Fault> {
    tx.put("update grants set version = version where id = $1", params![grant.as_bytes()])?;
    find(tx, grant)
}

/// One grant, if it is this person's.
pub(crate) fn of_person(
    db: &mut impl Reads,
    person: PersonId,
    grant: GrantId,
) -> Result<Option<Grant>, Fault> {
    Ok(find(db, grant)?.filter(|found| found.person == person))
}

/// A window out of its two columns.
pub(crate) fn since_of_columns(kind: &str, value: i64) -> Since {
    match kind {
        "at" => Since::At(Time::from_micros(value)),
        "last" => Since::Last(value),
        "all" => Since::All,
        _ => Since::Grant,
    }
}

/// The two columns of a window.
pub(crate) fn since_columns(since: Since) -> (&'static str, i64) {
    match since {
        Since::Grant => ("grant", 0),
        Since::At(time) => ("at", time.micros()),
        Since::Last(seconds) => ("last", seconds),
        Since::All => ("all", 0),
    }
}

fn uses_column(terms: &Terms) -> Option<i64> {
    terms.uses.map(|uses| i64::try_from(uses).unwrap_or(i64::MAX))
}

/// Stores a new grant and its first event.
pub(crate) fn insert(tx: &mut Tx<'_>, world: &World, new: &Grant) -> Result<(), Refusal> {
    let Grant { id, person, app, scopes, terms, purpose, given_at, .. } = new;
    let (since_kind, since_value) = since_columns(terms.since);
    tx.put(
        "insert into grants (id, person, app, scopes, actions, started_only, chosen_only, since_kind, since_value, \
         kinds, ends_at, uses, state, purpose, given_at, agreed_at, changed_at, salt_key, era) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'active', $13, $14, $14, $14, $15, \
         (select coalesce(max(n), 0) from containments))",
        params![
            id.as_bytes(),
            person.as_bytes(),
            app.as_bytes(),
            scopes.bits(),
            terms.actions.bits(),
            terms.reach.started_only,
            terms.reach.chosen.is_some(),
            since_kind,
            since_value,
            terms.kinds.bits(),
            terms.ends_at.micros(),
            uses_column(terms),
            purpose,
            given_at.micros(),
            &world.random::<32>()
        ],
    )?;
    choose(tx, *id, terms)?;
    note(tx, *id, GrantEvent::Given, GrantActor::Person, *given_at)
}

fn choose(tx: &mut Tx<'_>, grant: GrantId, terms: &Terms) -> Result<(), Fault> {
    for conversation in terms.reach.chosen.iter().flatten() {
        super::conversations::choose(tx, grant, *conversation)?;
    }
    Ok(())
}

/// Sets new terms, and notes by whom: narrower ones, or what she lets it have again. That they only narrow is `oauth::consent`'s
/// law; the caller settled them against the present ones.
pub(crate) fn change(
    tx: &mut Tx<'_>,
    grant: GrantId,
    terms: &Terms,
    (what, by): (GrantEvent, GrantActor),
    at: Time,
) -> Result<(), Refusal> {
    set_terms(tx, grant, terms)?;
    note(tx, grant, what, by, at)
}

/// Makes a grant what was agreed on; a paused one goes on. Nothing is noted of what stays as it was.
pub(crate) fn agree(tx: &mut Tx<'_>, stood: &Grant, agreed: &Agreed, at: Time) -> Result<Grant, Refusal> {
    let by = if agreed.asked { GrantActor::Person } else { GrantActor::App };
    lapses::signed_in(tx, stood.id, agreed.asked, at)?;
    if stood.state == GrantState::Paused && agreed.asked {
        set_state(tx, stood.id, GrantState::Active, (GrantEvent::Resumed, by), at)?;
    }
    let Agreed { scopes, terms, purpose, .. } = agreed;
    if (*scopes, terms, purpose) == (stood.scopes, &stood.terms, &stood.purpose) {
        return find(tx, stood.id)?.ok_or(Refusal::Changed);
    }
    // A window that nothing could look through begins when something can.
    let given_at = if stood.terms.looks_back() || !terms.looks_back() { stood.given_at } else { at };
    let is_longer = agreed.asked && terms.ends_at > stood.terms.ends_at;
    let agreed_at = if is_longer { at } else { stood.agreed_at };
    let sql = "update grants set scopes = $1, purpose = $2, given_at = $3, agreed_at = $4 where id = $5";
    let (given, counted) = (given_at.micros(), agreed_at.micros());
    tx.put(sql, params![scopes.bits(), purpose, given, counted, stood.id.as_bytes()])?;
    set_terms(tx, stood.id, terms)?;
    let is_less = stood.scopes.has(*scopes)
        && *purpose == stood.purpose
        && terms.within(&stood.terms, stood.given_at, at);
    let what = if is_less { GrantEvent::Narrowed } else { GrantEvent::Widened };
    note(tx, stood.id, what, by, at)?;
    find(tx, stood.id)?.ok_or(Refusal::Changed)
}

/// A new version of the terms.
fn set_terms(tx: &mut Tx<'_>, grant: GrantId, terms: &Terms) -> Result<(), Fault> {
    let (since_kind, since_value) = since_columns(terms.since);
    tx.put(
        "update grants set actions = $1, started_only = $2, chosen_only = $3, since_kind = $4, since_value = $5, \
         kinds = $6, ends_at = $7, uses = $8, version = version + 1 where id = $9",
        params![
            terms.actions.bits(),
            terms.reach.started_only,
            terms.reach.chosen.is_some(),
            since_kind,
            since_value,
            terms.kinds.bits(),
            terms.ends_at.micros(),
            uses_column(terms),
            grant.as_bytes()
        ],
    )?;
    tx.put("delete from grant_conversations where grant_id = $1", params![grant.as_bytes()])?;
    choose(tx, grant, terms)
}

/// Sets a new state. With `Ended`, every token of the grant is dead from the next request on.
pub(crate) fn set_state(
    tx: &mut Tx<'_>,
    grant: GrantId,
    state: GrantState,
    (what, by): (GrantEvent, GrantActor),
    at: Time,
) -> Result<(), Refusal> {
    let sql = "update grants set state = $1, version = version + 1 where id = $2";
    tx.put(sql, params![state.as_str(), grant.as_bytes()])?;
    note(tx, grant, what, by, at)
}

/// Notes what happened to a grant, for the person and for the log.
pub(crate) fn note(
    tx: &mut Tx<'_>,
    grant: GrantId,
    what: GrantEvent,
    by: GrantActor,
    at: Time,
) -> Result<(), Refusal> {
    let sql =
        "update grants set events = events + 1, changed_at = $1 where id = $2 returning events, salt_key";
    let numbered =
        tx.one(sql, params![at.micros(), grant.as_bytes()], |row| Ok((row.int(0)?, array32(row, 1)?)))?;
    let (n, salt_key) = numbered.ok_or(Refusal::NotFound)?;
    let number = u64::try_from(n).unwrap_or(0);
    let stored = find(tx, grant)?.ok_or(Refusal::NotFound)?;
    let terms = match what {
        GrantEvent::Given | GrantEvent::Narrowed | GrantEvent::Widened => Some(terms_json(&stored)?),
        GrantEvent::Paused | GrantEvent::Resumed | GrantEvent::Ended => None,
    };
    let told = terms.as_ref().and_then(|terms| serde_json::from_str(terms.as_str()).ok());
    signals::grant_changed(tx, &stored, (what, by), told, at)?;
    lapses::changed(tx, grant, (what, by), at)?;
    if what == GrantEvent::Ended {
        tx.put("delete from webhook_lanes where grant_id = $1", params![grant.as_bytes()])?;
    }
    let record = GrantRecord {
        grant: grant.to_string(),
        n: number,
        app: stored.app.to_string(),
        what,
        by,
        at: at.to_string(),
        terms,
    };
    events::standing(tx, About::Grant(grant), at)?;
    let entry = Entry::Grant(commit_grant(&record, &SaltKey(salt_key).grant(number))?);
    let leaf = queue::push(tx, queue::GRANT_EVENT, grant.as_bytes(), n, &entry, at)?;
    let sql = "insert into grant_events (grant_id, n, record, leaf) values ($1, $2, $3, $4)";
    Ok(tx.put(sql, params![grant.as_bytes(), n, &record.render()?, leaf])?)
}

/// What the record of a grant says of its terms: scopes, and the details as the app was told them.
fn terms_json(grant: &Grant) -> Result<CanonicalJson<'static>, Refusal> {
    let details = oauth::details::granted_json(&grant.terms, &grant.purpose, grant.agreed_at);
    let details: serde_json::Value =
        serde_json::from_str(&details).map_err(|e| Fault::Shape(e.to_string()))?;
    let terms = serde_json::json!({"scope": grant.scopes.to_string(), "authorization_details": details});
    CanonicalJson::of(&terms).map_err(|e| Fault::Shape(e.to_string()).into())
}
