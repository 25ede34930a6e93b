//! What the ledger does and takes: append, integrate, prove, verify, replay, and the room of an access.
//!
//! Invariant: everything runs on the real vault and its files, and the proofs over HTTP; nothing is kept in memory for it.

use crate::drive::{self, What};
use crate::report::{at, line, told};
use crate::serve;
use crate::{house, process};
use ledger::hash::{Hash, leaf_hash};
use ledger::map::Label;
use ledger::map_tiles::{Changes, MapTiles, change};
use ledger::note::VerifierKey;
use ledger::proof::verify_inclusion;
use ledger::proof_file::ProofFile;
use ledger::record::{AccessRecord, Action, Outcome};
use ledger::tile::{TilePath, TileReader};
use ledger::verify::{Kept, Source, replay};
use model::World;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use tokio::runtime::Runtime;
use vault::{Page, ReadMessages, Refusal, Setup, Vault};

/// Entries between two looks of the sequencer, at 10,000 a second.
const TICK: i64 = 2_500;
/// How many proofs are made, served and verified.
const PROOFS: u64 = 20_000;
/// How many records are committed to and signed.
const RECORDS: u64 = 20_000;
/// Labels of the counting map, how many at a time they come, and how many then change.
const LABELS: u64 = 1_000_000;
const LABELS_A_STEP: u64 = 10_000;
const CHANGED: u64 = 1_000;
/// How many accesses the room of one is taken from.
const ACCESSES: usize = 60_000;
/// How many of them are under way at once.
const AT_ONCE: usize = 32;

/// Microseconds of one core that the ledger costs for each access.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) commit: f64,
    pub(crate) receipt: f64,
    pub(crate) integrate: f64,
}

type Failed = Box<dyn std::error::Error>;

fn open(place: &Path) -> Result<Arc<Vault>, Failed> {
    let world = World::new(serve::SystemClock, serve::OsEntropy);
    let place = serve::place(&place.display().to_string());
    Ok(Arc::new(Vault::open(Setup { place, issuer: serve::ISSUER.to_owned(), log: None }, world)?))
}

/// Random enough to miss every cache, and the same in every run.
fn index(n: u64, size: u64) -> u64 {
    (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17) % size.max(1)
}

/// Measures the ledger with so many entries in it.
pub(crate) fn measure(folder: &Path, entries: u64) -> Result<Cost, String> {
    let measured = (|| -> Result<Cost, Failed> {
        let place = folder.join("ledger");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        line(&format!("\nthe ledger, with {entries} entries, on one core\n"));
        let vault = open(&place)?;
        process::pin("self", 1);
        let integrate = grow(&vault, &runtime, i64::try_from(entries)?)?;
        let (commit, receipt) = records(&vault)?;
        prove(&vault, &runtime, entries)?;
        read_again(&vault, &runtime, entries)?;
        drop(vault);
        served(&place, entries)?;
        std::fs::remove_dir_all(&place)?;
        map(&folder.join("map"), &runtime)?;
        room(&folder.join("room"))?;
        Ok(Cost { commit, receipt, integrate })
    })();
    measured.map_err(|why| why.to_string())
}

/// Appends and integrates, a tick's worth at a time; microseconds of the processor for each entry.
fn grow(vault: &Vault, runtime: &Runtime, entries: i64) -> Result<f64, Failed> {
    let (begin, cpu) = (Instant::now(), process::cpu_s(std::process::id()));
    let mut from = 0;
    while from < entries {
        let count = TICK.min(entries - from);
        runtime.block_on(async {
            vault.entries_add(from, count).await?;
            while vault.sequence().await? > 0 {}
            Ok::<_, Refusal>(())
        })?;
        from += count;
    }
    let (took, cpu) = (begin.elapsed().as_secs_f64(), process::cpu_s(std::process::id()) - cpu);
    let each = cpu * 1e6 / entries as f64;
    told("append and integrate, entries/s", &format!("{:.0}", entries as f64 / took), "≥10,000");
    told("  processor time an entry", &format!("{each:.2} µs"), "");
    told("  share of the core that 10,000/s takes", &format!("{:.1} %", each), "");
    Ok(each)
}

/// Microseconds for a commitment, and for a receipt.
fn records(vault: &Vault) -> Result<(f64, f64), Failed> {
    let mut record = AccessRecord {
        grant: "gra_01kav3r6c0e5x8y2m4n7p9q1s3".to_owned(),
        n: 1,
        app: "app_01kav3q0a0b1c2d3e4f5g6h7j8".to_owned(),
        action: Action::Read,
        conversation: Some("con_01kav3p0z9y8x7w6v5t4s3r2q1".to_owned()),
        first_seq: Some(1),
        last_seq: Some(50),
        count: 50,
        withheld: 0,
        at: "2026-11-23T12:00:00.000000Z".to_owned(),
        outcome: Outcome::Done,
    };
    let mut each = |receipt: bool| -> Result<f64, Failed> {
        let begin = Instant::now();
        for n in 1..=RECORDS {
            record.n = n;
            vault.record_work(&record, receipt)?;
        }
        Ok(begin.elapsed().as_secs_f64() * 1e6 / RECORDS as f64)
    };
    let (commit, both) = (each(false)?, each(true)?);
    told("salt, seal and commitment of an access", &format!("{commit:.2} µs"), "");
    told("its receipt, signed", &format!("{:.2} µs", both - commit), "");
    Ok((commit, both - commit))
}

/// Makes and verifies inclusion proofs, each from the stored tiles.
fn prove(vault: &Vault, runtime: &Runtime, entries: u64) -> Result<(), Failed> {
    let keys: [VerifierKey; 1] = [vault.log_key().parse()?];
    let (mut made, mut checked, mut hashed) = (Vec::new(), Vec::new(), Vec::new());
    let size = ledger::checkpoint::Checkpoint::open(runtime.block_on(vault.checkpoint())?.as_bytes(), &keys)?;
    for n in 0..PROOFS {
        let index = index(n, entries);
        let begin = Instant::now();
        let file = runtime.block_on(vault.inclusion(index))?.to_string();
        made.push(begin.elapsed().as_secs_f64() * 1e6);
        let mut hidden = [0x5a; 32];
        hidden[..8].copy_from_slice(&index.to_be_bytes());
        let leaf = leaf_hash(&[&[1, 2], hidden.as_slice()].concat());
        let begin = Instant::now();
        let file = ProofFile::parse(&file)?;
        file.verify(leaf, &keys)?;
        checked.push(begin.elapsed().as_secs_f64() * 1e6);
        let begin = Instant::now();
        verify_inclusion(leaf, index, size.size, size.root, &file.proof)?;
        hashed.push(begin.elapsed().as_secs_f64() * 1e6);
    }
    let shown = |values: &mut [f64]| format!("{:.1} / {:.1} µs", at(values, 0.5), at(values, 0.99));
    told("inclusion proof made, p50 / p99", &shown(&mut made), "");
    told("proof file verified with its signature, p50 / p99", &shown(&mut checked), "<100 µs");
    told("  its hashes alone", &shown(&mut hashed), "");
    Ok(())
}

/// The log as an auditor with the data has it.
struct Stored<'v>(&'v Vault, &'v Runtime);

impl TileReader for Stored<'_> {
    type Error = Refusal;
    fn tile(&mut self, path: TilePath) -> Result<Vec<u8>, Refusal> {
        self.1.block_on(self.0.tile(path))
    }
}

impl Source for Stored<'_> {
    fn checkpoint(&mut self) -> Result<Vec<u8>, Refusal> {
        self.1.block_on(self.0.checkpoint()).map(String::into_bytes)
    }
}

/// The same, read into memory beforehand.
struct InMemory(std::collections::HashMap<TilePath, Vec<u8>>, Vec<u8>);

impl TileReader for InMemory {
    type Error = String;
    fn tile(&mut self, path: TilePath) -> Result<Vec<u8>, String> {
        self.0.get(&path).cloned().ok_or_else(|| format!("{path} was not read"))
    }
}

impl Source for InMemory {
    fn checkpoint(&mut self) -> Result<Vec<u8>, String> {
        Ok(self.1.clone())
    }
}

/// Replays the log: from the database as it stands, and from memory, where only the verifier's own work is left.
fn read_again(vault: &Vault, runtime: &Runtime, entries: u64) -> Result<(), Failed> {
    let keys: [VerifierKey; 1] = [vault.log_key().parse()?];
    let mut stored = Stored(vault, runtime);
    let begin = Instant::now();
    let report = replay(&mut stored, &keys, Kept::default(), &mut |_, _| ())?;
    let from_data = entries as f64 / begin.elapsed().as_secs_f64();
    if report.checkpoint.size != entries {
        return Err(format!("{} entries were replayed", report.checkpoint.size).into());
    }
    // The tiles that the last full proof reads are of no use here: everything is read once.
    let mut memory = InMemory(std::collections::HashMap::new(), stored.checkpoint()?);
    for path in ledger::tile::tiles(entries) {
        memory.0.insert(path, stored.tile(path)?);
    }
    let begin = Instant::now();
    replay(&mut memory, &keys, Kept::default(), &mut |_, _| ())?;
    let from_memory = entries as f64 / begin.elapsed().as_secs_f64();
    told("verify replays from files in memory, entries/s", &format!("{from_memory:.0}"), "≥1,000,000");
    told("  from the database, reading it too", &format!("{from_data:.0}"), "");
    Ok(())
}

/// The tree of the counting map: many labels, then the new root for some of them, in memory and through the tables.
fn map(place: &Path, runtime: &Runtime) -> Result<(), Failed> {
    let label = |n: u64| Label(leaf_hash(&n.to_be_bytes()).0);
    let changes = |numbers: &mut dyn Iterator<Item = u64>, value: u8| -> Changes {
        numbers.map(|n| (label(n), Some(Hash([value; 32])))).collect()
    };
    let vault = open(place)?;
    let mut memory = MemoryMap::default();
    for from in (0..LABELS).step_by(LABELS_A_STEP as usize) {
        let some = changes(&mut (from..from + LABELS_A_STEP), 1);
        memory.keep(&some)?;
        runtime.block_on(vault.map_change(some))?;
    }
    let some = changes(&mut (0..CHANGED).map(|n| n * (LABELS / CHANGED)), 2);
    let begin = Instant::now();
    let root = memory.keep(&some)?;
    let pure = begin.elapsed().as_secs_f64() * 1000.0;
    let begin = Instant::now();
    if runtime.block_on(vault.map_change(some))? != root {
        return Err("the map in the tables is another than the one in memory".into());
    }
    let stored = begin.elapsed().as_secs_f64() * 1000.0;
    told(
        &format!("new map root, {CHANGED} of {LABELS} labels changed"),
        &format!("{stored:.0} ms"),
        "<1,000 ms",
    );
    told("  without the database", &format!("{pure:.0} ms"), "");
    drop(vault);
    Ok(std::fs::remove_dir_all(place)?)
}

/// The tiles of a map, in memory.
#[derive(Default)]
struct MemoryMap(BTreeMap<Vec<u8>, Vec<u8>>);

impl MapTiles for MemoryMap {
    type Error = std::convert::Infallible;

    fn map_tile(&mut self, path: &[u8]) -> Result<Option<Vec<u8>>, Self::Error> {
        Ok(self.0.get(path).cloned())
    }
}

impl MemoryMap {
    fn keep(&mut self, changes: &Changes) -> Result<Hash, Failed> {
        let changed = change(self, changes)?;
        self.0.extend(changed.tiles.into_iter().filter_map(|(path, tile)| Some((path, tile?))));
        Ok(changed.root)
    }
}

/// Proofs over HTTP, from a server that has just started: one asks after the other, then eight at once.
fn served(place: &Path, entries: u64) -> Result<(), Failed> {
    let server = process::Server::start(&place.display().to_string())?;
    let paths = (0..PROOFS).map(|n| format!("/ledger/proof/{}", index(n + PROOFS, entries)));
    let requests = drive::getting(What::Proof, paths.collect());
    for connections in [1, 8] {
        let run = drive::run(server.address, &requests, connections, 4.0)?;
        let is = format!("{:.3} / {:.3} ms", run.p50_ms, run.p99_ms);
        let floor = if connections == 1 { "<1 ms" } else { "" };
        told(&format!("proof served over HTTP, {connections} at a time, p50 / p99"), &is, floor);
        told("  a second", &format!("{:.0}", run.per_s), "");
    }
    Ok(())
}

/// What accesses take on the disk: every page of every table and index, and what the log keeps for them.
fn room(place: &Path) -> Result<(), Failed> {
    let residents = Arc::new(house::build(&place.display().to_string(), 400)?.residents);
    let vault = open(place)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(settled(&vault))?;
    let before = runtime.block_on(vault.room())?;
    runtime.block_on(async {
        let mut reading = tokio::task::JoinSet::new();
        for task in 0..AT_ONCE {
            let (vault, residents) = (vault.clone(), residents.clone());
            reading.spawn(async move {
                for n in 0..ACCESSES / AT_ONCE {
                    let one = &residents[(task + n * AT_ONCE) % residents.len()];
                    let page = Page { limit: 1, ..Page::default() };
                    let ask = ReadMessages { conversation: one.conversation, page };
                    let permit = vault.caller(&one.token).await?.permit(ask)?;
                    vault.read_messages(permit).await?;
                }
                Ok::<_, Refusal>(())
            });
        }
        while let Some(read) = reading.join_next().await {
            read.map_err(|why| Refusal::from(vault::Fault::Other(why.to_string())))??;
        }
        settled(&vault).await
    })?;
    let after = runtime.block_on(vault.room())?;
    let accesses = (ACCESSES / AT_ONCE * AT_ONCE) as f64;
    let mut grown: Vec<(f64, &str)> = after
        .iter()
        .map(|(name, bytes)| {
            let was = before.iter().find(|(known, _)| known == name).map_or(0, |(_, bytes)| *bytes);
            ((*bytes as f64 - was as f64) / accesses, name.as_str())
        })
        .filter(|(bytes, _)| bytes.abs() >= 0.05)
        .collect();
    grown.sort_by(|one, other| other.0.total_cmp(&one.0));
    let whole: f64 = grown.iter().map(|(bytes, _)| bytes).sum();
    told(&format!("disk an access, over {accesses:.0} recorded reads"), &format!("{whole:.0} bytes"), "≤250");
    for (bytes, name) in grown {
        told(&format!("  {name}"), &format!("{bytes:.1}"), "");
    }
    Ok(())
}

/// Everything that was recorded is in the log, and counted.
async fn settled(vault: &Vault) -> Result<(), Refusal> {
    while vault.sequence().await? > 0 {}
    while vault.map_step(false).await? {}
    while vault.sequence().await? > 0 {}
    Ok(())
}
