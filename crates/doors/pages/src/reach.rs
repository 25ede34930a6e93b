//! What an app can reach in a person's conversations today, counted by the rule that is enforced.
//!
//! Invariant: the counts come from `model::allow` on the very terms that are shown, and from the predicate of reading.

use crate::Door;
use crate::problem::Problem;
use crate::view::{ConversationBox, Name, count, counted};
use model::{Action, AppId, ConversationId, GrantState, Limits, Standing, Terms, Time};
use oauth::consent::Offer;
use vault::{AppFacts, Face, Listed, Own, WithinReach};

/// How many conversations can be picked from on one page; those that were active last.
const PICKS_MAX: i64 = 500;

/// A grant as far as its reach goes: one that stands, or one that might.
pub(crate) struct Given<'a> {
    pub(crate) terms: &'a Terms,
    pub(crate) state: GrantState,
    pub(crate) at: Time,
    /// When she last agreed to how long it lasts.
    pub(crate) agreed_at: Time,
    pub(crate) used: u64,
}

/// The limits within which the app may do any of this, and which of it; none if nothing.
pub(crate) fn limits(
    app: &AppFacts,
    own: &Own,
    given: &Given<'_>,
    now: Time,
) -> (Option<Limits>, Vec<Action>) {
    let standing = Standing {
        now,
        app: app.id,
        app_live: app.live_at(now),
        ceiling: &app.ceiling,
        person: own.person(),
        terms: given.terms,
        state: given.state,
        given_at: given.at,
        agreed_at: given.agreed_at,
        used: given.used,
    };
    // The limits are the same for every action that is allowed; only which are allowed differs.
    let mut limits = None;
    let mut actions = Vec::new();
    for &action in Action::EACH {
        if let Ok(found) = model::allow(&standing, action) {
            limits = Some(found);
            actions.push(action);
        }
    }
    (limits, actions)
}

/// What lies within these limits today.
pub(crate) async fn within(
    door: &Door,
    own: &Own,
    limits: Option<Limits>,
    terms: &Terms,
) -> Result<WithinReach, Problem> {
    let chosen: Vec<ConversationId> = terms.reach.chosen.iter().flatten().copied().collect();
    match limits {
        Some(limits) => Ok(door.vault.own_preview(own, limits, chosen).await?),
        None => Ok(WithinReach::default()),
    }
}

/// The title of a conversation, or who else is in it.
pub(crate) fn title(title: Option<&str>, others: &[Face]) -> Name {
    const NAMED_MAX: usize = 4;
    if let Some(title) = title {
        return title.into();
    }
    let named: Vec<&str> = others.iter().take(NAMED_MAX).map(|other| other.name.as_str()).collect();
    match (named.as_slice(), others.len().saturating_sub(NAMED_MAX)) {
        ([], _) => "Only you".into(),
        (named, 0) => named.join(", ").into(),
        (named, more) => format!("{} and {more} more", named.join(", ")).into(),
    }
}

/// The conversations that can be picked under an offer; those already picked stand ticked.
pub(crate) async fn picks(
    door: &Door,
    own: &Own,
    app: AppId,
    offer: &Offer,
) -> Result<Vec<ConversationBox>, Problem> {
    let can_pick = offer.pick_from.is_some() || offer.reach.iter().any(|step| step.value == "chosen");
    if !can_pick {
        return Ok(Vec::new());
    }
    let hers = door.vault.own_conversations(own, PICKS_MAX, 0).await?;
    let offered = |one: &&Listed| offer.pick_from.as_ref().is_none_or(|only| only.contains(&one.id));
    let pick = |one: &Listed| ConversationBox {
        id: one.id.to_string(),
        title: title(one.title.as_deref(), &one.others),
        hint: hint(one, app),
        is_ticked: offer.ticked.contains(&one.id),
    };
    Ok(hers.iter().filter(offered).map(pick).collect())
}

fn hint(one: &Listed, app: AppId) -> String {
    let messages = counted(count(one.last_seq), "message", "messages");
    if one.started_via == Some(app) { format!("{messages}, started by this app") } else { messages }
}
