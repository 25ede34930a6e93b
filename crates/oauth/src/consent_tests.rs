//! Consent by hand-made cases, and by its law held against the rule itself: whatever a form says, the grant opens nothing
//! that the ask or the ceiling would have kept closed.
use super::*;
use model::{AppId, GrantState, MessageFacts, PersonId, Place, Standing};
use proptest::prelude::*;

pub(super) const NOW: Time = Time::from_micros(1_795_435_200_000_000);

pub(super) fn con(n: u8) -> ConversationId {
    ConversationId::from_bytes([n; 16])
}

pub(super) fn ceiling() -> Ceiling {
    Ceiling {
        actions: Actions::ALL,
        reach: ReachCap::All,
        since: Since::All,
        kinds: Kinds::ALL,
        expires_in_s: 365 * DAY_S,
        scopes: Scopes::ALL,
        retiring: model::Retiring::default(),
    }
}

pub(super) fn ask() -> Asked {
    Asked {
        actions: Actions::ALL,
        optional: Actions::NONE.with(Action::Delete),
        reach: AskedReach::All,
        since: Since::All,
        kinds: Kinds::ALL,
        expires_in_s: 90 * DAY_S,
        uses: Some(100),
        purpose: "Shows and answers chats".to_owned(),
    }
}

fn offered(asked: &Asked, ceiling: &Ceiling) -> Offer {
    offer(Some(asked), Scopes::OPENID, ceiling, NOW).unwrap()
}

pub(super) fn list(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// A form with every action ticked and nothing else touched.
pub(super) fn all_ticked() -> Choice {
    Choice { actions: list(&["list", "read", "send", "delete"]), ..Choice::default() }
}

pub(super) fn values(steps: &[Step]) -> Vec<&str> {
    assert_eq!(steps.iter().filter(|step| step.selected).count(), 1, "{steps:?}");
    steps.iter().map(|step| step.value.as_str()).collect()
}

#[test]
fn the_page_lists_the_ask_and_everything_narrower() {
    let offer = offered(&ask(), &ceiling());
    assert_eq!(offer.scopes, Scopes::OPENID);
    let ticked: Vec<_> = offer.actions.iter().map(|a| (a.action.as_str(), a.ticked, a.optional)).collect();
    assert_eq!(
        ticked,
        [("list", true, false), ("read", true, false), ("send", true, false), ("delete", false, true)]
    );
    assert_eq!(values(&offer.reach), ["all", "chosen", "started"]);
    assert_eq!(values(&offer.since), ["all", "P365D", "P90D", "P30D", "P7D", "P3D", "P1D", "grant"]);
    assert_eq!(values(&offer.expires_in), ["7776000", "2592000", "604800", "86400", "3600"]);
    assert_eq!((offer.kinds, offer.uses, offer.pick_from.clone()), (Kinds::ALL, Some(100), None));
}

#[test]
fn an_untouched_form_grants_the_ask() {
    let terms = settle(&offered(&ask(), &ceiling()), &all_ticked()).unwrap();
    let expected = Terms {
        actions: Actions::ALL,
        reach: Reach::ALL,
        since: Since::All,
        kinds: Kinds::ALL,
        ends_at: NOW.plus_seconds(90 * DAY_S),
        uses: Some(100),
    };
    assert_eq!(terms, expected);
}

#[test]
fn every_axis_narrows() {
    let offer = offered(&ask(), &ceiling());
    let choice = Choice {
        actions: list(&["read"]),
        kinds: Some(list(&["text"])),
        reach: Some("chosen".to_owned()),
        conversations: vec![con(1).to_string(), con(2).to_string()],
        since: Some("P3D".to_owned()),
        expires_in: Some("3600".to_owned()),
    };
    let expected = Terms {
        actions: Actions::NONE.with(Action::List).with(Action::Read),
        reach: Reach::only([con(1), con(2)]),
        since: Since::Last(3 * DAY_S),
        kinds: Kinds::NONE.with(Kind::Text),
        ends_at: NOW.plus_seconds(3_600),
        uses: Some(100),
    };
    assert_eq!(settle(&offer, &choice), Ok(expected));
    let started = Choice { reach: Some("started".to_owned()), ..all_ticked() };
    assert_eq!(settle(&offer, &started).unwrap().reach, Reach::STARTED);
    let ticked_beside_all = Choice { conversations: vec![con(1).to_string()], ..all_ticked() };
    assert_eq!(settle(&offer, &ticked_beside_all).unwrap().reach, Reach::only([con(1)]), "narrow wins");
}

#[test]
fn the_ceiling_narrows_the_offer_without_a_word() {
    let low = Ceiling {
        actions: Actions::NONE.with(Action::Read),
        reach: ReachCap::Chosen,
        since: Since::Last(30 * DAY_S),
        kinds: Kinds::NONE.with(Kind::Card),
        expires_in_s: 12 * DAY_S,
        scopes: Scopes::PROFILE,
        retiring: model::Retiring::default(),
    };
    let offer = offer(Some(&ask()), Scopes::parse("openid profile"), &low, NOW).unwrap();
    assert_eq!(offer.scopes, Scopes::PROFILE);
    assert_eq!(offer.actions.iter().map(|a| a.action).collect::<Vec<_>>(), [Action::List, Action::Read]);
    assert_eq!(values(&offer.reach), ["chosen", "started"]);
    assert_eq!(values(&offer.since), ["P30D", "P7D", "P3D", "P1D", "grant"]);
    assert_eq!(values(&offer.expires_in), ["1036800", "604800", "86400", "3600"]);
    assert_eq!(offer.expires_in[0].label, "12 days");
    assert_eq!(offer.kinds, Kinds::NONE.with(Kind::Card));
}

#[test]
fn a_ceiling_that_leaves_nothing_answers_the_app() {
    let no_delete = Ceiling { actions: Actions::ALL.without(Action::Delete), ..ceiling() };
    let only_delete = Asked { actions: Actions::NONE.with(Action::Delete), ..ask() };
    let refused = offer(Some(&only_delete), Scopes::OPENID, &no_delete, NOW).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::AccessDenied);
    let only_cards = Ceiling { kinds: Kinds::NONE.with(Kind::Card), ..ceiling() };
    let only_text = Asked { kinds: Kinds::NONE.with(Kind::Text), ..ask() };
    assert!(offer(Some(&only_text), Scopes::OPENID, &only_cards, NOW).is_err());
}

#[test]
fn a_list_that_the_app_knows_is_the_most_that_can_be_picked() {
    let asked = Asked { reach: AskedReach::These([con(1), con(2)].into()), ..ask() };
    let offer = offered(&asked, &ceiling());
    assert_eq!(offer.pick_from, Some([con(1), con(2)].into()));
    let pick = |n: u8| Choice { conversations: vec![con(n).to_string()], ..all_ticked() };
    assert_eq!(settle(&offer, &pick(2)).unwrap().reach, Reach::only([con(2)]));
    assert_eq!(settle(&offer, &pick(3)), Err(ChoiceInvalid::Wider("conversation")));
    assert_eq!(settle(&offer, &all_ticked()), Err(ChoiceInvalid::NoConversation));
    let low = Ceiling { reach: ReachCap::Started, ..ceiling() };
    let both = Reach { started_only: true, chosen: Some([con(2)].into()) };
    assert_eq!(settle(&offered(&asked, &low), &pick(2)).unwrap().reach, both);
}

#[test]
fn forms_that_say_nothing_or_too_much_are_refused() {
    let asked = Asked {
        actions: Actions::NONE.with(Action::List).with(Action::Read),
        reach: AskedReach::Started,
        since: Since::Last(3 * DAY_S),
        kinds: Kinds::NONE.with(Kind::Text),
        expires_in_s: DAY_S,
        ..ask()
    };
    let offer = offered(&asked, &ceiling());
    let read = || Choice { actions: list(&["read"]), ..Choice::default() };
    let text = |text: &str| Some(text.to_owned());
    for (choice, why) in [
        (Choice::default(), ChoiceInvalid::NoAction),
        (Choice { actions: list(&["send"]), ..read() }, ChoiceInvalid::Wider("action")),
        (Choice { actions: list(&["fly"]), ..read() }, ChoiceInvalid::Unknown("action")),
        (Choice { kinds: Some(vec![]), ..read() }, ChoiceInvalid::NoKind),
        (Choice { kinds: Some(list(&["card"])), ..read() }, ChoiceInvalid::Wider("kind")),
        (Choice { kinds: Some(list(&["sealed"])), ..read() }, ChoiceInvalid::Unknown("kind")),
        (Choice { reach: text("all"), ..read() }, ChoiceInvalid::Wider("reach")),
        (Choice { reach: text("chosen"), ..read() }, ChoiceInvalid::Wider("reach")),
        (Choice { reach: text("some"), ..read() }, ChoiceInvalid::Unknown("reach")),
        (Choice { conversations: list(&["x"]), ..read() }, ChoiceInvalid::Unknown("conversation")),
        (Choice { since: text("all"), ..read() }, ChoiceInvalid::Wider("since")),
        (Choice { since: text("P4D"), ..read() }, ChoiceInvalid::Wider("since")),
        (Choice { since: text("2020-01-01T00:00:00Z"), ..read() }, ChoiceInvalid::Wider("since")),
        (Choice { since: text("soon"), ..read() }, ChoiceInvalid::Unknown("since")),
        (Choice { expires_in: text("86401"), ..read() }, ChoiceInvalid::Wider("expires_in")),
        (Choice { expires_in: text("9223372036854775807"), ..read() }, ChoiceInvalid::Wider("expires_in")),
        (Choice { expires_in: text("0"), ..read() }, ChoiceInvalid::Unknown("expires_in")),
        (Choice { expires_in: text("-1"), ..read() }, ChoiceInvalid::Unknown("expires_in")),
        (Choice { expires_in: text("99999999999999999999"), ..read() }, ChoiceInvalid::Unknown("expires_in")),
    ] {
        assert_eq!(settle(&offer, &choice), Err(why), "{choice:?}");
    }
    assert!(
        settle(&offer, &Choice { since: text("grant"), ..read() }).is_ok(),
        "grant is the narrowest window"
    );
}

#[test]
fn no_more_can_be_picked_than_a_record_can_name() {
    let offer = offered(&Asked { reach: AskedReach::All, ..ask() }, &ceiling());
    let pick = |count: usize| {
        let id = |n: usize| ConversationId::from_bytes((n as u128).to_be_bytes()).to_string();
        Choice { conversations: (0..count).map(id).collect(), ..all_ticked() }
    };
    let most = settle(&offer, &pick(PICKED_MAX)).unwrap();
    let record = crate::details::granted_json(&most, &"\u{1F3B5}".repeat(200), NOW);
    // An entry holds 65,535 bytes, and what else a record says fits into the rest.
    assert!(record.len() < 60_000, "{}", record.len());
    assert_eq!(settle(&offer, &pick(PICKED_MAX + 1)), Err(ChoiceInvalid::TooManyConversations));
}

#[test]
fn chosen_needs_a_choice() {
    let offer = offered(&Asked { reach: AskedReach::Chosen, ..ask() }, &ceiling());
    assert_eq!(settle(&offer, &all_ticked()), Err(ChoiceInvalid::NoConversation));
    let started = Choice { reach: Some("started".to_owned()), ..all_ticked() };
    assert_eq!(settle(&offer, &started).unwrap().reach, Reach::STARTED);
}

#[test]
fn an_optional_list_is_ticked_where_read_needs_it() {
    let asked = Asked { optional: Actions::NONE.with(Action::List), ..ask() };
    assert!(offered(&asked, &ceiling()).actions.iter().all(|action| action.ticked));
}

#[test]
fn a_mere_sign_in_has_no_axes_and_no_actions() {
    let offer = offer(None, Scopes::parse("openid friends"), &ceiling(), NOW).unwrap();
    assert_eq!(offer.scopes, Scopes::parse("openid friends"));
    assert!(offer.actions.is_empty() && offer.since.is_empty() && offer.expires_in.is_empty());
    let terms = settle(&offer, &all_ticked()).unwrap();
    assert_eq!((terms.actions, terms.kinds, terms.reach), (Actions::NONE, Kinds::NONE, Reach::STARTED));
    assert_eq!(terms.ends_at, NOW.plus_seconds(EXPIRES_IN_S_DEFAULT));
}

#[test]
fn a_present_grant_can_be_narrowed_and_kept() {
    let given_at = NOW.plus_seconds(-10 * DAY_S);
    let terms = Terms {
        actions: Actions::NONE.with(Action::List).with(Action::Read).with(Action::Send),
        reach: Reach::only([con(1), con(2)]),
        since: Since::Last(30 * DAY_S),
        kinds: Kinds::ALL,
        ends_at: NOW.plus_seconds(20 * DAY_S),
        uses: None,
    };
    let again = offer_again(&terms, given_at, NOW);
    assert_eq!(values(&again.since), ["P30D", "P7D", "P3D", "P1D", "grant"]);
    assert_eq!(values(&again.expires_in), ["keep", "604800", "86400", "3600"]);
    assert_eq!(values(&again.reach), ["chosen", "started"]);
    let kept = Choice {
        actions: list(&["list", "read", "send"]),
        conversations: vec![con(1).to_string(), con(2).to_string()],
        expires_in: Some(KEEP.to_owned()),
        ..Choice::default()
    };
    assert_eq!(settle(&again, &kept), Ok(terms.clone()));
    let longer = Choice { expires_in: Some((21 * DAY_S).to_string()), ..kept.clone() };
    assert_eq!(settle(&again, &longer), Err(ChoiceInvalid::Wider("expires_in")));
    // Given ten days ago: "from the grant on" opens earlier than a window of three days, and later than one of thirty.
    let three = Terms { since: Since::Last(3 * DAY_S), ..terms };
    let back = Choice { since: Some("grant".to_owned()), ..kept };
    assert!(settle(&again, &back).is_ok());
    assert_eq!(settle(&offer_again(&three, given_at, NOW), &back), Err(ChoiceInvalid::Wider("since")));
}

pub(super) fn since() -> impl Strategy<Value = Since> {
    let days = -400..40i64;
    prop_oneof![
        Just(Since::Grant),
        Just(Since::All),
        days.prop_map(|days| Since::At(NOW.plus_seconds(days * DAY_S))),
        (1..400i64).prop_map(|days| Since::Last(days * DAY_S)),
    ]
}

pub(super) fn cons() -> impl Strategy<Value = BTreeSet<ConversationId>> {
    proptest::collection::btree_set((0..4u8).prop_map(con), 0..4)
}

prop_compose! {
    pub(super) fn asks()(
        actions in 1..16i64, optional in 0..16i64, reach in 0..4, ids in cons(), since in since(), kinds in 1..8i64,
        days in 1..365i64, uses in proptest::option::of(1..9u64),
    ) -> Asked {
        let reach = match reach {
            0 => AskedReach::Started,
            1 => AskedReach::Chosen,
            2 => AskedReach::All,
            _ => AskedReach::These(ids),
        };
        let (actions, optional) = (Actions::from_bits(actions).closed(), Actions::from_bits(optional));
        Asked { actions, optional, reach, since, kinds: Kinds::from_bits(kinds), expires_in_s: days * DAY_S, uses, ..ask() }
    }
}

prop_compose! {
    pub(super) fn ceilings()(
        actions in 0..16i64, reach in 0..3usize, since in since(), kinds in 1..8i64, days in 1..365i64, scopes in 0..16i64,
    ) -> Ceiling {
        Ceiling {
            actions: Actions::from_bits(actions),
            reach: [ReachCap::Started, ReachCap::Chosen, ReachCap::All][reach],
            since,
            kinds: Kinds::from_bits(kinds),
            expires_in_s: days * DAY_S,
            scopes: Scopes::from_bits(scopes), retiring: model::Retiring::default() }
    }
}

/// A form with values that the page would have, and with values that it would not.
pub(super) fn choices() -> impl Strategy<Value = Choice> {
    let word = |words: &'static [&'static str]| {
        proptest::collection::vec(proptest::sample::select(words).prop_map(str::to_owned), 0..5)
    };
    let days = (1..400i64).prop_map(|days| (days * DAY_S).to_string());
    (
        word(&["list", "read", "send", "delete"]),
        proptest::option::of(word(&["text", "card", "receipt"])),
        proptest::option::of(
            proptest::sample::select(&["started", "chosen", "all"][..]).prop_map(str::to_owned),
        ),
        cons().prop_map(|ids| ids.iter().map(ToString::to_string).collect()),
        proptest::option::of(since().prop_map(since::text)),
        proptest::option::of(prop_oneof![days, Just("3600".to_owned()), Just(KEEP.to_owned())]),
    )
        .prop_map(|(actions, kinds, reach, conversations, since, expires_in)| Choice {
            actions,
            kinds,
            reach,
            conversations,
            since,
            expires_in,
        })
}

/// One try of an app: which action, on which conversation, whether it started that, on a message how old and of which kind.
#[derive(Clone, Debug)]
pub(super) struct Try {
    pub(super) action: Action,
    pub(super) conversation: ConversationId,
    pub(super) started: bool,
    pub(super) message_age_days: i64,
    pub(super) kind: Kind,
    pub(super) in_days: i64,
}

prop_compose! {
    pub(super) fn tries()(
        action in proptest::sample::select(Action::EACH), conversation in (0..4u8).prop_map(con), started in any::<bool>(),
        message_age_days in -40..400i64, kind in proptest::sample::select(Kind::EACH), in_days in 0..380i64,
    ) -> Try {
        Try { action, conversation, started, message_age_days, kind, in_days }
    }
}

/// Would the rule let this pass at that moment, under these terms and this ceiling?
pub(super) fn opens(terms: &Terms, ceiling: &Ceiling, given_at: Time, attempt: &Try, at: Time) -> bool {
    let standing = Standing {
        now: at,
        app: AppId::from_bytes([1; 16]),
        app_live: true,
        ceiling,
        person: PersonId::from_bytes([2; 16]),
        terms,
        state: GrantState::Active,
        given_at,
        agreed_at: NOW,
        used: 0,
    };
    let Ok(limits) = model::allow(&standing, attempt.action) else { return false };
    let chosen = terms.reach.chosen.as_ref().is_some_and(|ids| ids.contains(&attempt.conversation));
    let place = Place { participant: true, started: attempt.started, chosen, locked: false };
    let message = MessageFacts {
        author: PersonId::from_bytes([2; 16]),
        kind: attempt.kind,
        sent_at: NOW.plus_seconds(-attempt.message_age_days * DAY_S),
        deleted: false,
        author_keeps_out: false,
    };
    limits.reaches(&place) && limits.shows(&message).is_ok()
}

/// The ask as terms, of which the conversations are whatever she would have picked.
pub(super) fn asked_in_full(asked: &Asked, picked: Option<BTreeSet<ConversationId>>) -> Terms {
    let reach = match &asked.reach {
        AskedReach::Started => Reach::STARTED,
        AskedReach::All => Reach::ALL,
        AskedReach::These(ids) => Reach { started_only: false, chosen: Some(ids.clone()) },
        // Of what could be chosen, what was; what the app started counts as its own.
        AskedReach::Chosen => Reach { started_only: false, chosen: picked },
    };
    let Asked { actions, since, kinds, uses, .. } = asked.clone();
    Terms { actions, reach, since, kinds, ends_at: NOW.plus_seconds(asked.expires_in_s), uses }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, max_global_rejects: 100_000, ..ProptestConfig::default() })]

    #[test]
    fn settling_only_narrows(asked in asks(), ceiling in ceilings(), choice in choices(), attempt in tries()) {
        let Ok(offer) = offer(Some(&asked), Scopes::ALL, &ceiling, NOW) else { return Ok(()) };
        let Ok(terms) = settle(&offer, &choice) else { return Ok(()) };
        prop_assert!(offer.scopes.without(ceiling.scopes) == Scopes::default());
        prop_assert!(terms.actions.within(ceiling.actions.closed()) && !terms.actions.is_empty());
        prop_assert!(terms.actions.within(asked.actions));
        prop_assert!(terms.kinds.within(ceiling.kinds.and(asked.kinds)));
        prop_assert!(terms.reach.cap() <= ceiling.reach);
        prop_assert!(terms.ends_at <= NOW.plus_seconds(ceiling.expires_in_s.min(asked.expires_in_s)));
        prop_assert_eq!(terms.uses, asked.uses);
        let since_opens = |since: Since| since.opens(NOW, NOW);
        prop_assert!(since_opens(terms.since) >= since_opens(asked.since).max(since_opens(ceiling.since)));
        if let AskedReach::These(ids) = &asked.reach {
            prop_assert!(terms.reach.chosen.as_ref().is_some_and(|chosen| chosen.is_subset(ids)));
        }
        let full = asked_in_full(&asked, terms.reach.chosen.clone());
        let at = NOW.plus_seconds(attempt.in_days * DAY_S);
        let sent = NOW.plus_seconds(-attempt.message_age_days * DAY_S);
        if sent <= at && opens(&terms, &ceiling, NOW, &attempt, at) {
            // Under the ask alone the app would have seen it too: today, or on the day when it came.
            let when = NOW.max(sent);
            prop_assert!(opens(&full, &self::ceiling(), NOW, &attempt, when), "asked {full:?}, granted {terms:?}");
        }
    }

    #[test]
    fn narrowing_again_only_narrows(
        asked in asks(), first in choices(), again in choices(), attempt in tries(), age_days in 0..100i64,
    ) {
        let Ok(terms) = settle(&offered(&asked, &ceiling()), &first) else { return Ok(()) };
        // The grant was given some days ago, by the clock of the later form.
        let later = NOW.plus_seconds(age_days * DAY_S);
        if terms.ends_at <= later {
            return Ok(());
        }
        let Ok(narrower) = settle(&offer_again(&terms, NOW, later), &again) else { return Ok(()) };
        prop_assert!(narrower.actions.within(terms.actions) && narrower.kinds.within(terms.kinds));
        prop_assert!(narrower.ends_at <= terms.ends_at);
        prop_assert!(narrower.since.opens(NOW, later) >= terms.since.opens(NOW, later));
        if opens(&narrower, &ceiling(), NOW, &attempt, later) {
            prop_assert!(opens(&terms, &ceiling(), NOW, &attempt, later), "{terms:?} to {narrower:?}");
        }
    }

    #[test]
    fn every_value_on_the_page_settles(asked in asks(), ceiling in ceilings(), pick in any::<[usize; 3]>()) {
        let Ok(offer) = offer(Some(&asked), Scopes::ALL, &ceiling, NOW) else { return Ok(()) };
        if offer.pick_from.as_ref().is_some_and(BTreeSet::is_empty) {
            return Ok(());
        }
        let value = |steps: &[Step], at: usize| Some(steps[at % steps.len()].value.clone());
        let picked = offer.pick_from.clone().unwrap_or_else(|| [con(1)].into());
        let choice = Choice {
            actions: offer.actions.iter().map(|offer| offer.action.to_string()).collect(),
            kinds: Some(offer.kinds.iter().map(|kind| kind.to_string()).collect()),
            reach: value(&offer.reach, pick[0]),
            conversations: picked.iter().map(ToString::to_string).collect(),
            since: value(&offer.since, pick[1]),
            expires_in: value(&offer.expires_in, pick[2]),
        };
        let terms = settle(&offer, &choice).unwrap();
        prop_assert_eq!(since::text(terms.since), choice.since.unwrap());
        prop_assert_eq!(terms.ends_at, NOW.plus_seconds(choice.expires_in.unwrap().parse().unwrap()));
        prop_assert_eq!(terms.actions, offer.widest().actions);
    }
}

proptest! {
    #[test]
    fn no_form_panics(words in proptest::collection::vec(any::<String>(), 6), asked in asks()) {
        let choice = Choice {
            actions: vec!["read".to_owned(), words[0].clone()],
            kinds: Some(vec![words[1].clone()]),
            reach: Some(words[2].clone()),
            conversations: vec![words[3].clone()],
            since: Some(words[4].clone()),
            expires_in: Some(words[5].clone()),
        };
        prop_assert!(settle(&offered(&asked, &ceiling()), &choice).is_err());
    }
}
