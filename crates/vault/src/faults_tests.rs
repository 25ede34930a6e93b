//! When a statement or a commit fails: nothing is handed out, nothing is recorded, and a moment later it works.
//!
//! Invariant: after every fault the records are those of what was answered, and what was not answered did not happen.

#[path = "../tests/vault/house.rs"]
#[expect(dead_code, reason = "the house is built for the tests outside, which use all of it")]
pub(crate) mod house;

use crate::engine::What;
use crate::{DeleteMessage, ReadMessages, Refusal, SendMessage};
use house::{House, Somebody, Tokens, newest, on_both_engines, open_ceiling, open_terms, words};
use model::ConversationId;

struct Scene {
    ada: Somebody,
    conversation: ConversationId,
    tokens: Tokens,
}

async fn scene(house: &House) -> Scene {
    let [ada, bob] = house.friends(["ada", "bob"]).await;
    let conversation = house.group(&ada, &[&bob]).await;
    house.say(&ada, conversation, "hello").await;
    let app = house.app("Jukebox", &open_ceiling()).await;
    let tokens = house.let_in(&ada, app, &open_terms()).await;
    Scene { ada, conversation, tokens }
}

fn plan(house: &House, what: What, number: u32) {
    house.vault().engine.faults().plan(what, number);
}

/// How many messages there are, and how many records of the grant.
async fn there_are(house: &House, scene: &Scene) -> (usize, usize) {
    let vault = house.vault();
    let said = vault.own_messages(&scene.ada.own, scene.conversation, newest(99)).await.unwrap();
    let records = vault.accesses_of_own(&scene.ada.own, scene.tokens.grant, None, 99).await.unwrap();
    let (spent, all_records) = vault.permits_spent_and_records().await.unwrap();
    assert_eq!(spent, all_records, "permits spent = records written");
    (said.len(), records.len())
}

async fn send(house: &House, scene: &Scene, key: &str) -> Result<bool, Refusal> {
    let ask = SendMessage { conversation: scene.conversation, content: words("x"), key: key.to_owned() };
    let permit = house.permit(&scene.tokens, ask).await?;
    house.vault().send_message(permit).await.map(|sent| sent.answer.again)
}

on_both_engines! {
    async fn a_read_whose_record_is_not_committed_hands_out_nothing(house: House) {
        let scene = scene(&house).await;
        let ask = ReadMessages { conversation: scene.conversation, page: newest(9) };
        let permit = house.permit(&scene.tokens, ask).await.unwrap();
        plan(&house, What::Commit, 1);
        let outcome = house.vault().read_messages(permit).await;
        assert!(matches!(outcome, Err(Refusal::Fault(_))), "{outcome:?}");
        assert_eq!(there_are(&house, &scene).await, (1, 0));
        assert!(house.read(&scene.tokens, scene.conversation).await.is_ok());
        assert_eq!(there_are(&house, &scene).await, (1, 1));
    }

    async fn a_send_that_is_not_committed_did_not_happen_and_can_be_tried_again(house: House) {
        let scene = scene(&house).await;
        plan(&house, What::Commit, 1);
        assert!(matches!(send(&house, &scene, "key").await, Err(Refusal::Fault(_))));
        assert_eq!(there_are(&house, &scene).await, (1, 0));
        assert_eq!(send(&house, &scene, "key").await, Ok(false), "for the first time");
        assert_eq!(send(&house, &scene, "key").await, Ok(true));
        assert_eq!(there_are(&house, &scene).await, (2, 1));
    }

    async fn whichever_statement_fails_the_whole_act_fails(house: House) {
        let scene = scene(&house).await;
        let (mut sent, mut failed) = (0, 0);
        // An act has fewer statements than this, so in the end none of them is hit.
        for number in 1..40 {
            plan(&house, What::Statement, number);
            match send(&house, &scene, &format!("key {number}")).await {
                Ok(again) => sent += usize::from(!again),
                Err(Refusal::Fault(_)) => failed += 1,
                Err(refusal) => panic!("{refusal:?}"),
            }
            house.vault().engine.faults().forget();
            assert_eq!(there_are(&house, &scene).await, (1 + sent, sent), "statement {number}");
        }
        assert!(failed > 5 && sent > 5, "{failed} failed, {sent} sent");
    }

    async fn a_deletion_that_fails_leaves_the_message(house: House) {
        let scene = scene(&house).await;
        for number in 1..30 {
            let ask = DeleteMessage { conversation: scene.conversation, seq: 1 };
            let permit = house.permit(&scene.tokens, ask).await.unwrap();
            plan(&house, What::Statement, number);
            let outcome = house.vault().delete_message(permit).await;
            house.vault().engine.faults().forget();
            let said = house.vault().own_messages(&scene.ada.own, scene.conversation, newest(9)).await.unwrap();
            assert_eq!(said[0].content.is_none(), outcome.is_ok(), "statement {number}");
            let records = there_are(&house, &scene).await.1;
            if outcome.is_ok() {
                assert_eq!(records, 1);
                return;
            }
            assert_eq!(records, 0);
        }
        panic!("it never worked");
    }

    async fn a_revocation_that_was_not_committed_is_not_acknowledged(house: House) {
        let scene = scene(&house).await;
        plan(&house, What::Commit, 1);
        let outcome = house.vault().grant_revoke(&scene.ada.own, scene.tokens.grant).await;
        assert!(matches!(outcome, Err(Refusal::Fault(_))));
        assert!(house.read(&scene.tokens, scene.conversation).await.is_ok());
        house.vault().grant_revoke(&scene.ada.own, scene.tokens.grant).await.unwrap();
        assert_eq!(house.read(&scene.tokens, scene.conversation).await, Err(Refusal::Token));
    }

    async fn a_token_that_could_not_be_revoked_is_not_said_to_be(house: House) {
        let scene = scene(&house).await;
        let (app, vault) = (scene.tokens.app, house.vault());
        for (what, token) in [
            (What::Commit, &scene.tokens.access),
            (What::Commit, &scene.tokens.refresh),
            (What::Statement, &scene.tokens.access),
            (What::Statement, &scene.tokens.refresh),
        ] {
            plan(&house, what, 1);
            let outcome = vault.token_revoke(app, token).await;
            assert!(matches!(outcome, Err(Refusal::Fault(_))), "{outcome:?}");
            assert!(house.read(&scene.tokens, scene.conversation).await.is_ok());
        }
        // Asked once more, it is done.
        vault.token_revoke(app, &scene.tokens.refresh).await.unwrap();
        assert_eq!(house.read(&scene.tokens, scene.conversation).await, Err(Refusal::Token));
        assert!(house.refresh(&scene.tokens).await.is_err());
    }

    /// A clock would tell by accident what this tells by counting: each is one look, and the second would fail.
    async fn of_a_token_of_another_app_no_more_is_looked_up_than_of_none(house: House) {
        let scene = scene(&house).await;
        let other = house.app("Other", &open_ceiling()).await;
        let vault = house.vault();
        let over = house.let_in(&scene.ada, other, &open_terms()).await;
        vault.token_revoke(other, &over.refresh).await.unwrap();
        let none = format!("wxr_{}", "A".repeat(43));
        for token in [&scene.tokens.access, &scene.tokens.refresh, &over.access, &none] {
            // What is known of apps is remembered, by whoever asked first.
            vault.token_introspect(other, token).await.unwrap();
            plan(&house, What::Statement, 2);
            let told = vault.token_introspect(other, token).await.unwrap();
            assert_eq!(told.json(), r#"{"active":false}"#);
            vault.engine.faults().forget();
        }
    }

    async fn wherever_counting_stops_the_map_goes_on_from_there(house: House) {
        let scene = scene(&house).await;
        let mut failed = 0;
        for number in 1..40 {
            send(&house, &scene, &format!("key {number}")).await.unwrap();
            while house.vault().sequence().await.unwrap() > 0 {}
            plan(&house, if number % 9 == 0 { What::Commit } else { What::Statement }, 1 + number % 9);
            failed += u32::from(house.vault().map_step(false).await.is_err());
            house.vault().engine.faults().forget();
        }
        house.vault().map_step(false).await.unwrap();
        assert!(failed > 10, "{failed}");
        assert_eq!(house.numbers("select distinct sends from map_standings").await, [39]);
        assert_eq!(house.numbers("select max(sends) from map_apps").await, [39]);
        let audit = house.vault().audit().await.unwrap();
        assert_eq!(audit.findings, Vec::<String>::new());
    }

    async fn what_an_earlier_program_left_in_the_queue_takes_the_next_places(house: House) {
        let scene = scene(&house).await;
        house.clock.forward(1);
        send(&house, &scene, "key 1").await.unwrap();
        while house.vault().sequence().await.unwrap() > 0 {}
        send(&house, &scene, "key 2").await.unwrap();
        // As if that send had queued its entry.
        house.sql("insert into ledger_queue (id, kind, home, n, entry) select e.entry, 1, a.grant_id, a.n, e.entry \
                   from access a join ledger_entries e on e.idx = a.leaf where a.n = 2").await;
        house.sql("delete from ledger_entries where idx = (select leaf from access where n = 2)").await;
        house.sql("update access set leaf = null where n = 2").await;
        send(&house, &scene, "key 3").await.unwrap();
        while house.vault().sequence().await.unwrap() > 0 {}
        assert_eq!(house.numbers("select idx from ledger_entries order by idx").await, [0, 1, 2, 3, 4]);
        let mut places = house.numbers("select leaf from access order by n").await;
        places.sort_unstable();
        assert_eq!(places, [2, 3, 4]);
        assert_eq!(house.numbers("select size from ledger_head").await, [5]);
    }
}
