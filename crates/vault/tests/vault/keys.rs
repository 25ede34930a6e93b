//! Keys that turn: nothing that an app holds stops working, on no node, and what nobody made costs no query.

use crate::house::{DAY_S, House, Tokens, on_both_engines, open_ceiling, open_terms};
use ledger::note::{LogKey, VerifierKey};
use oauth::token::ACCESS_TOKEN_S;
use std::sync::Arc;
use vault::{KEY_AHEAD_S, KeyPurpose, LogIdentity, Refusal, Turn, Vault};

async fn opens(vault: &Vault, tokens: &Tokens) -> bool {
    match vault.caller(&tokens.access).await {
        Ok(_) => true,
        Err(refusal) => {
            assert_eq!(refusal, Refusal::Token);
            false
        }
    }
}

/// How many transactions ran, whatever their names.
fn ran(vault: &Vault) -> u64 {
    vault.timings().iter().map(|timing| timing.count).sum()
}

/// The states of the keys of a purpose, the newest first.
async fn states(vault: &Vault, purpose: KeyPurpose) -> Vec<&'static str> {
    let keys = vault.keys_list().await.unwrap();
    keys.into_iter().filter(|key| key.purpose == purpose).map(|key| key.state).collect()
}

on_both_engines! {
    async fn what_is_no_token_never_reaches_the_database(house: House) {
        let ada = house.person("ada").await;
        let app = house.app("Jukebox", &open_ceiling()).await;
        let tokens = house.let_in(&ada, app, &open_terms()).await;
        let vault = house.vault();
        let before = ran(vault);
        for at in 4..tokens.access.len() {
            let mut wrong = tokens.access.clone();
            let other = if wrong.as_bytes()[at] == b'A' { "B" } else { "A" };
            wrong.replace_range(at..=at, other);
            assert_eq!(vault.caller(&wrong).await.unwrap_err(), Refusal::Token, "{at}");
        }
        for wrong in ["", "wxa_", "x", &tokens.refresh, &ada.cookie, &tokens.access[..59], &"wxa_A".repeat(999)] {
            assert_eq!(vault.caller(wrong).await.unwrap_err(), Refusal::Token, "{wrong}");
        }
        assert_eq!(ran(vault), before, "none of them was looked up");
        vault.caller(&tokens.access).await.unwrap();
        assert_eq!(ran(vault), before + 1, "and a token is, with one query");
    }

    async fn an_unknown_key_is_looked_for_once_a_minute_at_most(house: House) {
        let vault = house.vault();
        // The number of the key comes first: this one never was.
        let strange = format!("wxa___{}", "A".repeat(54));
        house.clock.forward(61);
        let before = ran(vault);
        for _ in 0..100 {
            assert_eq!(vault.caller(&strange).await.unwrap_err(), Refusal::Token);
        }
        assert_eq!(ran(vault), before + 1);
    }

    async fn turning_the_token_key_fails_no_request(house: House) {
        let ada = house.person("ada").await;
        let app = house.app("Jukebox", &open_ceiling()).await;
        let vault = house.vault();
        let mut tokens = house.let_in(&ada, app, &open_terms()).await;
        assert_eq!(states(vault, KeyPurpose::Token).await, ["active"]);
        vault.keys_rotate(KeyPurpose::Token, Turn::Ahead).await.unwrap();
        assert_eq!(states(vault, KeyPurpose::Token).await, ["coming", "leaving"]);
        // Each token is good to its last second, whichever key made it.
        let step = ACCESS_TOKEN_S - 1;
        for _ in 0..=(KEY_AHEAD_S + 600) / step {
            house.clock.forward(step);
            assert!(opens(vault, &tokens).await);
            tokens = house.refresh(&tokens).await.unwrap();
        }
        assert_eq!(states(vault, KeyPurpose::Token).await, ["active", "retired"]);
    }

    async fn a_key_in_the_wrong_hands_is_worth_nothing_at_once(house: House) {
        let ada = house.person("ada").await;
        let app = house.app("Jukebox", &open_ceiling()).await;
        let vault = house.vault();
        let tokens = house.let_in(&ada, app, &open_terms()).await;
        vault.keys_rotate(KeyPurpose::Token, Turn::Ahead).await.unwrap();
        vault.keys_rotate(KeyPurpose::Token, Turn::AtOnce).await.unwrap();
        assert!(!opens(vault, &tokens).await);
        let tokens = house.refresh(&tokens).await.unwrap();
        assert!(opens(vault, &tokens).await);
        assert_eq!(states(vault, KeyPurpose::Token).await, ["retired", "active", "retired"]);
    }

    async fn keys_turn_by_themselves_and_are_destroyed_long_after(house: House) {
        let vault = house.vault();
        vault.keys_keep().await.unwrap();
        assert_eq!(states(vault, KeyPurpose::Token).await, ["active"]);
        house.clock.forward(30 * DAY_S);
        for _ in 0..3 {
            vault.keys_keep().await.unwrap();
        }
        assert_eq!(states(vault, KeyPurpose::Token).await, ["coming", "leaving"]);
        assert_eq!(states(vault, KeyPurpose::IdToken).await, ["active"]);
        house.clock.forward(3600);
        assert_eq!(states(vault, KeyPurpose::Token).await, ["active", "retired"]);
        for _ in 0..3 {
            house.clock.forward(31 * DAY_S);
            vault.keys_keep().await.unwrap();
        }
        assert_eq!(states(vault, KeyPurpose::Token).await, ["coming", "leaving"], "the rest is gone");
        assert_eq!(states(vault, KeyPurpose::IdToken).await, ["active"], "the second of its kind");
        assert_eq!(states(vault, KeyPurpose::Log).await, ["active"]);
    }

    async fn the_key_of_the_log_does_not_turn(house: House) {
        let before = house.vault().log_key();
        let refused = house.vault().keys_rotate(KeyPurpose::Log, Turn::Ahead).await.unwrap_err();
        assert!(matches!(refused, Refusal::Conflict(_)), "{refused:?}");
        assert_eq!(house.vault().log_key(), before);
    }

    async fn a_log_keeps_the_name_and_the_key_that_it_began_with(mut house: House) {
        let kept: VerifierKey = house.vault().log_key().parse().unwrap();
        assert_eq!(kept.name(), "waxseal.test/ledger", "named for the issuer");
        house.close();
        let named = |name: &str| Some(LogIdentity::Named(name.to_owned()));
        drop(house.open_as(named("waxseal.test/ledger")).unwrap());
        let other = LogKey::new(kept.name(), &[7; 32]).unwrap();
        for asked in [named("log.example"), Some(LogIdentity::Keyed(Box::new(other)))] {
            let why = house.open_as(asked).unwrap_err();
            assert!(why.to_string().contains(&format!("holds the log {kept}, which keeps its name")), "{why}");
        }
    }

    async fn every_node_learns_of_a_new_key_before_it_is_used(mut house: House) {
        // A folder has one node.
        let Ok(other) = house.open() else { return };
        let other = Arc::new(other);
        let ada = house.person("ada").await;
        let app = house.app("Jukebox", &open_ceiling()).await;
        let mut tokens = house.let_in(&ada, app, &open_terms()).await;
        house.vault().keys_rotate(KeyPurpose::Token, Turn::Ahead).await.unwrap();
        house.vault().keys_rotate(KeyPurpose::IdToken, Turn::Ahead).await.unwrap();
        // The other node has no worker here: it looks when something makes it.
        for _ in 0..(KEY_AHEAD_S + 600) / 200 {
            house.clock.forward(200);
            assert!(opens(&other, &tokens).await && opens(house.vault(), &tokens).await);
            tokens = house.refresh(&tokens).await.unwrap();
            assert!(opens(&other, &tokens).await);
            let (one, two) = (house.vault().jwks().await.unwrap(), other.jwks().await.unwrap());
            assert_eq!(one, two);
        }
        // Both find the next turn due; one does it.
        house.clock.forward(91 * DAY_S);
        let (one, two) = tokio::join!(house.vault().keys_keep(), other.keys_keep());
        one.unwrap();
        two.unwrap();
        assert_eq!(states(&other, KeyPurpose::Token).await, ["coming", "leaving"]);
        assert_eq!(states(&other, KeyPurpose::IdToken).await, ["coming", "leaving"]);
    }
}
