//! What a person wants to be told of her apps, and is told: once, soon, and nobody else.

use crate::house::{DAY_S, House, Somebody, Tokens, on_both_engines, open_ceiling, open_terms};
use model::{AppId, ConversationId};
use vault::{Alerts, DeleteMessage, ListConversations, Notice, Refusal};

const HOUR_S: i64 = 3600;

struct Scene {
    ada: Somebody,
    bob: Somebody,
    app: AppId,
    tokens: Tokens,
    conversation: ConversationId,
}

async fn scene(house: &House) -> Scene {
    let [ada, bob] = house.friends(["ada", "bob"]).await;
    let conversation = house.group(&ada, &[&bob]).await;
    house.say(&ada, conversation, "hello").await;
    let app = house.app("Jukebox", &open_ceiling()).await;
    let tokens = house.let_in(&ada, app, &open_terms()).await;
    Scene { ada, bob, app, tokens, conversation }
}

async fn list(house: &House, tokens: &Tokens) {
    let permit = house.permit(tokens, ListConversations { after: None, limit: 9 }).await.unwrap();
    house.vault().list_conversations(permit).await.unwrap();
}

/// Looks at all that there is, and says what was told, oldest first.
async fn told(house: &House, who: &Somebody) -> Vec<(Notice, i64)> {
    while house.vault().sequence().await.unwrap() > 0 {}
    while house.vault().alerts_step().await.unwrap() {}
    let told = house.vault().notices(&who.own, None, 50).await.unwrap();
    let of_alerts = |notice: &Notice| !matches!(notice, Notice::Deleted { .. });
    let mut told: Vec<_> = told
        .into_iter()
        .map(|told| (told.notice, told.count))
        .filter(|(notice, _)| of_alerts(notice))
        .collect();
    told.reverse();
    told
}

on_both_engines! {
    async fn the_first_read_and_the_first_deletion_are_told_once(house: House) {
        let Scene { ada, bob, app, tokens, conversation } = scene(&house).await;
        assert_eq!(house.vault().alerts(&ada.own).await, Ok(Alerts::default()));
        house.read(&tokens, conversation).await.unwrap();
        assert!(told(&house, &ada).await.is_empty(), "she has not asked");
        let second = house.let_in(&ada, house.app("Marquee", &open_ceiling()).await, &open_terms()).await;
        let alerts = Alerts { first_read: true, first_delete: true, ..Alerts::default() };
        house.vault().alerts_set(&ada.own, alerts).await.unwrap();
        assert_eq!(house.vault().alerts(&ada.own).await, Ok(alerts));
        list(&house, &second).await;
        house.read(&tokens, conversation).await.unwrap();
        assert!(told(&house, &ada).await.is_empty(), "no first read");
        for _ in 0..3 {
            house.read(&second, conversation).await.unwrap();
        }
        let first_read = (Notice::FirstRead { app: second.app }, 1);
        assert_eq!(told(&house, &ada).await, std::slice::from_ref(&first_read));
        for _ in 0..2 {
            let permit = house.permit(&tokens, DeleteMessage { conversation, seq: 1 }).await.unwrap();
            house.vault().delete_message(permit).await.unwrap();
        }
        house.clock.forward(1);
        assert_eq!(told(&house, &ada).await, [first_read, (Notice::FirstDelete { app }, 1)]);
        assert!(told(&house, &bob).await.is_empty());
        house.vault().person_erase(&ada.handle).await.unwrap();
        assert_eq!(house.numbers("select count(*) from alerts").await, [0]);
    }

    async fn more_than_so_many_a_day_are_told_once_a_day(house: House) {
        let Scene { ada, app, tokens, .. } = scene(&house).await;
        house.vault().alerts_set(&ada.own, Alerts { per_day: Some(3), ..Alerts::default() }).await.unwrap();
        for n in 1..=6 {
            list(&house, &tokens).await;
            let due = usize::from(n > 3);
            assert_eq!(told(&house, &ada).await.len(), due, "after {n}");
        }
        house.clock.forward(DAY_S);
        let tokens = house.let_in(&ada, app, &open_terms()).await;
        for _ in 0..6 {
            list(&house, &tokens).await;
        }
        let often = (Notice::Often { app, most: 3 }, 1);
        assert_eq!(told(&house, &ada).await, [often.clone(), often]);
        for bad in [Some(0), Some(-1), Some(i64::MAX)] {
            let set = house.vault().alerts_set(&ada.own, Alerts { per_day: bad, ..Alerts::default() }).await;
            assert!(matches!(set, Err(Refusal::Invalid(_))), "{bad:?}");
        }
    }

    async fn what_is_done_at_night_is_told_and_two_who_look_tell_once(house: House) {
        let Scene { ada, app, tokens, .. } = scene(&house).await;
        let hour = house.now().micros().div_euclid(HOUR_S * 1_000_000).rem_euclid(24);
        // A night over midnight, wherever the clock stands: it ended an hour ago.
        let night = ((hour + 2) % 24, hour);
        house.vault().alerts_set(&ada.own, Alerts { night: Some(night), ..Alerts::default() }).await.unwrap();
        list(&house, &tokens).await;
        assert!(told(&house, &ada).await.is_empty());
        house.clock.forward(2 * HOUR_S);
        let tokens = house.let_in(&ada, app, &open_terms()).await;
        for _ in 0..3 {
            list(&house, &tokens).await;
        }
        while house.vault().sequence().await.unwrap() > 0 {}
        let steps = (0..4).map(|_| {
            let vault = house.vault().clone();
            tokio::spawn(async move { vault.alerts_step().await })
        });
        for step in steps.collect::<Vec<_>>() {
            assert!(matches!(step.await.unwrap(), Ok(_) | Err(Refusal::Changed)));
        }
        assert_eq!(told(&house, &ada).await, [(Notice::AtNight { app }, 1)]);
        let set = house.vault().alerts_set(&ada.own, Alerts { night: Some((3, 3)), ..Alerts::default() }).await;
        assert!(matches!(set, Err(Refusal::Invalid(_))));
    }

    async fn days_and_nights_are_those_of_her_clock(house: House) {
        // 2026-11-23T12:00Z: in New York it is 7 in the morning, in Kathmandu a quarter to six in the evening.
        let Scene { ada, app, tokens, .. } = scene(&house).await;
        let by = |east_min| Alerts { night: Some((6, 8)), per_day: Some(2), east_min, ..Alerts::default() };
        house.vault().alerts_set(&ada.own, by(5 * 60 + 45)).await.unwrap();
        list(&house, &tokens).await;
        assert!(told(&house, &ada).await.is_empty());
        house.vault().alerts_set(&ada.own, by(-5 * 60)).await.unwrap();
        list(&house, &tokens).await;
        let at_night = (Notice::AtNight { app }, 1);
        assert_eq!(told(&house, &ada).await, std::slice::from_ref(&at_night));
        // Past midnight in UTC, and 20:00 of the same day in New York: the third access of the day.
        house.clock.forward(13 * HOUR_S);
        let tokens = house.refresh(&tokens).await.unwrap();
        list(&house, &tokens).await;
        assert_eq!(told(&house, &ada).await, [at_night, (Notice::Often { app, most: 2 }, 1)]);
        for bad in [-735, 855, 7, i64::MAX] {
            assert!(matches!(house.vault().alerts_set(&ada.own, by(bad)).await, Err(Refusal::Invalid(_))), "{bad}");
        }
    }
}
