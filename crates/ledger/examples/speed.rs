//! How fast the ledger grows, proves, is replayed and signs on one core: `cargo run --release -p ledger --example speed`.
//!
//! Invariant: numbers only; nothing here decides whether a test passes.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::error::Error;
use std::io::{Write, stdout};
use std::time::Instant;

use ledger::bundle;
use ledger::checkpoint::Checkpoint;
use ledger::commitment::{Commitment, SaltKey, commit_access};
use ledger::edge::Edge;
use ledger::entry::Entry;
use ledger::hash::{Hash, leaf_hash};
use ledger::map::Label;
use ledger::map_tiles::{Changes, MapTiles, change, prove};
use ledger::note::LogKey;
use ledger::proof::{TreeHashes, verify_inclusion};
use ledger::receipt::ReceiptSigner;
use ledger::record::{AccessRecord, Action, Outcome};
use ledger::tile::{TilePath, TileReader};
use ledger::verify::{Kept, Source, replay};

const ENTRIES: u64 = 2_000_000;
const BATCH: usize = 1_000;
const PROOFS: u64 = 2_000;
const RECEIPTS: u64 = 20_000;
const LABELS: u64 = 1_000_000;
const CHANGED: u64 = 1_000;

struct Memory {
    files: HashMap<TilePath, Vec<u8>>,
    checkpoint: Vec<u8>,
}

impl TileReader for Memory {
    type Error = &'static str;

    fn tile(&mut self, path: TilePath) -> Result<Vec<u8>, &'static str> {
        self.files.get(&path).cloned().ok_or("no such tile")
    }
}

impl Source for Memory {
    fn checkpoint(&mut self) -> Result<Vec<u8>, &'static str> {
        Ok(self.checkpoint.clone())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let key = LogKey::new("waxseal.example/ledger", &[7; 32])?;
    let mut memory = Memory { files: HashMap::new(), checkpoint: Vec::new() };
    let mut edge = Edge::default();
    let entry = |n: u64| Entry::Access(Commitment(leaf_hash(&n.to_be_bytes()).0)).to_bytes();
    let entries: Vec<Vec<u8>> = (0..ENTRIES).map(entry).collect();

    let start = Instant::now();
    let mut partial = Vec::new();
    for batch in entries.chunks(BATCH) {
        let bundles = bundle::grow(edge.size(), &partial, batch.iter().map(Vec::as_slice))?;
        partial =
            bundles.last().filter(|file| !file.path.is_full()).map_or(Vec::new(), |file| file.bytes.clone());
        let leaves: Vec<_> = batch.iter().map(|entry| leaf_hash(entry)).collect();
        memory
            .files
            .extend(bundles.into_iter().chain(edge.grow(&leaves)).map(|file| (file.path, file.bytes)));
    }
    tell("append and integrate", ENTRIES, start)?;
    memory.checkpoint = Checkpoint::sign(edge.size(), edge.root(), &key)?.to_string().into_bytes();

    let start = Instant::now();
    replay(&mut memory, &[key.public().clone()], Kept::default(), &mut |_, _| ())?;
    tell("replay", ENTRIES, start)?;

    let index = |i: u64| i * (ENTRIES / PROOFS);
    let start = Instant::now();
    let mut proofs = Vec::new();
    for i in 0..PROOFS {
        proofs.push(TreeHashes::new(ENTRIES, &mut memory).prove_inclusion(index(i))?);
    }
    tell("make inclusion proofs", PROOFS, start)?;
    let root = edge.root();
    let start = Instant::now();
    for (i, proof) in (0..).zip(&proofs) {
        verify_inclusion(leaf_hash(&entries[index(i) as usize]), index(i), ENTRIES, root, proof)?;
    }
    tell("verify inclusion proofs", PROOFS, start)?;
    map()?;
    records(key)
}

fn records(key: LogKey) -> Result<(), Box<dyn Error>> {
    let signer = ReceiptSigner::new("https://waxseal.example", key);
    let (grant, person) = (SaltKey([1; 32]), SaltKey([2; 32]));
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
    let start = Instant::now();
    for n in 1..=RECEIPTS {
        record.n = n;
        commit_access(&record, &grant.access(n), &person.person(n).seal())?;
    }
    tell("salt, seal and commit", RECEIPTS, start)?;
    let (salt, seal) = (grant.access(1), person.person(1).seal());
    let start = Instant::now();
    for _ in 0..RECEIPTS {
        signer.sign(&record, &salt, &seal)?;
    }
    tell("sign receipts", RECEIPTS, start)
}

#[derive(Default)]
struct MemoryMap(BTreeMap<Vec<u8>, Vec<u8>>);

impl MapTiles for MemoryMap {
    type Error = Infallible;

    fn map_tile(&mut self, path: &[u8]) -> Result<Option<Vec<u8>>, Infallible> {
        Ok(self.0.get(path).cloned())
    }
}

impl MemoryMap {
    fn keep(&mut self, changes: &Changes) -> Result<(Hash, usize), Box<dyn Error>> {
        let changed = change(self, changes)?;
        let count = changed.tiles.len();
        self.0.extend(changed.tiles.into_iter().filter_map(|(path, tile)| Some((path, tile?))));
        Ok((changed.root, count))
    }
}

fn map() -> Result<(), Box<dyn Error>> {
    let label = |n: u64| Label(leaf_hash(&n.to_be_bytes()).0);
    let changes = |numbers: &mut dyn Iterator<Item = u64>, value: u8| -> Changes {
        numbers.map(|n| (label(n), Some(Hash([value; 32])))).collect()
    };
    let mut map = MemoryMap::default();
    let all = changes(&mut (0..LABELS), 1);
    let start = Instant::now();
    map.keep(&all)?;
    tell("map: count new labels", LABELS, start)?;
    let some = changes(&mut (0..CHANGED).map(|n| n * (LABELS / CHANGED)), 2);
    let start = Instant::now();
    let (root, tiles) = map.keep(&some)?;
    tell("map: count known labels", CHANGED, start)?;
    writeln!(stdout(), "    of {LABELS} labels, {CHANGED} changed {tiles} of {} tiles", map.0.len())?;
    let start = Instant::now();
    for n in 0..CHANGED {
        let label = label(LABELS / 2 + n);
        prove(&mut map, &label)?.value(&label, &root)?;
    }
    tell("map: prove and verify", CHANGED, start)
}

fn tell(what: &str, count: u64, start: Instant) -> Result<(), Box<dyn Error>> {
    let seconds = start.elapsed().as_secs_f64();
    let (rate, each) = (count as f64 / seconds, seconds / count as f64 * 1e6);
    writeln!(stdout(), "{what:>24}: {rate:>12.0} a second, {each:>8.3} us each")?;
    Ok(())
}
