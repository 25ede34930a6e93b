//! What lapses by itself because it is not used: a right after 30 days, a grant after 90.
//!
//! Invariant: what follows can only narrow, and it follows from when each thing was last used or last agreed to, nothing else.

use crate::{Action, Actions, Time};

/// A right that was not used for so long is taken away, in seconds: 30 days.
pub const RIGHT_UNUSED_S: i64 = 30 * 24 * 3600;
/// A grant that was not used for so long ends, in seconds: 90 days.
pub const GRANT_UNUSED_S: i64 = 90 * 24 * 3600;
/// For so long after a right has lapsed she can let the app have it again with one press, in seconds: 30 days.
pub const LET_AGAIN_S: i64 = 30 * 24 * 3600;

/// When a grant and its rights were last used and last agreed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uses {
    /// When she last said yes to it: let it in, narrowed it by hand, let it go on.
    pub said_yes: Time,
    /// When she last signed in with it.
    pub signed_in: Time,
    /// When it was last used for anything.
    pub used_at: Option<Time>,
    /// When each action was last used, as far as that matters: those used in the last 30 days are all here.
    pub actions: Vec<(Action, Time)>,
}

/// What has lapsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lapsed {
    /// Nothing, and nothing will before this moment if nothing changes.
    Nothing(Time),
    /// These actions; and nothing more before this moment.
    Rights(Actions, Time),
    /// The grant.
    Whole,
}

impl Uses {
    /// When an action was last used or agreed to. Reading is a use of listing, which it brings along.
    fn last(&self, action: Action) -> Time {
        let counts = |used: Action| used == action || (action == Action::List && used == Action::Read);
        let used = self.actions.iter().filter(|(used, _)| counts(*used)).map(|(_, at)| *at).max();
        used.map_or(self.said_yes, |at| at.max(self.said_yes))
    }

    /// Until when an action lasts if it is not used.
    pub fn right_ends(&self, action: Action) -> Time {
        self.last(action).plus_seconds(RIGHT_UNUSED_S)
    }

    /// Until when the grant lasts if it is not used.
    pub fn grant_ends(&self) -> Time {
        let used = self.used_at.unwrap_or(self.said_yes);
        used.max(self.said_yes).max(self.signed_in).plus_seconds(GRANT_UNUSED_S)
    }

    /// What has lapsed at `now` of a grant with these actions. While she holds it the app cannot use it, so no single right
    /// lapses.
    pub fn lapsed(&self, actions: Actions, is_paused: bool, now: Time) -> Lapsed {
        let whole = self.grant_ends();
        if whole <= now {
            return Lapsed::Whole;
        }
        if is_paused {
            return Lapsed::Nothing(whole);
        }
        let held = actions.closed();
        let lost: Actions = held.iter().filter(|action| self.right_ends(*action) <= now).collect();
        let kept = held.iter().filter(|action| !lost.has(*action));
        let next = kept.map(|action| self.right_ends(action)).min().map_or(whole, |next| next.min(whole));
        if lost.is_empty() { Lapsed::Nothing(next) } else { Lapsed::Rights(lost, next) }
    }
}

#[cfg(test)]
#[path = "lapse_tests.rs"]
mod tests;
