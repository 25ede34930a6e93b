//! Parts of what an app may do that end on a date: an action or a kind of content of its ceiling.
//!
//! Invariant: from its date on a part is not in the ceiling any more, for whoever asks with the present moment in hand; nothing has
//! to happen for that.

use crate::{Action, Actions, Ceiling, Kind, Kinds, Time};
use std::collections::BTreeMap;

/// A part of a ceiling that can end by itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Part {
    /// An action.
    Action(Action),
    /// A kind of content.
    Kind(Kind),
}

impl Part {
    /// The one with this word, as `Display` writes it: `action:read`, `kind:card`.
    pub fn parse(text: &str) -> Option<Part> {
        match text.split_once(':')? {
            ("action", word) => Action::parse(word).map(Part::Action),
            ("kind", word) => Kind::parse(word).map(Part::Kind),
            _ => None,
        }
    }
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Part::Action(action) => write!(f, "action:{action}"),
            Part::Kind(kind) => write!(f, "kind:{kind}"),
        }
    }
}

/// Which parts end, and when each does.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Retiring(BTreeMap<Part, Time>);

impl FromIterator<(Part, Time)> for Retiring {
    fn from_iter<I: IntoIterator<Item = (Part, Time)>>(parts: I) -> Self {
        Retiring(parts.into_iter().collect())
    }
}

impl Retiring {
    /// Each part with its date.
    pub fn iter(&self) -> impl Iterator<Item = (Part, Time)> {
        self.0.iter().map(|(part, at)| (*part, *at))
    }

    fn is_over(&self, part: Part, now: Time) -> bool {
        self.0.get(&part).is_some_and(|at| *at <= now)
    }
}

impl Ceiling {
    /// The actions at `now`, closed: without those that have ended. Without `list` there is no `read` either.
    pub fn actions_at(&self, now: Time) -> Actions {
        let left = |action: &Action| !self.retiring.is_over(Part::Action(*action), now);
        let actions: Actions = self.actions.closed().iter().filter(left).collect();
        if actions.has(Action::List) { actions } else { actions.without(Action::Read) }
    }

    /// The kinds of content at `now`.
    pub fn kinds_at(&self, now: Time) -> Kinds {
        self.kinds.iter().filter(|kind| !self.retiring.is_over(Part::Kind(*kind), now)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ReachCap, Scopes, Since};

    #[test]
    fn a_part_is_there_until_its_date_and_never_from_it_on() {
        let at = Time::from_micros(1_000_000);
        let retiring = |parts: &[Part]| Ceiling {
            actions: Actions::ALL,
            reach: ReachCap::All,
            since: Since::All,
            kinds: Kinds::ALL,
            expires_in_s: 1,
            scopes: Scopes::ALL,
            retiring: parts.iter().map(|part| (*part, at)).collect(),
        };
        let before = at.plus_seconds(-1);
        let ceiling = retiring(&[Part::Action(Action::Read), Part::Kind(Kind::Card)]);
        assert_eq!((ceiling.actions_at(before), ceiling.kinds_at(before)), (Actions::ALL, Kinds::ALL));
        assert_eq!(ceiling.actions_at(at), Actions::ALL.without(Action::Read), "listing stays");
        assert_eq!(ceiling.kinds_at(at), Kinds::ALL.without(Kind::Card));
        let blind = retiring(&[Part::Action(Action::List)]);
        assert_eq!(blind.actions_at(at), Actions::NONE.with(Action::Send).with(Action::Delete));
        for part in [Part::Action(Action::Delete), Part::Kind(Kind::Text)] {
            assert_eq!(Part::parse(&part.to_string()), Some(part));
        }
        assert_eq!(Part::parse("action:dance"), None);
    }
}
