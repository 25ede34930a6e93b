//! Asking again by hand-made cases, and its law held against the rule itself: without a page nothing opens that was not
//! open, and what stands stays open when more is let.
use super::*;
use crate::consent::tests::{
    NOW, asked_in_full, asks, ceiling, ceilings, choices, con, list, opens, tries, values,
};
use crate::details::AskedReach;
use crate::since::DAY_S;
use model::{ConversationId, Kinds};
use proptest::prelude::*;
use std::collections::BTreeSet;

const GRANT: GrantId = GrantId::from_bytes([7; 16]);
const OPENID: Scopes = Scopes::OPENID;
const WEEK_AGO: Time = Time::from_micros(NOW.micros() - 7 * DAY_S * 1_000_000);

fn actions(words: &[&str]) -> Actions {
    words.iter().filter_map(|word| Action::parse(word)).collect()
}

/// Reading in what the app starts, from the grant on, for 90 days.
fn reading() -> Asked {
    Asked {
        actions: actions(&["list", "read"]),
        optional: Actions::NONE,
        reach: AskedReach::Started,
        since: Since::Grant,
        kinds: Kinds::ALL,
        expires_in_s: 90 * DAY_S,
        uses: None,
        purpose: "Shows and answers chats".to_owned(),
    }
}

/// What she let a week ago when she was asked this, all of it.
fn let_in(asked: Option<&Asked>, scopes: Scopes) -> Standing {
    let question = Question {
        standing: Vec::new(),
        offer: crate::consent::offer(asked, scopes, &ceiling(), WEEK_AGO).unwrap(),
        kind: super::Kind::Apart,
        scopes,
        purpose: asked.map(|asked| asked.purpose.clone()).unwrap_or_default(),
        minded: false,
    };
    let agreed = question.settle(&all_of(&question.offer)).unwrap();
    Standing {
        grant: GRANT,
        scopes: agreed.scopes,
        terms: agreed.terms,
        purpose: agreed.purpose,
        given_at: WEEK_AGO,
        agreed_at: WEEK_AGO,
        state: GrantState::Active,
    }
}

/// Everything that is offered, ticked.
fn all_of(offer: &Offer) -> Choice {
    Choice {
        actions: offer.actions.iter().map(|offer| offer.action.to_string()).collect(),
        conversations: offer.ticked.iter().map(ToString::to_string).collect(),
        ..Choice::default()
    }
}

fn asking<'a>(asked: Option<&'a Asked>, ceiling: &'a Ceiling) -> Ask<'a> {
    Ask { asked, scopes: OPENID, ceiling, manage: Manage::None, show: false }
}

fn against(asked: &Asked, standing: &[Standing]) -> Question {
    question(&asking(Some(asked), &ceiling()), standing, NOW).unwrap()
}

/// The same, where she is to be asked whatever stands.
fn shown(asked: &Asked, standing: &[Standing]) -> Question {
    question(&Ask { show: true, ..asking(Some(asked), &ceiling()) }, standing, NOW).unwrap()
}

fn minding(manage: Manage, asked: &Asked, standing: &[Standing]) -> Result<Question, &'static str> {
    let open = ceiling();
    let ask = Ask { manage, ..asking(Some(asked), &open) };
    question(&ask, standing, NOW).map_err(|error| error.code().as_str())
}

#[test]
fn what_was_let_before_is_not_asked_again() {
    let stands = let_in(Some(&reading()), OPENID);
    let narrower = [
        reading(),
        Asked { actions: actions(&["list"]), ..reading() },
        Asked { kinds: Kinds::NONE.with(model::Kind::Text), ..reading() },
        Asked { since: Since::Last(DAY_S), ..reading() },
        Asked { expires_in_s: DAY_S, ..reading() },
        Asked { actions: Actions::ALL, optional: actions(&["send", "delete"]), ..reading() },
    ];
    for asked in narrower {
        let agreed = against(&asked, std::slice::from_ref(&stands)).answered().unwrap();
        assert_eq!(
            (agreed.on, &agreed.terms, agreed.asked),
            (Some(GRANT), &stands.terms, false),
            "{asked:?}"
        );
        let used = agreed.terms.meet(&agreed.share.terms, WEEK_AGO, NOW);
        assert!(used.actions.within(asked.actions) && used.kinds.within(asked.kinds));
        assert!(used.ends_at <= NOW.plus_seconds(asked.expires_in_s).min(stands.terms.ends_at));
    }
    let everywhere = let_in(Some(&Asked { reach: AskedReach::All, ..reading() }), OPENID);
    let agreed = against(&reading(), &[everywhere]).answered().unwrap();
    assert!(agreed.terms.meet(&agreed.share.terms, WEEK_AGO, NOW).reach.started_only, "as it asked");
}

#[test]
fn a_mere_sign_in_is_answered_by_whatever_signed_her_in() {
    for stands in [let_in(Some(&reading()), OPENID), let_in(None, OPENID.or(Scopes::PROFILE))] {
        let asked = question(&asking(None, &ceiling()), &[stands], NOW).unwrap();
        let share = asked.answered().unwrap().share;
        assert_eq!((share.scopes, share.terms.actions), (OPENID, Actions::NONE), "messages stay closed");
    }
}

#[test]
fn whatever_is_more_is_asked() {
    let stands = let_in(Some(&reading()), OPENID);
    for asked in [
        Asked { actions: actions(&["send"]), ..reading() },
        Asked { since: Since::Last(30 * DAY_S), ..reading() },
        Asked { since: Since::All, ..reading() },
        Asked { reach: AskedReach::All, ..reading() },
        Asked { reach: AskedReach::Chosen, ..reading() },
        Asked { reach: AskedReach::These([con(1)].into()), ..reading() },
        Asked { expires_in_s: 91 * DAY_S, ..reading() },
        Asked { uses: Some(1), ..reading() },
        Asked { purpose: "Sells what you say".to_owned(), ..reading() },
    ] {
        assert_eq!(against(&asked, std::slice::from_ref(&stands)).answered(), None, "{asked:?}");
    }
    let (asked, open) = (reading(), ceiling());
    let ask = Ask { scopes: OPENID.or(Scopes::FRIENDS), ..asking(Some(&asked), &open) };
    assert_eq!(question(&ask, std::slice::from_ref(&stands), NOW).unwrap().answered(), None);
    assert_eq!(shown(&reading(), std::slice::from_ref(&stands)).answered(), None);
    for over in [
        Standing { state: GrantState::Paused, ..stands.clone() },
        Standing { terms: Terms { ends_at: NOW, ..stands.terms.clone() }, ..stands.clone() },
        Standing { terms: Terms { uses: Some(9), ..stands.terms.clone() }, ..stands.clone() },
    ] {
        assert_eq!(against(&reading(), &[over]).answered(), None);
    }
    let low = Ceiling { expires_in_s: DAY_S, ..ceiling() };
    let outlived = question(&asking(Some(&reading()), &low), &[stands], NOW).unwrap();
    assert_eq!(outlived.answered(), None, "the ceiling ended it");
}

#[test]
fn only_what_is_new_is_offered_and_what_stands_stays() {
    let stands = let_in(Some(&Asked { kinds: Kinds::NONE.with(model::Kind::Text), ..reading() }), OPENID);
    let more = Asked {
        actions: Actions::ALL,
        optional: actions(&["delete"]),
        since: Since::Last(30 * DAY_S),
        ..reading()
    };
    let question = against(&more, std::slice::from_ref(&stands));
    assert!(question.is_more());
    let offer = &question.offer;
    let new: Vec<_> = offer.actions.iter().map(|new| (new.action.as_str(), new.ticked)).collect();
    assert_eq!(new, [("send", true), ("delete", false)]);
    assert_eq!(offer.kinds, Kinds::NONE.with(model::Kind::Card).with(model::Kind::Receipt));
    assert_eq!((offer.reach.len(), offer.scopes), (0, Scopes::default()));
    assert_eq!(values(&offer.since), ["P30D", "grant"]);
    assert_eq!(values(&offer.expires_in), ["7776000", "keep"]);

    let taken = question.settle(&Choice { actions: list(&["send"]), ..Choice::default() }).unwrap();
    assert_eq!((taken.on, taken.terms.actions), (Some(GRANT), actions(&["list", "read", "send"])));
    assert_eq!((taken.terms.since, taken.terms.kinds), (Since::Last(30 * DAY_S), Kinds::ALL));
    // Nothing of the new: it stays exactly as it is.
    let nothing = Choice {
        kinds: Some(Vec::new()),
        since: Some("grant".to_owned()),
        expires_in: Some("keep".to_owned()),
        ..Choice::default()
    };
    assert_eq!(question.settle(&nothing).unwrap().terms, stands.terms);
    // A form that names what stands as well is no other form.
    let both = Choice { actions: list(&["read", "send"]), ..Choice::default() };
    assert_eq!(question.settle(&both), question.settle(&Choice { actions: list(&["send"]), ..both.clone() }));
}

#[test]
fn a_wider_reach_can_be_left_as_it_is() {
    let stands = let_in(Some(&reading()), OPENID);
    let question = against(&Asked { reach: AskedReach::All, ..reading() }, &[stands]);
    assert_eq!(values(&question.offer.reach), ["all", "keep"]);
    let reach = |word: &str| {
        let choice = Choice { reach: Some(word.to_owned()), ..Choice::default() };
        question.settle(&choice).map(|agreed| agreed.terms.reach)
    };
    assert_eq!(reach("all"), Ok(Reach::ALL));
    assert_eq!(reach("keep"), Ok(Reach::STARTED));
    assert_eq!(reach("chosen"), Err(ChoiceInvalid::Unknown("reach")));

    let these =
        |ids: &[u8]| Asked { reach: AskedReach::These(ids.iter().map(|n| con(*n)).collect()), ..reading() };
    let listed = let_in(Some(&these(&[1])), OPENID);
    let question = against(&these(&[1, 2, 3]), &[listed]);
    assert_eq!(question.offer.pick_from, Some([con(2), con(3)].into()));
    let pick = |n: u8| Choice { conversations: vec![con(n).to_string()], ..Choice::default() };
    assert_eq!(question.settle(&pick(3)).unwrap().terms.reach, Reach::only([con(1), con(3)]));
    assert_eq!(question.settle(&pick(4)), Err(ChoiceInvalid::Wider("conversation")));
}

#[test]
fn what_only_signed_her_in_becomes_a_grant_from_now_on() {
    let question = against(&reading(), &[let_in(None, OPENID)]);
    assert!(question.is_more());
    assert_eq!((question.offer.actions.len(), question.offer.given_at()), (2, NOW));
    let agreed = question.settle(&all_ticked_of(&question)).unwrap();
    assert_eq!((agreed.on, agreed.terms.reach), (Some(GRANT), Reach::STARTED));
    let chosen = against(&Asked { reach: AskedReach::Chosen, ..reading() }, &[let_in(None, OPENID)]);
    assert_eq!(chosen.settle(&all_ticked_of(&chosen)), Err(ChoiceInvalid::NoConversation));
}

fn all_ticked_of(question: &Question) -> Choice {
    all_of(&question.offer)
}

#[test]
fn the_same_once_more_is_answered_in_full() {
    let stands = let_in(Some(&Asked { reach: AskedReach::Chosen, ..reading() }.picked(&[1])), OPENID);
    let again = Asked { reach: AskedReach::Chosen, ..reading() };
    let question = shown(&again, &[stands]);
    assert!(question.is_again());
    assert_eq!(question.offer.ticked, [con(1)].into(), "what she picked before");
    let choice =
        Choice { actions: list(&["list"]), conversations: vec![con(2).to_string()], ..Choice::default() };
    let agreed = question.settle(&choice).unwrap();
    assert_eq!(
        (agreed.on, agreed.terms.actions),
        (Some(GRANT), actions(&["list"])),
        "she may take some back"
    );
    assert_eq!(agreed.terms.reach, Reach::only([con(2)]));
}

/// Asks that name what was picked, as what was let then stands.
trait Picked {
    fn picked(self, ids: &[u8]) -> Asked;
}

impl Picked for Asked {
    fn picked(self, ids: &[u8]) -> Asked {
        Asked { reach: AskedReach::These(ids.iter().map(|n| con(*n)).collect()), ..self }
    }
}

#[test]
fn what_neither_holds_the_other_is_a_grant_of_its_own() {
    let stands = let_in(Some(&reading()), OPENID);
    for asked in [
        Asked { actions: actions(&["send"]), reach: AskedReach::All, ..reading() },
        Asked { actions: actions(&["send"]), ..reading() },
        Asked { actions: Actions::ALL, expires_in_s: DAY_S, ..reading() },
        Asked { actions: Actions::ALL, uses: Some(3), ..reading() },
    ] {
        let question = against(&asked, std::slice::from_ref(&stands));
        let agreed = question.settle(&all_ticked_of(&question)).unwrap();
        assert_eq!((agreed.on, agreed.terms.actions), (None, asked.actions.closed()), "{asked:?}");
        assert_eq!(question.standing, std::slice::from_ref(&stands), "the page can say what there is");
    }
}

#[test]
fn a_grant_that_is_named_is_merged_replaced_or_not_touched() {
    let stands = let_in(Some(&reading()), OPENID);
    let send = Asked { actions: actions(&["send"]), ..reading() };
    let sum = minding(Manage::Merge(GRANT), &send, std::slice::from_ref(&stands)).unwrap();
    let new: Vec<_> = sum.offer.actions.iter().map(|new| new.action).collect();
    assert_eq!(new, [Action::Send]);
    let agreed = sum.settle(&all_ticked_of(&sum)).unwrap();
    assert_eq!((agreed.terms.actions, agreed.on), (actions(&["list", "read", "send"]), Some(GRANT)));
    assert_eq!(agreed.terms.ends_at, stands.terms.ends_at);
    assert_eq!(agreed.share.terms, agreed.terms, "its tokens have all of it");

    let elsewhere = Asked { reach: AskedReach::All, ..send.clone() };
    let refused = minding(Manage::Merge(GRANT), &elsewhere, std::slice::from_ref(&stands));
    assert_eq!(refused.unwrap_err(), "invalid_authorization_details", "the sum would let it read everywhere");
    assert!(
        minding(Manage::Merge(GRANT), &reading(), std::slice::from_ref(&stands))
            .unwrap()
            .answered()
            .is_some()
    );

    let less = Asked { actions: actions(&["list"]), ..reading() };
    let agreed =
        minding(Manage::Replace(GRANT), &less, std::slice::from_ref(&stands)).unwrap().answered().unwrap();
    assert_eq!((agreed.on, agreed.terms.actions, agreed.asked), (Some(GRANT), actions(&["list"]), false));
    assert_eq!(agreed.terms.ends_at, stands.terms.ends_at, "nothing is prolonged without her");
    let other = minding(Manage::Replace(GRANT), &send, std::slice::from_ref(&stands)).unwrap();
    assert!(other.is_instead() && other.answered().is_none());
    let agreed = other.settle(&all_ticked_of(&other)).unwrap();
    assert_eq!((agreed.on, agreed.terms.actions), (Some(GRANT), actions(&["send"])), "read is gone");

    let apart = minding(Manage::Create, &reading(), std::slice::from_ref(&stands)).unwrap();
    assert_eq!(apart.settle(&all_ticked_of(&apart)).unwrap().on, None);
    let unknown = GrantId::from_bytes([8; 16]);
    for manage in [Manage::Merge(unknown), Manage::Replace(unknown)] {
        assert_eq!(
            minding(manage, &reading(), std::slice::from_ref(&stands)).unwrap_err(),
            "invalid_grant_id"
        );
    }
    let counted = Asked { uses: Some(1), ..reading() };
    let refused = minding(Manage::Merge(GRANT), &counted, &[stands]).unwrap_err();
    assert_eq!(refused, "invalid_authorization_details");
}

#[test]
fn deleting_and_reaching_everything_step_up_the_first_time() {
    let first = |asked: &Asked, standing: &[Standing]| {
        let question = against(asked, standing);
        question.steps_up(&question.offer.widest())
    };
    let deleting = Asked { actions: Actions::ALL, ..reading() };
    let everywhere = Asked { reach: AskedReach::All, ..reading() };
    assert!(!first(&reading(), &[]));
    assert!(first(&deleting, &[]) && first(&everywhere, &[]));
    assert!(first(&deleting, &[let_in(Some(&everywhere), OPENID)]), "reaching everything is not deleting");
    let longer = Asked { expires_in_s: 91 * DAY_S, ..deleting.clone() };
    assert!(!first(&longer, &[let_in(Some(&deleting), OPENID)]), "it deletes already");
    let sign_in = question(&asking(None, &ceiling()), &[], NOW).unwrap();
    assert!(!sign_in.steps_up(&sign_in.offer.widest()));
}

prop_compose! {
    /// What she let some days ago, when the ceiling was another.
    fn standings()(
        asked in asks(), ceiling in ceilings(), choice in choices(), age_days in 0..100i64, purpose in any::<bool>(),
    ) -> Option<Standing> {
        let then = NOW.plus_seconds(-age_days * DAY_S);
        let offer = crate::consent::offer(Some(&Asked { uses: None, ..asked }), Scopes::ALL, &ceiling, then).ok()?;
        Some(Standing {
            grant: GRANT,
            scopes: offer.scopes,
            terms: settle(&offer, &choice).ok()?,
            purpose: if purpose { "Shows and answers chats" } else { "For something else" }.to_owned(),
            given_at: then,
            agreed_at: then,
            state: GrantState::Active,
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, max_global_rejects: 100_000, ..ProptestConfig::default() })]

    #[test]
    fn without_a_page_nothing_widens(
        asked in asks(), ceiling in ceilings(), one in standings(), minds in 0..3usize, attempt in tries(),
    ) {
        let Some(one) = one else { return Ok(()) };
        let asked = Asked { uses: None, ..asked };
        let manage = [Manage::None, Manage::Merge(GRANT), Manage::Replace(GRANT)][minds];
        let ask = Ask { asked: Some(&asked), scopes: Scopes::ALL, ceiling: &ceiling, manage, show: false };
        let Ok(question) = question(&ask, std::slice::from_ref(&one), NOW) else { return Ok(()) };
        let Some(agreed) = question.answered() else { return Ok(()) };
        prop_assert!(one.scopes.has(agreed.scopes) && agreed.terms.ends_at <= one.terms.ends_at);
        let at = NOW.plus_seconds(attempt.in_days * DAY_S);
        let sent = NOW.plus_seconds(-attempt.message_age_days * DAY_S);
        let used = agreed.terms.clone().meet(&agreed.share.terms, one.given_at, at);
        if sent <= at && opens(&used, &ceiling, one.given_at, &attempt, at) {
            prop_assert!(opens(&agreed.terms, &ceiling, one.given_at, &attempt, at));
            // Open before as well: then, or on the day when the message came.
            let when = NOW.max(sent);
            prop_assert!(opens(&one.terms, &ceiling, one.given_at, &attempt, when));
            if manage == Manage::None {
                let full = asked_in_full(&asked, one.terms.reach.chosen.clone());
                prop_assert!(opens(&full, &ceiling, one.given_at, &attempt, when), "asked {full:?}, used {used:?}");
            }
        }
    }

    #[test]
    fn more_keeps_what_stands_and_adds_no_more_than_was_asked(
        asked in asks(), ceiling in ceilings(), one in standings(), choice in choices(), attempt in tries(),
    ) {
        let Some(one) = one else { return Ok(()) };
        let asked = Asked { uses: None, ..asked };
        let ask = Ask { asked: Some(&asked), scopes: OPENID, ceiling: &ceiling, manage: Manage::None, show: false };
        let Ok(question) = question(&ask, std::slice::from_ref(&one), NOW) else { return Ok(()) };
        let Ok(agreed) = question.settle(&choice) else { return Ok(()) };
        if !question.is_more() {
            return Ok(());
        }
        let given_at = question.offer.given_at();
        let now = |terms: &Terms, given_at| opens(terms, &ceiling, given_at, &attempt, NOW);
        if agreed.terms.ends_at > NOW && now(&one.terms, one.given_at) && one.terms.looks_back() {
            prop_assert!(now(&agreed.terms, given_at), "{:?} to {:?}", one.terms, agreed.terms);
        }
        if now(&agreed.terms, given_at) {
            let full = asked_in_full(&asked, agreed.terms.reach.chosen.clone());
            prop_assert!(now(&full, given_at), "asked {full:?}, agreed {:?}", agreed.terms);
        }
    }

    #[test]
    fn every_value_on_a_page_of_what_is_new_settles(
        asked in asks(), one in standings(), merge in any::<bool>(), pick in any::<[usize; 3]>(),
    ) {
        let Some(one) = one else { return Ok(()) };
        let asked = Asked { uses: None, ..asked };
        let manage = if merge { Manage::Merge(GRANT) } else { Manage::None };
        let ask = Ask { asked: Some(&asked), scopes: OPENID, ceiling: &ceiling(), manage, show: false };
        let Ok(question) = question(&ask, &[one], NOW) else { return Ok(()) };
        let offer = &question.offer;
        let value = |steps: &[super::super::Step], at: usize| {
            (!steps.is_empty()).then(|| steps[at % steps.len()].value.clone())
        };
        // Where reach is no question, the page has no conversations to pick; where any can be picked, one is.
        let picked: BTreeSet<ConversationId> = match &offer.pick_from {
            Some(ids) => ids.clone(),
            None if offer.reach.is_empty() => BTreeSet::new(),
            None => [con(1)].into(),
        };
        if offer.pick_from.as_ref().is_some_and(BTreeSet::is_empty) {
            return Ok(());
        }
        let choice = Choice {
            kinds: Some(offer.kinds.iter().map(|kind| kind.to_string()).collect()),
            reach: value(&offer.reach, pick[0]),
            conversations: picked.iter().map(ToString::to_string).collect(),
            since: value(&offer.since, pick[1]),
            expires_in: value(&offer.expires_in, pick[2]),
            ..all_of(offer)
        };
        prop_assert!(question.settle(&choice).is_ok(), "{choice:?} of {offer:?}");
    }
}
