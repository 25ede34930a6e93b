//! The counting map and evidence: what was counted is what was recorded, and every file that is handed out proves what it says.

use crate::house::{House, START, Somebody, Tokens, on_both_engines, open_ceiling, open_terms, words};
use ledger::evidence::EvidenceFile;
use ledger::evidence_check::check;
use ledger::verdict::Verdict;
use ledger::verify::Kept;
use model::ConversationId;
use vault::{DeleteMessage, ListConversations, Refusal, SendMessage};

/// Ada and Bob, who talk; two apps that Ada let in, and Bob one of them.
struct Talk {
    ada: Somebody,
    bob: Somebody,
    conversation: ConversationId,
    jukebox: Tokens,
    marquee: Tokens,
    of_bob: Tokens,
}

async fn talk(house: &House) -> Talk {
    let [ada, bob] = house.friends(["ada", "bob"]).await;
    let conversation = house.group(&ada, &[&bob]).await;
    house.say(&ada, conversation, "hello").await;
    let (one, other) =
        (house.app("Jukebox", &open_ceiling()).await, house.app("Marquee", &open_ceiling()).await);
    let jukebox = house.let_in(&ada, one, &open_terms()).await;
    let marquee = house.let_in(&ada, other, &open_terms()).await;
    let of_bob = house.let_in(&bob, one, &open_terms()).await;
    Talk { ada, bob, conversation, jukebox, marquee, of_bob }
}

async fn list(house: &House, tokens: &Tokens) {
    let permit = house.permit(tokens, ListConversations { after: None, limit: 9 }).await.unwrap();
    house.vault().list_conversations(permit).await.unwrap();
}

async fn send(house: &House, tokens: &Tokens, conversation: ConversationId, key: &str) {
    let ask = SendMessage { conversation, content: words("sung"), key: key.to_owned() };
    let permit = house.permit(tokens, ask).await.unwrap();
    house.vault().send_message(permit).await.unwrap();
}

async fn delete(house: &House, tokens: &Tokens, conversation: ConversationId, seq: i64) {
    let permit = house.permit(tokens, DeleteMessage { conversation, seq }).await.unwrap();
    house.vault().delete_message(permit).await.unwrap();
}

async fn count(house: &House) {
    while house.vault().sequence().await.unwrap() > 0 {}
    while house.vault().map_step(false).await.unwrap() {}
    while house.vault().sequence().await.unwrap() > 0 {}
}

/// Checks a file as its holder would: written, read, with the log's own key.
fn checked(house: &House, file: &EvidenceFile) -> Verdict {
    let read = EvidenceFile::read(&file.write().unwrap()).unwrap();
    let keys = [house.vault().log_key().parse().unwrap()];
    check(&read, &keys, Kept::default()).unwrap_or_else(|wrong| panic!("{wrong:#?}"))
}

fn says(verdict: &Verdict, sentence: &str) {
    let words = verdict.to_string();
    assert!(words.contains(sentence), "{sentence}\n{words}");
}

async fn audited(house: &House) -> u64 {
    let audit = house.vault().audit().await.unwrap();
    assert_eq!(audit.findings, Vec::<String>::new());
    audit.maps
}

on_both_engines! {
    async fn what_was_recorded_is_counted_and_every_file_proves_it(house: House) {
        let Talk { ada, bob, conversation, jukebox, marquee, of_bob } = talk(&house).await;
        let vault = house.vault();
        assert_eq!(vault.map_step(false).await, Ok(false), "nothing to count yet");
        assert_eq!(house.numbers("select count(*) from maps").await, [0]);
        list(&house, &jukebox).await;
        house.read(&jukebox, conversation).await.unwrap();
        house.read(&of_bob, conversation).await.unwrap();
        count(&house).await;
        house.clock.forward(100);
        house.read(&jukebox, conversation).await.unwrap();
        send(&house, &jukebox, conversation, "one").await;
        delete(&house, &jukebox, conversation, 2).await;
        list(&house, &marquee).await;
        count(&house).await;
        count(&house).await;
        assert_eq!(audited(&house).await, 2, "a map only where there was something to count");

        let verdict = checked(&house, &vault.evidence_own(&ada.own, None, None).await.unwrap());
        says(&verdict, "6 accesses, of them 2 lists, 2 reads, 1 send, 1 deletion.");
        says(&verdict, "Jukebox");
        says(&verdict, "made 1 list, 0 reads, 0 sends, 0 deletions under grant");
        let file = vault.evidence_own(&ada.own, Some(marquee.grant), None).await.unwrap();
        says(&checked(&house, &file), "0 reads since the grant was given at");
        assert_eq!(file.evidence.grants.len(), 1);
        let verdict = checked(&house, &vault.evidence_own(&bob.own, None, None).await.unwrap());
        says(&verdict, "1 access, of them 0 lists, 1 read, 0 sends, 0 deletions.");
        // Nobody gets what is another's.
        let others = vault.evidence_own(&bob.own, Some(jukebox.grant), None).await;
        assert_eq!(others, Err(Refusal::NotFound));

        let file = vault.evidence_app(jukebox.app, None).await.unwrap();
        assert!(file.evidence.grants.iter().flat_map(|grant| &grant.accesses).all(|access| access.opening.is_none()));
        says(&checked(&house, &file), "made 1 list, 3 reads, 1 send, 1 deletion in all, over all people.");
    }

    async fn a_time_in_which_nothing_was_done_is_proved(house: House) {
        let Talk { conversation, jukebox, marquee, .. } = talk(&house).await;
        let vault = house.vault();
        house.clock.forward(90);
        list(&house, &marquee).await;
        house.read(&jukebox, conversation).await.unwrap();
        count(&house).await;
        let from = house.now().plus_seconds(1);
        house.clock.forward(90);
        list(&house, &marquee).await;
        count(&house).await;
        let to = house.now();
        house.clock.forward(90);
        house.read(&jukebox, conversation).await.unwrap();
        count(&house).await;

        let verdict = checked(&house, &vault.evidence_between(None, (from, to), None).await.unwrap());
        says(&verdict, "made 0 lists, 0 reads, 0 sends, 0 deletions in this time.");
        says(&verdict, "made 1 list, 0 reads, 0 sends, 0 deletions in this time.");
        says(&verdict, "no access is missing there: the log holds 1 access, and the counts");
        let file = vault.evidence_between(Some(jukebox.app), (from, to), None).await.unwrap();
        assert!(file.bundles.is_empty() && file.evidence.apps.len() == 1);
        says(&checked(&house, &file), "0 reads");
        // From before there was a map until now.
        let verdict = checked(&house, &vault.evidence_between(None, (START, house.now()), None).await.unwrap());
        says(&verdict, "between the beginning of the log and map");
        says(&verdict, "made 0 lists, 2 reads, 0 sends, 0 deletions in this time.");
        let backwards = vault.evidence_between(None, (to, from), None).await;
        assert!(matches!(backwards, Err(Refusal::Invalid(_))));
    }

    async fn a_kept_checkpoint_is_proved_to_be_extended(house: House) {
        let Talk { ada, conversation, jukebox, .. } = talk(&house).await;
        let vault = house.vault();
        house.read(&jukebox, conversation).await.unwrap();
        count(&house).await;
        let kept = vault.checkpoint().await.unwrap();
        let size = house.numbers("select size from ledger_head").await[0];
        house.read(&jukebox, conversation).await.unwrap();
        count(&house).await;
        let file = vault.evidence_own(&ada.own, None, Some(size.unsigned_abs())).await.unwrap();
        let keys = [vault.log_key().parse().unwrap()];
        let verdict = check(&file, &keys, Kept { since: Some(kept.as_bytes()), ..Kept::default() }).unwrap();
        says(&verdict, "the log extends the checkpoint that you kept");
        let from_the_future = vault.evidence_own(&ada.own, None, Some(9_999)).await;
        assert!(matches!(from_the_future, Err(Refusal::Invalid(_))));
    }

    async fn many_labels_are_counted_step_by_step(house: House) {
        let people = house.friends(["p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7"]).await;
        let app = house.app("Jukebox", &open_ceiling()).await;
        let mut grants = Vec::new();
        for one in &people {
            // One after the other, so that the tree grows and its tiles are split.
            for _ in 0..6 {
                grants.push(house.let_in(one, app, &open_terms()).await);
            }
        }
        for round in 0..3 {
            for (number, tokens) in grants.iter().enumerate().filter(|(number, _)| (number + round) % 3 != 0) {
                list(&house, tokens).await;
                if number % 20 == 0 {
                    count(&house).await;
                }
            }
            count(&house).await;
            audited(&house).await;
        }
        let verdict = checked(&house, &house.vault().evidence_own(&people[3].own, None, None).await.unwrap());
        says(&verdict, "12 accesses, of them 12 lists, 0 reads, 0 sends, 0 deletions.");
    }

    async fn two_that_count_at_once_count_once(house: House) {
        let Talk { ada, conversation, jukebox, .. } = talk(&house).await;
        for _ in 0..20 {
            house.read(&jukebox, conversation).await.unwrap();
            while house.vault().sequence().await.unwrap() > 0 {}
            let steps = (0..4).map(|_| {
                let vault = house.vault().clone();
                tokio::spawn(async move { vault.map_step(false).await })
            });
            for step in steps.collect::<Vec<_>>() {
                assert!(matches!(step.await.unwrap(), Ok(_) | Err(Refusal::Changed)));
            }
        }
        count(&house).await;
        audited(&house).await;
        let verdict = checked(&house, &house.vault().evidence_own(&ada.own, None, None).await.unwrap());
        says(&verdict, "20 accesses, of them 0 lists, 20 reads");
    }

    async fn what_is_not_as_it_was_counted_is_found(house: House) {
        let Talk { conversation, jukebox, of_bob, .. } = talk(&house).await;
        house.read(&jukebox, conversation).await.unwrap();
        house.read(&of_bob, conversation).await.unwrap();
        count(&house).await;
        audited(&house).await;
        for (change, back) in [
            ("update map_standings set reads = reads - 1", "update map_standings set reads = reads + 1"),
            ("update map_apps set reads = reads - 1", "update map_apps set reads = reads + 1"),
            ("update map_apps set lists = lists + 1", "update map_apps set lists = lists - 1"),
            ("update map_head set labels = 9", "update map_head set labels = 4"),
            ("update maps set n = 2", "update maps set n = 1"),
        ] {
            house.sql(change).await;
            assert!(!house.vault().audit().await.unwrap().findings.is_empty(), "{change}");
            house.sql(back).await;
            audited(&house).await;
        }
    }

    async fn of_an_erased_person_nothing_is_left_and_all_else_still_verifies(mut house: House) {
        let Talk { ada, bob, conversation, jukebox, marquee, of_bob } = talk(&house).await;
        let vault = house.vault().clone();
        house.say(&ada, conversation, "a word of hers that nobody forgets").await;
        vault.rename(&ada.own, "Ada Augusta").await.unwrap();
        list(&house, &jukebox).await;
        house.read(&jukebox, conversation).await.unwrap();
        house.read(&of_bob, conversation).await.unwrap();
        send(&house, &marquee, conversation, "one").await;
        count(&house).await;
        house.clock.forward(100);
        // What others keep from before.
        let of_bob_before = vault.evidence_own(&bob.own, None, None).await.unwrap();
        let of_app_before = vault.evidence_app(jukebox.app, None).await.unwrap();
        let kept = vault.checkpoint().await.unwrap();
        let size = house.numbers("select size from ledger_head").await[0].unsigned_abs();
        let hers = vault.evidence_own(&ada.own, None, None).await.unwrap();
        assert!(house.holds("Ada Augusta").await && house.holds("nobody forgets").await, "it can be searched");
        let label = hers.evidence.grants[0].claim.proof.leaf.unwrap().label.0;
        assert!(house.holds_bytes(&label).await, "labels can be searched for");
        // Some of it has no place in the log, and some is not counted yet.
        house.read(&jukebox, conversation).await.unwrap();

        vault.person_erase(&ada.handle).await.unwrap();
        assert_eq!(house.place_of(b"Ada Augusta").await, None, "also while the server runs");
        house.clock.forward(100);
        let of_bob_after = vault.evidence_own(&bob.own, None, Some(size)).await.unwrap();
        let of_app_after = vault.evidence_app(jukebox.app, Some(size)).await.unwrap();
        audited(&house).await;
        for file in [&of_bob_before, &of_app_before, &of_bob_after, &hers] {
            checked(&house, file);
        }
        says(&checked(&house, &of_app_after), "made 1 list, 3 reads, 0 sends, 0 deletions in all");
        says(&checked(&house, &of_app_after), "3 accesses that the map counts and the file does not list");
        let keys = [vault.log_key().parse().unwrap()];
        let kept = Kept { since: Some(kept.as_bytes()), ..Kept::default() };
        says(&check(&of_bob_after, &keys, kept).unwrap(), "the log extends the checkpoint that you kept");

        // That a grant ended is kept a while for nodes that were not told.
        house.clock.forward(24 * 3600);
        while vault.expire().await.unwrap() {}
        drop(vault);
        house.close();
        assert!(!house.holds("Ada Augusta").await && !house.holds("nobody forgets").await);
        let evidence = &hers.evidence;
        let person = evidence.person.as_ref().unwrap();
        let claims = evidence.grants.iter().map(|grant| &grant.claim).chain([person]);
        for claim in claims {
            let (leaf, held) = (claim.proof.leaf.unwrap(), claim.held.unwrap());
            for bytes in [&leaf.label.0, &leaf.value.0, &held.blind.0] {
                assert!(!house.holds_bytes(bytes).await, "a label, or what was counted under it");
            }
        }
        let accesses = evidence.grants.iter().flat_map(|grant| &grant.accesses);
        for committed in evidence.grants.iter().flat_map(|grant| &grant.changes).chain(accesses) {
            assert!(!house.holds(&committed.record).await && !house.holds_bytes(&committed.salt.0).await);
            assert!(house.holds_bytes(&committed.commitment.0).await, "the log keeps its commitments");
        }
        for grant in [jukebox.grant, marquee.grant] {
            assert_eq!(house.place_of(grant.as_bytes()).await, None, "the id of a grant");
        }
        house.reopen();
        audited(&house).await;
    }
}
