//! Tokens that are bound to a key (RFC 9449): who lacks the key, or shows a proof of another request, gets nothing.
use super::{Fields, allow, code_of, error, post_raw, reading};
use crate::stage::{Answer, App, EVERYTHING, Person, REDIRECT, Stage, query};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::sync::atomic::{AtomicU64, Ordering};
use testkit::{Signer, ed25519, es256, rsa};
use vault::{KeyPurpose, Turn};

fn scene() -> (Stage, Person, App) {
    let stage = Stage::new();
    let (ada, app) = (stage.person("ada"), stage.app(EVERYTHING));
    (stage, ada, app)
}

/// A key, and the last nonce that its holder was told.
pub(crate) struct Holder<'s> {
    stage: &'s Stage,
    key: Signer,
    nonce: std::sync::Mutex<Option<String>>,
}

impl<'s> Holder<'s> {
    pub(crate) fn new(stage: &'s Stage, key: Signer) -> Holder<'s> {
        Holder { stage, key, nonce: Default::default() }
    }

    /// Its thumbprint.
    fn jkt(&self) -> String {
        let jwk = self.key.jwk();
        let member = |name: &str| format!("\"{name}\":{}", jwk[name]);
        let names: &[&str] =
            if jwk["kty"] == "EC" { &["crv", "kty", "x", "y"] } else { &["crv", "kty", "x"] };
        let members: Vec<String> = names.iter().map(|name| member(name)).collect();
        BASE64URL_NOPAD.encode(&Sha256::digest(format!("{{{}}}", members.join(",")).as_bytes()))
    }

    fn header(&self) -> Value {
        json!({"typ": "dpop+jwt", "jwk": self.key.jwk()})
    }

    fn claims(&self, method: &str, path: &str, token: Option<&str>) -> Value {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let url = format!("{}{}", self.stage.url, path.split('?').next().unwrap());
        let jti = format!("p-{}-{}", NEXT.fetch_add(1, Ordering::Relaxed), std::process::id());
        let mut claims = json!({"jti": jti, "htm": method, "htu": url, "iat": self.stage.clock.seconds()});
        if let Some(token) = token {
            claims["ath"] = BASE64URL_NOPAD.encode(&Sha256::digest(token.as_bytes())).into();
        }
        if let Some(nonce) = &*self.nonce.lock().unwrap() {
            claims["nonce"] = nonce.as_str().into();
        }
        claims
    }

    pub(crate) fn proof(&self, method: &str, path: &str, token: Option<&str>) -> String {
        self.key.jws(&self.header(), &self.claims(method, path, token))
    }

    fn learn(&self, answer: &Answer) {
        if let Some(nonce) = answer.header("dpop-nonce") {
            *self.nonce.lock().unwrap() = Some(nonce.to_owned());
        }
    }

    /// Posts a form with a proof; once more with the nonce that it was told, if that was missing.
    #[track_caller]
    pub(crate) fn post(&self, fields: &Fields, path: &str) -> Answer {
        self.post_anew(|| fields.clone(), path)
    }

    /// The same for a form that serves once: it is made anew for each try.
    #[track_caller]
    pub(crate) fn post_anew(&self, fields: impl Fn() -> Fields, path: &str) -> Answer {
        let send = || {
            let answer = self.post_with(&fields(), path, &self.proof("POST", path, None));
            self.learn(&answer);
            answer
        };
        let answer = send();
        if answer.status == 400 && answer.json()["error"] == "use_dpop_nonce" { send() } else { answer }
    }

    #[track_caller]
    fn post_with(&self, fields: &Fields, path: &str, proof: &str) -> Answer {
        post_raw(self.stage, path, &[("dpop", proof)], fields.body().as_bytes())
    }

    /// Calls the API with this token and a new proof; once more if the nonce was missing.
    #[track_caller]
    pub(crate) fn call(&self, method: &str, path: &str, token: &str, body: Option<&Value>) -> Answer {
        let send = || {
            let answer = self.call_with(method, path, token, body, &self.proof(method, path, Some(token)));
            self.learn(&answer);
            answer
        };
        let answer = send();
        let challenged =
            answer.header("www-authenticate").is_some_and(|text| text.contains("use_dpop_nonce"));
        if challenged { send() } else { answer }
    }

    #[track_caller]
    fn call_with(&self, method: &str, path: &str, token: &str, body: Option<&Value>, proof: &str) -> Answer {
        let authorization = format!("DPoP {token}");
        let key = format!("key-{}", BASE64URL_NOPAD.encode(&Sha256::digest(proof.as_bytes())));
        let headers = [
            ("authorization", authorization.as_str()),
            ("dpop", proof),
            ("content-type", "application/json"),
            ("idempotency-key", key.as_str()),
        ];
        let body = body.map(ToString::to_string);
        self.stage.send(method, path, &headers, body.as_deref().map(str::as_bytes))
    }

    /// She lets the app in; its tokens are bound to this key.
    #[track_caller]
    fn granted(&self, person: &Person, app: &App, details: Value) -> Value {
        let code = code_of(self.stage, person, &Fields::ask_for(app, details));
        let told = self.post(&Fields::code(app, &code), "/token").expect(200).json();
        assert_eq!(told["token_type"], "DPoP");
        told
    }
}

fn access(told: &Value) -> &str {
    told["access_token"].as_str().unwrap()
}

#[track_caller]
fn challenge(answer: &Answer) -> String {
    assert_eq!(answer.status, 401, "{}", answer.text());
    let text = answer.header("www-authenticate").unwrap().to_owned();
    assert!(text.starts_with("DPoP algs=\"ES256 EdDSA\", resource_metadata="), "{text}");
    text
}

#[test]
fn a_bound_token_serves_its_key_and_nobody_else() {
    let (stage, ada, app) = scene();
    for key in [es256(), ed25519()] {
        let holder = Holder::new(&stage, key);
        let told = holder.granted(&ada, &app, reading());
        let token = access(&told);
        let me = holder.call("GET", "/v1/me", token, None).expect(200);
        assert_eq!(me.json()["handle"], "ada");
        assert!(me.header("dpop-nonce").is_some() && me.header("cache-control") == Some("no-store"));
        let listed = holder.call("GET", "/v1/conversations?limit=5", token, None).expect(200);
        assert!(listed.header("waxseal-receipt").is_some());
        holder.call("GET", "/userinfo", token, None).expect(200);
        holder.call("POST", "/userinfo", token, Some(&json!({}))).expect(200);
        // Without the key it is worth nothing.
        let bearer = stage.api(token).get("/v1/me").expect(401);
        assert_eq!(bearer.problem(), "token-unproven");
        assert!(challenge(&bearer).contains(r#"error="invalid_token""#));
        let headers = [("authorization", format!("Bearer {token}"))];
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        assert!(challenge(&stage.send("GET", "/userinfo", &headers, None)).contains("invalid_token"));
        let headers = [("authorization", format!("DPoP {token}"))];
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        for path in ["/v1/me", "/userinfo"] {
            let bare = stage.send("GET", path, &headers, None);
            assert!(challenge(&bare).contains("invalid_dpop_proof"), "{path}");
        }
        let thief = Holder::new(&stage, es256());
        let stolen = thief.call("GET", "/v1/me", token, None);
        assert!(challenge(&stolen).contains("invalid_token"));
        assert_eq!(stolen.problem(), "token-unproven");
        assert!(challenge(&thief.call("GET", "/userinfo", token, None)).contains("invalid_token"));
    }
}

#[test]
fn a_token_that_is_not_bound_is_not_presented_with_a_proof() {
    let (stage, ada, app) = scene();
    let tokens = stage.grant(&ada, &app, reading());
    assert_eq!(tokens.answer["token_type"], "Bearer");
    let holder = Holder::new(&stage, es256());
    assert!(challenge(&holder.call("GET", "/v1/me", &tokens.access, None)).contains("invalid_token"));
    // A header DPoP beside Bearer is nobody's business.
    let authorization = format!("Bearer {}", tokens.access);
    let headers = [("authorization", authorization.as_str()), ("dpop", "nonsense")];
    stage.send("GET", "/v1/me", &headers, None).expect(200);
}

#[test]
fn no_token_is_challenged_with_both_schemes() {
    let stage = Stage::new();
    let answer = stage.get("/v1/me").expect(401);
    let all: Vec<_> = answer.headers.get_all("www-authenticate").iter().collect();
    assert!(all[0].to_str().unwrap().starts_with("Bearer resource_metadata="), "{all:?}");
    assert!(all[1].to_str().unwrap().starts_with("DPoP algs=\"ES256 EdDSA\""), "{all:?}");
    assert!(!all.iter().any(|text| text.to_str().unwrap().contains("error")), "{all:?}");
}

/// Every way in which a proof for this request can be wrong.
fn wrong_proofs(holder: &Holder<'_>, method: &str, path: &str, token: Option<&str>) -> Vec<(String, String)> {
    let signed =
        |what: &str, header: &Value, claims: &Value| (what.to_owned(), holder.key.jws(header, claims));
    let (header, claims) = (holder.header(), holder.claims(method, path, token));
    let mut all = Vec::new();
    let now = holder.stage.clock.seconds();
    for (name, value) in [
        ("htm", json!("PATCH")),
        ("htm", Value::Null),
        ("htu", json!(format!("{}/elsewhere", holder.stage.url))),
        ("htu", json!(format!("https://evil.example{path}"))),
        ("htu", Value::Null),
        ("iat", json!(now - 3_600)),
        ("iat", json!(now + 3_600)),
        ("iat", Value::Null),
        ("jti", Value::Null),
        ("ath", json!(BASE64URL_NOPAD.encode(&Sha256::digest(b"another")))),
        ("ath", Value::Null),
    ] {
        if name == "ath" && token.is_none() {
            continue;
        }
        let mut spoilt = claims.clone();
        match &value {
            Value::Null => drop(spoilt.as_object_mut().unwrap().remove(name)),
            value => spoilt[name] = value.clone(),
        }
        all.push(signed(&format!("{name}={value}"), &header, &spoilt));
    }
    for (name, value) in [
        ("alg", json!("none")),
        ("alg", json!("HS256")),
        ("alg", json!("RS256")),
        ("typ", json!("JWT")),
        ("typ", json!("at+jwt")),
        ("jwk", es256().jwk()),
        ("jwk", json!({"kty": "oct", "k": "c2VjcmV0"})),
        ("jwk", Value::Null),
    ] {
        let mut spoilt = header.clone();
        match &value {
            Value::Null => drop(spoilt.as_object_mut().unwrap().remove(name)),
            value => spoilt[name] = value.clone(),
        }
        all.push(signed(&format!("{name}={value}"), &spoilt, &claims));
    }
    let big = rsa();
    all.push(("PS256".to_owned(), big.jws(&json!({"typ": "dpop+jwt", "jwk": big.jwk()}), &claims)));
    let unsigned =
        holder.key.jws(&json!({"typ": "dpop+jwt", "jwk": holder.key.jwk(), "alg": "none"}), &claims);
    all.push(("no signature".to_owned(), format!("{}.", unsigned.rsplit_once('.').unwrap().0)));
    all.push(("nonsense".to_owned(), "nonsense".to_owned()));
    all.push(("long".to_owned(), "x".repeat(8_000)));
    all
}

#[test]
fn a_proof_of_another_request_is_refused_by_the_api() {
    let (stage, ada, app) = scene();
    let holder = Holder::new(&stage, es256());
    let told = holder.granted(&ada, &app, reading());
    for (what, proof) in wrong_proofs(&holder, "GET", "/v1/me", Some(access(&told))) {
        let answer = holder.call_with("GET", "/v1/me", access(&told), None, &proof);
        assert!(challenge(&answer).contains("invalid_dpop_proof"), "{what}: {}", answer.text());
        assert_eq!(answer.problem(), "dpop-proof-invalid", "{what}");
    }
    let (one, two) =
        (holder.proof("GET", "/v1/me", Some(access(&told))), holder.proof("GET", "/v1/me", None));
    let authorization = format!("DPoP {}", access(&told));
    let headers = [("authorization", authorization.as_str()), ("dpop", &one), ("dpop", &two)];
    assert!(challenge(&stage.send("GET", "/v1/me", &headers, None)).contains("invalid_dpop_proof"));
    holder.call("GET", "/v1/me", access(&told), None).expect(200);
}

#[test]
fn a_proof_of_another_request_is_refused_where_tokens_are_issued() {
    let (stage, ada, app) = scene();
    let holder = Holder::new(&stage, es256());
    holder.granted(&ada, &app, reading());
    let code = code_of(&stage, &ada, &Fields::ask_for(&app, reading()));
    for path in ["/token", "/par"] {
        let fields = if path == "/par" { Fields::ask(&app) } else { Fields::code(&app, &code) };
        for (what, proof) in wrong_proofs(&holder, "POST", path, None) {
            let answer = holder.post_with(&fields, path, &proof).expect(400);
            assert_eq!(error(&answer), "invalid_dpop_proof", "{what}");
        }
        let proof = holder.proof("POST", path, None);
        let two = post_raw(&stage, path, &[("dpop", &proof), ("dpop", &proof)], fields.body().as_bytes());
        assert_eq!(error(&two.expect(400)), "invalid_dpop_proof");
    }
    // None of it used the code up.
    holder.post(&Fields::code(&app, &code), "/token").expect(200);
}

#[test]
fn a_proof_needs_a_nonce_of_ours() {
    let (mut stage, ada, app) = scene();
    let code = code_of(&stage, &ada, &Fields::ask_for(&app, reading()));
    let elsewhere = Stage::new();
    // On PostgreSQL both are copies of one new database, with its keys.
    elsewhere.wait(elsewhere.vault().keys_rotate(KeyPurpose::Token, Turn::AtOnce)).unwrap();
    let foreign = Holder::new(&elsewhere, es256());
    let asked = foreign.post_with(&Fields::code(&app, "x"), "/token", &foreign.proof("POST", "/token", None));
    // It does not know the app, so it says that first; who proves itself there is told a nonce.
    assert_eq!(error(&asked.expect(401)), "invalid_client");
    let other = elsewhere.app(EVERYTHING);
    foreign.post(&Fields::code(&other, "x"), "/token").expect(400);
    let foreign_nonce = foreign.nonce.lock().unwrap().clone().unwrap();

    let (nonce, token) = {
        let holder = Holder::new(&stage, es256());
        let fields = Fields::code(&app, &code);
        for nonce in [None, Some(String::new()), Some("x".repeat(35)), Some(foreign_nonce.clone())] {
            *holder.nonce.lock().unwrap() = nonce;
            let answer =
                holder.post_with(&fields, "/token", &holder.proof("POST", "/token", None)).expect(400);
            assert_eq!(error(&answer), "use_dpop_nonce");
            assert!(answer.header("dpop-nonce").is_some());
        }
        *holder.nonce.lock().unwrap() = None;
        let told = holder.post(&fields, "/token").expect(200).json();
        let nonce = holder.nonce.lock().unwrap().clone();
        for odd in [None, Some(foreign_nonce)] {
            *holder.nonce.lock().unwrap() = odd;
            for path in ["/v1/me", "/userinfo"] {
                let proof = holder.proof("GET", path, Some(access(&told)));
                let answer = holder.call_with("GET", path, access(&told), None, &proof);
                assert!(challenge(&answer).contains(r#"error="use_dpop_nonce""#), "{path}");
                assert!(answer.header("dpop-nonce").is_some());
                assert_eq!(answer.header("cache-control"), Some("no-store"));
            }
        }
        (nonce, access(&told).to_owned())
    };
    // It holds after a restart, and not for ever.
    stage.restart();
    let with = |stage: &Stage, nonce: &Option<String>| {
        let holder = Holder::new(stage, es256());
        *holder.nonce.lock().unwrap() = nonce.clone();
        holder.call_with("GET", "/v1/me", &token, None, &holder.proof("GET", "/v1/me", Some(&token)))
    };
    // The key is another one, so the nonce was taken.
    assert!(challenge(&with(&stage, &nonce)).contains("invalid_token"));
    stage.clock.advance_s(301);
    assert!(challenge(&with(&stage, &nonce)).contains("use_dpop_nonce"));
}

#[test]
fn a_proof_serves_once_on_every_route() {
    let (stage, ada, app) = scene();
    let bea = stage.person("bea");
    stage.friends(&ada, &bea);
    let conversation = stage.conversation(&[&ada, &bea]);
    let seq = stage.say(&ada, conversation, "hello");
    let document = stage.get("/openapi.json").expect(200).json();
    let all = json!({"actions": ["list", "read", "send", "delete"], "conversations": "all", "since": "all"});
    let holder = Holder::new(&stage, es256());
    let told = holder.granted(&ada, &app, all);
    let mut asked = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        // The stream does not end; it takes its caller like the others. What apps ask without a person takes no such token.
        let apart = ["/v1/events", "/v1/evidence", "/v1/page", "/v1/power", "/v1/webhooks"];
        let apart = apart.iter().any(|apart| path.starts_with(apart));
        if !path.starts_with("/v1") || apart {
            continue;
        }
        for method in item.as_object().unwrap().keys().map(|method| method.to_uppercase()) {
            if method == "DELETE" && path == "/v1/grant" {
                continue;
            }
            let id = conversation.to_string();
            let at = path.replace("{conversation}", &id).replace("{seq}", &seq.to_string());
            let body = match (method.as_str(), path.as_str()) {
                ("POST", "/v1/conversations") => Some(json!({"participants": ["@bea"]})),
                ("POST", path) if path.ends_with("/messages") => {
                    Some(json!({"content": {"type": "text", "text": "once"}}))
                }
                ("POST", _) => Some(json!({})),
                _ => None,
            };
            let proof = holder.proof(&method, &at, Some(access(&told)));
            let first = holder.call_with(&method, &at, access(&told), body.as_ref(), &proof);
            assert!((200..300).contains(&first.status), "{method} {at}: {} {}", first.status, first.text());
            let again = holder.call_with(&method, &at, access(&told), body.as_ref(), &proof);
            assert!(challenge(&again).contains("invalid_dpop_proof"), "{method} {at}");
            assert!(again.json()["detail"].as_str().unwrap().contains("used before"), "{method} {at}");
            asked += 1;
        }
    }
    assert!(asked >= 10, "{asked}");
    let used = holder.proof("GET", "/userinfo", Some(access(&told)));
    holder.call_with("GET", "/userinfo", access(&told), None, &used).expect(200);
    let again = holder.call_with("GET", "/userinfo", access(&told), None, &used);
    assert!(challenge(&again).contains("invalid_dpop_proof"));
    holder.call("DELETE", "/v1/grant", access(&told), None).expect(204);
}

#[test]
fn what_was_used_is_used_after_a_restart() {
    let (mut stage, ada, app) = scene();
    let mut used = Vec::new();
    {
        let holder = Holder::new(&stage, es256());
        let told = holder.granted(&ada, &app, reading());
        for path in ["/v1/me", "/v1/conversations"] {
            let proof = holder.proof("GET", path, Some(access(&told)));
            holder.call_with("GET", path, access(&told), None, &proof).expect(200);
            used.push((path, access(&told).to_owned(), proof));
        }
    }
    stage.restart();
    let holder = Holder::new(&stage, es256());
    for (path, token, proof) in used {
        let again = holder.call_with("GET", path, &token, None, &proof);
        assert!(again.json()["detail"].as_str().unwrap().contains("used before"), "{path}");
        assert!(challenge(&again).contains("invalid_dpop_proof"), "{path}");
    }
}

#[test]
fn the_refresh_token_of_a_public_app_is_bound_to_the_key_as_well() {
    let (stage, ada, app) = scene();
    let (holder, thief) = (Holder::new(&stage, es256()), Holder::new(&stage, es256()));
    let told = holder.granted(&ada, &app, reading());
    let refresh = Fields::refresh(&app, told["refresh_token"].as_str().unwrap());
    assert_eq!(error(&refresh.post(&stage, "/token").expect(400)), "invalid_grant");
    assert_eq!(error(&thief.post(&refresh, "/token").expect(400)), "invalid_grant");
    // It goes on: what is worth nothing without the key need not be used once.
    for _ in 0..3 {
        let next = holder.post(&refresh, "/token").expect(200).json();
        assert_eq!(next["refresh_token"], told["refresh_token"]);
        assert_eq!(next["token_type"], "DPoP");
        holder.call("GET", "/v1/me", access(&next), None).expect(200);
        stage.api(access(&next)).get("/v1/me").expect(401);
    }
    // An app that proves itself may change its key.
    let secret = stage.app_with_secret(EVERYTHING);
    let code = code_of(&stage, &ada, &Fields::ask_for(&secret, reading()));
    let told = holder.post(&Fields::code(&secret, &code), "/token").expect(200).json();
    let next = thief.post(&Fields::refresh(&secret, told["refresh_token"].as_str().unwrap()), "/token");
    thief.call("GET", "/v1/me", access(&next.expect(200).json()), None).expect(200);
}

#[test]
fn introspection_tells_the_key() {
    let (stage, ada) = {
        let (stage, ada, _) = scene();
        (stage, ada)
    };
    let app = stage.app_with_secret(EVERYTHING);
    let holder = Holder::new(&stage, es256());
    let code = code_of(&stage, &ada, &Fields::ask_for(&app, reading()));
    let told = holder.post(&Fields::code(&app, &code), "/token").expect(200).json();
    let worth = Fields::revoke(&app, access(&told)).post(&stage, "/introspect").expect(200).json();
    assert_eq!(worth["token_type"], "DPoP");
    assert_eq!(worth["cnf"], json!({"jkt": holder.jkt()}));
}

#[test]
fn of_eight_that_show_the_same_proof_at_once_one_is_served() {
    let (stage, ada, app) = scene();
    let holder = Holder::new(&stage, es256());
    let told = holder.granted(&ada, &app, reading());
    for path in ["/v1/me", "/v1/conversations"] {
        let proof = holder.proof("GET", path, Some(access(&told)));
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let ask = || holder.call_with("GET", path, access(&told), None, &proof).status;
            let all: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{path}: {statuses:?}");
    }
    let code = code_of(&stage, &ada, &Fields::ask_for(&app, reading()));
    let proof = holder.proof("POST", "/token", None);
    holder.post_with(&Fields::code(&app, &code), "/token", &proof).expect(200);
    let again = holder.post_with(&Fields::refresh(&app, "x"), "/token", &proof).expect(400);
    assert_eq!(error(&again), "invalid_dpop_proof");
}

#[test]
fn a_code_that_is_bound_to_a_key_is_redeemed_with_it() {
    let (stage, ada, app) = scene();
    let (holder, thief) = (Holder::new(&stage, ed25519()), Holder::new(&stage, es256()));
    let asks: [(&str, Fields); 2] = [
        ("in the link", Fields::ask_for(&app, reading()).with("dpop_jkt", &holder.jkt())),
        ("pushed", {
            let pushed = holder.post(&Fields::ask_for(&app, reading()), "/par").expect(201).json();
            let uri = pushed["request_uri"].as_str().unwrap();
            Fields::of(&[("client_id", &app.id.to_string()), ("request_uri", uri)])
        }),
    ];
    for (how, ask) in asks {
        let left = allow(&stage, &ada, &ask);
        let code = query(&left, "code").unwrap_or_else(|| panic!("{how}: {left}"));
        let redeem = Fields::code(&app, &code);
        assert_eq!(error(&redeem.post(&stage, "/token").expect(400)), "invalid_grant", "{how}");
        assert_eq!(error(&thief.post(&redeem, "/token").expect(400)), "invalid_grant", "{how}");
        let told = holder.post(&redeem, "/token").expect(200).json();
        // A replay without the key ends nothing; one with all that it takes does.
        assert_eq!(error(&thief.post(&redeem, "/token").expect(400)), "invalid_grant");
        redeem.post(&stage, "/token").expect(400);
        holder.call("GET", "/v1/me", access(&told), None).expect(200);
        assert_eq!(error(&holder.post(&redeem, "/token").expect(400)), "invalid_grant");
        holder.call("GET", "/v1/me", access(&told), None).expect(401);
    }
    for odd in ["x", "", &"A".repeat(44)] {
        let answer = Fields::ask(&app).with("dpop_jkt", odd).post(&stage, "/par");
        let wanted = if odd.is_empty() { 201 } else { 400 };
        assert_eq!(answer.status, wanted, "{odd}: {}", answer.text());
    }
    let other = Fields::ask(&app).with("dpop_jkt", &thief.jkt());
    assert_eq!(error(&holder.post(&other, "/par").expect(400)), "invalid_request");
    let same = Fields::ask(&app).with("dpop_jkt", &holder.jkt());
    holder.post(&same, "/par").expect(201);
    assert!(!REDIRECT.is_empty());
}

#[test]
fn browsers_may_send_proofs_and_read_nonces() {
    let stage = Stage::new();
    let asks = [
        ("origin", "https://app.example"),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization,content-type,dpop"),
    ];
    for path in ["/token", "/par", "/v1/me"] {
        let answer = stage.send("OPTIONS", path, &asks, None).expect(200);
        let allowed = answer.header("access-control-allow-headers").unwrap().to_lowercase();
        assert!(allowed.contains("dpop"), "{path}: {allowed}");
        let answer = stage.send("GET", path, &asks[..1], None);
        let exposed = answer.header("access-control-expose-headers").unwrap().to_lowercase();
        assert!(exposed.contains("dpop-nonce") && exposed.contains("www-authenticate"), "{path}: {exposed}");
    }
}
