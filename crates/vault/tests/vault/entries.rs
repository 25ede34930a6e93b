//! What enters the log, kind by kind: each change is there, in the clear where it is about an app or a key, and where it is
//! about a person as a commitment that its record and salt open, and nothing else.

use crate::house::{House, newest, on_both_engines, open_ceiling, open_terms, words};
use ledger::commitment::{commit_access, commit_grant, commit_staff};
use ledger::entry::Entry;
use ledger::evidence::Committed;
use ledger::key_record::{KeyEvent, KeyRecord, NamedKey};
use ledger::map::MapRecord;
use ledger::record::{AccessRecord, AppEvent, AppRecord, GrantRecord, StaffRecord};
use model::Terms;
use std::collections::BTreeSet;
use vault::{DeleteMessage, KEY_AHEAD_S, KeyPurpose, ListConversations, ReadMessages, SendMessage, Turn};

/// The entry in this place is the commitment, and so the record that was read.
fn stands(entries: &[Vec<u8>], kind: u8, committed: &Committed, opened: ledger::commitment::Commitment) {
    assert_eq!(committed.commitment, opened, "{}", committed.record);
    let entry = &entries[committed.index as usize];
    assert_eq!(*entry, [&[1, kind], opened.0.as_slice()].concat(), "{}", committed.record);
}

on_both_engines! {
    async fn each_change_of_a_grant_is_in_the_log_with_whose_it_was(house: House) {
        let ada = house.person("ada").await;
        let vault = house.vault();
        let app = house.app("Jukebox", &open_ceiling()).await;
        let mut grants = Vec::new();
        for _ in 0..3 {
            grants.push(house.let_in(&ada, app, &open_terms()).await);
        }
        let [hers, handed_back, by_operator] = grants.try_into().unwrap_or_else(|_| panic!("three"));
        let once = house.let_in(&ada, app, &Terms { uses: Some(1), ..open_terms() }).await;
        let short = Terms { ends_at: house.now().plus_seconds(60), ..open_terms() };
        house.let_in(&ada, app, &short).await;
        house.clock.forward(1);
        let narrower = |terms: &Terms, _, _| Ok(Terms { ends_at: terms.ends_at.plus_seconds(-1), ..terms.clone() });
        vault.grant_narrow(&ada.own, hers.grant, narrower).await.unwrap();
        vault.grant_pause(&ada.own, hers.grant, true).await.unwrap();
        vault.grant_pause(&ada.own, hers.grant, false).await.unwrap();
        vault.grant_revoke(&ada.own, hers.grant).await.unwrap();
        vault.grant_hand_back(&house.caller(&handed_back).await).await.unwrap();
        vault.grant_end(by_operator.grant).await.unwrap();
        let permit = house.permit(&once, ListConversations { after: None, limit: 9 }).await.unwrap();
        vault.list_conversations(permit).await.unwrap();
        house.clock.forward(60);
        while vault.expire().await.unwrap() {}

        let entries = house.logged().await;
        let file = vault.evidence_own(&ada.own, None, None).await.unwrap();
        let mut told = BTreeSet::new();
        for committed in file.evidence.grants.iter().flat_map(|grant| &grant.changes) {
            let record = GrantRecord::parse(&committed.record).unwrap();
            stands(&entries, 2, committed, commit_grant(&record, &committed.salt).unwrap());
            let has_terms = ["given", "narrowed"].contains(&record.what.as_str());
            assert_eq!(record.terms.is_some(), has_terms, "{}", committed.record);
            told.insert((record.what.as_str(), record.by.as_str()));
        }
        let expected = [
            ("given", "person"),
            ("narrowed", "person"),
            ("paused", "person"),
            ("resumed", "person"),
            ("ended", "person"),
            ("ended", "app"),
            ("ended", "operator"),
            ("ended", "spent"),
            ("ended", "time"),
        ];
        assert_eq!(told, BTreeSet::from(expected));
    }

    async fn accesses_and_looks_of_staff_are_committed_to_and_name_nobody(house: House) {
        let [ada, bob] = house.friends(["ada", "bob"]).await;
        let conversation = house.group(&ada, &[&bob]).await;
        let app = house.app("Jukebox", &open_ceiling()).await;
        let tokens = house.let_in(&ada, app, &open_terms()).await;
        let vault = house.vault();
        macro_rules! act {
            ($do_it:ident, $ask:expr) => {
                vault.$do_it(house.permit(&tokens, $ask).await.unwrap()).await.unwrap()
            };
        }
        act!(list_conversations, ListConversations { after: None, limit: 9 });
        act!(send_message, SendMessage { conversation, content: words("hidden words"), key: "1".to_owned() });
        act!(read_messages, ReadMessages { conversation, page: newest(9) });
        act!(delete_message, DeleteMessage { conversation, seq: 1 });
        vault.staff_export(&ada.handle, "a hidden reason").await.unwrap();

        let entries = house.logged().await;
        let evidence = vault.evidence_own(&ada.own, None, None).await.unwrap().evidence;
        let mut actions = Vec::new();
        for committed in evidence.grants.iter().flat_map(|grant| &grant.accesses) {
            let record = AccessRecord::parse(&committed.record).unwrap();
            let seal = committed.opening.as_ref().unwrap().seal();
            stands(&entries, 1, committed, commit_access(&record, &committed.salt, &seal).unwrap());
            actions.push(record.action.as_str());
        }
        assert_eq!(actions, ["list", "send", "read", "delete"]);
        let [staff] = &evidence.staff[..] else { panic!("{:?}", evidence.staff) };
        let record = StaffRecord::parse(&staff.record).unwrap();
        assert_eq!((record.why.as_str(), record.n), ("a hidden reason", 1));
        stands(&entries, 4, staff, commit_staff(&record, &staff.salt).unwrap());
        // What is about people is 34 bytes, whatever it says, and no word of it stands anywhere.
        let hidden = [ada.id.to_string(), tokens.grant.to_string(), conversation.to_string(), "hidden".to_owned()];
        for entry in &entries {
            assert!(![1, 2, 4].contains(&entry[1]) || entry.len() == 34);
            for word in &hidden {
                assert!(!entry.windows(word.len()).any(|part| part == word.as_bytes()), "{word}");
            }
        }
    }

    async fn changes_of_apps_and_keys_and_the_map_are_in_the_clear(house: House) {
        let app = house.app("Jukebox", &open_ceiling()).await;
        let vault = house.vault();
        let ceiling = oauth::details::ceiling_json(&open_ceiling());
        vault.app_ceiling(app, &ceiling).await.unwrap();
        vault.app_suspend(app, "it misbehaved").await.unwrap();
        vault.app_resume(app).await.unwrap();
        vault.app_retire(app, house.now().plus_seconds(3600)).await.unwrap();
        let first = vault.jwks().await.unwrap();
        vault.keys_rotate(KeyPurpose::IdToken, Turn::Ahead).await.unwrap();
        // The key of access tokens is a secret, and nobody could check anything with its name.
        vault.keys_rotate(KeyPurpose::Token, Turn::Ahead).await.unwrap();
        let second = vault.jwks().await.unwrap();
        house.clock.forward(2 * KEY_AHEAD_S);
        vault.keys_rotate(KeyPurpose::IdToken, Turn::AtOnce).await.unwrap();
        let third = vault.jwks().await.unwrap();
        while vault.map_step(true).await.unwrap() {}

        let (mut apps, mut keys, mut maps) = (Vec::new(), Vec::new(), 0);
        for entry in &house.logged().await {
            match Entry::parse(entry).unwrap() {
                Entry::App(json) => apps.push(AppRecord::parse(json.as_str()).unwrap()),
                Entry::Key(json) => keys.push(KeyRecord::parse(json.as_str()).unwrap()),
                Entry::Map(json) => maps += u32::from(MapRecord::parse(json.as_str()).is_ok()),
                _ => {}
            }
        }
        let whats: Vec<_> = apps.iter().map(|record| record.what).collect();
        assert_eq!(
            whats,
            [AppEvent::Registered, AppEvent::Ceiling, AppEvent::Suspended, AppEvent::Resumed, AppEvent::Retired]
        );
        assert!(apps.iter().all(|record| record.app == app.to_string()));
        assert!(apps[0].terms.as_ref().unwrap().as_str().contains("\"name\":\"Jukebox\""));
        assert!(apps[1].terms.as_ref().unwrap().as_str().contains("\"ceiling\""));
        assert_eq!(apps[2].why.as_deref(), Some("it misbehaved"));
        assert_eq!(maps, 1);
        // The keys that apps are told of are those of the log, and when each begins and ends.
        let kids = [kids(&first), kids(&second), kids(&third)];
        let (old, new, last) = (&kids[0][0], added(&kids[0], &kids[1]), added(&kids[1], &kids[2]));
        let told: Vec<_> = keys
            .iter()
            .map(|record| match &record.key {
                NamedKey::IdToken(kid) => (kid.clone(), record.what, record.why.is_some()),
                NamedKey::Log(key) => panic!("{key}"),
            })
            .collect();
        let of_first_turn = [(new.clone(), KeyEvent::Added, false), (old.clone(), KeyEvent::Retired, false)];
        assert_eq!(told[..2], of_first_turn);
        assert_eq!(told[2], (last.clone(), KeyEvent::Added, false));
        assert!(told[3..].contains(&(new.clone(), KeyEvent::Retired, true)), "{told:?}");
        assert!(keys[0].at > apps[4].at && keys[1].at > keys[0].at, "both are told beforehand");
    }
}

fn kids(jwks: &oauth::jwks::Jwks) -> Vec<String> {
    let text = serde_json::to_value(jwks).unwrap();
    let keys = text["keys"].as_array().unwrap();
    keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

fn added<'k>(before: &[String], after: &'k [String]) -> &'k String {
    after.iter().find(|kid| !before.contains(kid)).unwrap()
}
