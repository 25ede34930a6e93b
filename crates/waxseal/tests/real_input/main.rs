//! Real conversations, from the import to the last proof: the program, a person in her browser, an app over HTTP.
//!
//! Reads `shared/data` beside the checkout, or where `WAXSEAL_SHARED` says; where that is absent each test says so and
//! passes. Invariant: what came in comes out byte for byte, and every call that was answered has its record and receipt.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "in tests a broken expectation is a failure, also outside the functions marked as tests"
)]

mod app;
mod source;
#[path = "../walk/mod.rs"]
mod walk;

use app::{AtWork, Read};
use source::{FILES, MESSENGER};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};
use vault::Audit;
use walk::{App, Browser, Client, House, Server, run};

#[test]
fn everything_in_a_folder() {
    let Some(data) = source::data() else { return };
    the_whole_way(&House::in_folder(), &data, &FILES);
}

#[test]
fn a_part_in_postgres() {
    let Some(data) = source::data() else { return };
    let Some(database) = testkit::database() else { return };
    let few: Vec<_> =
        FILES.into_iter().filter(|(name, ..)| matches!(*name, "redial-iard" | "kdconv-music")).collect();
    the_whole_way(&House::in_postgres(database.url()), &data, &few);
}

fn the_whole_way(house: &House, data: &Path, files: &[(&str, u64, u64)]) {
    let mut clock = Laps::new();
    house.person("ada");
    let jukebox = house.app();
    clock.lap("set up");
    let (conversations, messages) = import(house, data, files, &mut clock);

    let server = house.serve();
    let browser = Browser::new(Client::new(), &server.url);
    let app = App::let_in(&server.url, &jukebox, "ada", &browser);
    clock.lap("sign-in, consent and token");
    let (at_work, client) = (AtWork::new(&server.url, &app), Client::new());
    let listed = at_work.conversations(&client);
    clock.lap(&format!("listing {} conversations", listed.len()));
    let read = at_work.read_all(&listed);
    let texts: usize = read.iter().map(|one| one.texts.len()).sum();
    clock.lap(&format!("reading {texts} messages"));
    assert_eq!((listed.len() as u64, texts as u64), (conversations, messages));
    same_words(data, files, &read);
    clock.lap("comparing every byte");

    let talk = sends_and_deletes(&at_work, &client, &read);
    is_narrowed(&at_work, &client, &browser, &talk);
    let count = at_work.receipts.lock().unwrap().len() as u64;
    let numbers = at_work.accesses(&client);
    assert_eq!(numbers, (1..=count).rev().collect::<Vec<_>>(), "records = answered calls");
    let form = browser.open(&format!("/apps/{}", app.grant)).expect(200);
    browser.press(&form.form(&format!("/apps/{}/revoke", app.grant)), None).expect(200);
    assert_eq!(at_work.ask(&client, "GET", "/v1/conversations").status, 401);
    assert_eq!(at_work.ask(&client, "GET", "/v1/access").status, 401);
    clock.lap("sending, deleting, narrowing, revoking");
    let receipts = at_work.receipts.into_inner().unwrap();
    is_proved(house, server, &receipts);
    clock.lap(&format!("proving {count} receipts"));
}

/// Imports each file, and all of it again; how many conversations and messages there are then.
fn import(house: &House, data: &Path, files: &[(&str, u64, u64)], clock: &mut Laps) -> (u64, u64) {
    let taken =
        |conversations, messages| format!("{messages} messages taken in {conversations} conversations\n");
    let jsonl = |name: &str| {
        let path = source::file(data, name);
        house.run(&["import", "jsonl", path.to_str().unwrap(), "--for", "ada"]).expect(0).out
    };
    let mut total = MESSENGER;
    for &(name, conversations, messages) in files {
        let out = jsonl(name);
        assert!(out.starts_with(&taken(conversations, messages)), "{name}: {out}");
        total = (total.0 + conversations, total.1 + messages);
    }
    let path = source::messenger(data);
    let messenger =
        || house.run(&["import", "messenger", path.to_str().unwrap(), "--for", "ada"]).expect(0).out;
    let out = messenger();
    assert!(out.starts_with(&taken(MESSENGER.0, MESSENGER.1)), "{out}");
    clock.lap(&format!("importing {} messages in {} conversations", total.1, total.0));
    for &(name, _, messages) in files {
        let out = jsonl(name);
        assert!(out.starts_with(&format!("nothing new: all {messages} messages")), "{name}: {out}");
    }
    assert!(messenger().starts_with("nothing new: all 51 messages"));
    clock.lap("importing them again");
    total
}

/// What was read is what the files say, to the byte.
fn same_words(data: &Path, files: &[(&str, u64, u64)], read: &[Read]) {
    let wanted: Vec<[u8; 32]> = files.iter().flat_map(|(name, ..)| source::digests(data, name)).collect();
    let known: BTreeSet<[u8; 32]> = wanted.iter().copied().collect();
    let (jsonl, others): (Vec<_>, Vec<_>) = read.iter().partition(|one| known.contains(&one.digest()));
    let found = jsonl.iter().map(|one| one.digest()).collect();
    assert_eq!(source::over_all(found), source::over_all(wanted), "some text was changed, lost or moved");
    let messenger: Vec<&String> = others.iter().flat_map(|one| &one.texts).collect();
    assert_eq!((others.len() as u64, messenger.len() as u64), MESSENGER);
    let words = source::messenger_words(data);
    assert!(words.len() > 40, "there are words to look for");
    for words in words {
        assert!(messenger.iter().any(|text| text.starts_with(&words)), "{words:?} is not there");
    }
}

/// The app writes to the longest conversation, and deletes what it wrote and what others wrote. Its id comes back.
fn sends_and_deletes(at_work: &AtWork<'_>, client: &Client, read: &[Read]) -> String {
    let longest = read.iter().max_by_key(|one| one.texts.len()).unwrap();
    let (id, last) = (longest.id.clone(), longest.texts.len());
    for (number, text) in (1..).zip(["hello", "\u{202e}olleh", "👩🏽‍🚀"]) {
        let sent = at_work.send(client, &id, &format!("key-{number}"), text);
        assert_eq!((&sent["seq"], &sent["via"]["name"]), (&(last + number).into(), &"Jukebox".into()));
        assert_eq!((&sent["content"]["text"], &sent["from"]["handle"]), (&text.into(), &"ada".into()));
    }
    let message = |seq: usize| format!("/v1/conversations/{id}/messages/{seq}");
    for seq in [last, last + 1] {
        at_work.act(client, "DELETE", &message(seq), 204);
        let after = at_work.act(client, "GET", &message(seq), 200).json();
        assert_eq!(after["withheld"], "deleted", "{after}");
    }
    id
}

/// She takes back one thing after the other on the page of the app, and the app finds each gone at once.
fn is_narrowed(at_work: &AtWork<'_>, client: &Client, browser: &Browser, talk: &str) {
    let page = format!("/apps/{}", at_work.app.grant);
    let form = || browser.open(&page).expect(200).form(&format!("{page}/narrow"));
    let messages = format!("/v1/conversations/{talk}/messages");
    browser.press(&form().tick("action", "delete", false), None).expect(200);
    let refused = at_work.ask(client, "DELETE", &format!("{messages}/1")).expect(403);
    assert_eq!((refused.problem().as_str(), &refused.json()["action"]), ("action-missing", &"delete".into()));

    // Every other conversation is as if it did not exist.
    let other = at_work.conversations(client).into_iter().map(|one| one.0).find(|id| id != talk).unwrap();
    browser.press(&form().choose("reach", "chosen").tick("conversation", talk, true), None).expect(200);
    assert_eq!(at_work.ask(client, "GET", &format!("/v1/conversations/{other}/messages")).status, 404);
    let seen = at_work.conversations(client);
    assert_eq!(seen.iter().map(|one| one.0.as_str()).collect::<Vec<_>>(), [talk]);

    // Only what was said since the grant is left: the two texts that the app sent and did not delete.
    browser.press(&form().choose("since", "grant"), None).expect(200);
    let left = at_work.act(client, "GET", &format!("{messages}?limit=200"), 200).json();
    let items = left["items"].as_array().unwrap();
    let texts: Vec<_> = items.iter().filter_map(|one| one["content"]["text"].as_str()).collect();
    assert_eq!(texts, ["\u{202e}olleh", "👩🏽‍🚀"]);
    let why: BTreeSet<_> = items.iter().filter_map(|one| one["withheld"].as_str()).collect();
    assert_eq!(why, BTreeSet::from(["deleted", "window"]));

    browser.press(&form().tick("action", "read", false), None).expect(200);
    assert_eq!(at_work.ask(client, "GET", &messages).expect(403).json()["action"], "read");
}

/// The log holds exactly these accesses: seen from outside, from the data, and by every receipt.
fn is_proved(house: &House, server: Server, receipts: &[String]) {
    let count = receipts.len() as u64;
    let file = house.file("receipts");
    fs::write(&file, receipts.join("\n")).unwrap();
    let outside = || run(&["verify", "--url", &server.url, "--receipt", &file, "--json"]);
    // The newest entries are in the log within a second; until then a receipt is not.
    let deadline = Instant::now() + Duration::from_secs(10);
    let mut told = outside();
    while told.code != 0 && Instant::now() < deadline {
        told = outside();
    }
    assert_eq!(told.expect(0).json()["receipts"], count);
    assert_eq!(server.stop("-TERM"), 0);
    if let Some(data) = house.data() {
        let told = run(&["verify", "--dir", data, "--receipt", &file, "--json"]).expect(0).json();
        assert_eq!((&told["receipts"], &told["records"]["accesses"]), (&count.into(), &count.into()));
    }
    let (audit, records) = audit(house);
    assert_eq!((audit.findings, audit.waiting), (vec![], 0));
    assert_eq!((audit.accesses, records), (count, count));
}

/// Every stored record held to the log, and how many access records there are.
fn audit(house: &House) -> (Audit, u64) {
    let vault = house.vault();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        while vault.sequence().await.unwrap() > 0 {}
        (vault.audit().await.unwrap(), vault.permits_spent_and_records().await.unwrap().1)
    })
}

/// Prints how long each part took.
struct Laps(Instant);

impl Laps {
    fn new() -> Laps {
        Laps(Instant::now())
    }

    fn lap(&mut self, what: &str) {
        println!("{:>8.2} s  {what}", self.0.elapsed().as_secs_f64());
        self.0 = Instant::now();
    }
}
