//! Keys that apps publish: how often they are fetched, and what becomes of those that cannot be.
use super::*;
use outbound::{Policy, Private};
use serde_json::json;
use testkit::{Site, es256};

const APP: AppId = AppId::from_bytes([1; 16]);
const NOW: Time = Time::from_micros(1_795_435_200_000_000);

fn keys(private: Private) -> Keys {
    Keys::new(Outbound::new(Policy { private }))
}

fn set() -> String {
    json!({"keys": [es256().jwk_named("a")]}).to_string()
}

fn at(seconds: i64) -> Time {
    NOW.plus_seconds(seconds)
}

#[tokio::test]
async fn keys_are_kept_for_a_while_and_then_fetched_anew() {
    let (site, keys) = (Site::new(&set()), keys(Private::Loopback));
    let uri = site.url("/jwks");
    assert!(keys.kept(APP, &uri, NOW).is_none());
    let first = keys.newer(APP, &uri, None, NOW).await.unwrap();
    assert_eq!(keys.kept(APP, &uri, at(KEPT_S - 1)), Some(first.clone()));
    assert_eq!(keys.kept(APP, &uri, at(KEPT_S)), None);
    assert_eq!(keys.kept(APP, "https://elsewhere.example", NOW), None);
    site.says(200, &set());
    let second = keys.newer(APP, &uri, None, at(KEPT_S)).await.unwrap();
    assert_ne!(first, second);
    assert_eq!(site.asked(), 2);
}

#[tokio::test]
async fn a_kid_that_nobody_knows_makes_us_ask_again_but_not_often() {
    let (site, keys) = (Site::new(&set()), keys(Private::Loopback));
    let uri = site.url("/jwks");
    let first = keys.newer(APP, &uri, None, NOW).await.unwrap();
    for _ in 0..100 {
        assert_eq!(keys.newer(APP, &uri, Some(&first), at(TRY_AGAIN_S - 1)).await.unwrap(), first);
    }
    assert_eq!(site.asked(), 1);
    site.says(200, &set());
    let second = keys.newer(APP, &uri, Some(&first), at(TRY_AGAIN_S)).await.unwrap();
    assert_ne!(first, second);
    // Another request that still had the first is given the second, and fetches nothing.
    assert_eq!(keys.newer(APP, &uri, Some(&first), at(3 * TRY_AGAIN_S)).await.unwrap(), second);
    assert_eq!(site.asked(), 2);
    // Another app has its own turn.
    let other = AppId::from_bytes([2; 16]);
    keys.newer(other, &uri, None, at(TRY_AGAIN_S)).await.unwrap();
    assert_eq!(site.asked(), 3);
}

#[tokio::test]
async fn many_that_ask_at_once_fetch_once() {
    let (site, keys) = (Site::new(&set()), Arc::new(keys(Private::Loopback)));
    let uri = site.url("/jwks");
    let ask = || {
        let (keys, uri) = (keys.clone(), uri.clone());
        tokio::spawn(async move { keys.newer(APP, &uri, None, NOW).await.unwrap() })
    };
    let all: Vec<_> = (0..50).map(|_| ask()).collect();
    for one in all {
        one.await.unwrap();
    }
    assert_eq!(site.asked(), 1);
}

#[tokio::test]
async fn keys_that_cannot_be_fetched_anew_serve_an_hour() {
    let (site, keys) = (Site::new(&set()), keys(Private::Loopback));
    let uri = site.url("/jwks");
    let first = keys.newer(APP, &uri, None, NOW).await.unwrap();
    site.says(500, "");
    assert_eq!(keys.newer(APP, &uri, None, at(KEPT_S)).await, Ok(first.clone()));
    assert_eq!(keys.newer(APP, &uri, None, at(KEPT_WITHOUT_NEWS_S - 1)).await, Ok(first));
    let gone = keys.newer(APP, &uri, None, at(KEPT_WITHOUT_NEWS_S)).await.unwrap_err();
    assert!(gone.contains("could not be fetched"), "{gone}");
}

#[tokio::test]
async fn what_is_no_key_set_is_not_taken() {
    let (site, keys) = (Site::new(""), keys(Private::Loopback));
    let uri = site.url("/jwks");
    let (key, mut now) = (es256(), NOW);
    let twice = json!({"keys": [key.jwk_named("a"), es256().jwk_named("a")]}).to_string();
    let many: Vec<_> = (0..40).map(|i| key.jwk_named(&i.to_string())).collect();
    let long = json!({"keys": [key.jwk()], "x": "x".repeat(70_000)}).to_string();
    for (status, body, why) in [
        (200, "", "JSON"),
        (200, "<html>", "JSON"),
        (200, "{}", "JSON"),
        (200, "{\"keys\":[]}", "can sign"),
        (200, &twice, "same kid"),
        (200, &json!({ "keys": many }).to_string(), "32 keys"),
        (200, &"[".repeat(60_000), "JSON"),
        (200, &long, "longer than"),
        (404, &set(), "404"),
        (201, &set(), "201"),
    ] {
        site.says(status, body);
        now = now.plus_seconds(TRY_AGAIN_S);
        let refused = keys.newer(APP, &uri, None, now).await.unwrap_err();
        assert!(refused.contains(why), "{refused}");
    }
    let elsewhere = Site::new(&set());
    site.redirects(&elsewhere.url("/jwks"));
    now = now.plus_seconds(TRY_AGAIN_S);
    assert!(keys.newer(APP, &uri, None, now).await.unwrap_err().contains("302"));
    assert_eq!(elsewhere.asked(), 0);
}

#[tokio::test]
async fn whoever_waits_for_a_silent_site_holds_up_nobody_else() {
    let (silent, good) = (Site::new(""), Site::new(&set()));
    silent.falls_silent();
    let keys = Arc::new(keys(Private::Loopback));
    let (uri, other) = (silent.url("/jwks"), AppId::from_bytes([2; 16]));
    let waits = tokio::spawn({
        let (keys, uri) = (keys.clone(), uri.clone());
        async move { keys.newer(APP, &uri, None, NOW).await }
    });
    keys.newer(other, &good.url("/jwks"), None, NOW).await.unwrap();
    assert!(!waits.is_finished());
    // Who goes away has tried all the same.
    while silent.asked() == 0 {
        tokio::task::yield_now().await;
    }
    waits.abort();
    assert!(waits.await.unwrap_err().is_cancelled());
    assert!(keys.newer(APP, &uri, None, at(1)).await.is_err());
    assert_eq!(silent.asked(), 1);
}

#[tokio::test]
async fn a_private_address_is_not_asked() {
    let (site, keys) = (Site::new(&set()), keys(Private::Refused));
    let refused = keys.newer(APP, &site.url("/jwks"), None, NOW).await.unwrap_err();
    assert!(refused.contains("https"), "{refused}");
    assert_eq!(site.asked(), 0);
}
