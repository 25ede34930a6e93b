//! What stands already: an ask is held against what the person let the same app do before, and she is asked only for what
//! is beyond it.
//!
//! Invariant: without a page nothing widens. Whatever is answered here without her lies, on every axis, within a grant that
//! she gave and that stands; and what the app then holds is no more than what it asked for this time.

use super::{Bound, Choice, ChoiceInvalid, Offer, bound, draw, settle};
use crate::authorize::Manage;
use crate::details::{Asked, lifetime_s};
use crate::error::{ErrorCode, OAuthError};
use model::{Action, Actions, Ceiling, GrantId, GrantState, Reach, ReachCap, Scopes, Since, Terms, Time};

/// A grant that the app holds from the person, in force or paused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Standing {
    /// Its id.
    pub grant: GrantId,
    /// Its scopes.
    pub scopes: Scopes,
    /// What it allows.
    pub terms: Terms,
    /// What for.
    pub purpose: String,
    /// When she let it in.
    pub given_at: Time,
    /// When she last agreed to how long it lasts.
    pub agreed_at: Time,
    /// In force, or paused.
    pub state: GrantState,
}

/// What an app asks for, as far as consent goes.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// What it wants with messages.
    pub asked: Option<&'a Asked>,
    /// What it wants besides.
    pub scopes: Scopes,
    /// The most that it may have.
    pub ceiling: &'a Ceiling,
    /// What it wants done with a grant that it holds.
    pub manage: Manage,
    /// She is to be asked whatever stands.
    pub show: bool,
}

/// What part of its grant the tokens of one answer may use.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Share {
    /// These scopes.
    pub scopes: Scopes,
    /// Within these terms; which conversations were picked is the grant's alone.
    pub terms: Terms,
}

/// What comes of a question.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Agreed {
    /// The grant that stands and is to be as said here; none is a new one.
    pub on: Option<GrantId>,
    /// The scopes of the grant from now on.
    pub scopes: Scopes,
    /// The terms of the grant from now on.
    pub terms: Terms,
    /// What for, from now on.
    pub purpose: String,
    /// She was asked; otherwise it follows from what she let before.
    pub asked: bool,
    /// What the tokens may use of it.
    pub share: Share,
}

impl Agreed {
    /// A grant of its own on these terms, whose tokens may use all of it.
    pub fn anew(scopes: Scopes, terms: Terms, purpose: &str) -> Agreed {
        let share = Share { scopes, terms: terms.clone() };
        Agreed { on: None, scopes, terms, purpose: purpose.to_owned(), asked: true, share }
    }
}

/// An ask against what stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Question {
    /// What she is offered. If she need not be asked, what she would be.
    pub offer: Offer,
    /// What stands: what the question adds to or replaces; for a grant of its own, whatever else there is.
    pub standing: Vec<Standing>,
    kind: Kind,
    scopes: Scopes,
    purpose: String,
    /// The app minds this grant itself, so its tokens have all of it.
    minded: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// She let this before.
    Answered,
    /// The app takes back some of what she let it do.
    Less,
    /// The same once more.
    Again,
    /// More than what stands; only that is asked.
    More,
    /// Another grant in the place of one that stands.
    Instead,
    /// A grant of its own.
    Apart,
}

/// What a question comes to.
pub fn question(ask: &Ask<'_>, standing: &[Standing], now: Time) -> Result<Question, OAuthError> {
    let fresh = bound(ask.asked, ask.ceiling, now, now)?;
    let in_force = |one: &&Standing| {
        one.terms.ends_at > now && one.agreed_at.plus_seconds(ask.ceiling.expires_in_s) > now
    };
    let held: Vec<&Standing> = standing.iter().filter(in_force).collect();
    match ask.manage {
        Manage::None | Manage::Create => {}
        Manage::Merge(grant) => return merge(ask, named(&held, grant)?, now),
        Manage::Replace(grant) => return replace(ask, named(&held, grant)?, now),
    }
    // What is counted is asked for each time, and what is counted is never added to.
    let alike = held.iter().copied().filter(|one| one.terms.uses.is_none() && fresh.uses.is_none());
    if ask.manage == Manage::None {
        let mut more = None;
        let mut answered = None;
        for one in alike {
            let against = Against { asked: bound(ask.asked, ask.ceiling, one.given_at, now)?, one, ask };
            let is_active = one.state == GrantState::Active;
            match (against.is_within(), against.is_beyond()) {
                (true, true) if !is_active || ask.show || !against.is_for_the_same() => {
                    return Ok(against.question(Kind::Again));
                }
                (true, _) if is_active && !ask.show && against.is_for_the_same() => {
                    answered = answered.or(Some(against));
                }
                (false, true) if is_active => more = more.or(Some(against)),
                _ => {}
            }
        }
        match (answered, more) {
            (Some(against), _) => return Ok(against.question(Kind::Answered)),
            (None, Some(against)) => return Ok(against.question(Kind::More)),
            (None, None) => {}
        }
    }
    Ok(Question {
        offer: draw(fresh, ask.scopes.and(ask.ceiling.scopes)),
        standing: held.into_iter().cloned().collect(),
        kind: Kind::Apart,
        scopes: ask.scopes.and(ask.ceiling.scopes),
        purpose: ask.purpose().to_owned(),
        minded: ask.manage == Manage::Create,
    })
}

fn named<'s>(held: &[&'s Standing], grant: GrantId) -> Result<&'s Standing, OAuthError> {
    let why = "there is no such grant of this person for this client";
    held.iter()
        .copied()
        .find(|one| one.grant == grant)
        .ok_or_else(|| OAuthError::new(ErrorCode::InvalidGrantId, why))
}

/// What is counted stays as it was counted.
fn uncounted(against: &Against<'_>) -> Result<(), OAuthError> {
    if against.asked.uses.is_none() && against.one.terms.uses.is_none() {
        return Ok(());
    }
    let why = "a grant with 'uses' is neither merged nor replaced; ask for a grant of its own";
    Err(OAuthError::new(ErrorCode::InvalidAuthorizationDetails, why))
}

/// The sum of what stands and what is asked. One set of terms can say it only if the two differ on a single axis, or one
/// holds the other; any other sum would let the app do what nobody asked for.
fn merge(ask: &Ask<'_>, one: &Standing, now: Time) -> Result<Question, OAuthError> {
    let mut against = Against { asked: bound(ask.asked, ask.ceiling, one.given_at, now)?, one, ask };
    uncounted(&against)?;
    let is_active = one.state == GrantState::Active;
    if against.is_within() && is_active && !ask.show && against.is_for_the_same() {
        return Ok(against.question(Kind::Answered));
    }
    if against.is_within() {
        against.asked = Bound::of(&one.terms, one.given_at, now);
        return Ok(against.question(Kind::Again));
    }
    if !against.is_beyond() {
        against.asked = against.sum().ok_or_else(|| {
            let why = "this and the grant differ in more than one way, and the sum would allow more than both: ask \
                       for the whole of it, or for a grant of its own";
            OAuthError::new(ErrorCode::InvalidAuthorizationDetails, why)
        })?;
    }
    Ok(against.question(Kind::More))
}

fn replace(ask: &Ask<'_>, one: &Standing, now: Time) -> Result<Question, OAuthError> {
    let against = Against { asked: bound(ask.asked, ask.ceiling, one.given_at, now)?, one, ask };
    uncounted(&against)?;
    let shrinks = against.shrinks() && one.state == GrantState::Active && against.is_for_the_same();
    Ok(against.question(if shrinks && !ask.show { Kind::Less } else { Kind::Instead }))
}

impl Ask<'_> {
    fn purpose(&self) -> &str {
        self.asked.map_or("", |asked| asked.purpose.as_str())
    }
}

/// An ask beside one grant that stands.
struct Against<'a> {
    asked: Bound,
    one: &'a Standing,
    ask: &'a Ask<'a>,
}

impl Against<'_> {
    fn opens(&self, since: Since) -> Time {
        since.opens(self.one.given_at, self.asked.now)
    }

    fn scopes(&self) -> Scopes {
        self.ask.scopes.and(self.ask.ceiling.scopes)
    }

    fn signs_in_only(&self) -> bool {
        self.asked.actions.is_empty()
    }

    /// For what she agreed to it, in the app's own words. Who only signs in gives no reason.
    fn is_for_the_same(&self) -> bool {
        self.signs_in_only() || self.ask.purpose() == self.one.purpose
    }

    /// Did she let all of this before? What the app can do without does not count; nor do days that went by since.
    fn is_within(&self) -> bool {
        let (asked, terms) = (&self.asked, &self.one.terms);
        if !self.one.scopes.has(self.scopes()) || self.signs_in_only() {
            return self.one.scopes.has(self.scopes());
        }
        let required = asked.actions.iter().filter(|&action| !asked.optional.has(action));
        required.collect::<Actions>().within(terms.actions.closed())
            && asked.kinds.within(terms.kinds)
            && self.opens(asked.since) >= self.opens(terms.since)
            && reach_within(asked, &terms.reach)
            && self.lasts_as_long()
    }

    /// Asked for as many days as she let it be, or fewer.
    fn lasts_as_long(&self) -> bool {
        let asked_s = self.asked.ends_at.seconds() - self.asked.now.seconds();
        self.signs_in_only() || asked_s <= lifetime_s(&self.one.terms, self.one.agreed_at)
    }

    /// Is this all that stands, and perhaps more?
    fn is_beyond(&self) -> bool {
        let (asked, terms) = (&self.asked, &self.one.terms);
        if self.signs_in_only() && !terms.actions.is_empty() {
            return false;
        }
        let lasts = asked.ends_at >= terms.ends_at;
        if terms.actions.is_empty() {
            return lasts;
        }
        lasts
            && terms.actions.closed().within(asked.actions)
            && terms.kinds.within(asked.kinds)
            && self.opens(asked.since) <= self.opens(terms.since)
            && reach_beyond(asked, &terms.reach)
    }

    /// Is this nothing but less, or the same?
    fn shrinks(&self) -> bool {
        let (asked, terms) = (&self.asked, &self.one.terms);
        let picked = match (&asked.only, &terms.reach.chosen) {
            (Some(ids), Some(chosen)) => ids.is_subset(chosen),
            (_, None) => asked.only.is_some() || asked.cap != ReachCap::Chosen,
            (None, Some(_)) => asked.cap != ReachCap::All,
        };
        self.one.scopes.has(self.scopes())
            && asked.actions.within(terms.actions.closed())
            && asked.kinds.within(terms.kinds)
            && self.opens(asked.since) >= self.opens(terms.since)
            && picked
            && (asked.cap == ReachCap::Started || !terms.reach.started_only)
            && self.lasts_as_long()
    }

    /// The terms that allow what stands and what is asked, and nothing else; none if there are no such terms.
    fn sum(&self) -> Option<Bound> {
        let (asked, terms) = (&self.asked, &self.one.terms);
        let (opens, stood) = (self.opens(asked.since), self.opens(terms.since));
        let (within, beyond) = (reach_within(asked, &terms.reach), reach_beyond(asked, &terms.reach));
        let same = [
            asked.actions == terms.actions.closed(),
            asked.kinds == terms.kinds,
            opens == stood,
            within && beyond,
        ];
        let lasts = asked.ends_at >= terms.ends_at;
        if !lasts || same.iter().filter(|same| !**same).count() > 1 {
            return None;
        }
        let (cap, only) = match (within, beyond, &asked.only, &terms.reach.chosen) {
            (_, true, ..) => (asked.cap, asked.only.clone()),
            (true, ..) => (terms.reach.cap(), terms.reach.chosen.clone()),
            (_, _, Some(ids), Some(chosen))
                if terms.reach.started_only == (asked.cap == ReachCap::Started) =>
            {
                (asked.cap, Some(ids | chosen))
            }
            _ => return None,
        };
        Some(Bound {
            actions: asked.actions.or(terms.actions.closed()),
            kinds: asked.kinds.or(terms.kinds),
            since: if opens <= stood { asked.since } else { terms.since },
            cap,
            only,
            ends_at: terms.ends_at,
            ..asked.clone()
        })
    }

    fn question(self, kind: Kind) -> Question {
        let scopes = self.scopes();
        let Against { mut asked, one, ask } = self;
        if kind == Kind::More {
            // What only signed her in had no limits that could go on.
            asked.floor = (!one.terms.actions.is_empty()).then(|| one.terms.clone());
            // A window that nothing has looked through yet begins now.
            if !one.terms.looks_back() {
                asked.given_at = asked.now;
            }
        }
        if kind == Kind::Less {
            let (given_at, now) = (asked.given_at, asked.now);
            let left = one.terms.clone().meet(&asked.widest(), given_at, now);
            asked = Bound { only: left.reach.chosen, ends_at: left.ends_at, ..asked };
        }
        let new = if kind == Kind::More { scopes.without(one.scopes) } else { scopes };
        let mut offer = draw(asked, new);
        if kind == Kind::Again {
            offer.ticked.extend(one.terms.reach.chosen.iter().flatten());
        }
        Question {
            offer,
            standing: vec![one.clone()],
            kind,
            scopes,
            purpose: ask.purpose().to_owned(),
            minded: ask.manage != Manage::None,
        }
    }
}

/// Are these conversations among those that stand? A list counts only as a whole: tokens share the list of their grant.
fn reach_within(asked: &Bound, stands: &Reach) -> bool {
    match (&asked.only, asked.cap) {
        (None, ReachCap::Started) => stands.chosen.is_none(),
        (None, ReachCap::Chosen) => !stands.started_only && stands.chosen.is_some(),
        (None, ReachCap::All) => *stands == Reach::ALL,
        (Some(ids), cap) => {
            stands.chosen.as_ref() == Some(ids) && (cap == ReachCap::Started || !stands.started_only)
        }
    }
}

/// Are all conversations that stand among these?
fn reach_beyond(asked: &Bound, stands: &Reach) -> bool {
    match (&asked.only, asked.cap) {
        (None, ReachCap::All) => true,
        (None, ReachCap::Started) => stands.started_only,
        (None, ReachCap::Chosen) => !stands.started_only && stands.chosen.is_some(),
        (Some(ids), cap) => {
            stands.chosen.as_ref().is_some_and(|chosen| chosen.is_subset(ids))
                && stands.started_only == (cap == ReachCap::Started)
        }
    }
}

fn whole(scopes: Scopes, terms: &Terms) -> Share {
    Share { scopes, terms: terms.clone() }
}

impl Question {
    /// What follows from what she let before; none if she must be asked.
    pub fn answered(&self) -> Option<Agreed> {
        let on = self.standing.first()?;
        let share = self.share(self.offer.widest());
        match self.kind {
            Kind::Answered => Some(Agreed {
                on: Some(on.grant),
                scopes: on.scopes,
                terms: on.terms.clone(),
                purpose: on.purpose.clone(),
                asked: false,
                share: if self.minded { whole(on.scopes, &on.terms) } else { share },
            }),
            Kind::Less => Some(Agreed {
                on: Some(on.grant),
                scopes: self.scopes,
                terms: self.offer.widest(),
                purpose: on.purpose.clone(),
                asked: false,
                share,
            }),
            Kind::Again | Kind::More | Kind::Instead | Kind::Apart => None,
        }
    }

    /// What comes of the person's choice. The choice narrows what was offered; what stands beside it goes on.
    pub fn settle(&self, choice: &Choice) -> Result<Agreed, ChoiceInvalid> {
        let terms = settle(&self.offer, choice)?;
        let on = self.standing.first().filter(|_| self.kind != Kind::Apart);
        let stood = match self.kind {
            Kind::Instead | Kind::Apart => Scopes::default(),
            _ => on.map_or(Scopes::default(), |on| on.scopes),
        };
        let scopes = self.scopes.or(stood);
        Ok(Agreed {
            on: on.map(|on| on.grant),
            scopes,
            terms: terms.clone(),
            purpose: match on {
                Some(on) if self.purpose.is_empty() => on.purpose.clone(),
                _ => self.purpose.clone(),
            },
            asked: true,
            share: if self.minded { whole(scopes, &terms) } else { self.share(terms) },
        })
    }

    fn share(&self, terms: Terms) -> Share {
        Share { scopes: self.scopes, terms }
    }

    /// Only what is new is asked: what stands goes on beside it.
    pub fn is_more(&self) -> bool {
        self.kind == Kind::More
    }

    /// She let exactly this before.
    pub fn is_again(&self) -> bool {
        self.kind == Kind::Again
    }

    /// It takes the place of what stands.
    pub fn is_instead(&self) -> bool {
        self.kind == Kind::Instead
    }

    /// Would these terms, for the first time as things stand, let the app delete, or into all conversations? Then the
    /// person signs in again first, so that nobody says yes in an unattended browser.
    pub fn steps_up(&self, terms: &Terms) -> bool {
        let stands = |has: &dyn Fn(&Terms) -> bool| self.standing.iter().any(|one| has(&one.terms));
        let deletes = |terms: &Terms| terms.actions.has(Action::Delete);
        let everywhere = |terms: &Terms| !terms.actions.is_empty() && terms.reach.cap() == ReachCap::All;
        (deletes(terms) && !stands(&deletes)) || (everywhere(terms) && !stands(&everywhere))
    }
}

#[cfg(test)]
#[path = "standing_tests.rs"]
mod tests;
