//! Webhooks: registered, told, signed, tried again, paused, and silent after a revocation.
use super::everything;
use crate::issuer::{Fields, code_of};
use crate::stage::{Api, App, EVERYTHING, Person, SCOPE, Stage};
use aws_lc_rs::{hmac, signature};
use data_encoding::BASE64;
use ledger::receipt::Receipt;
use model::ConversationId;
use outbound::Private;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use testkit::Site;

const DAY_S: i64 = 24 * 3600;

/// Ada and Bea talk; Ada let Teller do everything, and Teller is told at a site of its own.
struct Scene {
    stage: Stage,
    ada: Person,
    bea: Person,
    teller: App,
    grant: model::GrantId,
    talk: ConversationId,
    site: Site,
    webhook: Value,
}

/// One request at the site.
struct Told {
    head: BTreeMap<String, String>,
    body: Vec<u8>,
    json: Value,
}

/// What a site was told of conversations; signals are for `signal.rs`.
fn told(site: &Site) -> Vec<Told> {
    let is_signal = |head: &str| head.to_ascii_lowercase().contains("application/secevent+jwt");
    let read = |(head, body): (String, Vec<u8>)| {
        let lines = head.lines().skip(1).filter_map(|line| line.split_once(": "));
        let head = lines.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
        let json = serde_json::from_slice(&body).unwrap();
        Told { head, body, json }
    };
    site.requests().into_iter().filter(|(head, _)| !is_signal(head)).map(read).collect()
}

fn texts(told: &[Told]) -> Vec<&str> {
    told.iter().map(|told| told.json["data"]["content"]["text"].as_str().unwrap()).collect()
}

fn ids(told: &[Told]) -> Vec<&str> {
    told.iter().map(|told| told.head["webhook-id"].as_str()).collect()
}

impl Told {
    /// What was signed: id, second and body.
    fn signed(&self) -> Vec<u8> {
        let head = format!("{}.{}.", self.head["webhook-id"], self.head["webhook-timestamp"]);
        [head.as_bytes(), &self.body].concat()
    }

    fn signatures(&self) -> Vec<&str> {
        self.head["webhook-signature"].split(' ').collect()
    }

    fn is_signed_with(&self, secret: &str) -> bool {
        let secret = BASE64.decode(secret.strip_prefix("whsec_").unwrap().as_bytes()).unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
        let signed = self.signed();
        self.signatures()
            .iter()
            .filter_map(|one| one.strip_prefix("v1,"))
            .any(|one| hmac::verify(&key, &signed, &BASE64.decode(one.as_bytes()).unwrap()).is_ok())
    }
}

impl Scene {
    fn new() -> Scene {
        Scene::with(json!({"events": ["message"]}))
    }

    fn with(more: Value) -> Scene {
        let mut stage = Stage::new();
        stage.private = Private::Loopback;
        stage.restart();
        let (ada, bea) = (stage.person("ada"), stage.person("bea"));
        stage.friends(&ada, &bea);
        let talk = stage.conversation(&[&ada, &bea]);
        let teller = stage.app_with_secret(EVERYTHING);
        let grant = stage.grant(&ada, &teller, everything()).grant;
        let site = Site::new("");
        let webhook = Value::Null;
        let mut scene = Scene { stage, ada, bea, teller, grant, talk, site, webhook };
        let mut body = json!({"url": scene.site.url("/hook")});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let own = scene.stage.own_token(&scene.teller);
        scene.webhook = scene.stage.api(&own).post("/v1/webhooks", None, &body).expect(201).json();
        scene
    }

    fn path(&self, more: &str) -> String {
        format!("/v1/webhooks/{}{more}", self.webhook["id"].as_str().unwrap())
    }

    /// What the app asks with a fresh token of its own.
    fn own<T>(&self, ask: impl FnOnce(Api<'_>) -> T) -> T {
        let token = self.stage.own_token(&self.teller);
        ask(self.stage.api(&token))
    }

    fn state(&self) -> Value {
        self.own(|api| api.get(&self.path("")).expect(200).json())
    }

    fn say(&self, text: &str) {
        self.stage.say(&self.bea, self.talk, text);
    }

    fn records(&self) -> u64 {
        self.stage.wait(self.stage.vault().permits_spent_and_records()).unwrap().1
    }
}

#[test]
fn what_happens_is_told_in_order_signed_and_with_a_receipt() {
    let scene = Scene::with(json!({}));
    for text in ["one", "two", "three"] {
        scene.say(text);
    }
    assert_eq!(scene.stage.tell_webhooks(), 3);
    let told = told(&scene.site);
    assert_eq!(texts(&told), ["one", "two", "three"]);
    let key = scene.stage.get("/ledger/key").expect(200).text().trim_end().parse().unwrap();
    for one in &told {
        assert!(one.is_signed_with(scene.webhook["secret"].as_str().unwrap()));
        assert_eq!(one.json["type"], "message");
        assert_eq!(one.json["grant_id"], scene.grant.to_string());
        let receipt =
            Receipt::verify(one.json["receipt"].as_str().unwrap(), std::slice::from_ref(&key)).unwrap();
        assert_eq!((receipt.record.action.as_str(), receipt.record.count), ("read", 1));
        let second: i64 = one.head["webhook-timestamp"].parse().unwrap();
        assert!((0..2).contains(&(scene.stage.clock.seconds() - second)));
    }
    assert_eq!(scene.stage.tell_webhooks(), 0, "once is enough");
    let log = scene.own(|api| api.get(&scene.path("/deliveries?limit=2")).expect(200).json());
    assert_eq!(log["items"].as_array().unwrap().len(), 2);
    assert_eq!(log["items"][0]["state"], "delivered");
    assert_eq!(log["items"][0]["id"], ids(&told)[2]);
    let next = format!("/deliveries?limit=2&cursor={}", log["next"].as_str().unwrap());
    let rest = scene.own(|api| api.get(&scene.path(&next)).expect(200).json());
    assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next"]), (1, &Value::Null));
}

#[test]
fn a_receiver_that_was_down_for_a_day_loses_nothing() {
    let scene = Scene::new();
    scene.say("first");
    scene.stage.tell_webhooks();
    let first = told(&scene.site);
    scene.site.says(500, "");
    scene.say("second");
    for _ in 0..24 {
        scene.stage.tell_webhooks();
        scene.say("meanwhile");
        scene.stage.clock.advance_s(DAY_S / 24);
    }
    let tries = told(&scene.site);
    assert!(texts(&tries).iter().all(|text| *text == "second"), "what comes next waits for it");
    assert!(ids(&tries).iter().all(|id| *id == ids(&tries)[0]), "each try has the id of the first");
    assert!(tries[0].head["webhook-timestamp"] < tries[1].head["webhook-timestamp"]);
    scene.site.says(204, "");
    scene.own(|api| api.post(&scene.path("/resume"), None, &json!({})).expect(200));
    scene.stage.tell_webhooks();
    let told = told(&scene.site);
    assert_eq!(texts(&told)[..2], ["second", "meanwhile"]);
    assert_eq!(told.len(), 25, "nothing is lost, nothing comes twice");
    assert_eq!(ids(&told)[0], ids(&tries)[0]);
    assert_ne!(ids(&told)[0], ids(&first)[0]);
}

#[test]
fn it_is_tried_for_three_days_and_then_paused_and_goes_on_when_the_partner_says_so() {
    let scene = Scene::new();
    scene.site.says(503, "");
    scene.say("hello");
    let (mut tries, mut waited_s) = (scene.stage.tell_webhooks(), 0);
    while scene.state()["state"] == "active" {
        scene.stage.clock.advance_s(600);
        waited_s += 600;
        tries += scene.stage.tell_webhooks();
        assert!(waited_s < 6 * DAY_S, "it ends");
    }
    assert!(tries >= 8, "{tries} tries");
    assert!(waited_s > 3 * DAY_S, "over {waited_s} s");
    assert_eq!(scene.state()["why"], "the receiver has taken nothing for three days");
    told(&scene.site);
    scene.site.says(200, "");
    scene.say("again");
    scene.stage.clock.advance_s(DAY_S);
    assert_eq!(scene.stage.tell_webhooks(), 0, "a paused one is left alone");
    scene.own(|api| api.post(&scene.path("/resume"), None, &json!({})).expect(200));
    scene.stage.tell_webhooks();
    assert_eq!(texts(&told(&scene.site)), ["hello", "again"]);
    scene.site.says(410, "");
    scene.say("gone");
    scene.stage.tell_webhooks();
    assert_eq!(scene.state()["state"], "paused", "who says that it is gone is asked no more");
}

#[test]
fn nothing_queued_goes_out_after_a_revocation() {
    let scene = Scene::new();
    scene.site.says(500, "");
    scene.say("queued");
    scene.stage.tell_webhooks();
    told(&scene.site);
    scene.site.says(200, "");
    let own = scene.stage.own(&scene.ada);
    scene.stage.wait(scene.stage.vault().grant_revoke(&own, scene.grant)).unwrap();
    let records = scene.records();
    scene.say("after");
    for _ in 0..5 {
        scene.stage.clock.advance_s(DAY_S);
        scene.stage.tell_webhooks();
    }
    assert_eq!(told(&scene.site).len(), 0);
    assert_eq!(scene.records(), records, "and nothing is read for it");
}

#[test]
fn while_the_grant_is_paused_it_waits_and_what_is_withheld_stays_so() {
    let scene = Scene::new();
    let own = scene.stage.own(&scene.ada);
    scene.stage.wait(scene.stage.vault().grant_pause(&own, scene.grant, true)).unwrap();
    scene.say("waits");
    scene.stage.tell_webhooks();
    assert_eq!(told(&scene.site).len(), 0);
    let bea = scene.stage.own(&scene.bea);
    scene.stage.wait(scene.stage.vault().wish_words_out(&bea, scene.talk, true)).unwrap();
    scene.stage.wait(scene.stage.vault().grant_pause(&own, scene.grant, false)).unwrap();
    scene.stage.clock.advance_s(61);
    scene.stage.tell_webhooks();
    let told = told(&scene.site);
    assert_eq!(told[0].json["data"]["withheld"], "author", "as it stands when it is sent");
}

#[test]
fn who_signs_out_of_an_app_that_may_not_go_on_offline_ends_it() {
    let scene = Scene::new();
    let app = scene.stage.app_with_secret(EVERYTHING);
    let ask = Fields::ask_for(&app, everything()).with("scope", &SCOPE.replace(" offline_access", ""));
    let code = code_of(&scene.stage, &scene.ada, &ask);
    Fields::code(&app, &code).post(&scene.stage, "/token").expect(200);
    let site = Site::new("");
    let own = scene.stage.own_token(&app);
    scene.stage.api(&own).post("/v1/webhooks", None, &json!({"url": site.url("/")})).expect(201);
    scene.say("while she is here");
    scene.stage.tell_webhooks();
    assert_eq!(told(&site).len(), 1);
    // She may have signed in once more on the way.
    scene.stage.wait(scene.stage.vault().sessions_end_others(&scene.stage.own(&scene.ada))).unwrap();
    scene.stage.wait(scene.stage.vault().sign_out(&scene.ada.cookie)).unwrap();
    scene.say("when she has left");
    scene.stage.tell_webhooks();
    assert_eq!(told(&site).len(), 0);
    // Once she is back it is told of what comes, and not of what it missed or had.
    let back = scene.stage.vault().sign_in("ada", crate::stage::PASSWORD.to_owned(), "another");
    let back = scene.stage.wait(back).unwrap().cookies().unwrap();
    let ada = Person { cookie: back.session, ..scene.stage.person("zoe") };
    code_of(&scene.stage, &ada, &ask);
    scene.say("when she is back");
    scene.stage.tell_webhooks();
    assert_eq!(texts(&told(&site)), ["when she is back"]);
}

#[test]
fn keys_turn_with_both_signing_for_a_day_and_ed25519_needs_no_secret() {
    let scene = Scene::new();
    let old = scene.webhook["secret"].as_str().unwrap();
    let new = scene.own(|api| api.post(&scene.path("/keys"), None, &json!({})).expect(200).json());
    let new = new["secret"].as_str().unwrap();
    assert_ne!(old, new);
    scene.say("both");
    scene.stage.tell_webhooks();
    let both = told(&scene.site);
    assert!(both[0].is_signed_with(old) && both[0].is_signed_with(new));
    scene.stage.clock.advance_s(DAY_S + 1);
    scene.say("new");
    scene.stage.tell_webhooks();
    let one = told(&scene.site);
    assert!(!one[0].is_signed_with(old) && one[0].is_signed_with(new));

    let scene = Scene::with(json!({"signing": "ed25519"}));
    let key = scene.webhook["public_key"].as_str().unwrap().strip_prefix("whpk_").unwrap();
    let key = signature::UnparsedPublicKey::new(&signature::ED25519, BASE64.decode(key.as_bytes()).unwrap());
    scene.say("hello");
    scene.stage.tell_webhooks();
    let told = told(&scene.site);
    let signature = told[0].signatures()[0].strip_prefix("v1a,").unwrap();
    key.verify(&told[0].signed(), &BASE64.decode(signature.as_bytes()).unwrap()).unwrap();
}

#[test]
fn what_was_told_is_told_again_with_its_id() {
    let scene = Scene::new();
    scene.say("before");
    scene.stage.clock.advance_s(60);
    let since = scene.stage.vault().world().now().to_string();
    scene.say("after");
    scene.stage.tell_webhooks();
    let first = told(&scene.site);
    scene.own(|api| api.post(&scene.path("/replay"), None, &json!({"since": since})).expect(204));
    scene.stage.tell_webhooks();
    let again = told(&scene.site);
    assert_eq!((texts(&again), ids(&again)[0]), (vec!["after"], ids(&first)[1]));
}

#[test]
fn a_redirect_is_not_followed_and_only_public_addresses_are_taken() {
    let scene = Scene::new();
    let elsewhere = Site::new("");
    scene.site.redirects(&elsewhere.url("/"));
    scene.say("hello");
    scene.stage.tell_webhooks();
    assert_eq!(elsewhere.asked(), 0);
    let log = scene.own(|api| api.get(&scene.path("/deliveries")).expect(200).json());
    assert_eq!((&log["items"][0]["state"], &log["items"][0]["status"]), (&json!("waiting"), &json!(302)));

    let stage = Stage::new();
    let teller = stage.app_with_secret(EVERYTHING);
    let own = stage.own_token(&teller);
    for url in
        ["http://partner.example/", "https://127.0.0.1/", "https://10.0.0.1/", "https://[::1]/", "x", ""]
    {
        let answer = stage.api(&own).post("/v1/webhooks", None, &json!({"url": url})).expect(422);
        assert_eq!(answer.problem(), "invalid", "{url}");
    }
    let url = "https://partner.example/";
    for body in [
        json!({"url": url, "events": []}),
        json!({"url": url, "events": ["typing"]}),
        json!({"url": url, "signing": "none"}),
    ] {
        stage.api(&own).post("/v1/webhooks", None, &body).expect(422);
    }
    for _ in 0..vault::WEBHOOKS_OF_APP_MAX {
        stage.api(&own).post("/v1/webhooks", None, &json!({"url": url})).expect(201);
    }
    let over = stage.api(&own).post("/v1/webhooks", None, &json!({"url": url})).expect(422);
    assert_eq!(over.json()["limit"], vault::WEBHOOKS_OF_APP_MAX);
}

#[test]
fn an_apps_own_token_and_a_persons_do_not_open_each_others_doors() {
    let scene = Scene::new();
    let own = scene.stage.own_token(&scene.teller);
    let talk = scene.talk;
    for path in ["/v1/me", "/v1/grant", "/v1/conversations", "/v1/events", "/v1/access", "/v1/friends"] {
        scene.stage.api(&own).get(path).expect(401);
    }
    scene.stage.api(&own).get(&format!("/v1/conversations/{talk}/messages")).expect(401);
    let tokens = scene.stage.grant(&scene.ada, &scene.teller, everything());
    scene.stage.api(&tokens.access).get("/v1/webhooks").expect(401);
    let other = scene.stage.app_named("Other", EVERYTHING, true);
    let others = scene.stage.own_token(&other);
    let api = scene.stage.api(&others);
    assert_eq!(api.get("/v1/webhooks").expect(200).json()["items"], json!([]));
    for answer in [
        api.get(&scene.path("")),
        api.get(&scene.path("/deliveries")),
        api.delete(&scene.path("")),
        api.post(&scene.path("/resume"), None, &json!({})),
        api.post(&scene.path("/keys"), None, &json!({})),
        api.post(&scene.path("/replay"), None, &json!({"since": "2026-11-23T12:00:00Z"})),
    ] {
        answer.expect(404);
    }
    scene.stage.api(&own).delete(&scene.path("")).expect(204);
    scene.say("nobody is told");
    assert_eq!(scene.stage.tell_webhooks(), 0);
    scene.stage.clock.advance_s(301);
    scene.stage.api(&own).get("/v1/webhooks").expect(401);
    let own = scene.stage.own_token(&scene.teller);
    scene.stage.wait(scene.stage.vault().app_suspend(scene.teller.id, "in a test")).unwrap();
    scene.stage.api(&own).get("/v1/webhooks").expect(401);
}

#[test]
fn who_is_busy_is_asked_again_when_it_says() {
    let scene = Scene::new();
    for status in [429, 502, 503, 504] {
        scene.site.says_with(status, &[("Retry-After", "100")], "");
        scene.say("hello");
        assert_eq!(scene.stage.tell_webhooks(), 1);
        scene.stage.clock.advance_s(60);
        assert_eq!(scene.stage.tell_webhooks(), 0, "{status}: not before it said");
        scene.site.says(204, "");
        scene.stage.clock.advance_s(41);
        assert_eq!(scene.stage.tell_webhooks(), 1, "{status}");
    }
    // Of one that is broken it means nothing; nor can anybody ask for more than a day.
    scene.site.says_with(500, &[("Retry-After", "100")], "");
    scene.say("hello");
    assert_eq!(scene.stage.tell_webhooks(), 1);
    scene.stage.clock.advance_s(6);
    scene.site.says_with(503, &[("Retry-After", "99999999")], "");
    assert_eq!(scene.stage.tell_webhooks(), 1);
    scene.site.says(200, "");
    scene.stage.clock.advance_s(DAY_S + 1);
    assert_eq!(scene.stage.tell_webhooks(), 1);
}

#[test]
fn each_has_a_secret_of_its_own_that_is_told_once() {
    let scene = Scene::new();
    let own = scene.stage.own_token(&scene.teller);
    let mut seen = std::collections::BTreeSet::new();
    let mut secret = |webhook: &Value| {
        let text = webhook["secret"].as_str().unwrap().strip_prefix("whsec_").unwrap().to_owned();
        let bytes = BASE64.decode(text.as_bytes()).unwrap();
        assert!((24..=64).contains(&bytes.len()), "{} bytes", bytes.len());
        assert!(seen.insert(bytes), "no two are the same");
    };
    secret(&scene.webhook);
    let body = json!({"url": scene.site.url("/another")});
    for _ in 0..3 {
        secret(&scene.stage.api(&own).post("/v1/webhooks", None, &body).expect(201).json());
    }
    secret(&scene.stage.api(&own).post(&scene.path("/keys"), None, &json!({})).expect(200).json());
    let listed = scene.stage.api(&own).get("/v1/webhooks").expect(200);
    assert!(!listed.text().contains("whsec_"), "{}", listed.text());
    let signed = json!({"url": scene.site.url("/signed"), "signing": "ed25519"});
    let signed = scene.stage.api(&own).post("/v1/webhooks", None, &signed).expect(201).json();
    assert_eq!(signed.get("secret").filter(|secret| !secret.is_null()), None);
    let key = signed["public_key"].as_str().unwrap().strip_prefix("whpk_").unwrap();
    assert_eq!(BASE64.decode(key.as_bytes()).unwrap().len(), 32);
}
