//! What is not used lapses by itself: taken once, told to everyone whom it concerns, and given back if she wants it.

use crate::house::{DAY_S, House, Somebody, Tokens, on_both_engines, only, open_ceiling, open_terms};
use ledger::record::{GrantActor, GrantEvent, GrantRecord};
use model::{Action, Actions, ConversationId, Terms};
use vault::{Containment, DeleteMessage, GrantHistory, Notice, Refusal, SendMessage};

struct Scene {
    ada: Somebody,
    bob: Somebody,
    tokens: Tokens,
    conversation: ConversationId,
}

async fn scene(house: &House) -> Scene {
    let [ada, bob] = house.friends(["ada", "bob"]).await;
    let conversation = house.group(&ada, &[&bob]).await;
    house.say(&ada, conversation, "hello").await;
    let app = house.app("Jukebox", &open_ceiling()).await;
    let terms = Terms { ends_at: house.now().plus_seconds(360 * DAY_S), ..open_terms() };
    let tokens = house.let_in(&ada, app, &terms).await;
    Scene { ada, bob, tokens, conversation }
}

/// So many days later, with tokens that are good then; the app refreshes them, which is no use.
async fn later(house: &House, tokens: &mut Tokens, days: i64) {
    for _ in 0..days {
        house.clock.forward(DAY_S);
        *tokens = house.refresh(tokens).await.unwrap();
    }
}

async fn look(house: &House) {
    while house.vault().lapse_step().await.unwrap() {}
}

async fn actions(house: &House, scene: &Scene) -> Actions {
    house.vault().connected_one(&scene.ada.own, scene.tokens.grant).await.unwrap().grant.terms.actions
}

async fn told(house: &House, scene: &Scene) -> Vec<Notice> {
    let told = house.vault().notices(&scene.ada.own, None, 9).await.unwrap();
    told.into_iter().map(|told| told.notice).rev().collect()
}

async fn happened(house: &House, scene: &Scene) -> Vec<(GrantEvent, GrantActor)> {
    let history = house.vault().grant_history(&scene.ada.own, scene.tokens.grant).await.unwrap();
    let read = |one: &GrantHistory| GrantRecord::parse(&one.record).unwrap();
    history.iter().map(read).map(|record| (record.what, record.by)).collect()
}

const GIVEN: (GrantEvent, GrantActor) = (GrantEvent::Given, GrantActor::Person);
const NARROWED: (GrantEvent, GrantActor) = (GrantEvent::Narrowed, GrantActor::Hygiene);

on_both_engines! {
    async fn a_right_that_is_not_used_for_thirty_days_is_taken_once_and_can_be_had_again(house: House) {
        let mut scene = scene(&house).await;
        let (grant, conversation) = (scene.tokens.grant, scene.conversation);
        later(&house, &mut scene.tokens, 29).await;
        house.read(&scene.tokens, conversation).await.unwrap();
        look(&house).await;
        assert_eq!(actions(&house, &scene).await, Actions::ALL, "not before its time");
        later(&house, &mut scene.tokens, 1).await;
        let late = house.permit(&scene.tokens, DeleteMessage { conversation, seq: 1 }).await.unwrap();
        let steps = (0..4).map(|_| {
            let vault = house.vault().clone();
            tokio::spawn(async move { vault.lapse_step().await })
        });
        for step in steps.collect::<Vec<_>>() {
            step.await.unwrap().unwrap();
        }
        let lost = only(Action::Send).with(Action::Delete);
        assert_eq!(actions(&house, &scene).await, only(Action::Read).closed());
        assert_eq!(house.vault().delete_message(late).await.unwrap_err(), Refusal::Changed, "no old permit is good");
        let refused = house.permit(&scene.tokens, DeleteMessage { conversation, seq: 1 }).await;
        assert!(matches!(refused, Err(Refusal::No(_))), "{refused:?}");
        house.read(&scene.tokens, conversation).await.unwrap();
        let notice = Notice::Lapsed { app: scene.tokens.app, grant, actions: lost.bits() };
        assert_eq!(told(&house, &scene).await, [notice]);
        assert_eq!(happened(&house, &scene).await, [GIVEN, NARROWED]);

        let again = house.vault().grant_let_again(&scene.bob.own, grant).await;
        assert_eq!(again, Err(Refusal::NotFound), "only she can");
        let until = house.now().plus_seconds(30 * DAY_S);
        assert_eq!(house.vault().grant_lapsed(&scene.ada.own, grant).await, Ok(Some((lost, until))));
        house.vault().grant_let_again(&scene.ada.own, grant).await.unwrap();
        assert_eq!(actions(&house, &scene).await, Actions::ALL);
        let ask = DeleteMessage { conversation, seq: 1 };
        let permit = house.permit(&scene.tokens, ask).await.unwrap();
        house.vault().delete_message(permit).await.unwrap();
        assert_eq!(house.vault().grant_lapsed(&scene.ada.own, grant).await, Ok(None));
        let again = house.vault().grant_let_again(&scene.ada.own, grant).await;
        assert!(matches!(again, Err(Refusal::Conflict(_))), "once: {again:?}");
        later(&house, &mut scene.tokens, 29).await;
        look(&house).await;
        assert_eq!(actions(&house, &scene).await, Actions::ALL, "counted anew from her yes");
        while house.vault().sequence().await.unwrap() > 0 {}
        house.vault().map_step(false).await.unwrap();
        assert_eq!(house.vault().audit().await.unwrap().findings, Vec::<String>::new());
    }

    async fn what_lapsed_can_be_had_again_for_thirty_days_and_all_of_it(house: House) {
        let mut scene = scene(&house).await;
        let (grant, conversation) = (scene.tokens.grant, scene.conversation);
        later(&house, &mut scene.tokens, 10).await;
        let ask = SendMessage { conversation, content: crate::house::words("hi"), key: "1".to_owned() };
        let permit = house.permit(&scene.tokens, ask).await.unwrap();
        house.vault().send_message(permit).await.unwrap();
        later(&house, &mut scene.tokens, 20).await;
        look(&house).await;
        assert_eq!(actions(&house, &scene).await, only(Action::Send));
        later(&house, &mut scene.tokens, 10).await;
        look(&house).await;
        assert_eq!(actions(&house, &scene).await, Actions::NONE);
        let until = house.now().plus_seconds(30 * DAY_S);
        assert_eq!(house.vault().grant_lapsed(&scene.ada.own, grant).await, Ok(Some((Actions::ALL, until))));
        later(&house, &mut scene.tokens, 30).await;
        assert_eq!(house.vault().grant_lapsed(&scene.ada.own, grant).await, Ok(None));
        let again = house.vault().grant_let_again(&scene.ada.own, grant).await;
        assert!(matches!(again, Err(Refusal::Conflict(_))), "{again:?}");
    }

    async fn a_grant_that_is_not_used_for_ninety_days_ends(house: House) {
        let mut scene = scene(&house).await;
        house.vault().grant_pause(&scene.ada.own, scene.tokens.grant, true).await.unwrap();
        later(&house, &mut scene.tokens, 89).await;
        look(&house).await;
        assert_eq!(actions(&house, &scene).await, Actions::ALL, "she holds it herself");
        later(&house, &mut scene.tokens, 1).await;
        look(&house).await;
        let app = scene.tokens.app;
        assert_eq!(told(&house, &scene).await, [Notice::LapsedWhole { app, grant: scene.tokens.grant }]);
        let paused = (GrantEvent::Paused, GrantActor::Person);
        assert_eq!(happened(&house, &scene).await, [GIVEN, paused, (GrantEvent::Ended, GrantActor::Hygiene)]);
        assert_eq!(house.vault().caller(&scene.tokens.access).await.unwrap_err(), Refusal::Token);
        let again = house.vault().grant_let_again(&scene.ada.own, scene.tokens.grant).await;
        assert!(matches!(again, Err(Refusal::Conflict(_))), "{again:?}");
        assert_eq!(house.numbers("select count(*) from grant_lapses").await, [0]);
    }

    async fn what_ended_with_others_is_forgotten_and_so_is_what_an_erased_person_gave(house: House) {
        let scene = scene(&house).await;
        let containment = Containment { app: Some(scene.tokens.app), issued: None, why: "a test".to_owned() };
        house.vault().contain(containment).await.unwrap();
        let other = house.app("Marquee", &open_ceiling()).await;
        house.let_in(&scene.bob, other, &open_terms()).await;
        assert_eq!(house.numbers("select count(*) from grant_lapses").await, [2]);
        house.clock.forward(31 * DAY_S);
        look(&house).await;
        assert_eq!(house.numbers("select count(*) from grant_lapses").await, [1]);
        assert_eq!(happened(&house, &scene).await, [GIVEN]);
        house.vault().person_erase(&scene.bob.handle).await.unwrap();
        assert_eq!(house.numbers("select count(*) from grant_lapses").await, [0]);
    }
}
