//! Deleting and restoring: who may, for whom it counts, for how long it can be undone, and what is left after that.

use crate::house::{
    DAY_S, House, Somebody, Tokens, newest, on_both_engines, open_ceiling, open_terms, words,
};
use model::ConversationId;
use vault::{DeleteMessage, Refusal};

/// What each of two friends said, told by its text, or nothing where it is deleted for the one who looks.
async fn seen(house: &House, who: &Somebody, conversation: ConversationId) -> Vec<Option<String>> {
    let messages = house.vault().own_messages(&who.own, conversation, newest(99)).await.unwrap();
    let text = |content| match content {
        model::Content::Text { text } => text,
        other => panic!("{other:?}"),
    };
    messages.into_iter().map(|message| message.content.map(text)).collect()
}

fn told(texts: &[Option<&str>]) -> Vec<Option<String>> {
    texts.iter().map(|text| text.map(str::to_owned)).collect()
}

async fn scene(house: &House) -> ([Somebody; 2], ConversationId, Tokens) {
    let [ada, bob] = house.friends(["ada", "bob"]).await;
    let conversation = house.group(&ada, &[&bob]).await;
    house.say(&ada, conversation, "from ada").await;
    house.say(&bob, conversation, "from bob").await;
    let app = house.app("Jukebox", &open_ceiling()).await;
    let tokens = house.let_in(&ada, app, &open_terms()).await;
    ([ada, bob], conversation, tokens)
}

async fn app_deletes(house: &House, tokens: &Tokens, conversation: ConversationId, seq: i64) {
    let permit = house.permit(tokens, DeleteMessage { conversation, seq }).await.unwrap();
    house.vault().delete_message(permit).await.unwrap();
}

on_both_engines! {
    async fn her_own_goes_for_everyone_and_others_for_her_alone(house: House) {
        let ([ada, bob], conversation, tokens) = scene(&house).await;
        for by_app in [false, true] {
            for seq in [1, 2] {
                match by_app {
                    true => app_deletes(&house, &tokens, conversation, seq).await,
                    false => house.vault().own_delete(&ada.own, conversation, seq).await.unwrap(),
                }
            }
            assert_eq!(seen(&house, &ada, conversation).await, told(&[None, None]));
            assert_eq!(seen(&house, &bob, conversation).await, told(&[None, Some("from bob")]));
            let read = house.read(&tokens, conversation).await.unwrap().answer.items;
            assert_eq!(read, r#"[{"seq":1,"withheld":"deleted"},{"seq":2,"withheld":"deleted"}]"#);
            let deleted = house.vault().own_deleted(&ada.own).await.unwrap();
            let mut listed: Vec<_> = deleted
                .iter()
                .map(|deleted| (deleted.message.seq, deleted.for_everyone, deleted.by_app.as_deref()))
                .collect();
            listed.sort_unstable();
            let app = by_app.then_some("Jukebox");
            assert_eq!(listed, [(1, true, app), (2, false, app)]);
            assert!(house.vault().own_deleted(&bob.own).await.unwrap().is_empty());
            for seq in [1, 2] {
                house.vault().own_restore(&ada.own, conversation, seq).await.unwrap();
            }
            assert_eq!(seen(&house, &ada, conversation).await, told(&[Some("from ada"), Some("from bob")]));
            assert!(house.vault().own_deleted(&ada.own).await.unwrap().is_empty());
        }
    }

    async fn nobody_restores_for_another(house: House) {
        let ([ada, bob], conversation, _) = scene(&house).await;
        house.vault().own_delete(&ada.own, conversation, 1).await.unwrap();
        let refused = house.vault().own_restore(&bob.own, conversation, 1).await;
        assert_eq!(refused, Err(Refusal::NotFound));
        assert_eq!(seen(&house, &bob, conversation).await[0], None);
        let cem = house.person("cem").await;
        assert_eq!(house.vault().own_delete(&cem.own, conversation, 2).await, Err(Refusal::NotFound));
        assert_eq!(house.vault().own_restore(&cem.own, conversation, 1).await, Err(Refusal::NotFound));
        assert_eq!(house.vault().own_delete(&ada.own, conversation, 3).await, Err(Refusal::NotFound));
    }

    async fn what_its_author_deleted_is_gone_from_the_deleted_of_others_too(house: House) {
        let ([ada, bob], conversation, _) = scene(&house).await;
        house.vault().own_delete(&bob.own, conversation, 1).await.unwrap();
        assert_eq!(house.vault().own_deleted(&bob.own).await.unwrap().len(), 1);
        house.vault().own_delete(&ada.own, conversation, 1).await.unwrap();
        assert!(house.vault().own_deleted(&bob.own).await.unwrap().is_empty(), "her words are hers to take back");
        // What he does for himself opens nothing of hers; when she restores it, it is there for both.
        let _ = house.vault().own_restore(&bob.own, conversation, 1).await;
        assert_eq!(seen(&house, &bob, conversation).await[0], None);
        house.vault().own_restore(&ada.own, conversation, 1).await.unwrap();
        assert_eq!(seen(&house, &ada, conversation).await[0].as_deref(), Some("from ada"));
    }

    async fn thirty_days_and_no_longer(house: House) {
        let ([ada, bob], conversation, _) = scene(&house).await;
        for seq in [1, 2] {
            house.vault().own_delete(&ada.own, conversation, seq).await.unwrap();
        }
        house.clock.forward(30 * DAY_S - 1);
        house.vault().expire().await.unwrap();
        assert_eq!(house.vault().own_deleted(&ada.own).await.unwrap().len(), 2);
        house.vault().own_restore(&ada.own, conversation, 1).await.unwrap();
        house.vault().own_delete(&ada.own, conversation, 1).await.unwrap();
        house.clock.forward(2);
        assert_eq!(house.vault().own_restore(&ada.own, conversation, 2).await, Err(Refusal::NotFound));
        house.vault().own_restore(&ada.own, conversation, 1).await.unwrap();
        assert_eq!(seen(&house, &ada, conversation).await, told(&[Some("from ada"), None]));
        assert_eq!(seen(&house, &bob, conversation).await, told(&[Some("from ada"), Some("from bob")]));
    }

    async fn what_was_deleted_for_everyone_is_destroyed_after_thirty_days(house: House) {
        let ([ada, bob], conversation, tokens) = scene(&house).await;
        house.say(&ada, conversation, "«a word to be destroyed»").await;
        house.vault().own_delete(&ada.own, conversation, 3).await.unwrap();
        // And one that he only put away for himself: it stays for her, however long.
        house.vault().own_delete(&bob.own, conversation, 1).await.unwrap();
        let marked = "select count(*) from messages where body like '%to be destroyed%'";
        assert_eq!(house.numbers(marked).await, [1]);
        house.clock.forward(30 * DAY_S + 1);
        while house.vault().expire().await.unwrap() {}
        assert_eq!(house.numbers(marked).await, [0]);
        assert_eq!(seen(&house, &ada, conversation).await, told(&[Some("from ada"), Some("from bob"), None]));
        assert_eq!(seen(&house, &bob, conversation).await, told(&[None, Some("from bob"), None]));
        assert!(house.vault().own_deleted(&ada.own).await.unwrap().is_empty());
        let next = house.vault().own_send(&ada.own, conversation, words("next"), "next").await.unwrap();
        assert_eq!(next, 4, "its seq stays taken");
        let tokens = house.refresh(&tokens).await;
        assert!(tokens.is_err(), "an unused refresh token is over by now as well");
    }
}
