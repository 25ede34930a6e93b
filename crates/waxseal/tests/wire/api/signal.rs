//! What befalls a grant or an app, told to its webhooks as security events.
use super::everything;
use crate::issuer::Fields;
use crate::stage::{EVERYTHING, Stage};
use data_encoding::BASE64URL_NOPAD;
use ledger::receipt::Receipt;
use model::{Terms, Time};
use outbound::Private;
use serde_json::{Value, json};
use testkit::Site;

const DAY_S: i64 = 24 * 3600;
const REVOKED: &str = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";
const CHANGED: &str = "https://schemas.openid.net/secevent/caep/event-type/token-claims-change";

/// The tokens at a site: header and claims of each, with what it was sent as.
fn tokens(site: &Site) -> Vec<(Value, Value)> {
    let part = |part: &str| -> Value {
        serde_json::from_slice(&BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).unwrap()
    };
    let read = |(head, body): (String, Vec<u8>)| {
        assert!(head.to_ascii_lowercase().contains("content-type: application/secevent+jwt"), "{head}");
        assert!(head.to_ascii_lowercase().contains("webhook-signature: v1,"), "{head}");
        let body = String::from_utf8(body).unwrap();
        let parts: Vec<&str> = body.split('.').collect();
        assert_eq!(parts.len(), 3);
        (part(parts[0]), part(parts[1]))
    };
    site.requests().into_iter().map(read).collect()
}

#[test]
fn each_change_of_a_grant_is_one_signed_event_with_the_last_access_at_its_end() {
    let mut stage = Stage::new();
    stage.private = Private::Loopback;
    stage.restart();
    let (ada, bea) = (stage.person("ada"), stage.person("bea"));
    stage.friends(&ada, &bea);
    let talk = stage.conversation(&[&ada, &bea]);
    let teller = stage.app_with_secret(EVERYTHING);
    let other = stage.app_named("Other", EVERYTHING, true);
    let (site, others) = (Site::new(""), Site::new(""));
    for (app, site) in [(&teller, &site), (&other, &others)] {
        let own = stage.own_token(app);
        let body = json!({"url": site.url("/"), "events": ["deleted"]});
        stage.api(&own).post("/v1/webhooks", None, &body).expect(201);
    }
    let granted = stage.grant(&ada, &teller, everything());
    stage.tell_webhooks();
    assert_eq!(tokens(&site).len(), 0, "that it was given, the app knows");
    stage.say(&bea, talk, "hello");
    stage.api(&granted.access).get(&format!("/v1/conversations/{talk}/messages")).expect(200);
    let own = stage.own(&ada);
    let narrow = |terms: &Terms, _: Time, _: Time| {
        let actions = model::Actions::NONE.with(model::Action::List);
        Ok(Terms { actions, ..terms.clone() })
    };
    stage.wait(stage.vault().grant_narrow(&own, granted.grant, narrow)).unwrap();
    stage.wait(stage.vault().grant_pause(&own, granted.grant, true)).unwrap();
    site.says(500, "");
    stage.tell_webhooks();
    let tried = tokens(&site);
    assert_eq!(tried.len(), 1, "in order: the next waits for the first");
    site.says(202, "");
    stage.wait(stage.vault().grant_revoke(&own, granted.grant)).unwrap();
    stage.clock.advance_s(10);
    stage.tell_webhooks();
    let told = tokens(&site);
    let paused = format!("{}/secevent/grant-paused", stage.url);
    let names: Vec<String> = told
        .iter()
        .map(|(_, claims)| claims["events"].as_object().unwrap().keys().next().unwrap().clone())
        .collect();
    assert_eq!(names, [CHANGED, &paused, REVOKED]);
    assert_eq!(told[0].1["jti"], tried[0].1["jti"], "each try has the id of the first");
    for (header, claims) in &told {
        assert_eq!((&header["typ"], &header["alg"]), (&json!("secevent+jwt"), &json!("ES256")));
        assert_eq!(claims["iss"], stage.url);
        assert_eq!(claims["aud"], teller.id.to_string());
        assert!(claims.get("sub").is_none() && claims.get("exp").is_none());
        assert_eq!(claims["sub_id"]["session"]["id"], granted.grant.to_string());
        assert_eq!(claims["sub_id"]["user"]["sub"], ada.id.to_string());
    }
    let changed = &told[0].1["events"][CHANGED]["claims"];
    assert_eq!(changed["authorization_details"][0]["actions"], json!(["list"]));
    let end = &told[2].1["events"][REVOKED];
    assert_eq!((&end["initiating_entity"], &end["accesses"]), (&json!("user"), &json!(1)));
    let key: ledger::note::VerifierKey =
        stage.get("/ledger/key").expect(200).text().trim_end().parse().unwrap();
    let receipt = Receipt::verify(end["last_access"].as_str().unwrap(), &[key]).unwrap();
    assert_eq!((receipt.record.action.as_str(), receipt.record.n), ("read", 1));
    assert_eq!(tokens(&others).len(), 0, "no other app is told");

    stage.wait(stage.vault().app_suspend(teller.id, "it did what it should not")).unwrap();
    stage.tell_webhooks();
    let told = tokens(&site);
    let suspended = &told[0].1["events"][format!("{}/secevent/app-suspended", stage.url)];
    assert_eq!(suspended["reason_admin"]["en"], "it did what it should not");
    assert_eq!(tokens(&others).len(), 0);
}

#[test]
fn what_lapses_is_told_to_the_app_with_why_and_what_is_left() {
    let mut stage = Stage::new();
    stage.private = Private::Loopback;
    stage.restart();
    let (ada, bea) = (stage.person("ada"), stage.person("bea"));
    stage.friends(&ada, &bea);
    stage.conversation(&[&ada, &bea]);
    let (teller, site) = (stage.app_with_secret(EVERYTHING), Site::new(""));
    let hook = json!({"url": site.url("/"), "events": ["deleted"]});
    stage.api(&stage.own_token(&teller)).post("/v1/webhooks", None, &hook).expect(201);
    let asked = json!({"actions": ["list", "delete"], "conversations": "all", "expires_in": 31_536_000});
    let granted = stage.grant(&ada, &teller, asked);
    let seen = stage.api(&granted.access).get("/v1/grant").expect(200).json();
    let given: Time = seen["given_at"].as_str().unwrap().parse().unwrap();
    let at = |seconds: i64| given.plus_seconds(seconds).to_string();
    assert_eq!(seen["lapses_at"], at(90 * DAY_S));
    assert_eq!(seen["unused"][1]["lapses_at"], at(30 * DAY_S));
    stage.clock.advance_s(20 * DAY_S);
    let refresh = Fields::refresh(&teller, granted.refresh.as_ref().unwrap());
    let fresh = refresh.post(&stage, "/token").expect(200).json();
    stage.api(fresh["access_token"].as_str().unwrap()).get("/v1/conversations").expect(200);
    stage.clock.advance_s(10 * DAY_S);
    stage.wait(stage.vault().lapse_step()).unwrap();
    stage.clock.advance_s(80 * DAY_S);
    stage.wait(stage.vault().lapse_step()).unwrap();
    stage.tell_webhooks();
    stage.tell_webhooks();
    let told = tokens(&site);
    assert_eq!(told.len(), 2);
    let changed = &told[0].1["events"][CHANGED];
    assert_eq!(changed["claims"]["authorization_details"][0]["actions"], json!(["list"]));
    let ended = &told[1].1["events"][REVOKED];
    assert_eq!((&ended["accesses"], ended["last_access"].is_string()), (&json!(1), true));
    for event in [changed, ended] {
        assert_eq!(
            (&event["initiating_entity"], &event["reason_admin"]["en"]),
            (&json!("policy"), &json!("it was not used"))
        );
    }
}

#[test]
fn what_a_receiver_refuses_is_not_pushed_again_and_the_next_is() {
    let mut stage = Stage::new();
    stage.private = Private::Loopback;
    stage.restart();
    let ada = stage.person("ada");
    let (teller, site) = (stage.app_with_secret(EVERYTHING), Site::new(""));
    let hook = json!({"url": site.url("/"), "events": ["deleted"]});
    let made = stage.api(&stage.own_token(&teller)).post("/v1/webhooks", None, &hook).expect(201).json();
    let granted = stage.grant(&ada, &teller, everything());
    site.says(400, r#"{"err":"invalid_audience","description":"not ours"}"#);
    let own = stage.own(&ada);
    stage.wait(stage.vault().grant_pause(&own, granted.grant, true)).unwrap();
    stage.tell_webhooks();
    assert_eq!(tokens(&site).len(), 1);
    site.says(202, "");
    stage.clock.advance_s(10);
    stage.tell_webhooks();
    assert_eq!(tokens(&site).len(), 0, "refused is refused");
    let log = format!("/v1/webhooks/{}/deliveries", made["id"].as_str().unwrap());
    let told = stage.api(&stage.own_token(&teller)).get(&log).expect(200).json();
    assert_eq!((&told["items"][0]["state"], &told["items"][0]["status"]), (&json!("failed"), &json!(400)));
    stage.wait(stage.vault().grant_pause(&own, granted.grant, false)).unwrap();
    stage.tell_webhooks();
    assert_eq!(tokens(&site).len(), 1, "what comes after it is told");
}
