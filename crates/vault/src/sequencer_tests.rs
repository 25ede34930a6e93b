//! The sequencer under faults, and beside another one: the log never forks, never loses, never repeats.
//!
//! A process that dies at a step is another one, which this program starts of itself. What comes of dying anywhere is what
//! `waxseal/tests/kill` shows.

use crate::engine::What;
use crate::faults_tests::house::{
    House, START, Somebody, Tokens, newest, on_both_engines, open_ceiling, open_terms,
};
use crate::{Place, ReadMessages, Refusal, Setup, Vault};
use ledger::checkpoint::Checkpoint;
use ledger::proof::verify_consistency;
use model::{Clock, ConversationId, Entropy, Time, World};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::task::JoinSet;

struct Scene {
    ada: Somebody,
    conversation: ConversationId,
    tokens: Tokens,
}

async fn scene(house: &House) -> Scene {
    let [ada, bob] = house.friends(["ada", "bob"]).await;
    let conversation = house.group(&ada, &[&bob]).await;
    let app = house.app("Jukebox", &open_ceiling()).await;
    let tokens = house.let_in(&ada, app, &open_terms()).await;
    // So that what was before stands before in the log: it goes by time.
    house.clock.forward(1);
    Scene { ada, conversation, tokens }
}

/// A recorded read, and so an entry.
async fn read(vault: &Vault, scene: &Scene) {
    let ask = ReadMessages { conversation: scene.conversation, page: newest(1) };
    let permit = vault.caller(&scene.tokens.access).await.unwrap().permit(ask).unwrap();
    vault.read_messages(permit).await.unwrap();
}

/// Where another process is to sequence, and at which step of which kind it is to die.
const PLACE: &str = "WAXSEAL_TEST_PLACE";
const DIES: &str = "WAXSEAL_TEST_DIES";
/// What it says if it lived through the step.
const LIVED: &str = "it lived through the step";

/// Has another process take one step of the sequencer, and die where it is told to; false if it lived.
fn dies_elsewhere(house: &mut House, what: What, number: u32) -> bool {
    house.close();
    let place = match house.place() {
        Place::Folder(path) => path.display().to_string(),
        Place::Postgres(url) => url,
    };
    let what = if what == What::DieAfterCommit { "after" } else { "before" };
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "sequencer_tests::one_step_in_a_process_of_its_own", "--nocapture"])
        .envs([(PLACE, place), (DIES, format!("{what}:{number}"))])
        .output()
        .unwrap();
    house.reopen();
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let lived = output.status.success();
    assert!(lived == said[0].contains(LIVED) && !said[1].contains("panicked"), "{said:?}");
    !lived
}

/// The world of the other process: an hour later, and with bytes of its own.
struct Elsewhere;

impl Clock for Elsewhere {
    fn now(&self) -> Time {
        START.plus_seconds(3600)
    }
}

impl Entropy for Elsewhere {
    fn fill(&self, bytes: &mut [u8]) {
        static DRAWN: AtomicU64 = AtomicU64::new(0);
        for chunk in bytes.chunks_mut(8) {
            let state = (u64::from(std::process::id()) << 32) + DRAWN.fetch_add(1, Ordering::Relaxed);
            let mixed =
                state.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            chunk.copy_from_slice(&mixed.to_le_bytes()[..chunk.len()]);
        }
    }
}

/// The other process; nothing by itself.
#[test]
fn one_step_in_a_process_of_its_own() {
    let Ok(place) = std::env::var(PLACE) else { return };
    let dies = std::env::var(DIES).unwrap();
    let (what, number) = dies.split_once(':').unwrap();
    let what = if what == "after" { What::DieAfterCommit } else { What::DieBeforeStatement };
    let place = if place.contains("://") { Place::Postgres(place) } else { Place::Folder(place.into()) };
    let setup = Setup { place, issuer: "https://waxseal.test".to_owned(), log: None };
    let vault = Vault::open(setup, World::new(Elsewhere, Elsewhere)).unwrap();
    vault.engine.faults().plan(what, number.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    assert!(runtime.block_on(vault.sequence()).unwrap() > 0);
    println!("{LIVED}");
}

async fn published(vault: &Vault) -> Checkpoint {
    Checkpoint::open(vault.checkpoint().await.unwrap().as_bytes(), &vault.log_verifiers()).unwrap()
}

/// The heads that were published, by their sizes: of one size there is one.
#[derive(Default)]
struct Heads(BTreeMap<u64, Checkpoint>);

impl Heads {
    fn saw(&mut self, head: Checkpoint) {
        let kept = self.0.entry(head.size).or_insert_with(|| head.clone());
        assert_eq!(*kept, head, "two heads of one size");
    }

    /// Each head is the beginning of the next; the log replays; and it holds what was recorded, each record once.
    async fn are_one_log_of(&self, house: &House, scene: &Scene, entries: u64) {
        let heads: Vec<_> = self.0.values().collect();
        for pair in heads.windows(2) {
            let (old, new) = (pair[0], pair[1]);
            let proof = house.vault().consistency_proof(old.size, new.size).await.unwrap();
            verify_consistency(old.size, old.root, new.size, new.root, &proof).unwrap();
        }
        let report = house.replayed(Vec::new(), None).await.unwrap();
        assert_eq!(report.checkpoint.size, entries);
        let accesses = house.vault().accesses_of_own(&scene.ada.own, scene.tokens.grant, None, 999);
        let mut places: Vec<_> = accesses.await.unwrap().iter().map(|access| access.leaf.unwrap()).collect();
        places.sort_unstable();
        // The app and the grant stand before the first access.
        assert_eq!(places, (2..entries as i64).collect::<Vec<_>>());
        let audit = house.vault().audit().await.unwrap();
        assert_eq!((audit.findings, audit.waiting, audit.accesses), (vec![], 0, entries - 2));
    }
}

on_both_engines! {
    /// Statement by statement, then at the commit; the first tile of each level fills up on the way.
    async fn a_fault_at_any_step_leaves_the_log_as_it_was(house: House) {
        let (scene, vault) = (scene(&house).await, house.vault());
        let (mut entries, mut heads) = (2, Heads::default());
        for _ in 0..225 {
            read(vault, &scene).await;
            entries += 1;
        }
        while vault.sequence().await.unwrap() > 0 {}
        for what in [What::Statement, What::Commit] {
            let mut hit = 0;
            for number in 1.. {
                for _ in 0..3 {
                    read(vault, &scene).await;
                    entries += 1;
                }
                let before = published(vault).await;
                vault.engine.faults().plan(what, number);
                let outcome = vault.sequence().await;
                vault.engine.faults().forget();
                let failed = outcome.is_err();
                if failed {
                    assert!(matches!(outcome, Err(Refusal::Fault(_))), "{outcome:?}");
                    assert_eq!(published(vault).await, before, "at {what:?} {number}");
                    hit += 1;
                }
                while vault.sequence().await.unwrap() > 0 {}
                heads.saw(before);
                heads.saw(published(vault).await);
                if !failed {
                    break;
                }
            }
            // The commit is one step; the statements are the look, the lock, the entries, the tiles and the head at least.
            assert!(hit >= if what == What::Commit { 1 } else { 6 }, "{what:?}: {hit}");
        }
        assert!(entries > 256, "{entries} fill no tile");
        heads.are_one_log_of(&house, &scene, entries).await;
    }

    /// The look, the lock, each entry, each tile, the head; then, once it is committed, before anybody knows.
    async fn a_death_at_any_step_leaves_the_log_as_it_was_or_whole(mut house: House) {
        let scene = scene(&house).await;
        let (mut entries, mut heads, mut deaths) = (2, Heads::default(), 0);
        while house.vault().sequence().await.unwrap() > 0 {}
        for number in 1.. {
            read(house.vault(), &scene).await;
            entries += 1;
            let before = published(house.vault()).await;
            let died = dies_elsewhere(&mut house, What::DieBeforeStatement, number);
            let after = published(house.vault()).await;
            assert_eq!(after.size, if died { before.size } else { entries }, "at step {number}");
            [before, after].into_iter().for_each(|head| heads.saw(head));
            if !died {
                break;
            }
            deaths += 1;
            while house.vault().sequence().await.unwrap() > 0 {}
            heads.saw(published(house.vault()).await);
        }
        assert!(deaths >= 6, "{deaths}");
        read(house.vault(), &scene).await;
        assert!(dies_elsewhere(&mut house, What::DieAfterCommit, 1));
        entries += 1;
        heads.saw(published(house.vault()).await);
        assert_eq!(published(house.vault()).await.size, entries);
        heads.are_one_log_of(&house, &scene, entries).await;
    }

    /// Each of two nodes records and sequences as fast as it can, and twice at once.
    async fn two_sequencers_at_once_make_one_log(mut house: House) {
        let scene = Arc::new(scene(&house).await);
        // A folder has one node; there all four tasks are of that one.
        let other = house.open().map_or_else(|_| Arc::clone(house.vault()), Arc::new);
        let mut tasks = JoinSet::new();
        for vault in [house.vault(), &other, house.vault(), &other] {
            let (vault, scene) = (Arc::clone(vault), Arc::clone(&scene));
            tasks.spawn(async move {
                let mut heads = Heads::default();
                for _ in 0..75 {
                    read(&vault, &scene).await;
                    vault.sequence().await.unwrap();
                    heads.saw(published(&vault).await);
                }
                heads
            });
        }
        let mut heads = Heads::default();
        for seen in tasks.join_all().await {
            seen.0.into_values().for_each(|head| heads.saw(head));
        }
        while house.vault().sequence().await.unwrap() > 0 {}
        heads.saw(published(&other).await);
        assert!(heads.0.len() > 20, "{} heads were seen", heads.0.len());
        heads.are_one_log_of(&house, &scene, 302).await;
    }
}
