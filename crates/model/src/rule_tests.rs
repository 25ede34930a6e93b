//! The rule by hand-made cases and by its one law: narrowing any input never opens anything.
use super::*;
use crate::{Actions, EXPIRES_IN_S_MAX, Reach, Scopes, Since};
use proptest::prelude::*;

const PERSON: PersonId = PersonId::from_bytes([1; 16]);
const OTHER: PersonId = PersonId::from_bytes([2; 16]);
const APP: AppId = AppId::from_bytes([3; 16]);

fn ceiling() -> Ceiling {
    Ceiling {
        actions: Actions::ALL,
        reach: ReachCap::All,
        since: Since::All,
        kinds: Kinds::ALL,
        expires_in_s: EXPIRES_IN_S_MAX,
        scopes: Scopes::ALL,
        retiring: crate::Retiring::default(),
    }
}

fn terms() -> Terms {
    Terms {
        actions: Actions::ALL,
        reach: Reach::ALL,
        since: Since::All,
        kinds: Kinds::ALL,
        ends_at: Time::from_micros(2_000_000),
        uses: None,
    }
}

fn standing<'a>(ceiling: &'a Ceiling, terms: &'a Terms) -> Standing<'a> {
    Standing {
        now: Time::from_micros(1_000_000),
        app: APP,
        app_live: true,
        ceiling,
        person: PERSON,
        terms,
        state: GrantState::Active,
        given_at: Time::from_micros(500_000),
        agreed_at: Time::from_micros(500_000),
        used: 0,
    }
}

#[test]
fn each_no_has_its_reason() {
    let (ceiling, terms) = (ceiling(), terms());
    let ok = standing(&ceiling, &terms);
    assert!(allow(&ok, Action::Read).is_ok());
    assert_eq!(allow(&Standing { app_live: false, ..ok.clone() }, Action::Read), Err(No::App));
    assert_eq!(allow(&Standing { state: GrantState::Ended, ..ok.clone() }, Action::Read), Err(No::Ended));
    assert_eq!(allow(&Standing { state: GrantState::Paused, ..ok.clone() }, Action::Read), Err(No::Paused));
    assert_eq!(allow(&Standing { state: GrantState::Spent, ..ok.clone() }, Action::Read), Err(No::Spent));
    assert_eq!(allow(&Standing { now: terms.ends_at, ..ok.clone() }, Action::Read), Err(No::Expired));
    let one = Terms { uses: Some(1), ..terms.clone() };
    assert_eq!(allow(&Standing { used: 1, terms: &one, ..ok.clone() }, Action::Read), Err(No::Spent));
    let reader = Terms { actions: Actions::NONE.with(Action::Read), ..terms.clone() };
    assert!(allow(&Standing { terms: &reader, ..ok.clone() }, Action::List).is_ok(), "read implies list");
    assert_eq!(
        allow(&Standing { terms: &reader, ..ok.clone() }, Action::Send),
        Err(No::Action(Action::Send))
    );
    let low = Ceiling { actions: Actions::NONE.with(Action::Send), ..ceiling.clone() };
    assert_eq!(allow(&Standing { ceiling: &low, ..ok }, Action::Read), Err(No::Action(Action::Read)));
}

#[test]
fn a_lowered_ceiling_binds_grants_given_before() {
    let terms = terms();
    let chosen = Ceiling { reach: ReachCap::Chosen, ..ceiling() };
    let limits = allow(&standing(&chosen, &terms), Action::Read).unwrap();
    let place = Place { participant: true, started: true, chosen: true, locked: false };
    assert!(!limits.reaches(&place), "the grant said all, the ceiling now wants a list, and there is none");
    let short = Ceiling { since: Since::Grant, ..ceiling() };
    assert_eq!(
        allow(&standing(&short, &terms), Action::Read).unwrap().not_before,
        Time::from_micros(500_000)
    );
}

#[test]
fn own_words_are_never_withheld_for_the_wish_of_their_author() {
    let (ceiling, terms) = (ceiling(), terms());
    let limits = allow(&standing(&ceiling, &terms), Action::Read).unwrap();
    let own = MessageFacts {
        author: PERSON,
        kind: Kind::Text,
        sent_at: Time::from_micros(1),
        deleted: false,
        author_keeps_out: true,
    };
    assert_eq!(limits.shows(&own), Ok(()));
    assert_eq!(limits.shows(&MessageFacts { author: OTHER, ..own }), Err(Withheld::Author));
}

fn any_since() -> impl Strategy<Value = Since> {
    prop_oneof![
        Just(Since::Grant),
        Just(Since::All),
        (0..20i64).prop_map(|us| Since::At(Time::from_micros(us))),
        Just(Since::Last(0)),
    ]
}

fn any_terms() -> impl Strategy<Value = Terms> {
    let reach = (any::<bool>(), any::<bool>())
        .prop_map(|(started_only, listed)| Reach { started_only, chosen: listed.then(Default::default) });
    (0..16i64, reach, any_since(), 0..8i64, 0..20i64, proptest::option::of(0..3u64)).prop_map(
        |(actions, reach, since, kinds, ends, uses)| Terms {
            actions: Actions::from_bits(actions),
            reach,
            since,
            kinds: Kinds::from_bits(kinds),
            ends_at: Time::from_micros(ends),
            uses,
        },
    )
}

fn any_ceiling() -> impl Strategy<Value = Ceiling> {
    let cap = prop_oneof![Just(ReachCap::Started), Just(ReachCap::Chosen), Just(ReachCap::All)];
    (0..16i64, cap, any_since(), 0..8i64).prop_map(|(actions, reach, since, kinds)| Ceiling {
        actions: Actions::from_bits(actions),
        reach,
        since,
        kinds: Kinds::from_bits(kinds),
        expires_in_s: 1,
        scopes: Scopes::ALL,
        retiring: crate::Retiring::default(),
    })
}

fn opened(standing: &Standing<'_>, action: Action, place: &Place, message: &MessageFacts) -> bool {
    allow(standing, action).is_ok_and(|limits| {
        limits.reaches(place) && limits.shows(message).is_ok() && limits.sends(message.kind).is_ok()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn the_narrowest_wins(terms in any_terms(), ceiling in any_ceiling(), wide in any::<bool>(),
                          facts in (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>()),
                          kind in 0..3usize, sent in 0..20i64, used in 0..3u64, given in 0..20i64) {
        let (participant, started, chosen, locked, deleted, keeps_out) = facts;
        let place = Place { participant, started, chosen, locked };
        let author = if wide { PERSON } else { OTHER };
        let message = MessageFacts { author, kind: Kind::EACH[kind], sent_at: Time::from_micros(sent), deleted, author_keeps_out: keeps_out };
        let now = Time::from_micros(10);
        let standing = Standing { now, app: APP, app_live: true, ceiling: &ceiling, person: PERSON, terms: &terms,
                                  state: GrantState::Active, given_at: Time::from_micros(given), agreed_at: Time::from_micros(given), used };
        let unbounded = Terms { actions: Actions::ALL, reach: Reach::ALL, since: Since::All, kinds: Kinds::ALL, ends_at: Time::LATEST, uses: None };
        let open_ceiling = Ceiling { actions: Actions::ALL, reach: ReachCap::All, since: Since::All, kinds: Kinds::ALL, ..ceiling.clone() };
        for &action in Action::EACH {
            if opened(&standing, action, &place, &message) {
                // Whatever is open under both is open under each alone, and nothing that anyone refused is open.
                let grant_alone = Standing { ceiling: &open_ceiling, ..standing.clone() };
                prop_assert!(opened(&grant_alone, action, &place, &message));
                if ceiling.reach != ReachCap::Chosen {
                    let ceiling_alone = Standing { terms: &unbounded, ..standing.clone() };
                    prop_assert!(opened(&ceiling_alone, action, &place, &message));
                }
                prop_assert!(participant && !locked && !deleted);
                prop_assert!(!keeps_out || author == PERSON);
                prop_assert!(terms.uses.is_none_or(|uses| used < uses) && terms.ends_at > now);
            }
        }
    }
}
