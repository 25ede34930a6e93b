//! What the server sends to webhooks, verified by the client, and by a library that nobody here wrote.
use super::{Scene, app, discover, everything, signed_in};
use crate::stage::REDIRECT;
use http::{HeaderMap, HeaderName, HeaderValue};
use outbound::Private;
use testkit::Site;
use vault::NewKind;
use waxseal::world::world;
use waxseal_client::signal::{SECEVENT_TYPE, What};
use waxseal_client::webhook::{Unverified, Verifier};
use waxseal_client::{App, Error, ReceiptFault, Signing, Told, Waxseal};

/// What came to a site, as a web framework hands it over.
fn heard(site: &Site) -> Vec<(HeaderMap, Vec<u8>)> {
    let read = |(head, body): (String, Vec<u8>)| {
        let lines = head.lines().skip(1).filter_map(|line| line.split_once(": "));
        let header = |(name, value): (&str, &str)| {
            (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap())
        };
        (lines.map(header).collect(), body)
    };
    site.requests().into_iter().map(read).collect()
}

fn is_signal(headers: &HeaderMap) -> bool {
    headers.get("content-type").is_some_and(|kind| kind == SECEVENT_TYPE)
}

/// A service with webhooks, which Ada let in.
struct Service {
    scene: Scene,
    waxseal: Waxseal,
    session: waxseal_client::Session,
}

impl Service {
    fn new() -> Service {
        let mut scene = Scene::new();
        scene.stage.private = Private::Loopback;
        scene.stage.restart();
        // Their library knows no clock but the machine's.
        scene.stage.clock.advance_s(world().now().seconds() - scene.stage.clock.seconds());
        let teller = app(&scene.stage, NewKind::Secret, &[REDIRECT]);
        let waxseal = discover(&scene.stage, App::with_secret(teller.id.to_string(), teller.secret.unwrap()));
        let session = signed_in(&scene.stage, &scene.ada, &waxseal, &everything()).unwrap();
        Service { scene, waxseal, session }
    }
}

#[test]
fn deliveries_are_verified_with_either_kind_of_key_and_by_another_library() {
    let Service { scene, waxseal, session } = Service::new();
    let stage = &scene.stage;
    let own = waxseal.own().unwrap();
    let (site, other) = (Site::new(""), Site::new(""));
    let hmac = stage.wait(own.webhook_add(&site.url("/"), &["message"], Signing::Hmac)).unwrap();
    let ed25519 = stage.wait(own.webhook_add(&other.url("/"), &[], Signing::Ed25519)).unwrap();
    assert_eq!(stage.wait(own.webhooks()).unwrap(), [hmac.webhook.clone(), ed25519.webhook.clone()]);
    let since = stage.vault().world().now().to_string();
    stage.say(&scene.bea, scene.talk, "hello");
    stage.tell_webhooks();
    for (site, key) in [(&site, &hmac.key), (&other, &ed25519.key)] {
        let verifier = Verifier::new(key).unwrap();
        let (headers, body) = heard(site).into_iter().find(|(headers, _)| !is_signal(headers)).unwrap();
        let delivery = waxseal.verify(&verifier, &headers, &body).unwrap();
        let happened = stage.wait(waxseal.happened(&delivery)).unwrap();
        assert_eq!(Some(happened.grant_id), session.grant_id());
        let Told::Message(item) = happened.told else { panic!("a message") };
        assert_eq!(item.message().unwrap().content.in_words(), "hello");
        let mut changed = body.clone();
        *changed.last_mut().unwrap() = b' ';
        assert_eq!(waxseal.verify(&verifier, &headers, &changed), Err(Unverified::Signature));
        stage.clock.advance_s(301);
        assert_eq!(waxseal.verify(&verifier, &headers, &body), Err(Unverified::Moment));
        stage.clock.advance_s(-301);
        if key.starts_with("whsec_") {
            let library = standardwebhooks::Webhook::new(key).unwrap();
            library.verify(&body, &headers).expect("their library agrees");
            assert!(library.verify(&changed, &headers).is_err());
        }
    }
    // Both ways: what their library signs, the client takes.
    let library = standardwebhooks::Webhook::new(&hmac.key).unwrap();
    let signature = library.sign("msg_1", 1_000, b"{}").unwrap();
    let headers =
        [("webhook-id", "msg_1"), ("webhook-timestamp", "1000"), ("webhook-signature", signature.as_str())];
    let verifier = Verifier::new(&hmac.key).unwrap();
    assert!(verifier.verify_at(&headers, b"{}", 1_000).is_ok());
    // Keys turn; deliveries of that day verify with either.
    let new = stage.wait(own.webhook_new_key(&hmac.webhook.id)).unwrap();
    stage.say(&scene.bea, scene.talk, "again");
    stage.tell_webhooks();
    let (headers, body) = heard(&site).pop().unwrap();
    for key in [&hmac.key, &new.key] {
        assert!(waxseal.verify(&Verifier::new(key).unwrap(), &headers, &body).is_ok());
    }
    let log = stage.wait(own.deliveries(&hmac.webhook.id, None)).unwrap();
    assert!(log.items.iter().all(|line| line.state == "delivered"), "{:?}", log.items);
    stage.wait(own.webhook_replay(&hmac.webhook.id, &since)).unwrap();
    stage.wait(own.webhook_resume(&hmac.webhook.id)).unwrap();
    stage.wait(own.webhook_remove(&hmac.webhook.id)).unwrap();
    let gone = stage.wait(own.webhook(&hmac.webhook.id)).unwrap_err();
    assert_eq!(gone.problem(), Some("not-found"));
    let power = stage.wait(own.power()).unwrap();
    assert_eq!((power.people.reach, power.alarm), (1, false));
}

#[test]
fn a_delivery_whose_receipt_is_anothers_is_not_believed() {
    let Service { scene, waxseal, .. } = Service::new();
    let stage = &scene.stage;
    let site = Site::new("");
    let own = waxseal.own().unwrap();
    let hook = stage.wait(own.webhook_add(&site.url("/"), &["message"], Signing::Hmac)).unwrap();
    for text in ["one", "two"] {
        stage.say(&scene.bea, scene.talk, text);
        stage.tell_webhooks();
    }
    let bodies: Vec<serde_json::Value> =
        heard(&site).iter().map(|(_, body)| serde_json::from_slice(body).unwrap()).collect();
    let mut mixed = bodies[1].clone();
    mixed["receipt"] = bodies[0]["receipt"].clone();
    // Signed by whoever holds the secret: a receipt holds also against them.
    let body = mixed.to_string().into_bytes();
    let now = stage.clock.seconds();
    let signature = standardwebhooks::Webhook::new(&hook.key).unwrap().sign("dlv_1", now, &body).unwrap();
    let timestamp = now.to_string();
    let headers = [
        ("webhook-id", "dlv_1"),
        ("webhook-timestamp", timestamp.as_str()),
        ("webhook-signature", signature.as_str()),
    ];
    let delivery = waxseal.verify(&Verifier::new(&hook.key).unwrap(), &headers, &body).unwrap();
    let refused = stage.wait(waxseal.happened(&delivery)).unwrap_err();
    assert_eq!(refused, Error::Receipt(ReceiptFault::Other("message")));
}

#[test]
fn signals_are_read_and_those_for_others_are_not() {
    let Service { scene, waxseal, session } = Service::new();
    let stage = &scene.stage;
    let site = Site::new("");
    let own = waxseal.own().unwrap();
    let hook = stage.wait(own.webhook_add(&site.url("/"), &["deleted"], Signing::Hmac)).unwrap();
    stage.wait(session.conversations(None)).unwrap();
    let grant = session.grant_id().unwrap();
    let ada = stage.own(&scene.ada);
    for held in [true, false] {
        stage.wait(stage.vault().grant_pause(&ada, grant.parse().unwrap(), held)).unwrap();
    }
    stage.wait(stage.vault().grant_revoke(&ada, grant.parse().unwrap())).unwrap();
    stage.tell_webhooks();
    let told = heard(&site);
    let verifier = Verifier::new(&hook.key).unwrap();
    let mut what = Vec::new();
    for (headers, body) in &told {
        assert!(is_signal(headers));
        let delivery = waxseal.verify(&verifier, headers, body).unwrap();
        let signal = stage.wait(waxseal.signal(delivery.body)).unwrap();
        assert_eq!(signal.grant_id.as_ref(), Some(&grant));
        assert_eq!(signal.person_id, session.person_id());
        if signal.what == What::GrantEnded {
            assert!(signal.event["last_access"].is_string(), "{:?}", signal.event);
        }
        what.push(signal.what);
    }
    assert_eq!(what, [What::GrantPaused, What::GrantResumed, What::GrantEnded]);
    // Not for another app, and not with a letter changed; nor does another kind of token pass.
    let body = &told[0].1;
    let other = scene.waxseal();
    assert!(matches!(stage.wait(other.signal(body)), Err(Error::Signature(_))));
    let mut changed = body.clone();
    let middle = changed.len() / 2;
    changed[middle] = if changed[middle] == b'A' { b'B' } else { b'A' };
    assert!(matches!(stage.wait(waxseal.signal(&changed)), Err(Error::Signature(_))));
    assert!(stage.wait(waxseal.signal(b"not.a.token")).is_err());
}
