//! Random worlds: people, conversations, what is said in them, wishes, a ceiling, a grant and what becomes of it.
//!
//! Invariant: a world is plain values; building it in a vault and telling what must come out of it are others' work.

use super::super::house::START;
use model::{Actions, Ceiling, EXPIRES_IN_S_MAX, Kinds, ReachCap, Scopes, Since};
use proptest::prelude::*;

/// The hours of a world: messages are sent in the first 40, the grant is given among them, it is looked at from at 48.
pub(crate) const SAID_H: i64 = 40;
pub(crate) const LOOK_H: i64 = 48;

/// Who started a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Starter {
    Person,
    /// The app whose grant is looked at.
    App,
    OtherApp,
}

#[derive(Debug, Clone)]
pub(crate) struct Say {
    pub(crate) author: usize,
    pub(crate) kind: usize,
    pub(crate) at_h: i64,
    /// Who deletes it: its author for everyone, anyone else for herself; and whether that is taken back.
    pub(crate) deleted_by: Option<(usize, bool)>,
}

/// People are numbered; the grant is given by 0. Sets of people are bits.
#[derive(Debug, Clone)]
pub(crate) struct Talk {
    pub(crate) starter: Starter,
    pub(crate) others: usize,
    pub(crate) says: Vec<Say>,
    pub(crate) words_out: usize,
    pub(crate) locks: usize,
    pub(crate) left: usize,
    pub(crate) chosen: bool,
}

/// What happens to the grant or to the app before the app acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Nothing,
    Paused,
    Revoked,
    Suspended,
    Retired,
}

#[derive(Debug, Clone)]
pub(crate) struct AskedTerms {
    pub(crate) actions: Actions,
    pub(crate) started_only: bool,
    pub(crate) chosen_only: bool,
    pub(crate) since: Since,
    pub(crate) kinds: Kinds,
    pub(crate) ends_h: i64,
    pub(crate) uses: Option<u64>,
}

#[derive(Debug, Clone)]
pub(crate) struct Spec {
    pub(crate) people: usize,
    pub(crate) words_out_everywhere: usize,
    pub(crate) talks: Vec<Talk>,
    pub(crate) given_h: i64,
    pub(crate) terms: AskedTerms,
    pub(crate) ceiling: Ceiling,
    pub(crate) fate: Fate,
}

/// Mostly nothing: each bit is set in one case of four.
fn few() -> impl Strategy<Value = usize> {
    (0..16usize, 0..16usize).prop_map(|(some, others)| some & others)
}

fn since() -> impl Strategy<Value = Since> {
    prop_oneof![
        2 => Just(Since::All),
        1 => Just(Since::Grant),
        1 => (0..SAID_H).prop_map(|hour| Since::At(START.plus_seconds(hour * 3600))),
        1 => (LOOK_H - SAID_H..LOOK_H).prop_map(|hours| Since::Last(hours * 3600)),
    ]
}

/// Two of three times all of them, so that not everything is closed by something.
fn mostly_all(all: i64) -> impl Strategy<Value = i64> {
    prop_oneof![2 => Just(all), 1 => 0..=all]
}

fn say() -> impl Strategy<Value = Say> {
    let deleted_by = proptest::option::weighted(0.25, (0..4usize, any::<bool>()));
    (0..4usize, 0..3usize, 0..SAID_H, deleted_by).prop_map(|(author, kind, at_h, deleted_by)| Say {
        author,
        kind,
        at_h,
        deleted_by,
    })
}

fn talk() -> impl Strategy<Value = Talk> {
    let starter =
        prop_oneof![3 => Just(Starter::Person), 2 => Just(Starter::App), 1 => Just(Starter::OtherApp)];
    let locks = prop_oneof![4 => Just(0usize), 1 => 0..16usize];
    let left = prop_oneof![4 => Just(0usize), 1 => 0..16usize];
    (starter, 1..8usize, prop::collection::vec(say(), 0..10), few(), locks, left, any::<bool>()).prop_map(
        |(starter, others, says, words_out, locks, left, chosen)| Talk {
            starter,
            others,
            says,
            words_out,
            locks,
            left,
            chosen,
        },
    )
}

fn terms() -> impl Strategy<Value = AskedTerms> {
    let ends_h = prop_oneof![6 => Just(LOOK_H + 24), 1 => SAID_H + 1..=LOOK_H + 1];
    let uses = proptest::option::weighted(0.3, 1..12u64);
    let narrow = || prop::bool::weighted(0.25);
    (mostly_all(15), narrow(), narrow(), since(), mostly_all(7), ends_h, uses).prop_map(
        |(actions, started_only, chosen_only, since, kinds, ends_h, uses)| AskedTerms {
            actions: Actions::from_bits(actions),
            started_only,
            chosen_only,
            since,
            kinds: Kinds::from_bits(kinds),
            ends_h,
            uses,
        },
    )
}

fn ceiling() -> impl Strategy<Value = Ceiling> {
    let reach =
        prop_oneof![4 => Just(ReachCap::All), 1 => Just(ReachCap::Chosen), 1 => Just(ReachCap::Started)];
    let expires_in_s = prop_oneof![6 => Just(EXPIRES_IN_S_MAX), 1 => 1..LOOK_H * 3600];
    (mostly_all(15), reach, since(), mostly_all(7), expires_in_s).prop_map(
        |(actions, reach, since, kinds, expires_in_s)| Ceiling {
            actions: Actions::from_bits(actions),
            reach,
            // A ceiling that would hold everything shut from the start says nothing about the rest.
            since,
            kinds: Kinds::from_bits(kinds.max(1)),
            expires_in_s,
            scopes: Scopes::ALL,
            retiring: model::Retiring::default(),
        },
    )
}

pub(crate) fn spec() -> impl Strategy<Value = Spec> {
    let fate = prop_oneof![
        8 => Just(Fate::Nothing),
        1 => Just(Fate::Paused),
        1 => Just(Fate::Revoked),
        1 => Just(Fate::Suspended),
        1 => Just(Fate::Retired),
    ];
    let talks = prop::collection::vec(talk(), 1..=4);
    (2..=4usize, few(), talks, 0..SAID_H, terms(), ceiling(), fate).prop_map(
        |(people, words_out_everywhere, talks, given_h, terms, ceiling, fate)| Spec {
            people,
            words_out_everywhere,
            talks,
            given_h,
            terms,
            ceiling,
            fate,
        },
    )
}

/// Does a set of people hold this one?
pub(crate) fn holds(set: usize, person: usize) -> bool {
    set & (1 << person) != 0
}
