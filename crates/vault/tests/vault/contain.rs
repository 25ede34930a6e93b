//! Containment: one row ends many grants, each next request obeys, and nothing that was acknowledged is outrun.

use crate::house::{DAY_S, House, Somebody, Tokens, newest, on_both_engines, only, open_ceiling, open_terms};
use model::{Action, AppId, ConversationId, GrantState, Scopes, Terms, Time};
use oauth::token::REFRESH_IDLE_S;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use vault::{Containment, Notice, ReadMessages, Refusal};

const WHY: &str = "its server was broken into";

async fn contain(house: &House, app: Option<AppId>, issued: Option<(Time, Time)>) {
    let containment = Containment { app, issued, why: WHY.to_owned() };
    assert!(house.vault().contain(containment).await.unwrap(), "settled");
}

async fn opens(house: &House, tokens: &Tokens) -> bool {
    let at_the_gate = house.vault().caller(&tokens.access).await;
    if let Err(refusal) = &at_the_gate {
        assert_eq!(*refusal, Refusal::Token);
    }
    at_the_gate.is_ok()
}

async fn state(house: &House, ada: &Somebody, tokens: &Tokens) -> (GrantState, bool) {
    let one = house.vault().connected_one(&ada.own, tokens.grant).await.unwrap();
    (one.grant.state, one.contained.is_some_and(|contained| contained.why == WHY))
}

const ENDED: (GrantState, bool) = (GrantState::Ended, true);
const ACTIVE: (GrantState, bool) = (GrantState::Active, false);

/// What she was told of containments: of which apps.
async fn told(house: &House, ada: &Somebody) -> Vec<AppId> {
    house.vault().viewer(&ada.own).await.unwrap();
    let notices = house.vault().notices(&ada.own, None, 99).await.unwrap();
    let of_them = notices.into_iter().filter_map(|told| match told.notice {
        Notice::Contained { app, why } => Some(app).filter(|_| why == WHY),
        _ => None,
    });
    of_them.collect()
}

async fn scene(house: &House) -> ([Somebody; 2], ConversationId, [AppId; 2]) {
    let [ada, bob] = house.friends(["ada", "bob"]).await;
    let conversation = house.group(&ada, &[&bob]).await;
    house.say(&ada, conversation, "hello").await;
    let apps = [house.app("Jukebox", &open_ceiling()).await, house.app("Teller", &open_ceiling()).await];
    ([ada, bob], conversation, apps)
}

async fn people(house: &House, app: AppId) -> i64 {
    let apps = house.vault().app_list().await.unwrap();
    apps.into_iter().find(|listed| listed.id == app).unwrap().people
}

on_both_engines! {
    async fn an_app_is_contained_and_another_goes_on(house: House) {
        let ([ada, bob], conversation, [jukebox, teller]) = scene(&house).await;
        let spare = house.code(&ada, jukebox, Scopes::ALL, &open_terms()).await;
        let (one, two) = (house.let_in(&ada, jukebox, &open_terms()).await, house.let_in(&bob, jukebox, &open_terms()).await);
        let other = house.let_in(&ada, teller, &open_terms()).await;
        assert_eq!((people(&house, jukebox).await, house.standing(&ada, jukebox).await.len()), (2, 2));
        contain(&house, Some(jukebox), None).await;
        for tokens in [&one, &two] {
            assert!(!opens(&house, tokens).await);
            house.refresh(tokens).await.unwrap_err();
        }
        house.redeem(jukebox, &spare).await.unwrap_err();
        // Nothing is added to what has ended, nor recalled from it.
        assert_eq!(house.standing(&ada, jukebox).await, []);
        assert!(opens(&house, &other).await);
        assert_eq!((state(&house, &ada, &one).await, state(&house, &ada, &other).await), (ENDED, ACTIVE));
        assert_eq!((people(&house, jukebox).await, people(&house, teller).await), (0, 1));
        let seen = house.vault().own_conversation(&ada.own, conversation).await.unwrap();
        assert!(seen.apps.iter().all(|app| app.id == teller), "{:?}", seen.apps);

        // What has ended can be neither narrowed nor paused, and revoking it is done already.
        let narrowed = house.vault().grant_narrow(&ada.own, one.grant, |terms, _, _| Ok(Terms { actions: only(Action::List), ..terms.clone() }));
        assert!(matches!(narrowed.await, Err(Refusal::Conflict(_))));
        assert!(matches!(house.vault().grant_pause(&ada.own, one.grant, true).await, Err(Refusal::Conflict(_))));
        house.vault().grant_revoke(&ada.own, one.grant).await.unwrap();

        // Given anew it is free, even in the same moment.
        let anew = house.let_in(&ada, jukebox, &open_terms()).await;
        assert!(opens(&house, &anew).await && opens(&house, &house.refresh(&anew).await.unwrap()).await);
        assert_eq!(state(&house, &ada, &one).await, ENDED);
        contain(&house, Some(jukebox), None).await;
        assert!(!opens(&house, &anew).await && opens(&house, &other).await);
    }

    async fn a_span_ends_what_was_given_and_what_was_issued_in_it(house: House) {
        let ([ada, _], _, [jukebox, teller]) = scene(&house).await;
        let before = house.let_in(&ada, jukebox, &open_terms()).await;
        house.clock.forward(100);
        let from = house.now();
        let within = house.let_in(&ada, jukebox, &open_terms()).await;
        let refreshed = house.refresh(&house.let_in(&ada, teller, &open_terms()).await).await.unwrap();
        // Of a grant that was given before, one token was issued in the span.
        let old = Tokens { access: house.refresh(&before).await.unwrap().access, ..before.clone() };
        let until = house.now();
        house.clock.forward(100);
        let after = house.let_in(&ada, jukebox, &open_terms()).await;
        contain(&house, None, Some((from, until))).await;
        for (tokens, works) in [(&within, false), (&refreshed, false), (&old, false), (&before, true), (&after, true)] {
            assert_eq!(opens(&house, tokens).await, works);
        }
        house.refresh(&within).await.unwrap_err();
        assert_eq!((state(&house, &ada, &within).await, state(&house, &ada, &before).await), (ENDED, ACTIVE));
        assert!(opens(&house, &house.refresh(&after).await.unwrap()).await);
        let mut apps = told(&house, &ada).await;
        apps.sort();
        let mut wanted = vec![jukebox, teller];
        wanted.sort();
        assert_eq!(apps, wanted);
    }

    async fn what_came_of_a_stolen_refresh_token_ends_with_it(house: House) {
        let ([ada, bob], _, [jukebox, teller]) = scene(&house).await;
        let (hers, his) = (house.let_in(&ada, jukebox, &open_terms()).await, house.let_in(&bob, teller, &open_terms()).await);
        house.clock.forward(100);
        // In the span a token is issued, and stolen; what comes of it, twice over, is issued later.
        let from = house.now();
        let stolen = house.refresh(&hers).await.unwrap();
        let until = house.now();
        house.clock.forward(100);
        let thief = house.refresh(&house.refresh(&stolen).await.unwrap()).await.unwrap();
        let his_later = house.refresh(&his).await.unwrap();
        assert!(opens(&house, &thief).await);
        contain(&house, None, Some((from, until))).await;
        assert!(!opens(&house, &thief).await);
        house.refresh(&thief).await.unwrap_err();
        assert!(opens(&house, &his_later).await);
        // Not even once the token of the span is forgotten, a little before what came of it ends by itself.
        let his_later = house.refresh(&his_later).await.unwrap();
        house.clock.set(until.plus_seconds(REFRESH_IDLE_S + 50));
        while house.vault().expire().await.unwrap() {}
        house.refresh(&thief).await.unwrap_err();
        house.refresh(&his_later).await.unwrap();
    }

    async fn everything_is_contained_and_everyone_is_told_once(house: House) {
        let ([ada, bob], _, [jukebox, teller]) = scene(&house).await;
        let one = house.let_in(&ada, jukebox, &open_terms()).await;
        let two = house.let_in(&bob, teller, &open_terms()).await;
        let gone = house.let_in(&ada, teller, &open_terms()).await;
        house.vault().grant_revoke(&ada.own, gone.grant).await.unwrap();
        house.clock.forward(1);
        contain(&house, None, None).await;
        assert!(!opens(&house, &one).await && !opens(&house, &two).await);
        assert_eq!(state(&house, &ada, &gone).await, (GrantState::Ended, false), "she had revoked it herself");
        contain(&house, Some(jukebox), None).await;
        for _ in 0..3 {
            assert_eq!(told(&house, &ada).await, [jukebox], "by the first of the two, and not of what she had revoked");
            assert_eq!(told(&house, &bob).await, [teller]);
        }
        let eve = house.person("eve").await;
        assert_eq!(told(&house, &eve).await, []);
        // One line in the history of each app that anyone had let in.
        let events = house.numbers("select count(*) from app_events where what = 'contained'").await;
        assert_eq!(events, [3]);
    }

    async fn what_was_contained_ends_for_good_when_its_time_comes(house: House) {
        let ([ada, _], _, [jukebox, _]) = scene(&house).await;
        let tokens = house.let_in(&ada, jukebox, &Terms { ends_at: house.now().plus_seconds(DAY_S), ..open_terms() }).await;
        house.vault().grant_pause(&ada.own, tokens.grant, true).await.unwrap();
        contain(&house, None, None).await;
        house.clock.forward(DAY_S);
        while house.vault().expire().await.unwrap() {}
        let history = house.vault().grant_history(&ada.own, tokens.grant).await.unwrap();
        assert!(history.last().unwrap().record.contains(r#""by":"operator""#), "{history:?}");
        assert_eq!(house.numbers("select count(*) from grants where state in ('active', 'paused')").await, [0]);
        assert_eq!(told(&house, &ada).await, [jukebox], "also if she comes late");
    }

    async fn a_permit_from_before_is_worth_nothing_after(house: House) {
        let ([ada, _], conversation, [jukebox, teller]) = scene(&house).await;
        let ask = || ReadMessages { conversation, page: newest(9) };
        for round in 0..3 {
            house.clock.forward(1);
            let now = house.now();
            let (app, issued) = [(Some(jukebox), None), (None, Some((now, now))), (None, None)][round];
            let tokens = house.let_in(&ada, jukebox, &open_terms()).await;
            let other = house.let_in(&ada, teller, &open_terms()).await;
            let (permit, of_other) = (house.permit(&tokens, ask()).await.unwrap(), house.permit(&other, ask()).await.unwrap());
            contain(&house, app, issued).await;
            assert_eq!(house.vault().read_messages(permit).await, Err(Refusal::Changed));
            assert_eq!(house.vault().read_messages(of_other).await.is_ok(), app.is_some());
        }
        let (spent, records) = house.vault().permits_spent_and_records().await.unwrap();
        assert_eq!((spent, records), (1, 1));
    }

    async fn a_span_that_is_not_over_or_ends_before_it_begins_is_refused(house: House) {
        let now = house.now();
        for span in [(now, now.plus_seconds(1)), (now, now.plus_seconds(-1))] {
            let refused = house.vault().contain(Containment { app: None, issued: Some(span), why: WHY.to_owned() }).await;
            assert!(matches!(refused, Err(Refusal::Invalid(_))), "{refused:?}");
        }
        let nobody = Containment { app: Some(AppId::from_bytes([7; 16])), issued: None, why: WHY.to_owned() };
        assert_eq!(house.vault().contain(nobody).await, Err(Refusal::NotFound));
        assert_eq!(house.numbers("select count(*) from containments").await, [0]);
    }

    /// Apps read as fast as they can on two threads while the operator contains them.
    async fn the_last_record_is_there_when_it_answers(house: House) {
        let ([ada, bob], conversation, [jukebox, teller]) = scene(&house).await;
        for round in 0..10 {
            let answered = Arc::new(AtomicBool::new(false));
            let mut readers = tokio::task::JoinSet::new();
            for (who, app) in [(&ada, jukebox), (&bob, jukebox), (&ada, teller), (&bob, teller)] {
                for _ in 0..4 {
                    let tokens = house.let_in(who, app, &open_terms()).await;
                    let (vault, answered) = (Arc::clone(house.vault()), Arc::clone(&answered));
                    readers.spawn(async move {
                        let mut reads = 0;
                        loop {
                            let before = answered.load(Ordering::SeqCst);
                            let read = match vault.caller(&tokens.access).await {
                                Ok(caller) => {
                                    let permit = caller.permit(ReadMessages { conversation, page: newest(9) });
                                    vault.read_messages(permit.unwrap()).await.map(|_| ())
                                }
                                Err(refusal) => Err(refusal),
                            };
                            match read {
                                Ok(()) => assert!(!before, "read after the answer"),
                                Err(Refusal::Changed) => {}
                                Err(refusal) => break assert_eq!(refusal, Refusal::Token),
                            }
                            reads += 1;
                            if reads == 5 {
                                tokio::task::yield_now().await;
                            }
                        }
                    });
                }
            }
            for _ in 0..round {
                tokio::task::yield_now().await;
            }
            contain(&house, None, None).await;
            answered.store(true, Ordering::SeqCst);
            let there = house.vault().permits_spent_and_records().await.unwrap();
            assert_eq!(there.0, there.1, "and every answer is out");
            readers.join_all().await;
            assert_eq!(house.vault().permits_spent_and_records().await.unwrap(), there, "round {round}");
        }
    }
}
