//! What of an account cannot be seen from outside the vault.

use crate::engine::{Reads, params};
use crate::faults_tests::house::{House, on_both_engines};
use crate::tables::passwords::is_dated;
use crate::{Refusal, Vault};
use argon2::password_hash::PasswordHasher;
use argon2::{Algorithm, Argon2, Params, Version};
use model::PersonId;

async fn stored(vault: &Vault, person: PersonId) -> String {
    vault
        .engine
        .read("stored", move |snap| -> Result<_, Refusal> {
            let sql = "select password from persons where id = $1";
            Ok(snap.one(sql, params![person.as_bytes()], |row| Ok(row.text(0)?.to_owned()))?.unwrap())
        })
        .await
        .unwrap()
}

on_both_engines! {
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
