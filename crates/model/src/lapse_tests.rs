//! Each line of the law of disuse, and that it only takes away.

use super::*;
use proptest::prelude::*;

const DAY_S: i64 = 24 * 3600;

fn day(n: i64) -> Time {
    Time::from_micros(1_795_435_200_000_000).plus_seconds(n * DAY_S)
}

fn uses(actions: &[(Action, i64)]) -> Uses {
    Uses {
        said_yes: day(0),
        signed_in: day(0),
        used_at: actions.iter().map(|(_, at)| day(*at)).max(),
        actions: actions.iter().map(|(action, at)| (*action, day(*at))).collect(),
    }
}

fn set(actions: &[Action]) -> Actions {
    actions.iter().copied().collect()
}

#[test]
fn a_right_lapses_after_thirty_days_and_the_grant_after_ninety() {
    let never = uses(&[]);
    let all = Actions::ALL;
    assert_eq!(never.lapsed(all, false, day(30).plus_seconds(-1)), Lapsed::Nothing(day(30)));
    assert_eq!(never.lapsed(all, false, day(30)), Lapsed::Rights(all, day(90)));
    assert_eq!(never.lapsed(Actions::NONE, false, day(31)), Lapsed::Nothing(day(90)), "it signs her in");
    assert_eq!(never.lapsed(all, false, day(90)), Lapsed::Whole);
    let paused = never.lapsed(all, true, day(60));
    assert_eq!(paused, Lapsed::Nothing(day(90)), "what she holds herself is not counted against it");
    assert_eq!(never.lapsed(all, true, day(90)), Lapsed::Whole);
}

#[test]
fn each_right_is_counted_from_its_last_use_or_her_last_yes() {
    let some = uses(&[(Action::Read, 20), (Action::Send, 5)]);
    let lost = set(&[Action::Delete]);
    assert_eq!(some.lapsed(Actions::ALL, false, day(30)), Lapsed::Rights(lost, day(35)));
    let lost = set(&[Action::Send, Action::Delete]);
    assert_eq!(
        some.lapsed(Actions::ALL, false, day(35)),
        Lapsed::Rights(lost, day(50)),
        "reading keeps listing"
    );
    let read = set(&[Action::Read]);
    assert_eq!(some.lapsed(read, false, day(50)), Lapsed::Rights(read.closed(), day(110)));
    let listed = uses(&[(Action::List, 20)]);
    assert_eq!(
        listed.lapsed(read, false, day(30)),
        Lapsed::Rights(read, day(50)),
        "listing does not keep reading"
    );
    let again = Uses { said_yes: day(29), ..some };
    assert_eq!(again.lapsed(Actions::ALL, false, day(58)), Lapsed::Nothing(day(59)));
    let signed_in = Uses { signed_in: day(80), ..uses(&[]) };
    assert_eq!(signed_in.lapsed(Actions::NONE, false, day(90)), Lapsed::Nothing(day(170)));
}

proptest! {
    #[test]
    fn what_lapses_was_held_and_is_due_and_what_comes_next_is_later(
        held in 0..16i64, used in proptest::collection::vec((0..4usize, 0..120i64), 0..6),
        yes in 0..120i64, signed_in in 0..120i64, is_paused: bool, now in 0..240i64,
    ) {
        let used: Vec<_> = used.into_iter().map(|(action, at)| (Action::EACH[action], at)).collect();
        let uses = Uses { said_yes: day(yes), signed_in: day(signed_in), ..uses(&used) };
        let held = Actions::from_bits(held);
        match uses.lapsed(held, is_paused, day(now)) {
            Lapsed::Whole => prop_assert!(used.iter().all(|(_, at)| at + 90 <= now) && yes + 90 <= now),
            Lapsed::Nothing(next) => prop_assert!(next > day(now)),
            Lapsed::Rights(lost, next) => {
                prop_assert!(!is_paused && next > day(now));
                prop_assert!(!lost.is_empty() && lost.within(held.closed()));
                prop_assert!(used.iter().all(|(action, at)| !lost.has(*action) || at + 30 <= now));
                let left: Actions = held.closed().iter().filter(|action| !lost.has(*action)).collect();
                prop_assert_eq!(left.closed(), left, "nothing comes back by what is left");
                prop_assert_eq!(uses.lapsed(left, false, day(now)), Lapsed::Nothing(next));
            }
        }
    }
}
