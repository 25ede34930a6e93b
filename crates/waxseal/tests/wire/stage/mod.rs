//! Where a wire test plays: a server on a real socket, a clock in the test's hand, people, apps and their grants.
//!
//! A [`Stage`] runs no workers: nothing happens by itself. `sequence` brings the log up to date, `clock.advance_s` lets
//! time pass. When it goes it holds the test to the rule: permits spent = records written.
#![allow(dead_code, unused_imports, reason = "what one door's tests do not need, another's do")]

mod answer;
pub(crate) mod authenticator;
mod browser;
mod clock;
mod front;
mod gate;
mod html;
mod node;
mod stream;

pub(crate) use answer::{Answer, Client, encoded, form, query};
pub(crate) use browser::{Browser, Page};
pub(crate) use front::{Front, after};
pub(crate) use gate::{Gate, Shows};
pub(crate) use html::Form;
pub(crate) use node::Node;
pub(crate) use stream::{Event, Events};

use clock::HandClock;
use model::{AppId, Content, ConversationId, GrantId, Handle, PersonId, World};
use oauth::metadata::Issuer;
use outbound::{Outbound, Policy, Private};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use testkit::Signer;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use vault::{Demands, NewApp, NewKind, Own, Place, Vault};
use waxseal::handshakes::Tls;
use waxseal::listener::Peer;
use waxseal::wiring::House;
use waxseal::world::OsEntropy;

/// The password of everyone.
pub(crate) const PASSWORD: &str = "correct horse battery staple";
/// Where every app of the tests is sent back to.
pub(crate) const REDIRECT: &str = "https://app.example/callback";
/// A ceiling that allows everything.
pub(crate) const EVERYTHING: &str = r#"[{"type":"messages","actions":["list","read","send","delete"],
    "conversations":"all","since":"all","kinds":["text","card","receipt"],"expires_in":31536000}]"#;
/// Every scope.
pub(crate) const SCOPE: &str = "openid profile friends offline_access";
const VERIFIER: &str = "a-verifier-of-at-least-forty-three-characters-x";

/// A server and all around it.
pub(crate) struct Stage {
    /// The public URL.
    pub(crate) url: String,
    /// Its host.
    name: &'static str,
    /// Time, which stands still.
    pub(crate) clock: HandClock,
    /// How much one grant may ask for, from the next start on.
    pub(crate) limit: Option<api::Limit>,
    /// Which addresses are dialled that others chose, from the next start on.
    /// Who is taken for the one who asks.
    pub(crate) peer: Peer,
    pub(crate) private: Private,
    /// The public URL from the next start on, where a proxy is in front: answers then speak of it.
    pub(crate) public: Option<&'static str>,
    /// What clients reach in the place of the server, from the next start on.
    pub(crate) front: Option<Front>,
    /// Where certificates are asked for, from the next start on.
    pub(crate) gate: Option<Gate>,
    client: Client,
    running: Option<Running>,
    /// Nodes beside the first.
    nodes: Vec<Running>,
    /// Access records when the server started: those of before a restart were spent by another process.
    records_before: u64,
    place: Place,
    runtime: Runtime,
    _kept: Kept,
}

struct Running {
    house: House,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
    asking: Option<JoinHandle<()>>,
}

/// What goes with the test.
enum Kept {
    Folder(testkit::Folder),
    Database(testkit::Database),
}

/// A person, signed in.
pub(crate) struct Person {
    pub(crate) handle: String,
    pub(crate) id: PersonId,
    /// Her session cookie.
    pub(crate) cookie: String,
}

/// A registered app.
pub(crate) struct App {
    pub(crate) id: AppId,
    pub(crate) secret: Option<String>,
    /// The key with which it proves itself, if it does.
    pub(crate) signer: Option<Arc<Signer>>,
}

impl App {
    /// A new statement of who it is.
    pub(crate) fn assertion(&self, stage: &Stage) -> String {
        self.assertion_with(&json!({}), &self.claims(stage))
    }

    /// What it states: itself, to this server, for a minute.
    pub(crate) fn claims(&self, stage: &Stage) -> Value {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let (now, jti) = (stage.clock.seconds(), NEXT.fetch_add(1, Ordering::Relaxed));
        json!({"iss": self.id, "sub": self.id, "aud": stage.url, "iat": now, "exp": now + 60,
            "jti": format!("jti-{jti}-{}", std::process::id())})
    }

    pub(crate) fn assertion_with(&self, header: &Value, claims: &Value) -> String {
        self.signer.as_ref().unwrap().jws(header, claims)
    }
}

/// What an app got for a code.
#[derive(Debug)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: Option<String>,
    pub(crate) grant: GrantId,
    /// The whole answer of the token endpoint.
    pub(crate) answer: Value,
}

impl Stage {
    /// A new server without data.
    pub(crate) fn new() -> Stage {
        Stage::called("127.0.0.1")
    }

    /// The same, reached by a name.
    pub(crate) fn by_name() -> Stage {
        Stage::called("localhost")
    }

    fn called(name: &'static str) -> Stage {
        let (place, kept) = match std::env::var("WAXSEAL_WIRE_ENGINE").as_deref() {
            Ok("postgres") => {
                let schema = schema();
                let migrated = |url: &str| {
                    let issuer = Issuer::parse("http://127.0.0.1").unwrap();
                    let world = World::new(HandClock::new(), OsEntropy);
                    drop(House::open(Place::Postgres(url.to_owned()), issuer, None, world).unwrap());
                };
                let database = testkit::database_like(&format!("wire {schema}"), migrated);
                let database = database.expect("PostgreSQL was asked for and is not here");
                (Place::Postgres(database.url()), Kept::Database(database))
            }
            _ => {
                let folder = testkit::folder();
                (Place::Folder(folder.path().to_owned()), Kept::Folder(folder))
            }
        };
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (clock, client) = (HandClock::new(), Client::new());
        let url = String::new();
        let mut stage = Stage {
            url,
            name,
            clock,
            limit: Some(api::Limit::default()),
            private: Private::Refused,
            public: None,
            peer: Peer::Direct,
            front: None,
            gate: None,
            client,
            running: None,
            nodes: Vec::new(),
            records_before: 0,
            place,
            runtime,
            _kept: kept,
        };
        stage.start("127.0.0.1:0");
        stage
    }

    fn start(&mut self, address: &str) {
        let listener = TcpListener::bind(address).unwrap();
        let behind = listener.local_addr().unwrap();
        self.url = match &self.front {
            None => format!("http://{}:{}", self.name, behind.port()),
            Some(front) => {
                front.leads_to(behind);
                front.url()
            }
        };
        let mut house = self.open();
        let gate = self.gate.as_mut().map(Gate::open).map(|(listener, tls, mutual)| {
            house.mutual = Some(mutual);
            (listener, tls)
        });
        self.records_before = self.wait(house.vault.permits_spent_and_records()).unwrap().1;
        self.running = Some(self.serve(house, listener, gate));
    }

    fn open(&self) -> House {
        let world = World::new(self.clock.clone(), OsEntropy);
        let issuer = Issuer::parse(self.public.unwrap_or(&self.url)).unwrap();
        let mut house = House::open(self.place.clone(), issuer, None, world).unwrap();
        house.limit = self.limit;
        house.outbound = Outbound::new(Policy { private: self.private });
        house
    }

    fn serve(&self, house: House, listener: TcpListener, gate: Option<(TcpListener, Tls)>) -> Running {
        listener.set_nonblocking(true).unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let ((router, for_apps), serves, peer) = (house.routers(), house.clone(), self.peer);
        let asking = gate.map(|gate| self.runtime.spawn(gate::serve(gate, for_apps)));
        let serving = self.runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let stopped = serves.closed_after(stopped);
            waxseal::listener::serve(listener, router, peer, stopped).await;
        });
        Running { house, stop, serving, asking }
    }

    /// Where it listens.
    fn address(&self) -> String {
        format!("127.0.0.1:{}", self.url.rsplit(':').next().unwrap())
    }

    fn stop(&mut self) {
        // Idle connections would keep the server waiting for their next request.
        self.client = Client::new();
        let all: Vec<Running> = self.running.take().into_iter().chain(self.nodes.drain(..)).collect();
        let mut houses = Vec::new();
        for Running { house, stop, serving, asking } in all {
            let _ = stop.send(());
            if let Some(asking) = asking {
                asking.abort();
            }
            self.wait(serving).unwrap();
            houses.push(house);
        }
        if !houses.is_empty() {
            let (spent, records) = self.spent_and_records(&houses);
            assert_eq!(spent, records - self.records_before, "permits spent = records written");
        }
    }

    /// Stops the server and starts it again, on the same data and address.
    pub(crate) fn restart(&mut self) {
        let address = match self.front {
            None => self.address(),
            Some(_) => "127.0.0.1:0".to_owned(),
        };
        self.stop();
        self.start(&address);
    }

    /// A second server, on a copy of this one's data as it is now; `None` where the data is not in a folder.
    pub(crate) fn copy(&mut self) -> Option<Stage> {
        let Place::Folder(from) = self.place.clone() else { return None };
        let address = self.address();
        self.stop();
        let folder = testkit::folder();
        for file in std::fs::read_dir(from).unwrap() {
            let path = file.unwrap().path();
            std::fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
        }
        self.start(&address);
        let mut copy = Stage::new();
        copy.stop();
        (copy.place, copy._kept) = (Place::Folder(folder.path().to_owned()), Kept::Folder(folder));
        copy.start("127.0.0.1:0");
        Some(copy)
    }

    /// The house behind the server.
    pub(crate) fn house(&self) -> &House {
        &self.running.as_ref().unwrap().house
    }

    /// Has something done beside the test.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        self.runtime.spawn(task)
    }

    /// Waits for what is async.
    pub(crate) fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// The vault behind the server.
    pub(crate) fn vault(&self) -> &Vault {
        &self.running.as_ref().unwrap().house.vault
    }

    /// How many streams of events are open.
    pub(crate) fn streams(&self) -> usize {
        self.running.as_ref().unwrap().house.feed.streams()
    }

    /// Waits until the server has seen that every stream of events was dropped.
    pub(crate) fn streams_gone(&self) {
        while self.streams() > 0 {
            std::thread::yield_now();
        }
    }

    /// Brings the log up to date.
    pub(crate) fn sequence(&self) {
        while self.wait(self.vault().sequence()).unwrap() > 0 {}
    }

    // ---- requests ------------------------------------------------------------------------------------------------

    /// Any request; `path` begins with `/`.
    #[track_caller]
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Answer {
        self.client.send(method, &format!("{}{path}", self.url), headers, body)
    }

    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], None)
    }

    /// Posts a form, as an app does to the token endpoint.
    #[track_caller]
    pub(crate) fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.send("POST", path, &headers, Some(form(fields).as_bytes()))
    }

    /// An app's client for `/v1`.
    pub(crate) fn api<'s>(&'s self, token: &str) -> Api<'s> {
        Api { stage: self, bearer: format!("Bearer {token}") }
    }

    /// A browser in which nobody is signed in.
    pub(crate) fn browser(&self) -> Browser {
        Browser::new(self.client.clone(), &self.url)
    }

    /// A browser in which she is signed in.
    pub(crate) fn browser_of(&self, person: &Person) -> Browser {
        let browser = self.browser();
        browser.set_cookie(vault::session_cookie(false), &person.cookie);
        browser
    }

    // ---- people --------------------------------------------------------------------------------------------------

    /// Signs a person up, with [`PASSWORD`]; her name is her handle.
    pub(crate) fn person(&self, handle: &str) -> Person {
        let parsed = Handle::parse(handle).unwrap();
        let signed_up = self.vault().sign_up(&parsed, handle, PASSWORD.to_owned(), "wire test");
        let cookie = self.wait(signed_up).unwrap().session;
        let id = self.wait(self.vault().own(&cookie)).unwrap().person();
        Person { handle: handle.to_owned(), id, cookie }
    }

    /// Her session, for calling the vault.
    pub(crate) fn own(&self, person: &Person) -> Own {
        self.wait(self.vault().own(&person.cookie)).unwrap()
    }

    pub(crate) fn friends(&self, one: &Person, other: &Person) {
        let handle = |person: &Person| Handle::parse(&person.handle).unwrap();
        self.wait(self.vault().person_befriend(&handle(one), &handle(other))).unwrap();
    }

    /// A conversation that the first of these friends opens.
    pub(crate) fn conversation(&self, people: &[&Person]) -> ConversationId {
        let [first, others @ ..] = people else { panic!("nobody") };
        let title = (others.len() > 1).then(|| "A group".to_owned());
        let others = others.iter().map(|person| person.id).collect();
        self.wait(self.vault().own_start(&self.own(first), others, title)).unwrap()
    }

    /// She writes a text; its seq comes back.
    pub(crate) fn say(&self, person: &Person, conversation: ConversationId, text: &str) -> i64 {
        let content = Content::Text { text: text.to_owned() };
        let key = format!("{text}{:?}", std::time::Instant::now());
        self.wait(self.vault().own_send(&self.own(person), conversation, content, &key)).unwrap()
    }

    // ---- apps ----------------------------------------------------------------------------------------------------

    /// Registers a public app.
    pub(crate) fn app(&self, ceiling: &str) -> App {
        self.app_named("Jukebox", ceiling, false)
    }

    pub(crate) fn app_with_secret(&self, ceiling: &str) -> App {
        self.app_named("Teller", ceiling, true)
    }

    pub(crate) fn app_named(&self, name: &str, ceiling: &str, secret: bool) -> App {
        let kind = if secret { NewKind::Secret } else { NewKind::Public };
        self.app_of(name, ceiling, kind, Demands::default())
    }

    /// Registers an app that proves itself like this.
    pub(crate) fn app_of(&self, name: &str, ceiling: &str, kind: NewKind, demands: Demands) -> App {
        let new = NewApp {
            name: name.to_owned(),
            partner: format!("{name} Ltd"),
            redirect_uris: vec![REDIRECT.to_owned()],
            ceiling: ceiling.to_owned(),
            kind,
            demands,
        };
        let (id, secret) = self.wait(self.vault().app_add(new)).unwrap();
        App { id, secret, signer: None }
    }

    /// Registers an app that proves itself with a key of its own.
    pub(crate) fn app_with_key(&self, ceiling: &str, signer: Signer, demands: Demands) -> App {
        let keys = json!({"keys": [signer.jwk_named("k1")]}).to_string();
        let app = self.app_of("Vault", ceiling, NewKind::Keys(keys), demands);
        App { signer: Some(Arc::new(signer)), ..app }
    }

    /// A token of the app's own.
    #[track_caller]
    pub(crate) fn own_token(&self, app: &App) -> String {
        let id = app.id.to_string();
        let secret = app.secret.as_deref().unwrap();
        let fields = [("grant_type", "client_credentials"), ("client_id", &id), ("client_secret", secret)];
        let answer = self.post_form("/token", &fields).expect(200).json();
        answer["access_token"].as_str().unwrap().to_owned()
    }

    /// Tells webhooks all that is due now; how many exchanges there were.
    pub(crate) fn tell_webhooks(&self) -> usize {
        self.wait(self.house().webhooks().round()).unwrap()
    }

    /// The path with which an app sends a person to us.
    pub(crate) fn authorize_path(&self, app: &App, scope: &str, details: Option<&Value>) -> String {
        let details =
            details.map(|details| format!("&authorization_details={}", encoded(&details.to_string())));
        format!(
            "/authorize?response_type=code&client_id={}&redirect_uri={}&scope={}&state=s-1&code_challenge={}\
             &code_challenge_method=S256{}",
            app.id,
            encoded(REDIRECT),
            encoded(scope),
            oauth::pkce::challenge_of(VERIFIER),
            details.unwrap_or_default()
        )
    }

    /// Redeems a code at the token endpoint.
    pub(crate) fn redeem(&self, app: &App, code: &str) -> Answer {
        let id = app.id.to_string();
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("code_verifier", VERIFIER),
            ("client_id", &id),
        ];
        fields.extend(app.secret.as_deref().map(|secret| ("client_secret", secret)));
        self.post_form("/token", &fields)
    }

    /// She lets the app in on all that it asks for, page by page; `details` is the one object of the array, without
    /// `type` and `purpose`.
    #[track_caller]
    pub(crate) fn grant(&self, person: &Person, app: &App, details: Value) -> Tokens {
        self.grant_with(person, app, details, |form| form)
    }

    /// The same, after she has changed something on the consent page.
    #[track_caller]
    pub(crate) fn grant_with(
        &self,
        person: &Person,
        app: &App,
        details: Value,
        choose: impl FnOnce(Form) -> Form,
    ) -> Tokens {
        let path = self.authorize_path(app, SCOPE, Some(&asked(details)));
        let (browser, page) = self.asked(person, &path);
        let left = match page.answer.status {
            // She let all of this before: what comes hangs on the grant that stands.
            303 => page.answer.location().to_owned(),
            _ => self.consent(&browser, choose(page.expect(200).form("/consent")), "allow"),
        };
        let code = query(&left, "code").unwrap_or_else(|| panic!("no code in {left}"));
        Tokens::read(self.redeem(app, &code).expect(200).json())
    }

    /// Opens an app's question in her browser; in another one, where she signs in on the way, if she must prove first that
    /// it is her. Her own session goes on untouched.
    #[track_caller]
    pub(crate) fn asked(&self, person: &Person, path: &str) -> (Browser, Page) {
        let browser = self.browser_of(person);
        let page = browser.open(path);
        if !page.at.starts_with("/sign-in") {
            return (browser, page);
        }
        let browser = self.browser();
        let form = browser.open(path).expect(200).form("/sign-in").fill("handle", &person.handle);
        let page = browser.press(&form.fill("password", PASSWORD), None);
        (browser, page)
    }

    /// Answers the consent form; where the browser is sent then comes back.
    #[track_caller]
    pub(crate) fn consent(&self, browser: &Browser, form: Form, decision: &str) -> String {
        let page = browser.press(&form, Some(("decision", decision)));
        page.answer.location().to_owned()
    }
}

/// Every step of the schema: a database that was filled for another one will not do.
fn schema() -> String {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../vault/src/schema");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut steps: Vec<_> =
        files.filter(|file| file.extension().is_some_and(|ending| ending == "sql")).collect();
    steps.sort();
    steps.iter().map(|step| std::fs::read_to_string(step).unwrap()).collect()
}

/// What `grant` asks for, as an `authorization_details` array.
pub(crate) fn asked(details: Value) -> Value {
    let mut object = json!({"type": "messages", "purpose": "Shows and answers chats in a test"});
    object.as_object_mut().unwrap().extend(details.as_object().unwrap().clone());
    json!([object])
}

impl Drop for Stage {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.stop();
        }
    }
}

impl Tokens {
    fn read(answer: Value) -> Tokens {
        Tokens {
            access: answer["access_token"].as_str().unwrap().to_owned(),
            refresh: answer["refresh_token"].as_str().map(str::to_owned),
            grant: answer["grant_id"].as_str().unwrap().parse().unwrap(),
            answer,
        }
    }
}

/// An app's client for `/v1`.
pub(crate) struct Api<'s> {
    stage: &'s Stage,
    bearer: String,
}

impl Api<'_> {
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.stage.send("GET", path, &[("authorization", &self.bearer)], None)
    }

    #[track_caller]
    pub(crate) fn delete(&self, path: &str) -> Answer {
        self.stage.send("DELETE", path, &[("authorization", &self.bearer)], None)
    }

    /// Posts JSON; `key` is the `Idempotency-Key`.
    #[track_caller]
    pub(crate) fn post(&self, path: &str, key: Option<&str>, body: &Value) -> Answer {
        let mut headers = vec![("authorization", self.bearer.as_str()), ("content-type", "application/json")];
        headers.extend(key.map(|key| ("idempotency-key", key)));
        self.stage.send("POST", path, &headers, Some(body.to_string().as_bytes()))
    }
}
