//! From a token to a caller: which app asks, for which person, under which grant.
//!
//! Invariant: a `Caller` is a snapshot for one request. It lets nothing through by itself; the gate does, and what the
//! gate lets through is checked again when the record is written. An `Actor` may be a snapshot of a while ago: so the only
//! thing it can be used for is a permit. Looking a token up takes what was presented with it, so a bound token opens nothing
//! without its proof; the proof is used up when a `Caller` is made, or by the record of an `Actor`'s act.

use super::permit::{Act, Permit};
use crate::engine::{Reads, Row, params};
use crate::tables::apps::{AppFacts, Apps};
use crate::tables::containments;
use crate::tables::families::share_of_row;
use crate::tables::grants::terms_of_row;
use crate::tables::ids::{array32, bound_of_row, id};
use crate::{Fault, Refusal, Vault};
use model::{Actions, AppId, GrantId, GrantState, PersonId, Scopes, Standing, Terms, Time, in_force};
use oauth::Once;
use oauth::bound::{Bound, Held, Presented};
use oauth::consent::Share;
use std::sync::Arc;

/// An app acting for a person, as one request finds it.
#[derive(Debug, Clone)]
pub struct Caller {
    pub(super) now: Time,
    pub(super) app: Arc<AppFacts>,
    pub(super) found: Arc<Found>,
    scopes: Scopes,
    terms: Terms,
    /// The proof with which its token came, if it is still to be used up.
    pub(super) once: Option<Once>,
}

/// Who asks to act, as this node looked it up lately. By now it may be out of date, so it is good for a permit and for
/// nothing else: the record that is written with the permit finds other versions, and refuses.
#[derive(Debug)]
pub struct Actor {
    caller: Caller,
    anew: bool,
}

/// Columns 0 to 7 are those of `terms_of_row`, those from 24 to 30 of `share_of_row`.
const FIND: &str = concat!(
    "select g.actions, g.started_only, g.chosen_only, g.since_kind, g.since_value, g.kinds, g.ends_at, g.uses, \
    g.id, g.person, g.app, g.scopes, g.used, g.state, g.version, g.given_at, \
    t.hash, t.scopes, t.actions, t.ends_at, f.ended, a.version, g.agreed_at, exists (select 1 from containments h where ",
    containments::holds_either!(),
    "), f.scopes, f.actions, f.started_only, f.since_kind, f.since_value, f.kinds, f.ends_at, \
    t.jkt, t.x5t from access_tokens t join token_families f on f.id = t.family join grants g on g.id = f.grant_id \
    join apps a on a.id = g.app where t.hash = $1"
);

/// What the row says.
#[derive(Debug)]
pub(super) struct Found {
    terms: Terms,
    grant: GrantId,
    person: PersonId,
    app: AppId,
    app_version: i64,
    scopes: Scopes,
    used: u64,
    state: GrantState,
    pub(super) version: i64,
    given_at: Time,
    agreed_at: Time,
    share: Share,
    pub(super) token: [u8; 32],
    token_ends_at: Time,
    family_ended: bool,
    contained: bool,
    bound: Bound,
}

fn found(row: &Row<'_>) -> Result<Found, Fault> {
    let mut terms = terms_of_row(row)?;
    // A token may carry less than its grant, never more.
    terms.actions = terms.actions.closed().and(Actions::from_bits(row.int(18)?).closed());
    Ok(Found {
        terms,
        grant: id(row, 8)?,
        person: id(row, 9)?,
        app: id(row, 10)?,
        scopes: Scopes::from_bits(row.int(11)?).and(Scopes::from_bits(row.int(17)?)),
        used: u64::try_from(row.int(12)?).unwrap_or(u64::MAX),
        state: GrantState::parse(row.text(13)?),
        version: row.int(14)?,
        given_at: Time::from_micros(row.int(15)?),
        token: array32(row, 16)?,
        token_ends_at: Time::from_micros(row.int(19)?),
        family_ended: row.int(20)? != 0,
        app_version: row.int(21)?,
        agreed_at: Time::from_micros(row.int(22)?),
        contained: row.int(23)? != 0,
        share: share_of_row(row, 24)?,
        bound: bound_of_row(row, 31)?,
    })
}

impl Vault {
    /// Who stands behind an access token as it was presented; uses its proof up. A token that is not one of ours never reaches
    /// the database.
    pub async fn caller(&self, presented: impl Into<Presented>) -> Result<Caller, Refusal> {
        let Actor { caller, .. } = self.actor_anew(presented).await?;
        self.use_up(caller.once).await?;
        Ok(Caller { once: None, ..caller })
    }

    /// A caller once more, as things stand now: for a stream, which lasts longer than one request.
    pub async fn caller_anew(&self, caller: &Caller) -> Result<Caller, Refusal> {
        self.caller_of(caller.found.token).await
    }

    /// Who stands behind an access token, for an act: as it was looked up lately, if it was. Saves a look at the database,
    /// which the record takes anyway; and the record uses the proof up, in its own transaction.
    pub async fn actor(&self, presented: impl Into<Presented>) -> Result<Actor, Refusal> {
        let presented = presented.into();
        let hash = self.access_token_hash(&presented.token).await?.ok_or(Refusal::Token)?;
        if let Some((found, app)) = self.callers.get(&hash) {
            // What it says against the app may be out of date as well.
            if let Ok(caller) = Caller::new(found, app, self.world.now()) {
                return caller.actor(&presented.held, false);
            }
        }
        self.caller_of(hash).await?.actor(&presented.held, true)
    }

    /// The same, as things stand now.
    pub async fn actor_anew(&self, presented: impl Into<Presented>) -> Result<Actor, Refusal> {
        let presented = presented.into();
        let hash = self.access_token_hash(&presented.token).await?.ok_or(Refusal::Token)?;
        self.caller_of(hash).await?.actor(&presented.held, true)
    }

    /// The same by the hash of the token.
    pub(super) async fn caller_of(&self, hash: [u8; 32]) -> Result<Caller, Refusal> {
        let (now, apps) = (self.world.now(), self.apps.clone());
        let caller = self.engine.read("caller", move |snap| look(snap, &apps, &hash, now)).await?;
        self.callers.remember(hash, (caller.found.clone(), caller.app.clone()));
        Ok(caller)
    }
}

/// Who stands behind the token with this hash.
pub(crate) fn look(db: &mut impl Reads, apps: &Apps, hash: &[u8; 32], now: Time) -> Result<Caller, Refusal> {
    let found = db.one(FIND, params![hash], found)?.ok_or(Refusal::Token)?;
    let app = apps.at(db, found.app, found.app_version)?;
    Caller::new(Arc::new(found), app, now)
}

impl From<Caller> for Actor {
    fn from(caller: Caller) -> Actor {
        Actor { caller, anew: true }
    }
}

impl Actor {
    /// The grant.
    pub fn grant(&self) -> GrantId {
        self.caller.grant()
    }

    /// The person for whom the app acts.
    pub fn person(&self) -> PersonId {
        self.caller.person()
    }

    /// The app.
    pub fn app(&self) -> AppId {
        self.caller.app()
    }

    /// Was it looked up for this request? If not, a refusal may be out of date.
    pub fn is_anew(&self) -> bool {
        self.anew
    }

    /// Asks the gate for leave.
    pub fn permit<A: Act>(&self, ask: A) -> Result<Permit<A>, Refusal> {
        self.caller.permit(ask)
    }
}

impl Caller {
    /// What a row means at a moment.
    fn new(found: Arc<Found>, app: Arc<AppFacts>, now: Time) -> Result<Caller, Refusal> {
        let ends_at = found.terms.ends_at.min(found.share.terms.ends_at);
        let ended = found.family_ended || found.contained || found.state == GrantState::Ended;
        let over = ended || ends_at <= now;
        if over || found.token_ends_at <= now || !app.live_at(now) {
            return Err(Refusal::Token);
        }
        // The answer that the token comes of may have been given to less than the grant.
        let terms = found.terms.clone().meet(&found.share.terms, found.given_at, now);
        let scopes = found.scopes.and(found.share.scopes);
        Ok(Caller { now, app, found, scopes, terms, once: None })
    }

    /// Whoever presented its token, if that is whom it was issued to. What a token is bound to never changes.
    fn actor(self, held: &Held, anew: bool) -> Result<Actor, Refusal> {
        if !held.opens(self.found.bound) {
            return Err(Refusal::Unproven);
        }
        let once = held.proof.as_ref().map(|proof| proof.once);
        Ok(Actor { caller: Caller { once, ..self }, anew })
    }

    /// The same at a later moment, for the next batch of a stream. What it says of grant and app may be out of date: then the
    /// record that is written with its permit finds other versions, and refuses.
    pub fn at(&self, now: Time) -> Result<Caller, Refusal> {
        Caller::new(self.found.clone(), self.app.clone(), now)
    }

    /// When its token ends by itself.
    pub fn ends_at(&self) -> Time {
        self.found.token_ends_at
    }

    /// The state and version of its grant, and the version of its app, as they were looked up.
    pub fn versions(&self) -> (GrantState, i64, i64) {
        (self.found.state, self.found.version, self.app.version)
    }

    /// The person for whom the app acts.
    pub fn person(&self) -> PersonId {
        self.found.person
    }

    /// The app.
    pub fn app(&self) -> AppId {
        self.app.id
    }

    /// The app's name.
    pub fn app_name(&self) -> &str {
        &self.app.name
    }

    /// The grant.
    pub fn grant(&self) -> GrantId {
        self.found.grant
    }

    /// What its token is bound to.
    pub(crate) fn bound(&self) -> Bound {
        self.found.bound
    }

    /// The scopes that the token carries, within the ceiling; none while the grant is not in force.
    pub fn scopes(&self) -> Scopes {
        match in_force(&self.standing()) {
            Ok(()) => self.scopes.and(self.app.ceiling.scopes),
            Err(_) => Scopes::default(),
        }
    }

    /// Goes on only if the grant is in force and the token carries this scope.
    pub fn require(&self, scope: Scopes, word: &'static str) -> Result<(), Refusal> {
        in_force(&self.standing())?;
        if self.scopes().has(scope) { Ok(()) } else { Err(Refusal::Scope(word)) }
    }

    /// What the token lets the app do now, of the grant; its list of conversations is still empty. None if nothing.
    pub(crate) fn worth(&self) -> Option<(Scopes, &Terms)> {
        in_force(&self.standing()).is_ok().then(|| (self.scopes(), &self.terms))
    }

    /// What the rule is asked about.
    pub(super) fn standing(&self) -> Standing<'_> {
        Standing {
            now: self.now,
            app: self.app.id,
            app_live: self.app.live_at(self.now),
            ceiling: &self.app.ceiling,
            person: self.found.person,
            terms: &self.terms,
            state: self.found.state,
            given_at: self.found.given_at,
            agreed_at: self.found.agreed_at,
            used: self.found.used,
        }
    }
}
