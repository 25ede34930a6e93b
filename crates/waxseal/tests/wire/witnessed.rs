//! A server and its witnesses, all on real sockets: cosignatures are gathered, and a log that goes back is halted.
//!
//! Nothing here waits for time to pass: the vault tells when it got further.
use crate::stage::{EVERYTHING, Stage};
use ledger::checkpoint::Checkpoint;
use ledger::cosignature::{CosignerKey, WitnessKey};
use ledger::note::{Note, VerifierKey};
use ledger::policy::{Policy, PolicyWitness};
use outbound::{Outbound, Private};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use testkit::Site;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use vault::LogNews;
use waxseal::listener::{self, Peer};
use waxseal::world::world;
use witness::{Folder, Witness};
use work::Witnesses;

/// What is promised to operators: cosignatures within a minute.
const COSIGNED_WITHIN: Duration = Duration::from_secs(60);

/// A witness on a socket of its own.
struct Watching {
    key: CosignerKey,
    url: String,
    _folder: testkit::Folder,
}

fn log_key(stage: &Stage) -> VerifierKey {
    stage.get("/ledger/key").expect(200).text().trim().parse().unwrap()
}

fn watching(stage: &Stage, n: u8) -> Watching {
    let folder = testkit::folder();
    let locked = Folder::lock(folder.path()).unwrap();
    let key = locked.key(Some(&format!("witness.example/{n}")), &world()).unwrap();
    let witness = Arc::new(Witness::open(locked, key, vec![log_key(stage)], world()).unwrap());
    let listener = stage.wait(TcpListener::bind("127.0.0.1:0")).unwrap();
    let (key, url) = (witness.key().clone(), format!("http://{}", listener.local_addr().unwrap()));
    stage.spawn(listener::serve(listener, witness::routes(witness), Peer::Direct, std::future::pending()));
    Watching { key, url, _folder: folder }
}

/// A witness at an address where nobody listens.
fn away() -> PolicyWitness {
    let key = WitnessKey::new("witness.example/away", &[9; 32]).unwrap();
    PolicyWitness { key: key.public().clone(), url: Some("http://127.0.0.1:1".to_owned()) }
}

fn asked(policy: &Policy) -> Option<Witnesses> {
    let outbound = Outbound::new(outbound::Policy { private: Private::Chosen });
    Some(Witnesses { policy: policy.clone(), outbound })
}

fn policy(watching: &[&Watching], more: Option<PolicyWitness>, needed: usize) -> Policy {
    let known = watching.iter().map(|one| PolicyWitness { key: one.key.clone(), url: Some(one.url.clone()) });
    Policy::k_of_n(known.chain(more).collect(), needed).unwrap()
}

/// Starts the workers; they stop when this is dropped.
fn start(stage: &Stage, witnesses: Option<Witnesses>) -> (JoinSet<()>, watch::Receiver<LogNews>) {
    let news = stage.vault().log_news();
    (stage.wait(async { work::start(&stage.house().vault, witnesses) }), news)
}

/// Stops them, and waits until none of them holds the vault: the data can be opened again after that.
fn stop(stage: &Stage, mut workers: JoinSet<()>, held_before: usize) {
    stage.wait(async {
        workers.shutdown().await;
        while Arc::strong_count(&stage.house().vault) > held_before {
            tokio::task::yield_now().await;
        }
    });
}

fn heard(stage: &Stage, news: &mut watch::Receiver<LogNews>, what: impl FnMut(&LogNews) -> bool) -> LogNews {
    let heard =
        stage.wait(async { timeout(COSIGNED_WITHIN, news.wait_for(what)).await.map(|news| *news.unwrap()) });
    heard.expect("within a minute")
}

fn app(stage: &Stage, name: &str) {
    stage.app_named(name, EVERYTHING, false);
}

/// `waxseal verify` against the server: its exit code, and all that it says.
fn verify(stage: &Stage, args: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_waxseal"));
    let output = command.args(["verify", "--url", &stage.url]).args(args).output().unwrap();
    (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

fn given(one: &Watching) -> String {
    format!("{}={}", one.key, one.url)
}

#[test]
fn witnesses_cosign_and_one_that_is_away_delays_nobody() {
    let stage = Stage::new();
    let (first, second) = (watching(&stage, 1), watching(&stage, 2));
    let policy = policy(&[&first, &second], Some(away()), 2);
    let (_workers, mut news) = start(&stage, asked(&policy));
    let keys = [log_key(&stage)];
    let mut before = 0;
    for name in ["Jukebox", "Marquee", "Teller"] {
        app(&stage, name);
        let size = heard(&stage, &mut news, |news| news.cosigned > before).cosigned;
        let cosigned = stage.get("/ledger/cosigned").expect(200);
        assert_eq!(cosigned.header("cache-control"), Some("public, max-age=1"));
        assert_eq!(Checkpoint::open(&cosigned.body, &keys).unwrap().size, size);
        let who = policy.cosigned(&Note::parse(&cosigned.body).unwrap()).unwrap();
        assert_eq!(who.0.len(), 2, "{who}");
        before = size;
    }
    // Nothing more happens, so the newest checkpoint is the cosigned one, and carries what was gathered for it.
    let newest = Note::parse(&stage.get("/ledger/checkpoint").expect(200).body).unwrap();
    assert_eq!(newest.signatures().len(), 3, "the log's own, and two");
    let proof = stage.get("/ledger/proof/0").expect(200).text();
    assert!(proof.contains("witness.example/1") && proof.contains("witness.example/2"), "{proof}");

    let (one, two) = (given(&first), given(&second));
    let (code, said) = verify(&stage, &["--witness", &one, "--witness", &two]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("Proved: 2 witnesses (witness.example/1, witness.example/2) cosigned"), "{said}");
    assert!(said.contains("Proved: what 2 witnesses tell of the log is this log."), "{said}");
    let absent = away().key.to_string();
    let three = ["--witness", &one, "--witness", &two, "--witness", &absent];
    let (code, said) = verify(&stage, &three);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("too few witnesses cosigned it: witness.example/1, witness.example/2"), "{said}");
    assert_eq!(verify(&stage, &[&three[..], &["--quorum", "2"]].concat()).0, Some(0));
    assert_eq!(verify(&stage, &[&three[..], &["--quorum", "4"]].concat()).0, Some(2));
    // The same as a policy, which brings the log's key too.
    let folder = testkit::folder();
    let file = folder.join("policy");
    let (log, one, two) = (&keys[0], &first.key, &second.key);
    let text = format!("log {log}\nwitness a {one}\nwitness b {two}\ngroup both all a b\nquorum both\n");
    std::fs::write(&file, &text).unwrap();
    let (code, said) = verify(&stage, &["--policy", file.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("Taken on trust"), "{said}");
}

/// A log that goes back to an old copy, or on from one, contradicts what its key signed. The witnesses remember.
#[test]
fn a_log_that_goes_back_or_forks_is_found_and_halted() {
    let mut stage = Stage::new();
    let witness = watching(&stage, 1);
    let policy = policy(&[&witness], None, 1);
    app(&stage, "Jukebox");
    let held = Arc::strong_count(&stage.house().vault);
    let (workers, mut news) = start(&stage, asked(&policy));
    heard(&stage, &mut news, |news| news.cosigned == 1);
    stop(&stage, workers, held);
    let Some(mut old) = stage.copy() else { return };
    let (_workers, mut news) = start(&stage, asked(&policy));
    app(&stage, "Marquee");
    heard(&stage, &mut news, |news| news.cosigned == 2);

    // The old copy comes up: it is asked about before it signs anything, and does not.
    let held = Arc::strong_count(&old.house().vault);
    let (workers, mut news) = start(&old, asked(&policy));
    heard(&old, &mut news, |news| news.halted);
    app(&old, "Teller");
    old.sequence();
    assert!(old.get("/ledger/checkpoint").text().contains("\n1\n"), "no second history");
    old.get("/readyz").expect(503);
    assert!(old.vault().log_halted().unwrap().contains("brought back from an old copy"));
    // Who asks the witness finds that the old copy shows too little.
    let (code, said) = verify(&old, &["--witness", &given(&witness)]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("has cosigned 2 entries of it, and it shows only 1"), "{said}");
    stop(&old, workers, held);

    // Without its witnesses it would have gone on: the same key, and another history.
    old.restart();
    for name in ["Bank", "Shop"] {
        app(&old, name);
    }
    old.sequence();
    assert_eq!(verify(&old, &[]).0, Some(0), "by itself it is faultless");
    let (code, said) = verify(&old, &["--witness", &given(&witness)]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("the log shows two stories"), "{said}");
    let (_workers, mut news) = start(&old, asked(&policy));
    heard(&old, &mut news, |news| news.halted);
    assert!(old.vault().log_halted().unwrap().contains("two servers use the same key"));
}

/// Of five entries, one at least: a machine under load may be late, a rhythm of more than a second would be late always.
#[test]
fn an_entry_is_in_a_checkpoint_within_a_second() {
    let stage = Stage::new();
    let (_workers, news) = start(&stage, None);
    let in_time = |n: u64| {
        app(&stage, &format!("App {n}"));
        let signed = async {
            timeout(Duration::from_secs(1), news.clone().wait_for(|news| news.size > n)).await.is_ok()
        };
        let in_time = stage.wait(signed);
        heard(&stage, &mut news.clone(), |news| news.size > n);
        in_time
    };
    assert!((0..5).any(in_time));
}

/// Whatever a witness answers that is no cosignature: the log goes on, and is not halted by what it says alone.
#[test]
fn a_witness_that_refuses_delays_nobody_and_halts_nothing() {
    let stage = Stage::new();
    let (first, second) = (watching(&stage, 1), watching(&stage, 2));
    let sites: Vec<Site> = (0..8).map(|_| Site::new("")).collect();
    for (site, status) in sites.iter().zip([400, 403, 404, 422, 429, 500]) {
        site.says(status, "no");
    }
    // One says that it has seen more than there is, and one talks nonsense.
    sites[6].says_with(409, &[("Content-Type", "text/x.tlog.size")], "999999999\n");
    sites[7].says(200, "\u{2014} witness.example/odd AAAA\n");
    let odd: Vec<PolicyWitness> = sites
        .iter()
        .enumerate()
        .map(|(n, site)| {
            let key =
                WitnessKey::new(&format!("odd.example/{n}"), &[u8::try_from(n).unwrap() + 20; 32]).unwrap();
            PolicyWitness { key: key.public().clone(), url: Some(site.url("")) }
        })
        .collect();
    let known =
        [&first, &second].map(|one| PolicyWitness { key: one.key.clone(), url: Some(one.url.clone()) });
    let policy = Policy::k_of_n(known.into_iter().chain(odd).collect(), 2).unwrap();
    let (_workers, mut news) = start(&stage, asked(&policy));
    let mut before = 0;
    for name in ["Jukebox", "Marquee", "Teller"] {
        app(&stage, name);
        before = heard(&stage, &mut news, |news| news.cosigned > before).cosigned;
    }
    for site in &sites {
        while site.asked() < 2 {
            std::thread::yield_now();
        }
    }
    app(&stage, "Courier");
    heard(&stage, &mut news, |news| news.cosigned > before);
    let cosigned = Note::parse(&stage.get("/ledger/cosigned").expect(200).body).unwrap();
    assert_eq!(policy.cosigned(&cosigned).unwrap().0.len(), 2);
    stage.get("/readyz").expect(200);
}
