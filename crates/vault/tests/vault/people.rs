//! People: handles that cannot be mistaken for another's, signing in, friends.

use crate::house::{House, on_both_engines, open_ceiling, open_terms};
use model::{Handle, Scopes};
use vault::Refusal;

fn handle(text: &str) -> Handle {
    Handle::parse(text).unwrap()
}

on_both_engines! {
    async fn no_two_handles_look_alike(house: House) {
        house.person("morning.io").await;
        for alike in ["morning.io", "MORNING.IO", "rnorning.io", "morn1ng.io", "morning-i0", "morning_lo"] {
            let taken = house.vault().person_add(&handle(alike), "X", None).await;
            assert_eq!(taken, Err(Refusal::HandleTaken), "{alike}");
            let taken = house.vault().sign_up(&handle(alike), "X", "a long password".to_owned(), "x").await;
            assert_eq!(taken, Err(Refusal::HandleTaken), "{alike}");
        }
        house.vault().person_add(&handle("morning.lo2"), "X", None).await.unwrap();
    }

    async fn of_eight_who_want_one_handle_at_once_one_gets_it(house: House) {
        let mut tasks = tokio::task::JoinSet::new();
        for alike in ["cloud", "c1oud", "ci0ud", "cl0ud", "cloud", "c10ud", "cioud", "CLOUD"] {
            let vault = std::sync::Arc::clone(house.vault());
            tasks.spawn(async move { vault.person_add(&handle(alike), "X", None).await });
        }
        let (added, taken): (Vec<_>, Vec<_>) = tasks.join_all().await.into_iter().partition(Result::is_ok);
        assert_eq!((added.len(), taken.len()), (1, 7));
        assert!(taken.into_iter().all(|refused| refused == Err(Refusal::HandleTaken)));
    }

    async fn a_wrong_handle_and_a_wrong_password_cannot_be_told_apart(house: House) {
        let ada = house.person("ada").await;
        let uncle = || vec![("Uncle".to_owned(), "Uncle".to_owned())];
        let guest = house.vault().person_guests(ada.id, uncle()).await.unwrap()[0];
        assert_eq!(house.vault().person_guests(ada.id, uncle()).await, Ok(vec![guest]), "twice is once");
        house.vault().person_add(&handle("silent"), "Silent", None).await.unwrap();
        let long = "x".repeat(300);
        let guest = guest.to_string();
        for (who, password) in [
            ("ada", "not-her-password"),
            ("ada", ""),
            ("ada", &long),
            ("nobody", "ada-password"),
            ("not a handle!", "ada-password"),
            ("Uncle", ""),
            (&guest, ""),
            ("silent", ""),
            ("silent", "null"),
        ] {
            let refused = house.vault().sign_in(who, password.to_owned(), "x").await;
            assert_eq!(refused, Err(Refusal::Password), "{who:?}");
        }
        let cookie = house.vault().sign_in(" @ADA ", "ada-password".to_owned(), "x").await.unwrap().cookies().unwrap().session;
        assert_eq!(house.vault().own(&cookie).await.unwrap().person(), ada.id);
    }

    async fn a_new_password_ends_the_other_sessions(house: House) {
        let ada = house.person("ada").await;
        let other = house.vault().sign_in("ada", "ada-password".to_owned(), "x").await.unwrap().cookies().unwrap().session;
        let wrong = house.vault().password_change(&ada.own, "nope".to_owned(), "new password".to_owned(), "x").await;
        assert_eq!(wrong, Err(Refusal::Password));
        let short = house.vault().password_change(&ada.own, "ada-password".to_owned(), "short".to_owned(), "x").await;
        assert!(matches!(short, Err(Refusal::Invalid(_))));
        house.vault().password_change(&ada.own, "ada-password".to_owned(), "new password".to_owned(), "x").await.unwrap();
        assert_eq!(house.vault().own(&other).await.unwrap_err(), Refusal::SignedOut);
        assert!(house.vault().own(&ada.cookie).await.is_ok());
        let old = house.vault().sign_in("ada", "ada-password".to_owned(), "x").await;
        assert_eq!(old, Err(Refusal::Password));
        house.vault().sign_in("ada", "new password".to_owned(), "x").await.unwrap();
    }

    async fn no_session_begins_with_a_password_that_was_changed_while_it_was_compared(house: House) {
        let ada = house.person("ada").await;
        let mut tasks = tokio::task::JoinSet::new();
        // These wait for their turn to be compared before and behind the change.
        for _ in 0..8 {
            let vault = std::sync::Arc::clone(house.vault());
            tasks.spawn(async move { vault.sign_in("ada", "ada-password".to_owned(), "x").await });
        }
        let vault = std::sync::Arc::clone(house.vault());
        let change = tokio::spawn(async move {
            vault.password_change(&ada.own, "ada-password".to_owned(), "new password".to_owned(), "x").await
        });
        while let Some(signed_in) = tasks.join_next().await {
            let vault = std::sync::Arc::clone(house.vault());
            if !change.is_finished() {
                tasks.spawn(async move { vault.sign_in("ada", "ada-password".to_owned(), "x").await });
            }
            let signed_in = signed_in.unwrap();
            assert!(matches!(signed_in, Ok(_) | Err(Refusal::Password | Refusal::Wait(_))), "{signed_in:?}");
        }
        change.await.unwrap().unwrap();
        assert!(house.vault().own(&ada.cookie).await.is_ok());
        assert_eq!(house.vault().sessions(&ada.own).await.unwrap().len(), 1);
    }

    async fn who_asks_everyone_is_stopped(house: House) {
        let ada = house.person("ada").await;
        for n in 0..500 {
            let other = handle(&format!("someone.{n}x"));
            house.vault().person_add(&other, "Someone", None).await.unwrap();
            house.vault().friend_ask(&ada.own, &other).await.unwrap();
        }
        let one = house.person("bea").await;
        let refused = house.vault().friend_ask(&ada.own, &one.handle).await;
        assert!(matches!(refused, Err(Refusal::Conflict(_))), "{refused:?}");
        let first = house.vault().person_by_handle(&handle("someone.0x")).await.unwrap();
        house.vault().friend_answer(&ada.own, first, false).await.unwrap();
        house.vault().friend_ask(&ada.own, &one.handle).await.unwrap();
    }

    async fn of_two_changes_of_a_password_at_once_one_counts(house: House) {
        let ada = house.person("ada").await;
        let change = |new: &str| house.vault().password_change(&ada.own, "ada-password".to_owned(), new.to_owned(), "x");
        let (one, other) = tokio::join!(change("password one"), change("password two"));
        assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
        let new = if one.is_ok() { "password one" } else { "password two" };
        house.vault().sign_in("ada", new.to_owned(), "x").await.unwrap();
    }

    async fn names_that_cannot_be_shown_are_refused_everywhere(house: House) {
        let ada = house.person("ada").await;
        for name in ["", "  ", "two\nlines", "nul\0", "\u{202e}", &"x".repeat(81)] {
            let refused = house.vault().rename(&ada.own, name).await;
            assert!(matches!(refused, Err(Refusal::Invalid(_))), "{name:?}: {refused:?}");
            let refused = house.vault().person_add(&handle("bob"), name, None).await;
            assert!(matches!(refused, Err(Refusal::Invalid(_))), "{name:?}: {refused:?}");
            let refused = house.vault().sign_up(&handle("bob"), name, "a long password".to_owned(), "x").await;
            assert!(matches!(refused, Err(Refusal::Invalid(_))), "{name:?}: {refused:?}");
        }
        house.vault().rename(&ada.own, " Ada 👩‍💻 ").await.unwrap();
        assert_eq!(house.vault().person_face(ada.id).await.unwrap().name, "Ada 👩‍💻");
    }

    async fn friendship_needs_both(house: House) {
        let [ada, bob, cem] = [house.person("ada").await, house.person("bob").await, house.person("cem").await];
        let vault = house.vault();
        assert_eq!(vault.friend_ask(&ada.own, &handle("nobody")).await, Err(Refusal::NotFound));
        assert!(matches!(vault.friend_ask(&ada.own, &handle("ada")).await, Err(Refusal::Invalid(_))));
        vault.friend_ask(&ada.own, &bob.handle).await.unwrap();
        vault.friend_ask(&ada.own, &bob.handle).await.unwrap();
        assert_eq!(vault.own_start(&ada.own, vec![bob.id], None).await, Err(Refusal::NotFriends));
        assert_eq!(vault.friends(&ada.own).await.unwrap().asked.len(), 1);
        assert_eq!(vault.friends(&bob.own).await.unwrap().asking.len(), 1);
        assert_eq!(vault.friend_answer(&cem.own, ada.id, true).await, Err(Refusal::NotFound));
        // She cannot say yes in his place: her answer takes her question back.
        vault.friend_answer(&ada.own, bob.id, true).await.unwrap();
        assert!(vault.friends(&ada.own).await.unwrap().friends.is_empty());
        vault.friend_ask(&ada.own, &bob.handle).await.unwrap();
        vault.friend_answer(&bob.own, ada.id, false).await.unwrap();
        assert!(vault.friends(&bob.own).await.unwrap().friends.is_empty());
        vault.friend_ask(&ada.own, &bob.handle).await.unwrap();
        vault.friend_answer(&bob.own, ada.id, true).await.unwrap();
        for (one, other) in [(&ada, &bob), (&bob, &ada)] {
            let list = vault.friends(&one.own).await.unwrap();
            assert_eq!(list.friends.iter().map(|friend| friend.face.id).collect::<Vec<_>>(), [other.id]);
            assert!(list.asked.is_empty() && list.asking.is_empty());
        }
        // Two who ask each other are friends at once.
        vault.friend_ask(&cem.own, &ada.handle).await.unwrap();
        vault.friend_ask(&ada.own, &cem.handle).await.unwrap();
        assert_eq!(vault.friends(&cem.own).await.unwrap().friends.len(), 1);
        vault.friend_remove(&bob.own, ada.id).await.unwrap();
        assert_eq!(vault.friend_remove(&ada.own, bob.id).await, Err(Refusal::NotFound));
        assert_eq!(vault.friends(&ada.own).await.unwrap().friends.len(), 1);
    }

    async fn an_app_sees_the_friends_who_did_not_hide(house: House) {
        let [ada, bob, _cem] = house.friends(["ada", "bob", "cem"]).await;
        let app = house.app("Jukebox", &open_ceiling()).await;
        let tokens = house.let_in(&ada, app, &open_terms()).await;
        let caller = house.caller(&tokens).await;
        assert_eq!(house.vault().friends_of_caller(&caller).await.unwrap().len(), 2);
        house.vault().wish_everywhere(&bob.own, false, true).await.unwrap();
        let seen = house.vault().friends_of_caller(&caller).await.unwrap();
        assert_eq!(seen.iter().map(|face| face.name.as_str()).collect::<Vec<_>>(), ["cem"]);
        let code = house.code(&ada, app, Scopes::OPENID, &open_terms()).await;
        let caller = house.caller(&house.redeem(app, &code).await.unwrap()).await;
        let refused = house.vault().friends_of_caller(&caller).await.unwrap_err();
        assert_eq!(refused, Refusal::Scope("friends"));
    }

    async fn two_friends_have_one_conversation_whoever_opens_it_first(house: House) {
        let [ada, bob] = house.friends(["ada", "bob"]).await;
        let (one, two) = tokio::join!(
            house.vault().own_start(&ada.own, vec![bob.id], None),
            house.vault().own_start(&bob.own, vec![ada.id], None)
        );
        assert_eq!(one.unwrap(), two.unwrap());
        assert_eq!(house.vault().own_conversations(&ada.own, 9, 0).await.unwrap().len(), 1);
    }
}
