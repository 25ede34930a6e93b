//! What changes while a request is under way: whoever was let through before the change is refused at the record.
//!
//! Invariant: once a change is acknowledged, nothing that started after it succeeds on the old footing.

use crate::house::{
    DAY_S, House, Somebody, Tokens, newest, on_both_engines, only, open_ceiling, open_terms, refresh, words,
};
use model::{Action, Actions, Ceiling, ConversationId, Kind, Kinds, Scopes, Terms};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use vault::{
    DeleteMessage, ListConversations, ReadMessages, Refusal, SeeConversation, SendMessage, StartConversation,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Narrow,
    Pause,
    Revoke,
    HandBack,
    OperatorEnds,
    Suspend,
    LowerCeiling,
    Retire,
    SignOut,
    RevokeAccessToken,
    RevokeRefreshToken,
    Lock,
}

const CHANGES: [Change; 12] = [
    Change::Narrow,
    Change::Pause,
    Change::Revoke,
    Change::HandBack,
    Change::OperatorEnds,
    Change::Suspend,
    Change::LowerCeiling,
    Change::Retire,
    Change::SignOut,
    Change::RevokeAccessToken,
    Change::RevokeRefreshToken,
    Change::Lock,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    List,
    See,
    Read,
    Send,
    Start,
    Delete,
}

const DEEDS: [Deed; 6] = [Deed::List, Deed::See, Deed::Read, Deed::Send, Deed::Start, Deed::Delete];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    BeforeThePermit,
    BeforeTheAct,
}

/// Two friends in a conversation, and an app of the first.
struct Scene {
    ada: Somebody,
    bob: Somebody,
    conversation: ConversationId,
    tokens: Tokens,
}

impl Scene {
    async fn set(house: &House, ada: &Somebody, bob: &Somebody) -> Scene {
        let conversation = house.group(ada, &[bob]).await;
        house.say(ada, conversation, "hello").await;
        let app = house.app("Jukebox", &open_ceiling()).await;
        // Without `offline_access`: it goes with the session.
        let code = house.code(ada, app, Scopes::OPENID, &open_terms()).await;
        let tokens = house.redeem(app, &code).await.unwrap();
        Scene { ada: ada.clone(), bob: bob.clone(), conversation, tokens }
    }

    async fn undergo(&self, house: &House, change: Change) {
        let vault = house.vault();
        let Tokens { app, grant, .. } = self.tokens;
        let own = &self.ada.own;
        let done = match change {
            Change::Narrow => {
                let narrower = |terms: &Terms, _, _| {
                    Ok(Terms { ends_at: terms.ends_at.plus_seconds(-1), ..terms.clone() })
                };
                vault.grant_narrow(own, grant, narrower).await
            }
            Change::Pause => vault.grant_pause(own, grant, true).await,
            Change::Revoke => vault.grant_revoke(own, grant).await,
            Change::HandBack => vault.grant_hand_back(&house.caller(&self.tokens).await).await,
            Change::OperatorEnds => vault.grant_end(grant).await,
            Change::Suspend => vault.app_suspend(app, "a test").await,
            Change::LowerCeiling => {
                let low = Ceiling { kinds: Kinds::NONE.with(Kind::Text), ..open_ceiling() };
                vault.app_ceiling(app, &oauth::details::ceiling_json(&low)).await
            }
            Change::Retire => vault.app_retire(app, house.now()).await,
            Change::SignOut => vault.sign_out(&self.ada.cookie).await,
            Change::RevokeAccessToken => vault.token_revoke(app, &self.tokens.access).await,
            Change::RevokeRefreshToken => vault.token_revoke(app, &self.tokens.refresh).await,
            Change::Lock => vault.wish_lock(&self.bob.own, self.conversation, true).await,
        };
        done.unwrap();
    }

    async fn attempt(&self, house: &House, deed: Deed, change: Change, when: When) -> Result<(), Refusal> {
        let (vault, conversation) = (house.vault(), self.conversation);
        let caller = house.caller(&self.tokens).await;
        if when == When::BeforeThePermit {
            self.undergo(house, change).await;
        }
        macro_rules! act {
            ($do_it:ident, $ask:expr) => {{
                let permit = caller.permit($ask)?;
                if when == When::BeforeTheAct {
                    self.undergo(house, change).await;
                }
                vault.$do_it(permit).await.map(|_| ())
            }};
        }
        match deed {
            Deed::List => act!(list_conversations, ListConversations { after: None, limit: 9 }),
            Deed::See => act!(see_conversation, SeeConversation { conversation }),
            Deed::Read => act!(read_messages, ReadMessages { conversation, page: newest(9) }),
            Deed::Delete => act!(delete_message, DeleteMessage { conversation, seq: 1 }),
            Deed::Start => {
                act!(start_conversation, StartConversation { others: vec![self.bob.id], title: None })
            }
            Deed::Send => {
                act!(send_message, SendMessage { conversation, content: words("x"), key: "k".to_owned() })
            }
        }
    }
}

on_both_engines! {
    async fn a_change_is_seen_by_whoever_was_let_through_before_it(house: House) {
        let [mut ada, bob] = house.friends(["ada", "bob"]).await;
        for change in CHANGES {
            for deed in DEEDS {
                for when in [When::BeforeThePermit, When::BeforeTheAct] {
                    let scene = Scene::set(&house, &ada, &bob).await;
                    let outcome = scene.attempt(&house, deed, change, when).await;
                    let expected = match (change, deed) {
                        (Change::Lock, Deed::List | Deed::Start) => Ok(()),
                        (Change::Lock, _) => Err(Refusal::NotFound),
                        _ => Err(Refusal::Changed),
                    };
                    assert_eq!(outcome, expected, "{change:?} {when:?} of {deed:?}");
                    let said = house.vault().own_messages(&ada.own, scene.conversation, newest(9)).await.unwrap();
                    assert_eq!(said.len(), 1, "{change:?} {when:?} of {deed:?}: nothing was sent");
                    assert!(said[0].content.is_some(), "{change:?} {when:?} of {deed:?}: nothing was deleted");
                    let recorded =
                        house.vault().accesses_of_own(&ada.own, scene.tokens.grant, None, 9).await.unwrap();
                    assert_eq!(recorded.len(), usize::from(outcome.is_ok()), "{change:?} {when:?} of {deed:?}");
                    if change == Change::SignOut {
                        let password = "ada-password".to_owned();
                        ada.cookie = house.vault().sign_in("ada", password, "a test").await.unwrap().cookies().unwrap().session;
                        ada.own = house.vault().own(&ada.cookie).await.unwrap();
                    }
                }
            }
        }
        let (spent, records) = house.vault().permits_spent_and_records().await.unwrap();
        assert_eq!(spent, records);
    }

    async fn after_a_change_the_next_request_is_told_so(house: House) {
        let [mut ada, bob] = house.friends(["ada", "bob"]).await;
        for change in CHANGES {
            let scene = Scene::set(&house, &ada, &bob).await;
            scene.undergo(&house, change).await;
            let read = house.read(&scene.tokens, scene.conversation).await.map(|_| ());
            let refreshed = house.refresh(&scene.tokens).await.map(|_| ());
            match change {
                Change::Narrow | Change::LowerCeiling => assert_eq!((read, refreshed), (Ok(()), Ok(()))),
                Change::Pause => {
                    assert_eq!(read, Err(Refusal::No(model::No::Paused)));
                    assert_eq!(refreshed, Ok(()), "a paused grant goes on later");
                }
                Change::Lock => assert_eq!((read, refreshed), (Err(Refusal::NotFound), Ok(()))),
                Change::RevokeAccessToken => assert_eq!((read, refreshed), (Err(Refusal::Token), Ok(()))),
                _ => {
                    assert_eq!(read, Err(Refusal::Token), "{change:?}");
                    assert!(refreshed.is_err(), "{change:?}");
                }
            }
            if change == Change::SignOut {
                ada.cookie = house.vault().sign_in("ada", "ada-password".to_owned(), "a test").await.unwrap().cookies().unwrap().session;
                ada.own = house.vault().own(&ada.cookie).await.unwrap();
            }
        }
    }

    async fn words_kept_out_after_the_permit_are_not_read(house: House) {
        let [ada, bob] = house.friends(["ada", "bob"]).await;
        for everywhere in [false, true] {
            let scene = Scene::set(&house, &ada, &bob).await;
            house.say(&bob, scene.conversation, "bob's secret").await;
            let ask = ReadMessages { conversation: scene.conversation, page: newest(9) };
            let permit = house.permit(&scene.tokens, ask).await.unwrap();
            match everywhere {
                false => house.vault().wish_words_out(&bob.own, scene.conversation, true).await.unwrap(),
                true => house.vault().wish_everywhere(&bob.own, true, false).await.unwrap(),
            }
            let items = house.vault().read_messages(permit).await.unwrap().answer.items;
            assert!(items.ends_with(r#",{"seq":2,"withheld":"author"}]"#), "{items}");
            assert!(!items.contains("secret"));
            // She sees them herself, and the app may still delete nothing that it does not see.
            let own = house.vault().own_messages(&ada.own, scene.conversation, newest(9)).await.unwrap();
            assert_eq!(own[1].content, Some(words("bob's secret")));
            let ask = DeleteMessage { conversation: scene.conversation, seq: 2 };
            let permit = house.permit(&scene.tokens, ask).await.unwrap();
            let refused = house.vault().delete_message(permit).await.unwrap_err();
            assert_eq!(refused, Refusal::Withheld(model::Withheld::Author));
        }
    }

    async fn a_permit_that_a_pause_stopped_is_worth_nothing_after_the_pause(house: House) {
        let [ada, bob] = house.friends(["ada", "bob"]).await;
        let scene = Scene::set(&house, &ada, &bob).await;
        let ask = || ReadMessages { conversation: scene.conversation, page: newest(9) };
        let permit = house.permit(&scene.tokens, ask()).await.unwrap();
        house.vault().grant_pause(&ada.own, scene.tokens.grant, true).await.unwrap();
        house.vault().grant_pause(&ada.own, scene.tokens.grant, false).await.unwrap();
        assert_eq!(house.vault().read_messages(permit).await.unwrap_err(), Refusal::Changed);
        assert!(house.read(&scene.tokens, scene.conversation).await.is_ok(), "a new one is");
    }

    async fn a_window_of_uses_closes_with_the_last_one_however_many_come_at_once(house: House) {
        let [ada, bob] = house.friends(["ada", "bob"]).await;
        let conversation = house.group(&ada, &[&bob]).await;
        let app = house.app("Jukebox", &open_ceiling()).await;
        let terms = Terms { uses: Some(5), actions: only(Action::Read), ..open_terms() };
        let tokens = house.let_in(&ada, app, &terms).await;
        let caller = Arc::new(house.caller(&tokens).await);
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let (vault, caller) = (Arc::clone(house.vault()), Arc::clone(&caller));
            tasks.spawn(async move {
                let permit = caller.permit(ReadMessages { conversation, page: newest(9) })?;
                vault.read_messages(permit).await.map(|_| ())
            });
        }
        let outcomes = tasks.join_all().await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 5);
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(()) | Err(Refusal::Changed))));
        let refused = house.read(&tokens, conversation).await.unwrap_err();
        assert_eq!(refused, Refusal::No(model::No::Spent));
        let history = house.vault().grant_history(&ada.own, tokens.grant).await.unwrap();
        assert_eq!(history.len(), 2, "given, and ended once: {history:?}");
    }

    async fn the_apps_shown_in_a_conversation_are_those_that_could_act_there_now(house: House) {
        let [ada, bob] = house.friends(["ada", "bob"]).await;
        for change in CHANGES {
            let scene = Scene::set(&house, &ada, &bob).await;
            let active = async || {
                let seen = house.vault().own_conversation(&bob.own, scene.conversation).await.unwrap();
                let of_this_app = seen.apps.into_iter().filter(|app| app.id == scene.tokens.app);
                of_this_app.map(|app| (app.of, app.actions)).collect::<Vec<_>>()
            };
            assert_eq!(active().await, [(ada.id, Actions::ALL)]);
            match change {
                // A token that has gone can be followed by another: the app may still act.
                Change::SignOut | Change::RevokeAccessToken | Change::RevokeRefreshToken => continue,
                Change::Narrow => {
                    let fewer = |terms: &Terms, _, _| Ok(Terms { actions: only(Action::Read), ..terms.clone() });
                    house.vault().grant_narrow(&ada.own, scene.tokens.grant, fewer).await.unwrap();
                    assert_eq!(active().await, [(ada.id, only(Action::Read).with(Action::List))]);
                }
                Change::LowerCeiling => {
                    let low = Ceiling { actions: only(Action::Send), ..open_ceiling() };
                    let low = oauth::details::ceiling_json(&low);
                    house.vault().app_ceiling(scene.tokens.app, &low).await.unwrap();
                    assert_eq!(active().await, [(ada.id, only(Action::Send))]);
                }
                _ => {
                    scene.undergo(&house, change).await;
                    assert_eq!(active().await, [], "{change:?}");
                }
            }
        }
        let scene = Scene::set(&house, &ada, &bob).await;
        house.clock.set(open_terms().ends_at);
        let cookie = house.vault().sign_in("bob", "bob-password".to_owned(), "a test").await.unwrap().cookies().unwrap().session;
        let own = house.vault().own(&cookie).await.unwrap();
        let seen = house.vault().own_conversation(&own, scene.conversation).await.unwrap();
        assert!(seen.apps.is_empty(), "a grant that has run out, whether or not it was tidied away: {:?}", seen.apps);
    }

    async fn an_acknowledged_revocation_is_never_outrun(house: House) {
        for seed in 0..4usize {
            let people = house.friends([&format!("ada{seed}x")[..], &format!("bob{seed}x")]).await;
            race(&house, &people, seed).await;
        }
    }

    async fn a_revoked_grant_stays_revoked_whatever_else_is_asked_at_once(house: House) {
        let [ada, bob] = house.friends(["ada", "bob"]).await;
        for round in 0..12 {
            let scene = Scene::set(&house, &ada, &bob).await;
            let (vault, own, grant) = (house.vault(), &ada.own, scene.tokens.grant);
            vault.grant_pause(own, grant, true).await.unwrap();
            let sooner = |terms: &Terms, _, _| Ok(Terms { ends_at: terms.ends_at.plus_seconds(-DAY_S), ..terms.clone() });
            let fewer = |terms: &Terms, _, _| Ok(Terms { kinds: Kinds::NONE.with(Kind::Text), ..terms.clone() });
            let outcomes = tokio::join!(
                vault.grant_pause(own, grant, false),
                vault.grant_narrow(own, grant, sooner),
                vault.grant_revoke(own, grant),
                vault.grant_narrow(own, grant, fewer),
                vault.grant_pause(own, grant, true),
            );
            outcomes.2.unwrap();
            let now = vault.connected_one(own, grant).await.unwrap().grant;
            assert_eq!(now.state, model::GrantState::Ended, "round {round}");
            if outcomes.1.is_ok() && outcomes.3.is_ok() {
                let both = (now.terms.ends_at, now.terms.kinds);
                let ends_at = open_terms().ends_at.plus_seconds(-DAY_S);
                assert_eq!(both, (ends_at, Kinds::NONE.with(Kind::Text)), "round {round}: neither undid the other");
            }
        }
    }
}

/// Tasks that read, send and refresh while one revokes: what starts after its acknowledgement must fail.
async fn race(house: &House, people: &[Somebody; 2], seed: usize) {
    let [ada, bob] = people;
    let scene = Scene::set(house, ada, bob).await;
    let (conversation, grant) = (scene.conversation, scene.tokens.grant);
    let revoked = Arc::new(AtomicBool::new(false));
    let acts = Arc::new(AtomicUsize::new(0));
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..8usize {
        let (vault, mut tokens) = (Arc::clone(house.vault()), scene.tokens.clone());
        let (revoked, acts) = (Arc::clone(&revoked), Arc::clone(&acts));
        tasks.spawn(async move {
            let mut after = 0;
            for turn in 0..400usize {
                let started_after = revoked.load(Ordering::SeqCst);
                let outcome = match (task, turn * 7 + task + seed) {
                    // One alone refreshes: a second use of the same token would end the family.
                    (0, _) => refresh(&vault, &tokens).await.map(|new| tokens = new).is_ok(),
                    (_, choice) if choice % 3 == 0 => match vault.caller(&tokens.access).await {
                        Err(_) => false,
                        Ok(caller) => match caller.permit(SendMessage {
                            conversation,
                            content: words("x"),
                            key: format!("{task}.{turn}"),
                        }) {
                            Err(_) => false,
                            Ok(permit) => vault.send_message(permit).await.is_ok(),
                        },
                    },
                    _ => match vault.caller(&tokens.access).await {
                        Err(_) => false,
                        Ok(caller) => match caller.permit(ReadMessages { conversation, page: newest(5) }) {
                            Err(_) => false,
                            Ok(permit) => vault.read_messages(permit).await.is_ok(),
                        },
                    },
                };
                acts.fetch_add(1, Ordering::SeqCst);
                assert!(!(started_after && outcome), "task {task} outran the revocation in turn {turn}");
                after += usize::from(started_after);
                if after == 3 {
                    return true;
                }
            }
            false
        });
    }
    while acts.load(Ordering::SeqCst) < 20 + 13 * seed {
        tokio::task::yield_now().await;
    }
    house.vault().grant_revoke(&ada.own, grant).await.unwrap();
    revoked.store(true, Ordering::SeqCst);
    let at_the_acknowledgement = house.vault().accesses_of_own(&ada.own, grant, None, 9999).await.unwrap();
    assert!(
        tasks.join_all().await.into_iter().all(|met_it| met_it),
        "every task went on past the revocation"
    );
    let in_the_end = house.vault().accesses_of_own(&ada.own, grant, None, 9999).await.unwrap();
    assert_eq!(at_the_acknowledgement.len(), in_the_end.len(), "no record after the revocation");
    let (spent, records) = house.vault().permits_spent_and_records().await.unwrap();
    assert_eq!(spent, records);
}
