//! Requests that were in order, spoilt at random: whatever comes, there is an answer, it is not that the server broke, and
//! the server goes on.
//!
//! The spoiling is seeded, so a failure can be had again; what failed is printed as it was sent.
use crate::issuer::dpop::Holder;
use crate::issuer::{Fields, code_of};
use crate::raw;
use crate::stage::{EVERYTHING, Person, Stage, asked, encoded, form};
use serde_json::json;
use std::collections::BTreeMap;
use testkit::es256;
use waxseal::listener::Peer;

const SEED: u64 = 0x5EA1_ED01;
const THREADS: u64 = 4;
const REQUESTS: usize = 3_000;
/// Of those to the endpoints that apps sign people in with, unless `WAXSEAL_MUTATIONS` says how many.
const MUTATIONS: usize = 3_000;

/// What parsers trip over.
const ODD: &[&[u8]] = &[
    b"%00",
    b"%ff",
    b"%",
    b"%C3%28",
    b"&",
    b"=",
    b"&&",
    b"+",
    b"\0",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"../",
    b"%2e%2e%2f",
    b"//",
    b"?",
    b"#",
    b";",
    b"\"",
    b"\\",
    b"'",
    b"<",
    b"[",
    b"]",
    b"{",
    b"}",
    b"[[[[[[[[",
    b"null",
    b"true",
    b"-1",
    b"0",
    b"1e309",
    b"9223372036854775808",
    b"99999999999999999999999999",
    b"NaN",
    b"\\u0000",
    b"\\ud800",
    b"con_",
    b"*",
    "\u{1F9A6}".as_bytes(),
    "\u{202E}".as_bytes(),
    "\u{FEFF}".as_bytes(),
    &[b'A'; 3000],
];

/// Xorshift: enough to spoil with, and the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % n.max(1)
    }

    fn spoil(&mut self, text: &mut Vec<u8>, other: &[u8]) {
        let at = self.below(text.len() + 1);
        let to = (at + self.below(12)).min(text.len());
        match self.below(7) {
            0 => drop(text.drain(at..to)),
            1 => text.truncate(at),
            2 => {
                let odd = ODD[self.below(ODD.len())];
                drop(text.splice(at..at, odd.iter().copied()));
            }
            3 => {
                let odd = ODD[self.below(ODD.len())];
                drop(text.splice(at..to, odd.iter().copied()));
            }
            4 => {
                let again: Vec<u8> = text[at..].to_vec();
                text.extend(again);
            }
            5 => {
                let from = self.below(other.len() + 1);
                drop(text.splice(at..to, other[from..].iter().copied()));
            }
            _ => {
                if let Some(byte) = text.get_mut(at) {
                    *byte ^= 1 << self.below(8);
                }
            }
        }
    }
}

/// A request in its parts.
#[derive(Clone)]
struct Request {
    method: &'static str,
    path: Vec<u8>,
    headers: Vec<(&'static str, Vec<u8>)>,
    body: Vec<u8>,
}

impl Request {
    fn new(method: &'static str, path: &str, kind: &'static str, body: &str) -> Request {
        let mut headers = Vec::new();
        if !kind.is_empty() {
            headers.push(("content-type", kind.into()));
        }
        Request { method, path: path.into(), headers, body: body.into() }
    }

    fn with(mut self, name: &'static str, value: &str) -> Request {
        self.headers.push((name, value.into()));
        self
    }

    /// Spoils its body, its path, or one of its headers; of a path mostly the query, or else the last part.
    fn spoil(&mut self, dice: &mut Dice, other: &Request) {
        for _ in 0..=dice.below(2) {
            match (dice.below(8), self.headers.len()) {
                (0, headers @ 1..) => {
                    let nth = dice.below(headers);
                    dice.spoil(&mut self.headers[nth].1, &other.body);
                }
                (1, _) => dice.spoil(&mut self.path, &other.path),
                _ if !self.body.is_empty() => dice.spoil(&mut self.body, &other.body),
                _ => {
                    let ends = self.path.iter().rposition(|b| b"?/".contains(b)).map_or(0, |at| at + 1);
                    let mut last = self.path.split_off(ends);
                    dice.spoil(&mut last, &other.path);
                    self.path.extend(last);
                }
            }
        }
    }

    /// Its bytes, as a proxy hands them on from this address: who fails too often would else be turned away at once. Where head, header and body begin and end stays as it is: that is the HTTP library's to defend.
    fn bytes(&self, stage: &Stage, from: usize) -> Vec<u8> {
        let host = stage.url.strip_prefix("http://").unwrap();
        let path: Vec<u8> = self.path.iter().copied().filter(|b| *b > b' ' && *b != 0x7f).collect();
        let slash: &[u8] = if path.first() == Some(&b'/') { b"" } else { b"/" };
        let start = [self.method.as_bytes(), b" ", slash, &path, b" HTTP/1.1\r\nhost: "].concat();
        let mut all = [&start[..], host.as_bytes(), b"\r\nconnection: close\r\n"].concat();
        for (name, value) in &self.headers {
            let value: Vec<u8> = value.iter().copied().filter(|b| !b"\r\n\0".contains(b)).collect();
            all.extend([name.as_bytes(), b": ", &value, b"\r\n"].concat());
        }
        let [a, b, c] = [from >> 16, from >> 8, from].map(|part| part & 0xff);
        let length =
            format!("x-forwarded-for: 10.{a}.{b}.{c}\r\ncontent-length: {}\r\n\r\n", self.body.len());
        [&all, length.as_bytes(), &self.body].concat()
    }
}

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// Requests of every kind, in order.
fn in_order(stage: &Stage, ada: &Person, bea: &Person) -> Vec<Request> {
    let app = stage.app(EVERYTHING);
    let talk = stage.conversation(&[ada, bea]);
    for n in 0..10 {
        stage.say(ada, talk, &format!("message {n}"));
    }
    let all = json!({"actions": ["list", "read", "send", "delete"], "conversations": "all", "since": "all",
        "kinds": ["text", "card"], "expires_in": 7_776_000, "uses": 100_000, "optional": ["send"]});
    let tokens = stage.grant_with(ada, &app, all.clone(), |form| form.tick("action", "send", true));
    // Of a grant of its own: used twice, a refresh token ends what it is of.
    let spare = stage.grant(ada, &app, all.clone());
    let ask = Fields::ask(&app).with("authorization_details", &asked(all).to_string()).with("max_age", "60");
    let code = code_of(stage, ada, &ask.clone().with("max_age", "100000"));
    let refresh = Fields::refresh(&app, spare.refresh.as_deref().unwrap());
    let token = [
        Request::new("POST", "/token", FORM, &Fields::code(&app, &code).body()),
        Request::new("POST", "/token", FORM, &refresh.with("scope", "openid").body()),
        Request::new("POST", "/revoke", FORM, &Fields::revoke(&app, &code).body()),
        Request::new("POST", "/token", FORM, "grant_type=refresh_token&refresh_token=wxr_x")
            .with("authorization", "Basic YXBwX3g6d3hzX3g="),
    ];
    let pages = of_pages(stage, ada, &ask, &format!("/conversations/{talk}"));
    let bearer = format!("Bearer {}", tokens.access);
    let messages = format!("/v1/conversations/{talk}/messages");
    let text = json!({"content": {"type": "text", "text": "hello"}}).to_string();
    let card = json!({"content": {"type": "card", "kind": "song", "title": "T", "url": "https://a.example", "image": null,
        "note": "n"}});
    let start = json!({"participants": ["@bea", bea.id], "title": "A title"}).to_string();
    let of_app = [
        Request::new("GET", "/v1/conversations?limit=2&cursor=abc", "", ""),
        Request::new("GET", &format!("{messages}?before=9&limit=3"), "", ""),
        Request::new("GET", &format!("{messages}?after=2&limit=200"), "", ""),
        Request::new("GET", &format!("{messages}/3"), "", ""),
        Request::new("DELETE", &format!("{messages}/4"), "", ""),
        Request::new("POST", &messages, JSON, &text).with("idempotency-key", "one"),
        Request::new("POST", &messages, JSON, &card.to_string()).with("idempotency-key", "two"),
        Request::new("POST", "/v1/conversations", JSON, &start),
        Request::new("GET", "/v1/access?cursor=abc", "", ""),
        Request::new("GET", "/v1/grant", "", ""),
        Request::new("GET", "/userinfo", "", ""),
    ];
    let of_app = of_app.map(|request| request.with("authorization", &bearer));
    let open = [
        "/ledger/tile/0/000",
        "/ledger/tile/entries/x000/001.p/12",
        "/problems/not-found",
        "/static/style.css",
    ];
    let open = open.map(|path| Request::new("GET", path, "", ""));
    token.into_iter().chain(pages).chain(of_app).chain(open).collect()
}

/// Those of a browser.
fn of_pages(stage: &Stage, ada: &Person, ask: &Fields, conversation: &str) -> Vec<Request> {
    let browser = stage.browser_of(ada);
    let consent = browser.open(&ask.clone().with("max_age", "100000").path()).expect(200);
    let fields = consent.form("/consent").fields(Some(("decision", "update")));
    let csrf = fields.iter().find(|(name, _)| name == "csrf").unwrap().1.clone();
    let of_form = |path: &str, rest: &str| Request::new("POST", path, FORM, &format!("csrf={csrf}&{rest}"));
    let of_browser = [
        Request::new("GET", &consent.at, "", ""),
        Request::new("POST", "/consent", FORM, &form(&fields)),
        Request::new("GET", &format!("{conversation}?before=5"), "", ""),
        of_form(&format!("{conversation}/send"), "text=hello&key=once"),
        of_form(&format!("{conversation}/read"), "seq=3"),
        of_form(&format!("{conversation}/messages/2/delete"), ""),
        of_form("/friends/request", "handle=bea"),
        of_form("/settings/name", "name=Ada%20L."),
        of_form("/conversations", "participant=per_x&title=A"),
    ];
    let cookie = format!("{}={}", vault::session_cookie(false), ada.cookie);
    let of_browser =
        of_browser.map(|request| request.with("cookie", &cookie).with("sec-fetch-site", "same-origin"));
    let asks = [
        Request::new("GET", &ask.path(), "", ""),
        Request::new("POST", "/authorize", FORM, &ask.body()),
        Request::new("POST", "/par", FORM, &ask.body()),
        Request::new("GET", "/sign-in?return_to=/consent%3Frequest%3Daut_x", "", ""),
    ];
    of_browser.into_iter().chain(asks).collect()
}

fn scene() -> (Stage, Person, Person) {
    let mut stage = Stage::new();
    stage.limit = None;
    stage.peer = Peer::Forwarded;
    stage.restart();
    let (ada, bea) = (stage.person("ada"), stage.person("bea"));
    stage.friends(&ada, &bea);
    (stage, ada, bea)
}

/// Sends so many spoilt ones; each status of `often` must have come a few times: spoilt, but not so much that nothing got
/// past the first look.
fn send_spoilt(stage: &Stage, requests: &[Request], count: usize, often: &[u16]) {
    for request in requests {
        let status = raw::status(stage, &request.bytes(stage, 0));
        assert!(status.is_some_and(|status| status < 500), "{status:?}: {}", shown(request, stage));
    }
    let spoil = &|thread: u64| {
        let mut seen = BTreeMap::new();
        let mut dice = Dice(SEED ^ thread.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        for nth in 0..count / THREADS as usize {
            let mut request = requests[dice.below(requests.len())].clone();
            let other = &requests[dice.below(requests.len())];
            request.spoil(&mut dice, other);
            let status = raw::status(stage, &request.bytes(stage, dice.below(1 << 24)));
            let is_answered = status.is_some_and(|status| (200..500).contains(&status));
            assert!(is_answered, "thread {thread}, {nth}: {status:?}: {}", shown(&request, stage));
            *seen.entry(status.unwrap()).or_insert(0) += 1;
        }
        let is_often = |status| seen.get(status).is_some_and(|times| *times >= 5);
        assert!(often.iter().all(is_often), "{seen:?}");
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || spoil(thread))).collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

#[test]
fn whatever_comes_the_server_answers_and_does_not_break() {
    let (stage, ada, bea) = scene();
    let requests = in_order(&stage, &ada, &bea);
    send_spoilt(&stage, &requests, REQUESTS, &[200, 303, 400, 401, 404]);
    stage.clock.advance_s(2);
    stage.get("/readyz").expect(200);
    let app = stage.app(EVERYTHING);
    let tokens = stage.grant(&ada, &app, json!({"actions": ["list"], "conversations": "all"}));
    assert!(!stage.api(&tokens.access).get("/v1/conversations").expect(200).body.is_empty());
}

/// What an app with a secret sends to sign a person in, and the pages on which she answers.
fn of_signing_in(stage: &Stage, ada: &Person) -> Vec<Request> {
    let app = stage.app_with_secret(EVERYTHING);
    let all =
        json!({"actions": ["list", "read", "send"], "since": "P3D", "kinds": ["text"], "uses": 100_000});
    let tokens = stage.grant(ada, &app, all.clone());
    let spare = stage.grant(ada, &app, all.clone());
    let ask = Fields::ask(&app).with("authorization_details", &asked(all).to_string());
    let code = code_of(stage, ada, &ask.clone().with("grant_management_action", "create"));
    let secret = app.secret.as_deref().unwrap();
    let device = Fields::revoke(&app, "x").with("scope", "openid").body();
    let codes =
        stage.send("POST", "/device_authorization", &[("content-type", FORM)], Some(device.as_bytes()));
    let codes = codes.expect(200).json();
    let grant_type = encoded(oauth::device::GRANT_TYPE);
    let poll = format!(
        "grant_type={grant_type}&device_code={}&client_id={}&client_secret={secret}",
        codes["device_code"].as_str().unwrap(),
        app.id
    );
    let refresh = Fields::refresh(&app, spare.refresh.as_deref().unwrap());
    let post = |path: &str, body: &str| Request::new("POST", path, FORM, body);
    let of_app = [
        post("/token", &Fields::code(&app, &code).body()),
        post("/token", &refresh.with("scope", "openid").body()),
        post("/token", &poll),
        post("/introspect", &Fields::revoke(&app, &tokens.access).body()),
        post("/introspect", &Fields::revoke(&app, tokens.refresh.as_deref().unwrap()).body())
            .with("accept", "application/token-introspection+jwt"),
        post("/par", &ask.clone().with("client_secret", secret).body()),
        post("/device_authorization", &device),
        Request::new("GET", &format!("/grants/{}", tokens.grant), "", "")
            .with("authorization", &format!("Bearer {}", tokens.access)),
    ];
    let browser = stage.browser_of(ada);
    let consent = browser.open(&ask.with("prompt", "consent").path()).expect(200);
    let fields = consent.form("/consent").fields(Some(("decision", "update")));
    let csrf = &fields.iter().find(|(name, _)| name == "csrf").unwrap().1;
    let user_code = codes["user_code"].as_str().unwrap();
    let cookie = format!("{}={}", vault::session_cookie(false), ada.cookie);
    let of_browser = [
        Request::new("GET", &consent.at, "", ""),
        post("/consent", &form(&fields)),
        Request::new("GET", &format!("/device?user_code={user_code}"), "", ""),
        post("/device", &format!("csrf={csrf}&user_code={user_code}")),
        Request::new("GET", "/end-session?id_token_hint=x.y.z&client_id=app_x&state=s", "", ""),
    ];
    let of_browser =
        of_browser.map(|request| request.with("cookie", &cookie).with("sec-fetch-site", "same-origin"));
    of_app.into_iter().chain(of_browser).chain(of_a_key(stage, ada)).collect()
}

/// What an app sends whose tokens are bound to a key: proofs, which are spoilt like everything else.
fn of_a_key(stage: &Stage, ada: &Person) -> Vec<Request> {
    let (app, holder) = (stage.app(EVERYTHING), Holder::new(stage, es256()));
    let ask = Fields::ask_for(&app, json!({"actions": ["list"]}));
    let told = holder.post(&Fields::code(&app, &code_of(stage, ada, &ask)), "/token").expect(200).json();
    let text = |name: &str| told[name].as_str().unwrap();
    let token = text("access_token");
    let post = |path: &'static str, fields: &Fields| {
        Request::new("POST", path, FORM, &fields.body()).with("dpop", &holder.proof("POST", path, None))
    };
    let get = |path: &'static str| {
        let request = Request::new("GET", path, "", "").with("authorization", &format!("DPoP {token}"));
        request.with("dpop", &holder.proof("GET", path, Some(token)))
    };
    vec![
        post("/token", &Fields::refresh(&app, text("refresh_token"))),
        post("/par", &ask),
        get("/v1/me"),
        get("/v1/conversations"),
        get("/userinfo"),
    ]
}

/// A million of these were sent once by hand.
#[test]
fn the_endpoints_of_signing_in_do_not_break() {
    let count = std::env::var("WAXSEAL_MUTATIONS").ok().map_or(MUTATIONS, |count| count.parse().unwrap());
    let (stage, ada, _) = scene();
    let requests = of_signing_in(&stage, &ada);
    send_spoilt(&stage, &requests, count, &[200, 400, 401]);
    stage.get("/readyz").expect(200);
    let app = stage.app(EVERYTHING);
    stage.grant(&ada, &app, json!({"actions": ["list"]}));
}

fn shown(request: &Request, stage: &Stage) -> String {
    request.bytes(stage, 0).escape_ascii().to_string()
}
