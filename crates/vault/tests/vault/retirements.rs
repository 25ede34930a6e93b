//! What ends on a date ends with it by itself, is told to everyone whom it concerns, and can be put off before.

use crate::house::{DAY_S, House, Somebody, Tokens, newest, on_both_engines, open_ceiling, open_terms};
use ledger::record::{GrantActor, GrantEvent, GrantRecord};
use model::{Action, Actions, ConversationId, Kind, Kinds, No, Part};
use vault::{DeleteMessage, Notice, ReadMessages, Refusal};

struct Scene {
    ada: Somebody,
    tokens: Tokens,
    conversation: ConversationId,
}

async fn scene(house: &House) -> Scene {
    let [ada, bob] = house.friends(["ada", "bob"]).await;
    let conversation = house.group(&ada, &[&bob]).await;
    house.say(&ada, conversation, "hello").await;
    let app = house.app("Jukebox", &open_ceiling()).await;
    let tokens = house.let_in(&ada, app, &open_terms()).await;
    Scene { ada, tokens, conversation }
}

async fn delete(house: &House, scene: &Scene) -> Result<(), Refusal> {
    house.permit(&scene.tokens, DeleteMessage { conversation: scene.conversation, seq: 1 }).await.map(|_| ())
}

async fn told(house: &House, scene: &Scene) -> Vec<Notice> {
    let told = house.vault().notices(&scene.ada.own, None, 9).await.unwrap();
    told.into_iter().map(|told| told.notice).rev().collect()
}

async fn last(house: &House, scene: &Scene) -> (GrantEvent, GrantActor) {
    let history = house.vault().grant_history(&scene.ada.own, scene.tokens.grant).await.unwrap();
    let record = GrantRecord::parse(&history.last().unwrap().record).unwrap();
    (record.what, record.by)
}

/// Steps until nothing is left to do; one at least.
async fn tell(house: &House) {
    while house.vault().retire_step().await.unwrap() {}
}

on_both_engines! {
    async fn a_part_ends_on_its_date_before_anyone_has_done_anything(house: House) {
        let mut scene = scene(&house).await;
        let (vault, app, grant) = (house.vault(), scene.tokens.app, scene.tokens.grant);
        let on = house.now().plus_seconds(DAY_S);
        let parts = vec![Part::Action(Action::Delete), Part::Kind(Kind::Text)];
        vault.app_retire_parts(app, parts, on).await.unwrap();
        tell(&house).await;
        house.clock.set(on.plus_seconds(-1));
        scene.tokens = house.refresh(&scene.tokens).await.unwrap();
        delete(&house, &scene).await.unwrap();
        assert!(house.read(&scene.tokens, scene.conversation).await.unwrap().answer.items.contains("hello"));
        // A page that was asked for before, and a caller that was looked up before, obey the clock as well.
        let caller = house.caller(&scene.tokens).await;
        house.clock.set(on);
        assert_eq!(delete(&house, &scene).await, Err(Refusal::No(No::Action(Action::Delete))));
        let ask = ReadMessages { conversation: scene.conversation, page: newest(9) };
        let permit = caller.at(on).unwrap().permit(ask).unwrap();
        let read = vault.read_messages(permit).await.unwrap();
        assert!(read.answer.items.contains("\"withheld\":\"kind\""), "{}", read.answer.items);
        assert!(told(&house, &scene).await.is_empty(), "nobody was told yet");
        tell(&house).await;
        let left = vault.connected_one(&scene.ada.own, grant).await.unwrap().grant.terms;
        assert_eq!(left.actions, Actions::ALL.without(Action::Delete));
        assert_eq!(left.kinds, Kinds::ALL.without(Kind::Text));
        assert_eq!(last(&house, &scene).await, (GrantEvent::Narrowed, GrantActor::Retired));
        let (delete, text) = (Actions::NONE.with(Action::Delete).bits(), Kinds::NONE.with(Kind::Text).bits());
        let mut notices = told(&house, &scene).await;
        notices.sort_by_key(|notice| format!("{notice:?}"));
        let of = |actions, kinds| Notice::Retired { app, grant, actions, kinds };
        assert_eq!(notices, [of(0, text), of(delete, 0)]);
        tell(&house).await;
        assert_eq!(told(&house, &scene).await.len(), 2, "once");
        let listed = vault.app_list().await.unwrap();
        assert_eq!(listed[0].retiring.len(), 2);
        assert!(listed[0].history.last().unwrap()["terms"]["actions"][0] == "delete");
        house.read(&scene.tokens, scene.conversation).await.unwrap();
    }

    async fn an_app_ends_on_its_date_and_its_grants_with_it(house: House) {
        let scene = scene(&house).await;
        let (vault, app, grant) = (house.vault(), scene.tokens.app, scene.tokens.grant);
        let on = house.now().plus_seconds(60);
        vault.app_retire(app, on).await.unwrap();
        // Put off, and brought forward again.
        vault.app_retire(app, on.plus_seconds(600)).await.unwrap();
        house.clock.set(on);
        tell(&house).await;
        delete(&house, &scene).await.unwrap();
        vault.app_retire(app, on).await.unwrap();
        assert_eq!(vault.caller(&scene.tokens.access).await.unwrap_err(), Refusal::Token);
        assert_ne!(last(&house, &scene).await.0, GrantEvent::Ended);
        let steps = (0..4).map(|_| {
            let vault = vault.clone();
            tokio::spawn(async move { while vault.retire_step().await.unwrap() {} })
        });
        for step in steps.collect::<Vec<_>>() {
            step.await.unwrap();
        }
        assert_eq!(last(&house, &scene).await, (GrantEvent::Ended, GrantActor::Retired));
        assert_eq!(told(&house, &scene).await, [Notice::Retired { app, grant, actions: 0, kinds: 0 }]);
        assert_eq!(house.numbers("select count(*) from app_retirements where told = 0").await, [0]);
    }

    async fn what_is_not_there_cannot_end_and_listing_ends_with_reading(house: House) {
        let scene = scene(&house).await;
        let (vault, app) = (house.vault(), scene.tokens.app);
        let low = r#"[{"type":"messages","actions":["read"],"conversations":"all","since":"all","kinds":["text"]}]"#;
        vault.app_ceiling(app, low).await.unwrap();
        let list = Part::Action(Action::List);
        for parts in [vec![Part::Action(Action::Send)], vec![Part::Kind(Kind::Card)], vec![list]] {
            let refused = vault.app_retire_parts(app, parts, house.now()).await;
            assert!(matches!(refused, Err(Refusal::Invalid(_))), "{refused:?}");
        }
        let nobody = model::AppId::from_bytes([7; 16]);
        assert_eq!(vault.app_retire(nobody, house.now()).await, Err(Refusal::NotFound));
        vault.app_retire_parts(app, vec![list, Part::Action(Action::Read)], house.now()).await.unwrap();
        let refused = house.read(&scene.tokens, scene.conversation).await.unwrap_err();
        assert_eq!(refused, Refusal::No(No::Action(Action::Read)));
    }
}
