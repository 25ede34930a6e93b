//! Records and receipts: each spent permit has one, numbered without holes, in the log; and a send happens once.

use crate::house::{House, Somebody, Tokens, newest, on_both_engines, only, open_ceiling, open_terms, words};
use ledger::note::VerifierKey;
use ledger::receipt::Receipt;
use ledger::report::Report;
use ledger::tile::TilePath;
use model::{Action, ConversationId, Terms};
use std::sync::Arc;
use vault::{
    DeleteMessage, ListConversations, Opened, ReadMessages, Refusal, SeeConversation, SendMessage, Sent,
    StartConversation,
};

async fn audit(house: &House, receipts: Vec<String>, since: Option<String>) -> Report {
    while house.vault().sequence().await.unwrap() > 0 {}
    house.replayed(receipts, since).await.unwrap()
}

fn keys(house: &House) -> [VerifierKey; 1] {
    [house.vault().log_key().parse().unwrap()]
}

fn send(conversation: ConversationId, text: &str, key: &str) -> SendMessage {
    SendMessage { conversation, content: words(text), key: key.to_owned() }
}

async fn sent(house: &House, tokens: &Tokens, ask: SendMessage) -> Result<Opened<Sent>, Refusal> {
    house.vault().send_message(house.permit(tokens, ask).await?).await
}

/// Two friends in a conversation, and an app of the first.
async fn scene(house: &House, terms: &Terms) -> ([Somebody; 2], ConversationId, Tokens) {
    let [ada, bob] = house.friends(["ada", "bob"]).await;
    let conversation = house.group(&ada, &[&bob]).await;
    let app = house.app("Jukebox", &open_ceiling()).await;
    let tokens = house.let_in(&ada, app, terms).await;
    ([ada, bob], conversation, tokens)
}

/// One act of each kind; the receipts in their order.
async fn one_of_each(
    house: &House,
    bob: &Somebody,
    conversation: ConversationId,
    tokens: &Tokens,
) -> Vec<String> {
    let vault = house.vault();
    macro_rules! act {
        ($do_it:ident, $ask:expr) => {
            vault.$do_it(house.permit(tokens, $ask).await.unwrap()).await.unwrap().receipt
        };
    }
    vec![
        act!(list_conversations, ListConversations { after: None, limit: 9 }),
        act!(see_conversation, SeeConversation { conversation }),
        act!(send_message, send(conversation, "one", "1")),
        act!(read_messages, ReadMessages { conversation, page: newest(9) }),
        act!(start_conversation, StartConversation { others: vec![bob.id], title: None }),
        act!(delete_message, DeleteMessage { conversation, seq: 1 }),
        act!(delete_message, DeleteMessage { conversation, seq: 1 }),
        act!(read_messages, ReadMessages { conversation, page: newest(9) }),
    ]
}

on_both_engines! {
    async fn every_act_has_one_record_a_receipt_and_a_place_in_the_log(house: House) {
        let ([ada, bob], conversation, tokens) = scene(&house, &open_terms()).await;
        let receipts = one_of_each(&house, &bob, conversation, &tokens).await;
        let keys = keys(&house);
        let expected = [
            ("list", 1, 0, "ok"),
            ("list", 1, 0, "ok"),
            ("send", 1, 0, "ok"),
            ("read", 1, 0, "ok"),
            ("send", 1, 0, "ok"),
            ("delete", 1, 0, "ok"),
            ("delete", 0, 0, "none"),
            ("read", 0, 1, "none"),
        ];
        for ((receipt, (action, count, withheld, outcome)), n) in receipts.iter().zip(expected).zip(1..) {
            let record = Receipt::verify(receipt, &keys).unwrap();
            assert_eq!(record.iss, "https://waxseal.test");
            let record = record.record;
            assert_eq!((record.n, record.count, record.withheld), (n, count, withheld), "{action}");
            assert_eq!(record.action.as_str(), action);
            assert_eq!(record.outcome.as_str(), outcome, "{action} {n}");
            assert_eq!((record.grant, record.app), (tokens.grant.to_string(), tokens.app.to_string()));
        }
        let report = audit(&house, receipts.clone(), None).await;
        assert_eq!((report.kinds.access, report.kinds.grant, report.kinds.app), (8, 1, 1));
        assert_eq!((report.receipts, report.gaps.len()), (8, 0));
        let vault = house.vault();
        let listed = vault.accesses_of_own(&ada.own, tokens.grant, None, 99).await.unwrap();
        let leaves: std::collections::BTreeSet<_> = listed.iter().map(|access| access.leaf.unwrap()).collect();
        assert_eq!((listed.len(), leaves.len()), (8, 8));
        assert_eq!(vault.permits_spent_and_records().await.unwrap(), (8, 8));
        let mine = vault.accesses_of_caller(&house.caller(&tokens).await, None, 99).await.unwrap();
        assert_eq!(mine, listed, "the app sees of its accesses what she sees");
        for (receipt, n) in receipts.iter().zip(1..) {
            assert_eq!(&vault.receipt_of_own(&ada.own, tokens.grant, n).await.unwrap(), receipt);
        }
        let stranger = vault.receipt_of_own(&bob.own, tokens.grant, 1).await.unwrap_err();
        assert_eq!(stranger, Refusal::NotFound);
        assert_eq!(vault.accesses_of_own(&bob.own, tokens.grant, None, 9).await.unwrap_err(), Refusal::NotFound);
    }

    async fn the_log_grows_and_never_forgets(house: House) {
        let ([_, bob], conversation, tokens) = scene(&house, &open_terms()).await;
        let receipts = one_of_each(&house, &bob, conversation, &tokens).await;
        audit(&house, receipts.clone(), None).await;
        let early = house.vault().checkpoint().await.unwrap();
        // Beyond a full tile.
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..4 {
            let (vault, access) = (Arc::clone(house.vault()), tokens.access.clone());
            tasks.spawn(async move {
                for _ in 0..70 {
                    let permit = vault.caller(&access).await.unwrap();
                    let permit = permit.permit(ReadMessages { conversation, page: newest(9) }).unwrap();
                    vault.read_messages(permit).await.unwrap();
                    vault.sequence().await.unwrap();
                }
            });
        }
        tasks.join_all().await;
        let report = audit(&house, receipts, Some(early.clone())).await;
        assert_eq!(report.kinds.access, 8 + 280);
        assert_eq!(report.checkpoint.size, 290);
        assert_eq!(report.since, Some(10));
        assert_eq!(house.vault().sequence().await.unwrap(), 0);
        let beyond: TilePath = "tile/entries/002".parse().unwrap();
        assert_eq!(house.vault().tile(beyond).await.unwrap_err(), Refusal::NotFound);
    }

    async fn numbers_have_no_holes_under_many_grants_of_one_person(house: House) {
        let ([ada, _], conversation, first) = scene(&house, &open_terms()).await;
        let second = house.let_in(&ada, first.app, &Terms { actions: only(Action::Read), ..open_terms() }).await;
        let mut tasks = tokio::task::JoinSet::new();
        for task in 0..8 {
            let vault = Arc::clone(house.vault());
            let tokens = if task % 2 == 0 { first.clone() } else { second.clone() };
            tasks.spawn(async move {
                for _ in 0..10 {
                    let caller = vault.caller(&tokens.access).await.unwrap();
                    let permit = caller.permit(ReadMessages { conversation, page: newest(9) }).unwrap();
                    vault.read_messages(permit).await.unwrap();
                }
            });
        }
        tasks.join_all().await;
        for grant in [first.grant, second.grant] {
            let accesses = house.vault().accesses_of_own(&ada.own, grant, None, 99).await.unwrap();
            let numbers: Vec<i64> = accesses.iter().rev().map(|access| access.n).collect();
            assert_eq!(numbers, (1..=40).collect::<Vec<_>>());
        }
        let in_the_person = house.numbers("select person_n from access order by person_n").await;
        assert_eq!(in_the_person, (1..=80).collect::<Vec<_>>());
        let page = house.vault().accesses_of_own(&ada.own, first.grant, Some(11), 5).await.unwrap();
        assert_eq!(page.iter().map(|access| access.n).collect::<Vec<_>>(), [10, 9, 8, 7, 6]);
    }

    async fn the_same_key_sends_once(house: House) {
        let ([ada, _], conversation, tokens) = scene(&house, &open_terms()).await;
        let first = sent(&house, &tokens, send(conversation, "once", "key")).await.unwrap();
        let again = sent(&house, &tokens, send(conversation, "once", "key")).await.unwrap();
        assert_eq!((first.answer.again, again.answer.again), (false, true));
        assert_eq!((&again.answer.message, &again.receipt), (&first.answer.message, &first.receipt));
        assert_eq!((first.answer.seq, again.answer.seq), (1, 1));
        let other = sent(&house, &tokens, send(conversation, "twice", "key")).await.unwrap_err();
        assert_eq!(other, Refusal::KeyReused);
        let said = house.vault().own_messages(&ada.own, conversation, newest(9)).await.unwrap();
        assert_eq!(said.len(), 1);
        assert_eq!(house.vault().permits_spent_and_records().await.unwrap(), (1, 1));
        // The key is hers too, and of another grant: each owner has keys of its own.
        assert_eq!(house.vault().own_send(&ada.own, conversation, words("mine"), "key").await, Ok(2));
        assert_eq!(house.vault().own_send(&ada.own, conversation, words("mine"), "key").await, Ok(2));
        let other = house.vault().own_send(&ada.own, conversation, words("not mine"), "key").await.unwrap_err();
        assert_eq!(other, Refusal::KeyReused);
        // A day later the key counts no more.
        house.clock.forward(24 * 3600);
        let tokens = house.refresh(&tokens).await.unwrap();
        let anew = sent(&house, &tokens, send(conversation, "twice", "key")).await.unwrap();
        assert_eq!((anew.answer.seq, anew.answer.again), (3, false));
    }

    async fn the_same_key_sends_once_sixteen_times_at_once(house: House) {
        let ([ada, _], conversation, tokens) = scene(&house, &open_terms()).await;
        for round in 0..4 {
            let (mut apps, mut own) = (tokio::task::JoinSet::new(), tokio::task::JoinSet::new());
            for _ in 0..16 {
                let (vault, access) = (Arc::clone(house.vault()), tokens.access.clone());
                apps.spawn(async move {
                    let caller = vault.caller(&access).await.unwrap();
                    let permit = caller.permit(send(conversation, "once", &format!("key {round}"))).unwrap();
                    vault.send_message(permit).await.unwrap()
                });
                let (vault, person) = (Arc::clone(house.vault()), ada.own);
                own.spawn(async move {
                    vault.own_send(&person, conversation, words("mine"), &format!("key {round}")).await.unwrap()
                });
            }
            let mut answers = apps.join_all().await;
            answers.sort_by_key(|opened| opened.answer.again);
            assert!(!answers[0].answer.again && answers[1..].iter().all(|opened| opened.answer.again));
            assert!(answers.iter().all(|opened| opened.receipt == answers[0].receipt));
            assert!(answers.iter().all(|opened| opened.answer.message == answers[0].answer.message));
            let seqs = own.join_all().await;
            assert!(seqs.iter().all(|seq| *seq == seqs[0]));
        }
        let said = house.vault().own_messages(&ada.own, conversation, newest(99)).await.unwrap();
        assert_eq!(said.iter().map(|message| message.seq).collect::<Vec<_>>(), (1..=8).collect::<Vec<_>>());
        assert_eq!(house.vault().permits_spent_and_records().await.unwrap(), (4, 4));
    }

    async fn one_key_in_two_conversations_at_once_sends_to_one(house: House) {
        let ([ada, bob], conversation, tokens) = scene(&house, &open_terms()).await;
        let other = house.group(&ada, &[&bob]).await;
        for round in 0..4 {
            let key = format!("key {round}");
            let (one, two) = tokio::join!(
                sent(&house, &tokens, send(conversation, "x", &key)),
                sent(&house, &tokens, send(other, "x", &key))
            );
            let refused = match (one, two) {
                (Ok(_), Err(refused)) | (Err(refused), Ok(_)) => refused,
                both => panic!("round {round}: {both:?}"),
            };
            assert_eq!(refused, Refusal::KeyReused, "round {round}");
        }
        assert_eq!(house.vault().permits_spent_and_records().await.unwrap(), (4, 4));
    }

    async fn a_send_that_spent_its_grant_can_be_told_again(house: House) {
        let terms = Terms { uses: Some(1), actions: only(Action::Send), ..open_terms() };
        let (_, conversation, tokens) = scene(&house, &terms).await;
        let ask = || send(conversation, "once", "key");
        let first = sent(&house, &tokens, ask()).await.unwrap();
        let spent = sent(&house, &tokens, ask()).await.unwrap_err();
        assert_eq!(spent, Refusal::No(model::No::Spent));
        let caller = house.caller(&tokens).await;
        let again = house.vault().sent_before(&caller, &ask()).await.unwrap().unwrap();
        assert_eq!(again.receipt, first.receipt);
        assert_eq!((again.answer.message, again.answer.again), (first.answer.message, true));
        let never = house.vault().sent_before(&caller, &send(conversation, "x", "another")).await.unwrap();
        assert!(never.is_none());
        let other = house.vault().sent_before(&caller, &send(conversation, "x", "key")).await.unwrap_err();
        assert_eq!(other, Refusal::KeyReused);
        assert_eq!(house.vault().permits_spent_and_records().await.unwrap(), (1, 1));
    }

    async fn seqs_have_no_holes_whatever_is_refused_in_between(house: House) {
        let ([ada, bob], conversation, tokens) = scene(&house, &open_terms()).await;
        let cem = house.person("cem").await;
        let mut tasks = tokio::task::JoinSet::new();
        for task in 0..64usize {
            let (vault, access) = (Arc::clone(house.vault()), tokens.access.clone());
            let owns = [ada.own, bob.own, cem.own];
            tasks.spawn(async move {
                let key = format!("{task}");
                match task % 4 {
                    // A stranger, and a key that serves for another text: refused after work was done.
                    0 => {
                        let refused = vault.own_send(&owns[2], conversation, words("x"), &key).await;
                        assert_eq!(refused, Err(Refusal::NotFound));
                        vault.own_send(&owns[0], conversation, words("x"), &key).await.unwrap();
                        let refused = vault.own_send(&owns[0], conversation, words("y"), &key).await;
                        assert_eq!(refused, Err(Refusal::KeyReused));
                    }
                    1 => {
                        vault.own_send(&owns[1], conversation, words("x"), &key).await.unwrap();
                    }
                    _ => {
                        let caller = vault.caller(&access).await.unwrap();
                        let permit = caller.permit(send(conversation, "x", &key)).unwrap();
                        vault.send_message(permit).await.unwrap();
                        let permit = caller.permit(send(conversation, "y", &key)).unwrap();
                        assert_eq!(vault.send_message(permit).await.unwrap_err(), Refusal::KeyReused);
                    }
                }
            });
        }
        tasks.join_all().await;
        let said = house.vault().own_messages(&ada.own, conversation, newest(200)).await.unwrap();
        assert_eq!(said.iter().map(|message| message.seq).collect::<Vec<_>>(), (1..=64).collect::<Vec<_>>());
        assert_eq!(house.vault().permits_spent_and_records().await.unwrap(), (32, 32));
    }

    async fn what_was_acknowledged_is_there_after_a_restart(mut house: House) {
        let ([_, bob], conversation, tokens) = scene(&house, &open_terms()).await;
        let receipts = one_of_each(&house, &bob, conversation, &tokens).await;
        let key = house.vault().log_key();
        house.reopen();
        assert_eq!(house.vault().log_key(), key);
        let report = audit(&house, receipts, None).await;
        assert_eq!((report.kinds.access, report.receipts), (8, 8));
        let read = house.read(&tokens, conversation).await.unwrap();
        let receipt = Receipt::verify(&read.receipt, &keys(&house)).unwrap();
        assert_eq!(receipt.record.n, 9);
        let again = sent(&house, &tokens, send(conversation, "one", "1")).await.unwrap();
        assert!(again.answer.again, "keys outlive a restart");
    }
}
