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
/// The value of `expires_in` that leaves a present grant's end where it is.
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
    /// The actions; none means that the app only signs her in, and then every other axis is empty too.
    pub actions: Vec<ActionOffer>,
    /// The kinds of content; each can be unticked.
    pub kinds: Kinds,
    /// How wide it may reach, widest first.
    pub reach: Vec<Step>,
    /// Only these conversations can be picked; none means any of hers.
    pub pick_from: Option<BTreeSet<ConversationId>>,
    /// The windows, widest first.
    pub since: Vec<Step>,
    /// The lifetimes, longest first.
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
    let scopes = scopes.and(ceiling.scopes);
    let Some(asked) = asked else {
        return Ok(draw(sign_in_only(ceiling, now), scopes, Vec::new()));
    };
    let actions = asked.actions.closed().and(ceiling.actions.closed());
    let kinds = asked.kinds.and(ceiling.kinds);
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
    let expires_in_s = asked.expires_in_s.min(ceiling.expires_in_s);
    let bound = Bound {
        now,
        given_at: now,
        actions,
        optional: asked.optional,
        cap: cap.min(ceiling.reach),
        only,
        since: asked.since.narrower(ceiling.since, now),
        kinds,
        ends_at: now.plus_seconds(expires_in_s),
        uses: asked.uses,
    };
    let widest = Step { value: expires_in_s.to_string(), label: wording::span(expires_in_s), selected: true };
    Ok(draw(bound, scopes, vec![widest]))
}

/// What the person can narrow a present grant to: the same axes, the same law.
pub fn offer_again(terms: &Terms, given_at: Time, now: Time) -> Offer {
    let bound = Bound {
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
    };
    let label = format!("Until {}, as it is", terms.ends_at.date());
    draw(bound, Scopes::default(), vec![Step { value: KEEP.to_owned(), label, selected: true }])
}

fn sign_in_only(ceiling: &Ceiling, now: Time) -> Bound {
    Bound {
        now,
        given_at: now,
        actions: Actions::NONE,
        optional: Actions::NONE,
        cap: ReachCap::Started,
        only: None,
        since: Since::Grant,
        kinds: Kinds::NONE,
        ends_at: now.plus_seconds(EXPIRES_IN_S_DEFAULT.min(ceiling.expires_in_s)),
        uses: None,
    }
}

/// Lays a bound out as the axes of a page.
fn draw(bound: Bound, scopes: Scopes, mut expires_in: Vec<Step>) -> Offer {
    if bound.actions.is_empty() {
        let none = || Vec::new();
        let (kinds, pick_from, uses) = (Kinds::NONE, None, None);
        return Offer {
            scopes,
            actions: Vec::new(),
            kinds,
            reach: none(),
            pick_from,
            since: none(),
            expires_in: none(),
            uses,
            bound,
        };
    }
    // `read` brings `list` with it, so the page never shows a tick for the one without the other.
    let required = bound.actions.iter().filter(|&action| !bound.optional.has(action));
    let ticked = required.collect::<Actions>().closed();
    let actions = bound.actions.iter().map(|action| ActionOffer {
        action,
        ticked: ticked.has(action),
        optional: bound.optional.has(action),
        does: wording::action_does(action),
        without: wording::action_without(action),
    });
    let caps =
        [ReachCap::All, ReachCap::Chosen, ReachCap::Started].into_iter().filter(|cap| *cap <= bound.cap);
    let reach = caps.map(|cap| Step {
        value: cap.as_str().to_owned(),
        label: wording::reach_name(cap).to_owned(),
        selected: cap == bound.cap,
    });
    let opens = |since: Since| since.opens(bound.given_at, bound.now);
    let steps = SINCE_STEPS.into_iter().filter(|step| opens(*step) > opens(bound.since));
    let since = std::iter::once(bound.since).chain(steps).map(|since| Step {
        value: since::text(since),
        label: wording::since_name(since),
        selected: since == bound.since,
    });
    let shorter =
        EXPIRES_IN_STEPS_S.into_iter().filter(|seconds| bound.now.plus_seconds(*seconds) < bound.ends_at);
    expires_in.extend(shorter.map(|seconds| Step {
        value: seconds.to_string(),
        label: wording::span(seconds),
        selected: false,
    }));
    Offer {
        scopes,
        actions: actions.collect(),
        kinds: bound.kinds,
        reach: reach.collect(),
        pick_from: bound.only.clone(),
        since: since.collect(),
        expires_in,
        uses: bound.uses,
        bound,
    }
}

impl Offer {
    /// The widest terms that the offer could become: what a preview counts. Of conversations still to be picked, all count.
    pub fn widest(&self) -> Terms {
        let Bound { actions, cap, only, since, kinds, ends_at, uses, .. } = self.bound.clone();
        let reach = Reach { started_only: cap == ReachCap::Started, chosen: only };
        Terms { actions, reach, since, kinds, ends_at, uses }
    }
}

/// The terms that the person's choice leaves of the offer.
pub fn settle(offer: &Offer, choice: &Choice) -> Result<Terms, ChoiceInvalid> {
    let bound = &offer.bound;
    if bound.actions.is_empty() {
        return Ok(offer.widest());
    }
    let actions = words(&choice.actions, Action::parse, "action")?.into_iter().collect::<Actions>();
    if actions.is_empty() {
        return Err(ChoiceInvalid::NoAction);
    }
    if !actions.within(bound.actions) {
        return Err(ChoiceInvalid::Wider("action"));
    }
    let kinds = match &choice.kinds {
        None => bound.kinds,
        Some(list) => words(list, Kind::parse, "kind")?.into_iter().collect::<Kinds>(),
    };
    if kinds.is_empty() {
        return Err(ChoiceInvalid::NoKind);
    }
    if !kinds.within(bound.kinds) {
        return Err(ChoiceInvalid::Wider("kind"));
    }
    Ok(Terms {
        actions: actions.closed(),
        reach: settle_reach(bound, choice)?,
        since: settle_since(bound, choice)?,
        kinds,
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
    let picked: BTreeSet<ConversationId> =
        words(&choice.conversations, |id| id.parse().ok(), "conversation")?.into_iter().collect();
    if bound.only.as_ref().is_some_and(|only| !picked.is_subset(only)) {
        return Err(ChoiceInvalid::Wider("conversation"));
    }
    if picked.is_empty() && (cap == ReachCap::Chosen || bound.only.is_some()) {
        return Err(ChoiceInvalid::NoConversation);
    }
    if picked.len() > PICKED_MAX {
        return Err(ChoiceInvalid::TooManyConversations);
    }
    let chosen = if picked.is_empty() { None } else { Some(picked) };
    Ok(Reach { started_only: cap == ReachCap::Started, chosen })
}

fn settle_since(bound: &Bound, choice: &Choice) -> Result<Since, ChoiceInvalid> {
    let Some(text) = &choice.since else { return Ok(bound.since) };
    let since = since::parse(text).ok_or(ChoiceInvalid::Unknown("since"))?;
    let opens = |since: Since| since.opens(bound.given_at, bound.now);
    if opens(since) >= opens(bound.since) { Ok(since) } else { Err(ChoiceInvalid::Wider("since")) }
}

fn settle_end(bound: &Bound, choice: &Choice) -> Result<Time, ChoiceInvalid> {
    let Some(text) = choice.expires_in.as_deref().filter(|text| *text != KEEP) else {
        return Ok(bound.ends_at);
    };
    let seconds: i64 = text.parse().ok().filter(|s| *s > 0).ok_or(ChoiceInvalid::Unknown("expires_in"))?;
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
