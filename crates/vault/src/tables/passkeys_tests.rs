//! What lets her in last cannot be taken away, however it is tried.

use crate::Refusal;
use crate::faults_tests::house::{House, Somebody, on_both_engines};

/// A person without a password, and with these passkeys.
async fn with_passkeys(house: &House, passkeys: &[&[u8]]) -> Somebody {
    let ada = house.person("ada").await;
    let hers = house.blob(ada.id.as_bytes());
    for passkey in passkeys {
        let key = house.blob(passkey);
        let columns = "id, person, public_key, name, sign_count, backup_eligible, backed_up, created_at";
        let values = format!("{key}, {hers}, {key}, 'Key', 0, 0, 0, 0");
        house.sql(&format!("insert into passkeys ({columns}) values ({values})")).await;
    }
    house.sql("update persons set password = null").await;
    ada
}

on_both_engines! {
    async fn the_last_way_in_is_not_removed(house: House) {
        let ada = with_passkeys(&house, &[b"one", b"two"]).await;
        let vault = house.vault();
        vault.passkey_remove(&ada.own, b"one".to_vec()).await.unwrap();
        let last = vault.passkey_remove(&ada.own, b"two".to_vec()).await;
        assert!(matches!(last, Err(Refusal::Conflict(_))), "{last:?}");
        assert_eq!(vault.passkeys(&ada.own).await.unwrap().len(), 1);
        assert_eq!(vault.passkey_remove(&ada.own, b"one".to_vec()).await, Err(Refusal::NotFound));
        vault.password_change(&ada.own, String::new(), "a password of hers".to_owned(), "x").await.unwrap();
        vault.passkey_remove(&ada.own, b"two".to_vec()).await.unwrap();
    }

    async fn of_two_that_are_removed_at_once_one_stays(house: House) {
        let ada = with_passkeys(&house, &[b"one", b"two"]).await;
        let (vault, own) = (house.vault(), &ada.own);
        let (one, two) =
            tokio::join!(vault.passkey_remove(own, b"one".to_vec()), vault.passkey_remove(own, b"two".to_vec()));
        assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
        assert_eq!(vault.passkeys(own).await.unwrap().len(), 1);
    }

    async fn a_passkey_is_its_owners_alone(house: House) {
        let ada = with_passkeys(&house, &[b"one", b"two"]).await;
        let eve = house.person("eve").await;
        let vault = house.vault();
        assert_eq!(vault.passkey_remove(&eve.own, b"one".to_vec()).await, Err(Refusal::NotFound));
        assert_eq!(vault.passkey_rename(&eve.own, b"one".to_vec(), "Eve's").await, Err(Refusal::NotFound));
        assert_eq!(vault.passkeys(&eve.own).await.unwrap(), []);
        vault.person_erase(&ada.handle).await.unwrap();
        assert_eq!(house.numbers("select count(*) from passkeys").await, [0], "gone with her");
    }
}
