//! What of signing in cannot be seen from outside the vault.

use crate::engine::{Reads, What, params};
use crate::faults_tests::house::{House, on_both_engines};
use crate::tables::attempts::{Count, DEVICE_CODES_NEW_MAX, SETTLED_S, enter};
use crate::tables::passwords::is_dated;
use crate::{ATTEMPTS_S, Refusal, Vault, Visit};
use argon2::password_hash::PasswordHasher;
use argon2::{Algorithm, Argon2, Params, Version};
use model::{Handle, PersonId};
use std::sync::atomic::Ordering::Relaxed;

async fn stored(vault: &Vault, person: PersonId) -> String {
    stored_opt(vault, person).await.unwrap()
}

async fn stored_opt(vault: &Vault, person: PersonId) -> Option<String> {
    vault
        .engine
        .read("stored", move |snap| -> Result<_, Refusal> {
            let sql = "select password from persons where id = $1";
            Ok(snap
                .one(sql, params![person.as_bytes()], |row| Ok(row.opt_text(0)?.map(str::to_owned)))?
                .unwrap())
        })
        .await
        .unwrap()
}

/// What a guess costs: hashes, and statements in the database.
async fn work(house: &House, handle: &str, visit: Visit) -> (u64, u32) {
    let (vault, far) = (house.vault(), 1_000_000);
    let before = vault.hashed.load(Relaxed);
    vault.engine.faults().plan(What::Statement, far);
    assert_eq!(vault.sign_in(handle, "not hers".to_owned(), visit).await, Err(Refusal::Password));
    let left = vault.engine.faults().left().unwrap();
    vault.engine.faults().forget();
    (vault.hashed.load(Relaxed) - before, far - left)
}

on_both_engines! {
    async fn a_guess_costs_the_same_work_whether_somebody_has_the_handle_or_not(house: House) {
        house.person("ada").await;
        let bob = house.vault().person_add(&Handle::parse("bob").unwrap(), "Bob", None).await.unwrap();
        assert_eq!(stored_opt(house.vault(), bob).await, None, "he came with an import, and has no password");
        let browser = "wxn_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        for browser in [None, Some(browser.to_owned())] {
            let visit = Visit { browser, ..Visit::default() };
            let hers = work(&house, "ada", visit.clone()).await;
            assert_eq!(hers.0, 1, "one hash");
            for other in ["bob", "nobody", "no handle at all", "", "\u{430}da"] {
                assert_eq!(work(&house, other, visit.clone()).await, hers, "{other:?}");
            }
        }
    }

    async fn who_guesses_codes_of_devices_stops_nobody_who_was_here_before(house: House) {
        let ada = house.person("ada").await;
        let vault = house.vault();
        let again = vault.sign_in("ada", "ada-password".to_owned(), Visit::default()).await.unwrap().cookies().unwrap();
        let visit = |n: u32| Visit {
            browser: Some(again.browser.clone()), from: std::net::IpAddr::from(n.to_be_bytes()).into(), ..Visit::default()
        };
        house.clock.forward(SETTLED_S);
        // Guessed from everywhere, by accounts that were made for it: they fill the budget that they share.
        let now = house.now();
        vault.engine.write("guesses", move |tx| -> Result<(), Refusal> {
            for n in 0..DEVICE_CODES_NEW_MAX {
                let by = PersonId::from_bytes(n.to_be_bytes().repeat(2).try_into().unwrap());
                let from = std::net::IpAddr::from((n as u32).to_be_bytes()).into();
                enter(tx, &Count::device_code(by, from, false), now)?;
            }
            Ok(())
        }).await.unwrap();
        let new = vault.device_code_asked(&ada.own, &Visit::default()).await;
        assert_eq!(new.unwrap_err(), Refusal::Wait(ATTEMPTS_S), "a browser of which nothing is known");
        for n in 0..5 {
            let counted = vault.device_code_asked(&ada.own, &visit(n)).await;
            assert!(counted.is_ok(), "{counted:?}");
        }
        let sixth = vault.device_code_asked(&ada.own, &visit(9)).await;
        assert_eq!(sixth.unwrap_err(), Refusal::Wait(ATTEMPTS_S), "her own budget");
    }

    async fn a_hash_of_before_is_made_anew_when_she_signs_in(house: House) {
        let ada = house.person("ada").await;
        let faster = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(19_456, 1, 1, None).unwrap());
        let old = faster.hash_password_with_salt(b"ada-password", &[7; 16]).unwrap().to_string();
        let vault = house.vault();
        let put = |hash: String| {
            let person = ada.id;
            vault.engine.write("put", move |tx| -> Result<(), Refusal> {
                Ok(tx.put("update persons set password = $1 where id = $2", params![&hash, person.as_bytes()])?)
            })
        };
        put(old.clone()).await.unwrap();
        let wrong = vault.sign_in("ada", "not hers".to_owned(), "x").await;
        assert_eq!(wrong, Err(Refusal::Password));
        assert_eq!(stored(vault, ada.id).await, old, "a guess changes nothing");
        vault.sign_in("ada", "ada-password".to_owned(), "x").await.unwrap();
        let new = stored(vault, ada.id).await;
        assert!(!is_dated(&new) && new != old);
        vault.sign_in("ada", "ada-password".to_owned(), "x").await.unwrap();
        assert_eq!(stored(vault, ada.id).await, new, "once is enough");
    }
}
