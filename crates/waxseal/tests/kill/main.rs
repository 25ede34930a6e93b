//! Kills the server in the middle of a load, many times over on the same data, and looks what is left.
//!
//! Invariant: what was answered is there; what is there has its record; what has a record is there. The moments come
//! from a seed, which is printed; `WAXSEAL_SEED` sets it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "in tests a broken expectation is a failure, also outside the functions marked as tests"
)]

mod check;
mod dice;
mod load;
#[path = "../walk/mod.rs"]
mod walk;

use check::{Checked, Found};
use dice::Dice;
use load::{Desk, Known, Moment, ask_again, until_killed};
use model::{Content, ConversationId, GrantId, Handle, Time};
use std::sync::atomic::AtomicI64;
use std::time::{Duration, Instant};
use testkit::cluster::{Cluster, Disk, INSTALL};
use vault::{ImportMessage, ImportThread};
use walk::{App, Browser, Client, House, Server};

/// How often each engine's server is killed.
const KILLS: u64 = 50;
/// Every so many kills PostgreSQL is killed first.
const CLUSTER_EVERY: u64 = 16;
/// Messages that there are to delete.
const DELETABLE: usize = 800;

#[test]
fn a_killed_server_on_sqlite_has_lost_nothing() {
    killed_again_and_again(&House::in_folder(), None);
}

#[test]
fn a_killed_server_on_postgres_has_lost_nothing() {
    let folder = testkit::folder();
    let cluster = match Cluster::start(&folder.join("cluster"), Disk::Synced) {
        Err(sentence) if sentence == INSTALL && std::env::var("CI").as_deref() != Ok("true") => {
            return println!("left out: {sentence}");
        }
        started => Stopping(started.unwrap()),
    };
    killed_again_and_again(&House::in_postgres(cluster.0.url("postgres")), Some(&cluster.0));
}

/// A cluster that is gone when the test is.
struct Stopping(Cluster);

impl Drop for Stopping {
    fn drop(&mut self) {
        let _ = self.0.kill();
    }
}

fn killed_again_and_again(house: &House, cluster: Option<&Cluster>) {
    let seed = std::env::var("WAXSEAL_SEED").map_or(0x5ea1, |seed| seed.parse().unwrap());
    println!("WAXSEAL_SEED={seed}");
    let began = Instant::now();
    let mut dice = Dice::new(seed);
    let (conversation, app, browser) = set_up(house);
    let grant: GrantId = app.grant.parse().unwrap();
    let cookie = browser.cookie(vault::session_cookie(false)).unwrap();
    let (mut known, deletable) = (Known::default(), AtomicI64::new(1));
    let (mut answers, mut unanswered, mut found) = (0, 0, Found::default());
    let csrf = csrf(house, &cookie, conversation);
    for round in 0..=KILLS {
        let server = house.serve();
        let desk = Desk {
            conversation: conversation.to_string(),
            bearer: app.bearer(&server.url),
            cookie: format!("{}={cookie}", vault::session_cookie(false)),
            csrf: csrf.clone(),
        };
        unanswered += known.unanswered.len();
        ask_again(&server.url, &desk, &mut known);
        let with_cluster = cluster.filter(|_| round % CLUSTER_EVERY == CLUSTER_EVERY - 1);
        if round < KILLS {
            let moment = Moment { answers: 1 + dice.below(60), turns: dice.below(1 << 16) };
            answers += moment.answers;
            let kill = |server: Server| {
                with_cluster.into_iter().for_each(|cluster| cluster.kill().unwrap());
                drop(server);
            };
            until_killed(server, kill, &desk, (round, dice.below(u64::MAX), moment), &deletable, &mut known);
        } else {
            drop(server);
        }
        with_cluster.into_iter().for_each(|cluster| cluster.serve(Disk::Synced).unwrap());
        cluster.into_iter().for_each(alone);
        found = Checked::open(house.vault(), &cookie).holds(conversation, grant, &mut known);
    }
    println!(
        "killed {KILLS} times, {:.2} s each: {answers} answers, {unanswered} requests to send without one, of which {} \
         sends had been done; {} messages and {} records are left",
        began.elapsed().as_secs_f64() / KILLS as f64,
        known.replayed,
        found.messages,
        found.records
    );
    assert!(unanswered > 0, "no kill hit a request that was under way: this tests nothing");
}

/// Waits until what a killed server had begun is over in the database.
fn alone(cluster: &Cluster) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while cluster.clients().unwrap() > 0 {
        assert!(Instant::now() < deadline, "a killed server is still connected");
    }
}

/// Ada and Bea talked, and Ada let an app do everything.
fn set_up(house: &House) -> (ConversationId, App, Browser) {
    house.person("ada");
    house.person("bea");
    let jukebox = house.app();
    let conversation = talk(house);
    let server = house.serve();
    let browser = Browser::new(Client::new(), &server.url);
    let app = App::let_in(&server.url, &jukebox, "ada", &browser);
    (conversation, app, browser)
}

fn talk(house: &House) -> ConversationId {
    let vault = house.vault();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let [ada, bea] = ["ada", "bea"].map(|handle| Handle::parse(handle).unwrap());
        let ada = vault.person_by_handle(&ada).await.unwrap();
        let bea = vault.person_by_handle(&bea).await.unwrap();
        let message = |n: usize| {
            let mut key = [0; 32];
            key[..8].copy_from_slice(&n.to_be_bytes());
            let content = Content::Text { text: format!("before {n}") };
            let sent_at = Time::from_micros(1_767_225_600_000_000);
            ImportMessage { key, author: if n.is_multiple_of(2) { ada } else { bea }, sent_at, content }
        };
        let messages = (0..DELETABLE).map(message).collect();
        let thread = ImportThread { key: "talk".to_owned(), title: None, people: vec![bea], messages };
        vault.import_threads(ada, vec![thread]).await.unwrap()[0].conversation
    })
}

/// The token that her forms carry.
fn csrf(house: &House, cookie: &str, conversation: ConversationId) -> String {
    let server = house.serve();
    let browser = Browser::new(Client::new(), &server.url);
    browser.set_cookie(vault::session_cookie(false), cookie);
    let page = browser.open(&format!("/conversations/{conversation}")).expect(200);
    page.form(&format!("/conversations/{conversation}/send")).values("csrf")[0].to_owned()
}
