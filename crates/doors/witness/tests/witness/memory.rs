//! What a witness remembers: over a restart, without a disk, and under requests that race.

use crate::stage::{Log, NOW_S, Stage, log_key, open, world};
use ledger::submission::origin_hash;
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};
use std::thread;
use witness::{Folder, MemoryFault, Witness};

fn file_of(folder: &testkit::Folder) -> std::path::PathBuf {
    folder.join(&origin_hash(log_key(1).public().name()))
}

#[tokio::test]
async fn a_restart_forgets_nothing() {
    let folder = testkit::folder();
    let stage = Stage::on(folder.path());
    let mut log = Log::of(40);
    stage.ask(&log.submission(1, 0)).await.unwrap();
    let key = stage.key.clone();
    assert!(matches!(open(folder.path()), Err(MemoryFault::Locked(_))), "one at a time");
    drop(stage);
    let stage = Stage::on(folder.path());
    assert_eq!(stage.key, key);
    log.grow("entry", 2);
    assert_eq!(stage.ask(&log.submission(1, 0)).await, Err((409, "40\n".to_owned())));
    let path = format!("/{}/checkpoint", origin_hash(log_key(1).public().name()));
    assert!(stage.get(&path).await.2.contains("\n40\n"), "told to who watches, before it is asked again");
    assert_eq!(stage.ask(&log.submission(1, 40)).await, Ok(NOW_S));
    for name in ["witness.key", "witness.lock"] {
        let mode = std::fs::metadata(folder.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

/// What is not on the disk is not signed; and what was not signed did not happen.
#[tokio::test]
async fn without_a_disk_nothing_is_cosigned() {
    let folder = testkit::folder();
    let stage = Stage::on(folder.path());
    let mut log = Log::of(40);
    stage.ask(&log.submission(1, 0)).await.unwrap();
    log.grow("entry", 2);
    // In the way of the file that would be written.
    let way = file_of(&folder).with_extension("next");
    std::fs::create_dir(&way).unwrap();
    assert_eq!(stage.ask(&log.submission(1, 40)).await.unwrap_err().0, 503);
    std::fs::remove_dir(&way).unwrap();
    assert_eq!(stage.ask(&log.submission(1, 40)).await, Ok(NOW_S));
}

/// A witness that cannot read what it cosigned does not begin anew: it stops, and says which file it is about.
#[tokio::test]
async fn a_memory_that_cannot_be_read_stops_it() {
    let folder = testkit::folder();
    let stage = Stage::on(folder.path());
    stage.ask(&Log::of(40).submission(1, 0)).await.unwrap();
    drop(stage);
    let good = std::fs::read_to_string(file_of(&folder)).unwrap();
    for bad in [String::new(), good.replace("\n40\n", "\n4\n"), good[..good.len() - 9].to_owned()] {
        std::fs::write(file_of(&folder), bad).unwrap();
        let fault = open(folder.path()).unwrap_err();
        assert!(matches!(fault, MemoryFault::File { .. }), "{fault}");
        assert!(fault.to_string().contains("log1.example/ledger"), "{fault}");
    }
    std::fs::write(file_of(&folder), good).unwrap();
    open(folder.path()).unwrap();
}

#[test]
fn a_key_is_made_once_and_has_one_name() {
    let folder = testkit::folder();
    let locked = Folder::lock(folder.path()).unwrap();
    assert!(matches!(locked.key(None, &world()), Err(MemoryFault::NoKey)));
    assert!(matches!(locked.key(Some("a b"), &world()), Err(MemoryFault::Name(_))));
    let made = locked.key(Some("witness.example/w"), &world()).unwrap();
    assert_eq!(locked.key(None, &world()).unwrap().public(), made.public());
    let fault = locked.key(Some("witness.example/v"), &world()).unwrap_err();
    assert!(fault.to_string().contains("that of witness.example/w"), "{fault}");
}

/// Eight logs-in-one ask at once, each for what it has just learnt, with forks among them. Whatever was cosigned is one
/// chain: no size is left twice, and each head extends the one before.
#[test]
fn requests_that_race_make_one_chain() {
    let folder = testkit::folder();
    let witness = Arc::new(open(folder.path()).unwrap());
    let steps: Arc<Mutex<BTreeMap<u64, u64>>> = Arc::default();
    let ask = |steps: &Mutex<BTreeMap<u64, u64>>, witness: &Witness, n: u64| {
        let mut old = 0;
        for round in 0..30 {
            let mut log = Log::of(old + (n + round) % 5 + 1);
            match witness.cosign(log.submission(1, old).to_string().as_bytes()).unwrap() {
                Ok(_) => {
                    let before = steps.lock().unwrap().insert(old, log.size());
                    assert_eq!(before, None, "two heads were cosigned after {old}");
                    old = log.size();
                }
                Err(ledger::submission::Turned::Elsewhere { size }) => old = size,
                Err(turned) => panic!("{turned}"),
            }
        }
    };
    thread::scope(|scope| {
        for n in 0..8 {
            let (steps, witness) = (steps.clone(), witness.clone());
            scope.spawn(move || ask(&steps, &witness, n));
        }
    });
    let steps = steps.lock().unwrap();
    let mut at = 0;
    for (old, new) in steps.iter() {
        assert_eq!(*old, at, "what was cosigned is one chain");
        at = *new;
    }
    assert!(steps.len() > 20, "{} steps", steps.len());
    drop(witness);
    let again = open(folder.path()).unwrap();
    let note = again.cosigned(&origin_hash(log_key(1).public().name())).unwrap();
    assert!(note.contains(&format!("\n{at}\n")), "the last one is what is stored");
}
