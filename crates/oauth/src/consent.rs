//! Consent: what an app asks, narrowed by its ceiling, is offered to the person; what she leaves standing is the grant.
//!
//! Invariant: [`settle`] only narrows. Whatever a form says, the terms lie within the offer, and an offer lies within the
//! ask (or the present grant) and the ceiling. The page is drawn from the offer, so it cannot say other than what is stored.
//!
//! Windows are compared at the moment of the offer: the one that opens later is the narrower, for every message that it
//! will ever show, the other would have shown too.

use crate::details::{Asked, AskedReach};
use crate::error::{ErrorCode, OAuthError};
use crate::since::{self, DAY_S};
use crate::wording;
use model::{
    Action, Actions, Ceiling, ConversationId, EXPIRES_IN_S_DEFAULT, Kind, Kinds, Reach, ReachCap, Scopes,
    Since, Terms, Time,
};
use std::collections::BTreeSet;

mod standing;

pub use standing::{Agreed, Ask, Question, Share, Standing, question};

/// Windows that are offered beside the one that was asked for.
const SINCE_STEPS: [Since; 7] = [
    Since::Last(365 * DAY_S),
    Since::Last(90 * DAY_S),
    Since::Last(30 * DAY_S),
    Since::Last(7 * DAY_S),
    Since::Last(3 * DAY_S),
    Since::Last(DAY_S),
    Since::Grant,
];
/// Lifetimes that are offered beside the one that was asked for, in seconds.
const EXPIRES_IN_STEPS_S: [i64; 7] =
    [365 * DAY_S, 180 * DAY_S, 90 * DAY_S, 30 * DAY_S, 7 * DAY_S, DAY_S, 3_600];
/// The most conversations that can be picked: the record of a grant names each, and an entry of the log has its limit.
pub const PICKED_MAX: usize = 1_000;
/// The value of `expires_in` that leaves a present grant's end where it is, and of `reach` that leaves its reach.
const KEEP: &str = "keep";

/// One value of a select.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// Its value in the form.
    pub value: String,
    /// Its words on the page.
    pub label: String,
    /// Chosen unless the person chooses another: the widest that is offered.
    pub selected: bool,
}

/// One action on the page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ActionOffer {
    /// Which.
    pub action: Action,
    /// Ticked unless the person unticks it.
    pub ticked: bool,
    /// The app says that it can do without.
    pub optional: bool,
    /// What it lets the app do.
    pub does: &'static str,
    /// What will not work if she unticks it.
    pub without: &'static str,
}

/// All that the person can agree to, at one moment. A form that comes back is settled against an offer made anew.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Offer {
    /// The scopes that come with agreeing.
    pub scopes: Scopes,
    /// The actions.
    pub actions: Vec<ActionOffer>,
    /// The kinds of content; each can be unticked.
    pub kinds: Kinds,
    /// How wide it may reach, widest first. None: nothing is offered here.
    pub reach: Vec<Step>,
    /// Only these conversations can be picked; none means any of hers.
    pub pick_from: Option<BTreeSet<ConversationId>>,
    /// Those that stand picked unless the person unpicks them.
    pub ticked: BTreeSet<ConversationId>,
    /// The windows, widest first. None: nothing is offered here.
    pub since: Vec<Step>,
    /// The lifetimes, longest first. None: nothing is offered here.
    pub expires_in: Vec<Step>,
    /// How many acts in all; not hers to raise.
    pub uses: Option<u64>,
    bound: Bound,
}

/// The widest that an offer lets through.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Bound {
    now: Time,
    /// When the grant was given: now, unless it is a present one.
    given_at: Time,
    actions: Actions,
    optional: Actions,
    cap: ReachCap,
    only: Option<BTreeSet<ConversationId>>,
    since: Since,
    kinds: Kinds,
    ends_at: Time,
    uses: Option<u64>,
    /// What stands already, and goes on standing whatever the form says: only what is beyond it is offered.
    floor: Option<Terms>,
}

/// What the person's form says. An axis that the form did not have is none, and then stays as offered; a form that had
/// boxes for kinds and came back with none ticked is `Some` of an empty list.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Choice {
    /// Ticked actions.
    pub actions: Vec<String>,
    /// Ticked kinds.
    pub kinds: Option<Vec<String>>,
    /// `started`, `chosen` or `all`.
    pub reach: Option<String>,
    /// Ticked conversations. They narrow whatever the reach is.
    pub conversations: Vec<String>,
    /// The window.
    pub since: Option<String>,
    /// The lifetime in seconds from now, or `keep`.
    pub expires_in: Option<String>,
}

/// Why a form cannot be settled; each sentence tells the person what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChoiceInvalid {
    /// Nothing would be left.
    #[error("Tick at least one thing that the app may do, or do not let it in.")]
    NoAction,
    /// No kind of content would be left.
    #[error("Tick at least one kind of message.")]
    NoKind,
    /// A list was promised and none given.
    #[error("Pick at least one conversation, or another reach.")]
    NoConversation,
    /// More than a record can name.
    #[error("Pick at most {PICKED_MAX} conversations, or another reach.")]
    TooManyConversations,
    /// Not a value of this field.
    #[error("The form holds a value of '{0}' that is not known. Go back and choose again.")]
    Unknown(&'static str),
    /// More than was asked for or is allowed.
    #[error("The form holds more in '{0}' than was asked for. Go back and choose again.")]
    Wider(&'static str),
}

/// What the person is offered: the ask, narrowed by the ceiling without a word. Without an ask it is a mere sign-in.
///
/// If the ceiling leaves nothing of what was asked, the answer to the app is `access_denied`, and no page is shown: it is
/// the operator who says no, and the person has nothing to decide.
pub fn offer(
    asked: Option<&Asked>,
    scopes: Scopes,
    ceiling: &Ceiling,
    now: Time,
) -> Result<Offer, OAuthError> {
    Ok(draw(bound(asked, ceiling, now, now)?, scopes.and(ceiling.scopes)))
}

/// The ask within the ceiling, for a grant that was given at `given_at`.
fn bound(asked: Option<&Asked>, ceiling: &Ceiling, given_at: Time, now: Time) -> Result<Bound, OAuthError> {
    let Some(asked) = asked else { return Ok(sign_in_only(ceiling, given_at, now)) };
    let actions = asked.actions.closed().and(ceiling.actions_at(now));
    let kinds = asked.kinds.and(ceiling.kinds_at(now));
    if actions.is_empty() || kinds.is_empty() {
        return Err(OAuthError::new(
            ErrorCode::AccessDenied,
            "the operator's ceiling for this app leaves nothing of what it asked for",
        ));
    }
    let (cap, only) = match &asked.reach {
        AskedReach::Started => (ReachCap::Started, None),
        AskedReach::Chosen => (ReachCap::Chosen, None),
        AskedReach::All => (ReachCap::All, None),
        AskedReach::These(ids) => (ReachCap::Chosen, Some(ids.clone())),
    };
    Ok(Bound {
        now,
        given_at,
        actions,
        optional: asked.optional,
        cap: cap.min(ceiling.reach),
        only,
        since: asked.since.narrower(ceiling.since, given_at, now),
        kinds,
        ends_at: now.plus_seconds(asked.expires_in_s.min(ceiling.expires_in_s)),
        uses: asked.uses,
        floor: None,
    })
}

/// What the person can narrow a present grant to: the same axes, the same law.
pub fn offer_again(terms: &Terms, given_at: Time, now: Time) -> Offer {
    let bound = Bound::of(terms, given_at, now);
    let as_it_is = keep(&bound, true);
    let mut offer = draw(bound, Scopes::default());
    // Its end is a moment, which no number of seconds from now says exactly.
    if let Some(widest) = offer.expires_in.first_mut() {
        *widest = as_it_is;
    }
    offer
}

fn sign_in_only(ceiling: &Ceiling, given_at: Time, now: Time) -> Bound {
    Bound {
        now,
        given_at,
        actions: Actions::NONE,
        optional: Actions::NONE,
        cap: ReachCap::Started,
        only: None,
        since: Since::Grant,
        kinds: Kinds::NONE,
        ends_at: now.plus_seconds(EXPIRES_IN_S_DEFAULT.min(ceiling.expires_in_s)),
        uses: None,
        floor: None,
    }
}

/// Lays a bound out as the axes of a page; of what stands already, nothing is offered again.
fn draw(bound: Bound, scopes: Scopes) -> Offer {
    if bound.actions.is_empty() {
        let none = || Vec::new();
        let (kinds, pick_from, uses) = (Kinds::NONE, None, None);
        return Offer {
            scopes,
            actions: Vec::new(),
            kinds,
            reach: none(),
            pick_from,
            ticked: BTreeSet::new(),
            since: none(),
            expires_in: none(),
            uses,
            bound,
        };
    }
    let floor = bound.floor.as_ref();
    let stands = floor.map_or(Actions::NONE, |floor| floor.actions.closed());
    // `read` brings `list` with it, so the page never shows a tick for the one without the other.
    let required = bound.actions.iter().filter(|&action| !bound.optional.has(action));
    let ticked = required.collect::<Actions>().closed();
    let new = bound.actions.iter().filter(|&action| !stands.has(action));
    let actions = new.map(|action| ActionOffer {
        action,
        ticked: ticked.has(action),
        optional: bound.optional.has(action),
        does: wording::action_does(action),
        without: wording::action_without(action),
    });
    let kinds = bound.kinds.iter().filter(|&kind| floor.is_none_or(|floor| !floor.kinds.has(kind)));
    let (reach, pick_from) = reach_steps(&bound);
    Offer {
        scopes,
        actions: actions.collect(),
        kinds: kinds.collect(),
        reach,
        ticked: pick_from.clone().unwrap_or_default(),
        pick_from,
        since: since_steps(&bound),
        expires_in: expires_in_steps(&bound),
        uses: bound.uses,
        bound,
    }
}

fn reach_steps(bound: &Bound) -> (Vec<Step>, Option<BTreeSet<ConversationId>>) {
    let step = |cap: ReachCap, selected| Step {
        value: cap.as_str().to_owned(),
        label: wording::reach_name(cap).to_owned(),
        selected,
    };
    let Some(Terms { reach: stands, .. }) = &bound.floor else {
        let caps = [ReachCap::All, ReachCap::Chosen, ReachCap::Started];
        let caps = caps.into_iter().filter(|cap| *cap <= bound.cap);
        return (caps.map(|cap| step(cap, cap == bound.cap)).collect(), bound.only.clone());
    };
    if stands.cap() == bound.cap {
        let more =
            |ids: &BTreeSet<_>| ids.difference(stands.chosen.as_ref().unwrap_or(ids)).copied().collect();
        let more: Option<BTreeSet<_>> =
            bound.only.as_ref().map(more).filter(|more: &BTreeSet<_>| !more.is_empty());
        let steps = more.iter().map(|_| step(bound.cap, true)).collect();
        return (steps, more);
    }
    let keep = Step { value: KEEP.to_owned(), selected: false, ..step(stands.cap(), false) };
    (vec![step(bound.cap, true), keep], None)
}

fn since_steps(bound: &Bound) -> Vec<Step> {
    let opens = |since: Since| since.opens(bound.given_at, bound.now);
    let stands = bound.floor.as_ref().map(|floor| floor.since);
    if stands.is_some_and(|stands| opens(stands) <= opens(bound.since)) {
        return Vec::new();
    }
    let between = |step: &Since| {
        opens(*step) > opens(bound.since) && stands.is_none_or(|stands| opens(*step) < opens(stands))
    };
    let steps = std::iter::once(bound.since).chain(SINCE_STEPS.into_iter().filter(between)).chain(stands);
    let step = |since| Step {
        value: since::text(since),
        label: wording::since_name(since, bound.given_at, bound.now),
        selected: since == bound.since,
    };
    steps.map(step).collect()
}

fn expires_in_steps(bound: &Bound) -> Vec<Step> {
    let from_now_s = |at: Time| (at.micros() - bound.now.micros()).div_euclid(1_000_000);
    let stands_s = bound.floor.as_ref().map(|floor| from_now_s(floor.ends_at));
    let most_s = from_now_s(bound.ends_at);
    let fits = |seconds: &i64| *seconds < most_s && stands_s.is_none_or(|stands_s| *seconds > stands_s);
    let longest = Some(most_s).filter(|most_s| stands_s.is_none_or(|stands_s| *most_s > stands_s));
    let steps = longest.into_iter().chain(EXPIRES_IN_STEPS_S.into_iter().filter(fits)).map(|seconds| Step {
        value: seconds.to_string(),
        label: wording::span(seconds),
        selected: Some(seconds) == longest,
    });
    let kept = bound.floor.as_ref().map(|_| keep(bound, longest.is_none()));
    steps.chain(kept).collect()
}

/// The step that leaves the end where it is.
fn keep(bound: &Bound, selected: bool) -> Step {
    let ends_at = bound.floor.as_ref().map_or(bound.ends_at, |floor| floor.ends_at);
    Step { value: KEEP.to_owned(), label: format!("Until {}, as it is", ends_at.date()), selected }
}

impl Offer {
    /// Does it let the app sign her in, and nothing with her messages?
    pub fn only_signs_in(&self) -> bool {
        self.bound.actions.is_empty()
    }

    /// The widest terms that the offer could become: what a preview counts. Of conversations still to be picked, all count.
    pub fn widest(&self) -> Terms {
        self.bound.widest()
    }

    /// When the grant that it is about was given: now, unless it is a present one.
    pub fn given_at(&self) -> Time {
        self.bound.given_at
    }
}

impl Bound {
    /// As wide as these terms, and no wider.
    fn of(terms: &Terms, given_at: Time, now: Time) -> Bound {
        Bound {
            now,
            given_at,
            actions: terms.actions.closed(),
            optional: Actions::NONE,
            cap: terms.reach.cap(),
            only: terms.reach.chosen.clone(),
            since: terms.since,
            kinds: terms.kinds,
            ends_at: terms.ends_at,
            uses: terms.uses,
            floor: None,
        }
    }

    fn widest(&self) -> Terms {
        let Bound { actions, cap, only, since, kinds, ends_at, uses, .. } = self.clone();
        let reach = Reach { started_only: cap == ReachCap::Started, chosen: only };
        let asked = Terms { actions, reach, since, kinds, ends_at, uses };
        match &self.floor {
            // Conversations that were picked before stay picked.
            Some(floor) if cap == ReachCap::Chosen && self.only.is_none() => {
                Terms { reach: floor.reach.clone(), ..asked }
            }
            _ => asked,
        }
    }
}

/// The terms that the person's choice leaves of the offer.
pub fn settle(offer: &Offer, choice: &Choice) -> Result<Terms, ChoiceInvalid> {
    let bound = &offer.bound;
    if bound.actions.is_empty() {
        return Ok(offer.widest());
    }
    let stands = bound.floor.as_ref();
    let actions = words(&choice.actions, Action::parse, "action")?.into_iter().collect::<Actions>();
    if actions.is_empty() && stands.is_none() {
        return Err(ChoiceInvalid::NoAction);
    }
    if !actions.within(bound.actions) {
        return Err(ChoiceInvalid::Wider("action"));
    }
    let kinds = match &choice.kinds {
        None => bound.kinds,
        Some(list) => words(list, Kind::parse, "kind")?.into_iter().collect::<Kinds>(),
    };
    if kinds.is_empty() && stands.is_none() {
        return Err(ChoiceInvalid::NoKind);
    }
    if !kinds.within(bound.kinds) {
        return Err(ChoiceInvalid::Wider("kind"));
    }
    let (all_actions, all_kinds) = match stands {
        Some(floor) => (actions.or(floor.actions), kinds.or(floor.kinds)),
        None => (actions, kinds),
    };
    Ok(Terms {
        actions: all_actions.closed(),
        reach: match stands {
            None => settle_reach(bound, choice)?,
            Some(floor) => settle_more_reach(bound, &floor.reach, choice)?,
        },
        since: settle_since(bound, choice)?,
        kinds: all_kinds,
        ends_at: settle_end(bound, choice)?,
        uses: bound.uses,
    })
}

fn settle_reach(bound: &Bound, choice: &Choice) -> Result<Reach, ChoiceInvalid> {
    let cap = match &choice.reach {
        None => bound.cap,
        Some(word) => ReachCap::parse(word).ok_or(ChoiceInvalid::Unknown("reach"))?,
    };
    if cap > bound.cap {
        return Err(ChoiceInvalid::Wider("reach"));
    }
    let picked = picked(bound, choice)?;
    if picked.is_empty() && (cap == ReachCap::Chosen || bound.only.is_some()) {
        return Err(ChoiceInvalid::NoConversation);
    }
    let chosen = if picked.is_empty() { None } else { Some(picked) };
    Ok(Reach { started_only: cap == ReachCap::Started, chosen })
}

/// As [`settle_reach`], where some conversations are within reach already.
fn settle_more_reach(bound: &Bound, stands: &Reach, choice: &Choice) -> Result<Reach, ChoiceInvalid> {
    let word = choice.reach.as_deref();
    let is_kept = word == Some(KEEP) || (bound.only.is_none() && stands.cap() == bound.cap);
    if is_kept {
        return Ok(stands.clone());
    }
    if word.is_some_and(|word| word != bound.cap.as_str()) {
        return Err(ChoiceInvalid::Unknown("reach"));
    }
    match (bound.cap, &bound.only, &stands.chosen) {
        (ReachCap::All, None, _) => Ok(Reach::ALL),
        (ReachCap::Started, None, _) => Ok(Reach::STARTED),
        (cap, Some(_), Some(chosen)) => {
            let all: BTreeSet<_> = chosen | &picked(bound, choice)?;
            if all.len() > PICKED_MAX {
                return Err(ChoiceInvalid::TooManyConversations);
            }
            Ok(Reach { started_only: cap == ReachCap::Started, chosen: Some(all) })
        }
        _ => Err(ChoiceInvalid::Unknown("reach")),
    }
}

fn picked(bound: &Bound, choice: &Choice) -> Result<BTreeSet<ConversationId>, ChoiceInvalid> {
    let picked: BTreeSet<ConversationId> =
        words(&choice.conversations, |id| id.parse().ok(), "conversation")?.into_iter().collect();
    if bound.only.as_ref().is_some_and(|only| !picked.is_subset(only)) {
        return Err(ChoiceInvalid::Wider("conversation"));
    }
    if picked.len() > PICKED_MAX {
        return Err(ChoiceInvalid::TooManyConversations);
    }
    Ok(picked)
}

fn settle_since(bound: &Bound, choice: &Choice) -> Result<Since, ChoiceInvalid> {
    let opens = |since: Since| since.opens(bound.given_at, bound.now);
    let stands =
        bound.floor.as_ref().map(|floor| floor.since).filter(|stands| opens(*stands) <= opens(bound.since));
    let Some(text) = &choice.since else { return Ok(stands.unwrap_or(bound.since)) };
    let since = since::parse(text).ok_or(ChoiceInvalid::Unknown("since"))?;
    if opens(since) < opens(bound.since) {
        return Err(ChoiceInvalid::Wider("since"));
    }
    let stands = bound.floor.as_ref().map(|floor| floor.since);
    Ok(stands.filter(|stands| opens(*stands) <= opens(since)).unwrap_or(since))
}

fn settle_end(bound: &Bound, choice: &Choice) -> Result<Time, ChoiceInvalid> {
    let kept = bound.floor.as_ref().map_or(bound.ends_at, |floor| floor.ends_at);
    let seconds: i64 = match choice.expires_in.as_deref() {
        None => return Ok(bound.ends_at),
        Some(KEEP) => return Ok(kept),
        Some(text) => text.parse().ok().filter(|s| *s > 0).ok_or(ChoiceInvalid::Unknown("expires_in"))?,
    };
    let ends_at = bound.now.plus_seconds(seconds);
    if ends_at <= bound.ends_at { Ok(ends_at) } else { Err(ChoiceInvalid::Wider("expires_in")) }
}

fn words<T>(
    list: &[String],
    parse: impl Fn(&str) -> Option<T>,
    field: &'static str,
) -> Result<Vec<T>, ChoiceInvalid> {
    list.iter().map(|word| parse(word).ok_or(ChoiceInvalid::Unknown(field))).collect()
}

#[cfg(test)]
#[path = "consent_tests.rs"]
mod tests;
