//! The rule: may this app do this, there, to that message? One pure function decides, for every door and every path.
//!
//! Invariant: the answer is the narrowest of ceiling, grant and the wishes of the others. The fields of `Limits` are also
//! the parameters of the SQL predicates; property tests in the vault hold the two to each other on every read path.

use crate::{Action, AppId, Ceiling, GrantState, Kind, Kinds, PersonId, ReachCap, Terms, Time};

/// Where an app stands with one person at one moment.
#[derive(Clone, Debug)]
pub struct Standing<'a> {
    /// The present moment.
    pub now: Time,
    /// The app.
    pub app: AppId,
    /// Neither suspended nor retired.
    pub app_live: bool,
    /// The most it may have.
    pub ceiling: &'a Ceiling,
    /// The person.
    pub person: PersonId,
    /// What she let it do.
    pub terms: &'a Terms,
    /// Whether that is in force.
    pub state: GrantState,
    /// When she let it in: where a window that begins with the grant begins.
    pub given_at: Time,
    /// When she last agreed to how long it lasts; the ceiling's span is counted from here.
    pub agreed_at: Time,
    /// How many acts it has used.
    pub used: u64,
}

/// Why the app may not do this at all; each sentence is for the app's developer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum No {
    /// Suspended by the operator, or retired.
    #[error("the app is suspended or retired")]
    App,
    /// Revoked, handed back or ended.
    #[error("the grant has ended")]
    Ended,
    /// Held by the person.
    #[error("the person has paused the grant")]
    Paused,
    /// Past its end.
    #[error("the grant has expired")]
    Expired,
    /// No acts left.
    #[error("all uses of the grant are spent")]
    Spent,
    /// Not among its actions, or above the ceiling.
    #[error("the grant does not include the action `{0}`")]
    Action(Action),
    /// Content of a kind that the grant does not include.
    #[error("the grant does not include content of kind `{0}`")]
    Kind(Kind),
}

/// What remains allowed once the rule has spoken: conditions that a place and a message must meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// On whose behalf.
    pub person: PersonId,
    /// Which app.
    pub app: AppId,
    /// The conversation must be one that the app started.
    pub started_only: bool,
    /// The conversation must be on the person's list.
    pub chosen_only: bool,
    /// The ceiling asks for a list and there is none: nothing is reached.
    pub nowhere: bool,
    /// Messages before this moment stay closed.
    pub not_before: Time,
    /// Messages of other kinds stay closed.
    pub kinds: Kinds,
}

/// Facts of a conversation, as far as the rule needs them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The person is in it now.
    pub participant: bool,
    /// This app started it.
    pub started: bool,
    /// The person put it on the grant's list.
    pub chosen: bool,
    /// Someone in it lets no app in.
    pub locked: bool,
}

/// Facts of a message, as far as the rule needs them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageFacts {
    /// Who wrote it.
    pub author: PersonId,
    /// Its kind.
    pub kind: Kind,
    /// When it was sent.
    pub sent_at: Time,
    /// Deleted for everyone, or by this person for herself.
    pub deleted: bool,
    /// Its author keeps her words out of other people's apps, here or everywhere.
    pub author_keeps_out: bool,
}

/// Why a message is left out of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Withheld {
    /// It was deleted.
    Deleted,
    /// It is older than the window.
    Window,
    /// The grant does not include its kind.
    Kind,
    /// Its author does not let other people's apps read it.
    Author,
}

impl Withheld {
    /// Its word outside.
    pub const fn as_str(self) -> &'static str {
        match self {
            Withheld::Deleted => "deleted",
            Withheld::Window => "window",
            Withheld::Kind => "kind",
            Withheld::Author => "author",
        }
    }
}

/// Decides whether the grant is in force: whether the person lets the app in at all, now, for anything.
pub fn in_force(standing: &Standing<'_>) -> Result<(), No> {
    let Standing { ceiling, terms, .. } = standing;
    if !standing.app_live {
        return Err(No::App);
    }
    match standing.state {
        GrantState::Active => {}
        GrantState::Paused => return Err(No::Paused),
        GrantState::Ended => return Err(No::Ended),
        GrantState::Spent => return Err(No::Spent),
    }
    if terms.ends_at <= standing.now || standing.agreed_at.plus_seconds(ceiling.expires_in_s) <= standing.now
    {
        return Err(No::Expired);
    }
    if terms.uses.is_some_and(|uses| standing.used >= uses) {
        return Err(No::Spent);
    }
    Ok(())
}

/// Decides whether the app may do `action` for the person at all, and within which limits.
pub fn allow(standing: &Standing<'_>, action: Action) -> Result<Limits, No> {
    in_force(standing)?;
    let Standing { ceiling, terms, .. } = standing;
    if !terms.actions.closed().and(ceiling.actions_at(standing.now)).has(action) {
        return Err(No::Action(action));
    }
    let opens = |since: crate::Since| since.opens(standing.given_at, standing.now);
    Ok(Limits {
        person: standing.person,
        app: standing.app,
        started_only: terms.reach.started_only || ceiling.reach == ReachCap::Started,
        chosen_only: terms.reach.chosen.is_some(),
        nowhere: ceiling.reach == ReachCap::Chosen && terms.reach.cap() == ReachCap::All,
        not_before: opens(terms.since).max(opens(ceiling.since)),
        kinds: terms.kinds.and(ceiling.kinds_at(standing.now)),
    })
}

impl Limits {
    /// Is the conversation within reach? If not, for the app it does not exist.
    pub fn reaches(&self, place: &Place) -> bool {
        place.participant
            && !place.locked
            && !self.nowhere
            && (!self.started_only || place.started)
            && (!self.chosen_only || place.chosen)
    }

    /// May the app see (or delete) this message of a conversation within reach?
    pub fn shows(&self, message: &MessageFacts) -> Result<(), Withheld> {
        if message.deleted {
            Err(Withheld::Deleted)
        } else if message.sent_at < self.not_before {
            Err(Withheld::Window)
        } else if !self.kinds.has(message.kind) {
            Err(Withheld::Kind)
        } else if message.author_keeps_out && message.author != self.person {
            Err(Withheld::Author)
        } else {
            Ok(())
        }
    }

    /// May the app send content of this kind?
    pub fn sends(&self, kind: Kind) -> Result<(), No> {
        if self.kinds.has(kind) { Ok(()) } else { Err(No::Kind(kind)) }
    }
}

#[cfg(test)]
#[path = "rule_tests.rs"]
mod tests;
