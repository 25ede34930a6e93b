//! What a person is told: at once with what happened, counted where it repeats, gone with its time and with her.

use crate::house::{DAY_S, House, on_both_engines, open_ceiling, open_terms};
use vault::{DeleteMessage, NOTICE_KEPT_S, Notice, Own};

async fn told(house: &House, own: &Own) -> Vec<(Notice, i64, bool)> {
    let told = house.vault().notices(own, None, 50).await.unwrap();
    told.into_iter().map(|told| (told.notice, told.count, told.is_unread)).collect()
}

on_both_engines! {
    async fn what_repeats_is_counted_and_unread_again(house: House) {
        let [ada, bob] = house.friends(["ada", "bob"]).await;
        let app = house.app("Jukebox", &open_ceiling()).await;
        let tokens = house.let_in(&ada, app, &open_terms()).await;
        let conversation = house.group(&ada, &[&bob]).await;
        for n in 1..=3 {
            let seq = house.say(&ada, conversation, &format!("message {n}")).await;
            let permit = house.permit(&tokens, DeleteMessage { conversation, seq }).await.unwrap();
            house.vault().delete_message(permit).await.unwrap();
            if n == 2 {
                let until = house.vault().notices(&ada.own, None, 1).await.unwrap()[0].id;
                house.vault().notices_read(&ada.own, until).await.unwrap();
                assert_eq!(house.vault().viewer(&ada.own).await.unwrap().1, 0);
            }
            house.clock.forward(1);
        }
        assert_eq!(told(&house, &ada.own).await, [(Notice::Deleted { app }, 3, true)]);
        assert_eq!(house.vault().notices(&ada.own, None, 1).await.unwrap()[0].app.as_deref(), Some("Jukebox"));
        assert_eq!(house.vault().viewer(&ada.own).await.unwrap().1, 1);
        house.clock.forward(DAY_S);
        let seq = house.say(&ada, conversation, "the next day").await;
        let tokens = house.let_in(&ada, app, &open_terms()).await;
        let permit = house.permit(&tokens, DeleteMessage { conversation, seq }).await.unwrap();
        house.vault().delete_message(permit).await.unwrap();
        assert_eq!(told(&house, &ada.own).await.len(), 2);
        assert!(told(&house, &bob.own).await.is_empty(), "each is told her own");
    }

    async fn a_request_that_is_over_need_not_be_read(house: House) {
        let [ada, bob] = [house.person("ada").await, house.person("bob").await];
        let asked = [(Notice::FriendAsked { by: ada.id }, 1, true)];
        house.vault().friend_ask(&ada.own, &bob.handle).await.unwrap();
        house.vault().friend_ask(&ada.own, &bob.handle).await.unwrap();
        assert_eq!(told(&house, &bob.own).await, asked);
        house.vault().friend_answer(&ada.own, bob.id, false).await.unwrap();
        assert!(told(&house, &bob.own).await.is_empty(), "taken back");
        house.vault().friend_ask(&ada.own, &bob.handle).await.unwrap();
        assert_eq!(told(&house, &bob.own).await, asked);
        house.vault().friend_answer(&bob.own, ada.id, true).await.unwrap();
        assert!(told(&house, &bob.own).await.is_empty(), "answered");
        house.vault().friend_remove(&bob.own, ada.id).await.unwrap();
        house.vault().friend_ask(&ada.own, &bob.handle).await.unwrap();
        house.vault().person_erase(&ada.handle).await.unwrap();
        assert!(told(&house, &bob.own).await.is_empty(), "she is erased");
    }

    async fn a_notice_goes_after_a_year_and_with_the_person(house: House) {
        let [ada, bob] = [house.person("ada").await, house.person("bob").await];
        house.vault().friend_ask(&bob.own, &ada.handle).await.unwrap();
        house.vault().staff_export(&ada.handle, "a court asked").await.unwrap();
        house.clock.forward(NOTICE_KEPT_S);
        house.vault().expire().await.unwrap();
        assert_eq!(told(&house, &ada.own).await.len(), 2);
        house.clock.forward(1);
        house.vault().expire().await.unwrap();
        let staff = Notice::StaffExport { why: "a court asked".to_owned() };
        assert_eq!(told(&house, &ada.own).await, [(staff, 1, true)], "that staff looked is not forgotten");
        house.vault().person_erase(&ada.handle).await.unwrap();
        assert_eq!(house.numbers("select count(*) from notices").await, [0]);
    }

    async fn the_list_goes_on_where_it_ended(house: House) {
        let ada = house.person("ada").await;
        for n in 0..7 {
            house.vault().staff_export(&ada.handle, &format!("reason {n}")).await.unwrap();
            house.clock.forward(n % 2);
        }
        let mut seen = Vec::new();
        let mut before = None;
        loop {
            let part = house.vault().notices(&ada.own, before, 3).await.unwrap();
            let Some(last) = part.last() else { break };
            before = Some(last.id);
            seen.extend(part.into_iter().map(|told| told.id));
        }
        assert_eq!(seen.len(), 7);
        let eve = house.person("eve").await;
        assert!(house.vault().notices(&eve.own, Some(seen[0]), 3).await.is_err(), "another's notice is not there");
    }
}
