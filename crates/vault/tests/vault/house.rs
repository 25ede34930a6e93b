//! A house to test in: an open vault with a clock that the test moves, and people and apps made through its own doors.
//!
//! Invariant: every test has a database of its own; time and randomness come from here, so a run can be repeated.

use ledger::bundle;
use ledger::found::Found;
use ledger::report::Report;
use ledger::tile::{Shelf, TilePath, TileReader};
use ledger::verify::{Kept, Source, replay};
use model::{
    Action, Actions, AppId, Ceiling, Clock, Content, ConversationId, EXPIRES_IN_S_MAX, Entropy, GrantId,
    Handle, Kinds, PersonId, Reach, ReachCap, Scopes, Since, Terms, Time, World,
};
use oauth::authorize::{Manage, Prompt, Request};
use oauth::consent::Agreed;
use oauth::token::{CodeProof, TokenRequest};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use tokio::runtime::Handle as Runtime;
use vault::{
    Act, Caller, LogIdentity, NewApp, Opened, Own, Page, Permit, Place, ReadMessages, Refusal, Setup,
    TokenRefusal, Vault, Visit,
};

/// 2026-11-23T12:00:00Z.
pub(crate) const START: Time = Time::from_micros(1_795_435_200_000_000);
pub(crate) const DAY_S: i64 = 24 * 3600;
const VERIFIER: &str = "a-verifier-that-has-at-least-43-characters-in-it";
const REDIRECT: &str = "https://jukebox.example/back";

/// A clock that stands still until it is moved.
#[derive(Clone)]
pub(crate) struct HandMoved(Arc<AtomicI64>);

impl HandMoved {
    pub(crate) fn set(&self, to: Time) {
        self.0.store(to.micros(), Ordering::SeqCst);
    }

    pub(crate) fn forward(&self, seconds: i64) {
        self.set(self.now().plus_seconds(seconds));
    }
}

impl Clock for HandMoved {
    fn now(&self) -> Time {
        Time::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// SplitMix64: looks random, and is the same in every run.
struct Seeded(AtomicU64);

impl Entropy for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let state = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(mixed ^ (mixed >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}

/// Where a house keeps its data, gone when the house goes.
enum Ground {
    Folder(testkit::Folder),
    Database(testkit::Database),
}

impl Ground {
    fn place(&self) -> Place {
        match self {
            Ground::Folder(folder) => Place::Folder(folder.join("data")),
            Ground::Database(database) => Place::Postgres(database.url()),
        }
    }
}

/// An open vault and what a test does with it.
pub(crate) struct House {
    // Closed before its ground goes.
    vault: Option<Arc<Vault>>,
    pub(crate) clock: HandMoved,
    entropy: u64,
    ground: Ground,
}

/// The log as anyone may fetch it, for the auditor.
struct Public(Arc<Vault>, Runtime);

impl TileReader for Public {
    type Error = Refusal;

    fn tile(&mut self, path: TilePath) -> Result<Vec<u8>, Refusal> {
        self.1.block_on(self.0.tile(path))
    }
}

impl Source for Public {
    fn checkpoint(&mut self) -> Result<Vec<u8>, Refusal> {
        self.1.block_on(self.0.checkpoint()).map(String::into_bytes)
    }
}

/// A person with her signed-in browser.
#[derive(Clone)]
pub(crate) struct Somebody {
    pub(crate) id: PersonId,
    pub(crate) handle: Handle,
    pub(crate) own: Own,
    pub(crate) cookie: String,
}

/// What an app holds after a person let it in.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    pub(crate) app: AppId,
    pub(crate) grant: GrantId,
    pub(crate) access: String,
    pub(crate) refresh: String,
}

impl House {
    pub(crate) fn on_sqlite() -> House {
        House::on(Ground::Folder(testkit::folder()))
    }

    /// `None` where PostgreSQL is not installed; the kit says so.
    pub(crate) fn on_postgres() -> Option<House> {
        testkit::database().map(|database| House::on(Ground::Database(database)))
    }

    fn on(ground: Ground) -> House {
        let clock = HandMoved(Arc::new(AtomicI64::new(START.micros())));
        let mut house = House { vault: None, clock, entropy: 0, ground };
        house.reopen();
        house
    }

    /// Opens the vault as a start of the server does, or says why not. An open one must be closed first.
    pub(crate) fn open(&mut self) -> Result<Vault, vault::OpenError> {
        self.open_as(None)
    }

    /// The same, asking for this log.
    pub(crate) fn open_as(&mut self, log: Option<LogIdentity>) -> Result<Vault, vault::OpenError> {
        self.open_at(self.place(), log)
    }

    /// Where its data is.
    pub(crate) fn place(&self) -> Place {
        self.ground.place()
    }

    /// The same with the data of another place.
    pub(crate) fn open_at(
        &mut self,
        place: Place,
        log: Option<LogIdentity>,
    ) -> Result<Vault, vault::OpenError> {
        self.entropy += 1;
        let world = World::new(self.clock.clone(), Seeded(AtomicU64::new(self.entropy << 32)));
        let setup = Setup { place, issuer: "https://waxseal.test".to_owned(), log };
        // Opening blocks, so it is not done on a thread that carries tasks.
        std::thread::scope(|scope| scope.spawn(|| Vault::open(setup, world)).join().unwrap())
    }

    pub(crate) fn close(&mut self) {
        self.vault = None;
    }

    pub(crate) fn reopen(&mut self) {
        self.close();
        let vault = self.open().unwrap();
        self.vault = Some(Arc::new(vault));
    }

    pub(crate) fn vault(&self) -> &Arc<Vault> {
        self.vault.as_ref().unwrap()
    }

    pub(crate) fn now(&self) -> Time {
        self.clock.now()
    }

    pub(crate) async fn person(&self, handle: &str) -> Somebody {
        let handle = Handle::parse(handle).unwrap();
        // From an address of her own: so many accounts from one would be slowed.
        static PEOPLE: AtomicU64 = AtomicU64::new(1);
        let [.., a, b, c] = PEOPLE.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        let from = std::net::IpAddr::from([10, a, b, c]).into();
        let visit = Visit { agent: "a test".to_owned(), from, browser: None };
        let signed_up =
            self.vault().sign_up(&handle, handle.as_str(), format!("{handle}-password"), visit).await;
        let cookie = signed_up.unwrap().session;
        let own = self.vault().own(&cookie).await.unwrap();
        Somebody { id: own.person(), handle, own, cookie }
    }

    /// These people, all of them friends of each other.
    pub(crate) async fn friends<const N: usize>(&self, handles: [&str; N]) -> [Somebody; N] {
        let mut people = Vec::new();
        for handle in handles {
            people.push(self.person(handle).await);
        }
        for (at, one) in people.iter().enumerate() {
            for other in &people[at + 1..] {
                self.vault().person_befriend(&one.handle, &other.handle).await.unwrap();
            }
        }
        people.try_into().ok().unwrap()
    }

    /// A new conversation, a group even of two, so that each call makes another one.
    pub(crate) async fn group(&self, starter: &Somebody, others: &[&Somebody]) -> ConversationId {
        let others = others.iter().map(|other| other.id).collect();
        self.vault().own_start(&starter.own, others, Some("a group".to_owned())).await.unwrap()
    }

    pub(crate) async fn say(&self, who: &Somebody, conversation: ConversationId, text: &str) -> i64 {
        let key = format!("{text} in {conversation} at {}", self.now());
        self.vault().own_send(&who.own, conversation, words(text), &key).await.unwrap()
    }

    pub(crate) async fn app(&self, name: &str, ceiling: &Ceiling) -> AppId {
        self.app_of(name, ceiling, vault::NewKind::Public).await
    }

    pub(crate) async fn app_of(&self, name: &str, ceiling: &Ceiling, kind: vault::NewKind) -> AppId {
        let new = NewApp {
            name: name.to_owned(),
            partner: "Partner".to_owned(),
            redirect_uris: vec![REDIRECT.to_owned()],
            ceiling: oauth::details::ceiling_json(ceiling),
            kind,
            demands: vault::Demands::default(),
        };
        self.vault().app_add(new).await.unwrap().0
    }

    /// The code that an app gets when a person lets it in on these terms.
    fn request(app: AppId, scopes: Scopes) -> Request {
        Request {
            client_id: app,
            redirect_uri: REDIRECT.to_owned(),
            state: None,
            scopes,
            asked: None,
            code_challenge: oauth::pkce::challenge_of(VERIFIER),
            nonce: None,
            prompt: Prompt::default(),
            max_age: None,
            login_hint: None,
            hinted: None,
            manage: Manage::None,
            dpop_jkt: None,
        }
    }

    /// What the app holds from her, when it asks again.
    pub(crate) async fn standing(&self, who: &Somebody, app: AppId) -> Vec<GrantId> {
        let facts = self.vault().consent_of(&who.own, House::request(app, Scopes::ALL)).await.unwrap();
        facts.standing.iter().map(|one| one.grant).collect()
    }

    pub(crate) async fn code(&self, who: &Somebody, app: AppId, scopes: Scopes, terms: &Terms) -> String {
        self.code_for(who, app, Agreed::anew(scopes, terms.clone(), "")).await
    }

    /// The same for any answer of hers.
    pub(crate) async fn code_for(&self, who: &Somebody, app: AppId, agreed: Agreed) -> String {
        let waiting =
            self.vault().authorization_add(&House::request(app, agreed.share.scopes)).await.unwrap();
        self.vault().consent_allow(&who.own, waiting, move |_| Ok(agreed.clone())).await.unwrap().1
    }

    pub(crate) async fn redeem(&self, app: AppId, code: &str) -> Result<Tokens, TokenRefusal> {
        redeem(self.vault(), app, code).await
    }

    /// Its data is in a folder, not in PostgreSQL.
    pub(crate) fn is_in_folder(&self) -> bool {
        matches!(self.ground, Ground::Folder(_))
    }

    pub(crate) async fn refresh(&self, tokens: &Tokens) -> Result<Tokens, TokenRefusal> {
        refresh(self.vault(), tokens).await
    }

    /// Lets an app in, all the way to its tokens.
    pub(crate) async fn let_in(&self, who: &Somebody, app: AppId, terms: &Terms) -> Tokens {
        let code = self.code(who, app, Scopes::ALL, terms).await;
        self.redeem(app, &code).await.unwrap()
    }

    pub(crate) async fn caller(&self, tokens: &Tokens) -> Caller {
        self.vault().caller(&tokens.access).await.unwrap()
    }

    /// Asks the gate, on a fresh look at the token.
    pub(crate) async fn permit<A: Act>(&self, tokens: &Tokens, ask: A) -> Result<Permit<A>, Refusal> {
        self.vault().caller(&tokens.access).await?.permit(ask)
    }

    /// Reads the newest messages, as many as a page may have.
    pub(crate) async fn read(
        &self,
        tokens: &Tokens,
        conversation: ConversationId,
    ) -> Result<Opened<vault::JsonPage>, Refusal> {
        let permit = self.permit(tokens, ReadMessages { conversation, page: newest(200) }).await?;
        self.vault().read_messages(permit).await
    }

    /// Replays the log as anyone may fetch it.
    pub(crate) async fn replayed(
        &self,
        receipts: Vec<String>,
        since: Option<String>,
    ) -> Result<Report, Found> {
        let mut public = Public(Arc::clone(self.vault()), Runtime::current());
        let keys = [self.vault().log_key().parse().unwrap()];
        let replayed = tokio::task::spawn_blocking(move || {
            let since = since.as_ref().map(String::as_bytes);
            replay(&mut public, &keys, Kept { since, receipts: &receipts, ..Kept::default() }, &mut |_, _| ())
        });
        replayed.await.unwrap()
    }

    /// Every entry of the log, once all that happened is in it, as anyone may fetch them.
    pub(crate) async fn logged(&self) -> Vec<Vec<u8>> {
        while self.vault().sequence().await.unwrap() > 0 {}
        let (mut entries, size) = (Vec::new(), self.vault().head().await.unwrap().size);
        for path in ledger::tile::tiles(size).filter(|path| path.shelf() == Shelf::Entries) {
            let bytes = self.vault().tile(path).await.unwrap();
            entries.extend(bundle::entries(&bytes).map(|entry| entry.unwrap().to_vec()));
        }
        entries
    }

    /// Runs SQL behind the vault's back, for what it has no door to (yet), and for looking at what is at rest.
    pub(crate) async fn sql(&self, sql: &str) {
        match &self.ground {
            Ground::Folder(folder) => {
                let database = rusqlite::Connection::open(folder.join("data/waxseal.db")).unwrap();
                database.execute_batch(sql).unwrap();
            }
            Ground::Database(database) => {
                let client = connect(&database.url()).await;
                client.batch_execute(sql).await.unwrap();
            }
        }
    }

    /// The numbers that a query finds at rest.
    pub(crate) async fn numbers(&self, sql: &str) -> Vec<i64> {
        match &self.ground {
            Ground::Folder(folder) => {
                let database = rusqlite::Connection::open(folder.join("data/waxseal.db")).unwrap();
                let mut query = database.prepare(sql).unwrap();
                query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
            }
            Ground::Database(database) => {
                let client = connect(&database.url()).await;
                client.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
            }
        }
    }

    /// How SQL spells these bytes.
    pub(crate) fn blob(&self, bytes: &[u8]) -> String {
        let hex = data_encoding::HEXLOWER.encode(bytes);
        match self.ground {
            Ground::Folder(_) => format!("x'{hex}'"),
            Ground::Database(_) => format!("'\\x{hex}'"),
        }
    }

    /// Is this text anywhere in the data at rest: in the files, or in any row?
    pub(crate) async fn holds(&self, text: &str) -> bool {
        self.holds_bytes(text.as_bytes()).await
    }

    /// Are these bytes?
    pub(crate) async fn holds_bytes(&self, wanted: &[u8]) -> bool {
        self.place_of(wanted).await.is_some()
    }

    /// In which file or table they are.
    pub(crate) async fn place_of(&self, wanted: &[u8]) -> Option<String> {
        match &self.ground {
            Ground::Folder(folder) => {
                let mut files =
                    std::fs::read_dir(folder.join("data")).unwrap().map(|file| file.unwrap().path());
                let found = files.find(|file| {
                    std::fs::read(file).unwrap().windows(wanted.len()).any(|window| window == wanted)
                });
                found.map(|file| file.display().to_string())
            }
            Ground::Database(database) => {
                let client = connect(&database.url()).await;
                let hex = data_encoding::HEXLOWER.encode(wanted);
                // PostgreSQL has no text with a zero in it, and shows bytes in hex.
                let text =
                    std::str::from_utf8(wanted).ok().filter(|text| !text.contains('\0')).unwrap_or(&hex);
                let names = "select tablename from pg_tables where schemaname = 'public'";
                for table in client.query(names, &[]).await.unwrap() {
                    let table: String = table.get(0);
                    let sql = format!(
                        "select count(*) from {table} t where position($1 in t::text) > 0 or position($2 in t::text) > 0"
                    );
                    let found: i64 = client.query_one(&sql, &[&text, &hex]).await.unwrap().get(0);
                    if found > 0 {
                        return Some(table);
                    }
                }
                None
            }
        }
    }
}

async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

pub(crate) fn redemption(code: &str) -> TokenRequest {
    let proof = CodeProof { redirect_uri: REDIRECT.to_owned(), code_verifier: VERIFIER.to_owned() };
    TokenRequest::Code { code: code.to_owned(), proof, details: None }
}

pub(crate) async fn refresh(vault: &Vault, old: &Tokens) -> Result<Tokens, TokenRefusal> {
    let request = TokenRequest::Refresh { refresh_token: old.refresh.clone(), scope: None, details: None };
    tokens(old.app, vault.token(old.app, request).await)
}

pub(crate) async fn redeem(vault: &Vault, app: AppId, code: &str) -> Result<Tokens, TokenRefusal> {
    tokens(app, vault.token(app, redemption(code)).await)
}

fn tokens(
    app: AppId,
    answer: Result<oauth::token::TokenAnswer, TokenRefusal>,
) -> Result<Tokens, TokenRefusal> {
    let answer = answer?;
    let refresh = answer.refresh_token.clone().unwrap();
    Ok(Tokens { app, grant: answer.grant_id, access: answer.access_token.clone(), refresh })
}

/// A ceiling that takes nothing away.
pub(crate) fn open_ceiling() -> Ceiling {
    Ceiling {
        actions: Actions::ALL,
        reach: ReachCap::All,
        since: Since::All,
        kinds: Kinds::ALL,
        expires_in_s: EXPIRES_IN_S_MAX,
        scopes: Scopes::ALL,
        retiring: model::Retiring::default(),
    }
}

/// Everything, for 90 days from the start.
pub(crate) fn open_terms() -> Terms {
    Terms {
        actions: Actions::ALL,
        reach: Reach::ALL,
        since: Since::All,
        kinds: Kinds::ALL,
        ends_at: START.plus_seconds(90 * DAY_S),
        uses: None,
    }
}

pub(crate) fn only(action: Action) -> Actions {
    Actions::NONE.with(action)
}

pub(crate) fn words(text: &str) -> Content {
    Content::Text { text: text.to_owned() }
}

pub(crate) fn newest(limit: i64) -> Page {
    Page { before: None, after: None, limit }
}

/// Runs each test on each engine; the engine stands in the test's name.
macro_rules! on_both_engines {
    ($($(#[$doc:meta])* async fn $name:ident($($house:ident)+: House) $body:block)*) => {$(
        $(#[$doc])*
        mod $name {
            use super::*;

            async fn body($($house)+: House) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                body(House::on_sqlite()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                if let Some(house) = House::on_postgres() {
                    body(house).await;
                }
            }
        }
    )*};
}
pub(crate) use on_both_engines;
