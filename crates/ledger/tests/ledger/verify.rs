//! The auditor: an honest log passes, and each way of tampering is found and named.

use ledger::bundle;
use ledger::checkpoint::Checkpoint;
use ledger::entry::Entry;
use ledger::found::{Found, ReceiptName};
use ledger::hash::Hash;
use ledger::map::{EMPTY, MapRecord};
use ledger::note::{LogKey, VerifierKey};
use ledger::receipt::ReceiptRefused;
use ledger::record::AccessRecord;
use ledger::report::{Gap, Report};
use ledger::tile::{Shelf, TilePath, TileReader, tile_bytes, tile_hashes};
use ledger::verify::{Kept, Source, replay};
use proptest::prelude::*;

use crate::example::{ORIGIN, access, access_entry, app_record, hidden, key, receipt, signer};
use crate::log::MemoryLog;

/// Two full bundles and one of 88 entries: so there are full and partial tiles on two levels.
const SIZE: u64 = 600;

#[derive(Clone)]
struct Served {
    log: MemoryLog,
    checkpoint: Vec<u8>,
}

impl TileReader for Served {
    type Error = &'static str;

    fn tile(&mut self, path: TilePath) -> Result<Vec<u8>, &'static str> {
        self.log.tile(path)
    }
}

impl Source for Served {
    fn checkpoint(&mut self) -> Result<Vec<u8>, &'static str> {
        if self.checkpoint.is_empty() { Err("no such file") } else { Ok(self.checkpoint.clone()) }
    }
}

impl Served {
    /// An honest log of these entries.
    fn of(entries: &[Vec<u8>]) -> Self {
        let mut log = MemoryLog::default();
        log.append(entries);
        let checkpoint = signed(log.size, log.root());
        Self { log, checkpoint }
    }

    fn file(&mut self, path: &str) -> &mut Vec<u8> {
        self.log.files.get_mut(path).expect("such a file")
    }

    /// Rewrites one bundle, and nothing else.
    fn rewrite(&mut self, path: &str, change: impl FnOnce(&mut Vec<Vec<u8>>)) {
        let stored = self.file(path);
        let mut entries: Vec<Vec<u8>> =
            bundle::entries(stored).map(|entry| entry.expect("whole").to_vec()).collect();
        change(&mut entries);
        stored.clear();
        for entry in &entries {
            bundle::push(stored, entry).expect("short");
        }
    }

    fn audit(&mut self, kept: Kept<'_>) -> Result<Report, Found> {
        replay(self, &keys(), kept, &mut |_, _| ())
    }

    fn found(&mut self) -> Found {
        self.audit(Kept::default()).expect_err("it was tampered with")
    }
}

fn keys() -> [VerifierKey; 1] {
    [key().public().clone()]
}

fn signed(size: u64, root: Hash) -> Vec<u8> {
    Checkpoint::sign(size, root, &key()).expect("a good text").to_string().into_bytes()
}

fn accesses(count: u64) -> Vec<Vec<u8>> {
    (1..=count).map(access_entry).collect()
}

fn honest() -> Served {
    Served::of(&accesses(SIZE))
}

fn path(text: &str) -> TilePath {
    text.parse().expect("a path")
}

fn since(checkpoint: &[u8]) -> Kept<'_> {
    Kept { since: Some(checkpoint), receipts: &[], ..Kept::default() }
}

fn receipts(tokens: &[String]) -> Kept<'_> {
    Kept { since: None, receipts: tokens, ..Kept::default() }
}

fn name(n: u64) -> ReceiptName {
    ReceiptName { grant: access(n).grant, n }
}

#[test]
fn an_honest_log_passes_and_the_verdict_is_in_words() {
    let entries =
        [vec![Entry::App(app_record().render().expect("a good record")).to_bytes()], accesses(SIZE)];
    let mut log = Served::of(&entries.concat());
    let early = Served::of(&entries.concat()[..300]).checkpoint;
    let tokens = [receipt(2), receipt(3), format!("{}\n", receipt(3)), receipt(7)];
    let kept = Kept { since: Some(&early), receipts: &tokens, ..Kept::default() };
    let mut heard = Vec::new();
    let report = replay(&mut log, &keys(), kept, &mut |done, total| heard.push((done, total)));
    let report = report.expect("an honest log");
    assert_eq!(heard, [(256, 601), (512, 601), (601, 601)]);
    assert_eq!((report.checkpoint.size, report.kinds.access, report.kinds.app), (601, 600, 1));
    assert_eq!((report.since, report.receipts), (Some(300), 3));
    let gap = |from, to| Gap { grant: access(1).grant, from, to };
    assert_eq!(report.gaps, [gap(1, 1), gap(4, 6)]);
    let words = report.to_string();
    for sentence in [
        "Proved: waxseal.example/ledger holds exactly the 601 entries that its key signed",
        "Proved: the first 300 of them are those of the checkpoint that you kept.",
        "Proved: all 3 receipts are genuine, and each record stands in the log once.",
        "To look into: access 1 of grant gra_01kav3r6c0e5x8y2m4n7p9q1s3 took place",
        "To look into: accesses 4 to 6 of grant",
        "Not proved: that everyone is shown this same log",
    ] {
        assert!(words.contains(sentence), "{words}");
    }
}

#[test]
fn logs_of_awkward_sizes_pass() {
    for size in [0, 1, 2, 255, 256, 257, 512, 513] {
        let mut log = Served::of(&accesses(size));
        let report = log.audit(Kept::default()).expect("an honest log");
        assert_eq!(report.kinds.access, size);
        let words = report.to_string();
        assert!(words.contains("Not proved: that none was changed earlier"), "{words}");
        assert!(words.contains("no receipts were given"), "{words}");
        let same = log.checkpoint.clone();
        assert_eq!(log.audit(since(&same)).map(|report| report.since), Ok(Some(size)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whichever bit of whichever file is flipped, it is found.
    #[test]
    fn any_flipped_bit_is_found(file: prop::sample::Index, place: prop::sample::Index, bit in 0..8u8) {
        let mut log = honest();
        let file = file.get(&log.log.files.keys().cloned().collect::<Vec<_>>()).clone();
        let stored = log.file(&file);
        let place = place.index(stored.len());
        stored[place] ^= 1 << bit;
        let found = log.found();
        if let Shelf::Hashes(_) = path(&file).shelf() {
            prop_assert_eq!(found, Found::TileAltered { path: path(&file), position: place / 32 });
        }
    }

    /// An honest log passes with any earlier head of its own.
    #[test]
    fn any_earlier_head_is_extended(size in 0..SIZE) {
        let early = Served::of(&accesses(size)).checkpoint;
        prop_assert_eq!(honest().audit(since(&early)).map(|report| report.since), Ok(Some(size)));
    }
}

#[test]
fn an_altered_entry_is_named() {
    for (file, place, index) in [("tile/entries/001", 9, 265), ("tile/entries/002.p/88", 87, 599)] {
        let mut log = honest();
        log.rewrite(file, |entries| entries[place] = access_entry(9_999));
        let found = log.found();
        assert_eq!(found, Found::EntryAltered { index });
        assert!(found.to_string().starts_with(&format!("entry {index} was altered")));
    }
}

#[test]
fn swapped_entries_are_named() {
    for (file, first) in [("tile/entries/001", 256), ("tile/entries/002.p/88", 512)] {
        let mut log = honest();
        log.rewrite(file, |entries| entries.swap(3, 70));
        let found = log.found();
        assert_eq!(found, Found::EntriesSwapped { first: first + 3, second: first + 70 });
    }
}

#[test]
fn dropped_and_added_entries_are_named() {
    let last = path("tile/entries/002.p/88");
    let mut log = honest();
    log.rewrite("tile/entries/002.p/88", |entries| drop(entries.pop()));
    assert_eq!(log.found(), Found::EntryDropped { path: last, whole: 87 });
    assert!(
        log.found().to_string().starts_with("an entry was dropped: tile/entries/002.p/88 holds 87 entries")
    );

    let mut log = honest();
    log.rewrite("tile/entries/001", |entries| {
        entries.remove(100);
        entries.push(access_entry(SIZE));
    });
    assert_eq!(log.found(), Found::EntryTakenOut { index: 356 });

    let mut log = honest();
    log.rewrite("tile/entries/001", |entries| {
        entries.insert(100, access_entry(SIZE + 1));
        entries.pop();
    });
    assert_eq!(log.found(), Found::EntryPutIn { index: 356 });

    let mut log = honest();
    log.rewrite("tile/entries/002.p/88", |entries| entries.push(access_entry(SIZE + 1)));
    assert_eq!(log.found(), Found::EntryAdded { path: last });

    let mut log = honest();
    log.file("tile/entries/002.p/88").pop();
    assert_eq!(log.found(), Found::BundleCut { path: last, whole: 87 });

    // Dropped with all its traces but the signature: the tree of 599 under the checkpoint of 600.
    let mut log = honest();
    log.log = Served::of(&accesses(SIZE - 1)).log;
    let missing = Found::Unreadable { path: last, why: "no such file".to_owned() };
    assert_eq!(log.found(), missing);
}

#[test]
fn altered_tiles_are_named() {
    for (file, position) in [("tile/0/001", 17), ("tile/0/002.p/88", 87), ("tile/1/000.p/2", 1)] {
        let mut log = honest();
        let stored = log.file(file);
        let mut hashes = tile_hashes(path(file), stored).expect("whole");
        hashes[position] = Hash([0; 32]);
        *stored = tile_bytes(&hashes);
        assert_eq!(log.found(), Found::TileAltered { path: path(file), position });

        let mut log = honest();
        log.file(file).pop();
        let bytes = log.file(file).len();
        assert_eq!(log.found(), Found::TileLength { path: path(file), bytes });

        let mut log = honest();
        log.log.files.remove(file);
        assert!(log.found().to_string().contains("could not be read, and the log must serve it"));
    }
}

#[test]
fn another_tree_under_the_signed_head_is_named() {
    let mut other = accesses(SIZE);
    other[5] = access_entry(9_999);
    let mut log = Served::of(&other);
    log.checkpoint = honest().checkpoint;
    assert!(matches!(log.found(), Found::OtherRoot { size: SIZE, .. }));
}

#[test]
fn rewritten_history_is_named() {
    let early = Served::of(&accesses(300)).checkpoint;
    let mut other = accesses(SIZE);
    other[5] = access_entry(9_999);
    // The log signs the rewritten tree: by itself it is faultless.
    let mut log = Served::of(&other);
    assert!(log.audit(Kept::default()).is_ok());
    assert_eq!(log.audit(since(&early)), Err(Found::HistoryRewritten { size: 300 }));
    // A change after the earlier head is none of its business.
    let mut other = accesses(SIZE);
    other[300] = access_entry(9_999);
    assert!(Served::of(&other).audit(since(&early)).is_ok());
    // What a source alone did is not put on the log.
    let mut log = honest();
    log.rewrite("tile/entries/000", |entries| entries[5] = access_entry(9_999));
    assert_eq!(log.audit(since(&early)), Err(Found::EntryAltered { index: 5 }));
}

#[test]
fn an_old_checkpoint_and_two_heads_are_named() {
    let mut old = Served::of(&accesses(300));
    let now = honest().checkpoint;
    assert_eq!(old.audit(since(&now)), Err(Found::Shrunk { earlier: SIZE, now: 300 }));

    let mut other = accesses(SIZE);
    other[5] = access_entry(9_999);
    let found = Served::of(&other).audit(since(&now)).expect_err("two heads");
    assert!(matches!(found, Found::TwoHeads { size: SIZE, .. }));
    assert!(found.to_string().starts_with("the log signed two heads of one size"));
}

#[test]
fn checkpoints_that_are_not_genuine_are_named() {
    let stranger = LogKey::new(ORIGIN, &[9; 32]).expect("a good name");
    let mut log = honest();
    let good = log.checkpoint.clone();
    let forged = Checkpoint::sign(SIZE, Hash([7; 32]), &stranger).expect("a good text").to_string();
    log.checkpoint = forged.clone().into_bytes();
    assert!(log.found().to_string().contains("none of the keys that you trust signed it"));
    log.checkpoint =
        String::from_utf8(good.clone()).expect("text").replace("\n600\n", "\n601\n").into_bytes();
    assert!(log.found().to_string().contains("is false: the text was changed"));
    log.checkpoint = Vec::new();
    assert_eq!(log.found(), Found::NoCheckpoint("no such file".to_owned()));
    log.checkpoint = good;
    let found = log.audit(since(forged.as_bytes())).expect_err("forged");
    assert!(matches!(found, Found::EarlierCheckpoint(_)));
    // The keys of two logs given: a head of the other one is no earlier head of this one.
    let other = LogKey::new("other.example/log", &[8; 32]).expect("a good name");
    let keys = [key().public().clone(), other.public().clone()];
    let note = Checkpoint::sign(3, Hash([7; 32]), &other).expect("a good text").to_string();
    let found = replay(&mut log, &keys, since(note.as_bytes()), &mut |_, _| ()).expect_err("another log");
    assert!(matches!(found, Found::OtherLog { .. }));
}

#[test]
fn forged_and_missing_receipts_are_named() {
    let mut log = honest();
    let mut forged = receipt(5);
    forged.replace_range(200..201, if &forged[200..201] == "A" { "B" } else { "A" });
    let tokens = [receipt(4), forged];
    let found = log.audit(receipts(&tokens));
    assert_eq!(found, Err(Found::ReceiptForged { position: 2, why: ReceiptRefused::False }));

    let tokens = [receipt(SIZE), receipt(SIZE + 1)];
    let found = log.audit(receipts(&tokens)).expect_err("the second is not in the log");
    assert_eq!(found, Found::ReceiptMissing { name: name(SIZE + 1), size: SIZE });
    assert!(found.to_string().contains("it was left out"));

    // A genuine signature over the right record with another's salt leads to no entry.
    let token = signer().sign(&access(5), &hidden(6).0, &hidden(5).2).expect("a good record");
    assert!(matches!(log.audit(receipts(&[token])), Err(Found::ReceiptMissing { .. })));
}

#[test]
fn forks_and_repeats_are_named() {
    let other = AccessRecord { count: 1, ..access(5) };
    let token = signer().sign(&other, &hidden(5).0, &hidden(5).2).expect("a good record");
    let found = honest().audit(receipts(&[receipt(5), token])).expect_err("two stories");
    assert_eq!(found, Found::Fork(name(5)));

    let entries = [accesses(10), vec![access_entry(5)]].concat();
    let found = Served::of(&entries).audit(receipts(&[receipt(5)]));
    assert_eq!(found, Err(Found::EntryRepeated { name: name(5), first: 4, second: 10 }));
}

#[test]
fn a_strange_entry_is_put_on_the_log() {
    let entries = [accesses(10), vec![b"\x01\x03{\"a\": 1}".to_vec()]].concat();
    let found = Served::of(&entries).found();
    assert!(found.to_string().starts_with("the log committed to entry 10, which is malformed"));
}

/// A map with this number, as an entry.
fn map_entry(n: u64) -> Vec<u8> {
    let record = MapRecord {
        app_labels: 0,
        apps: EMPTY,
        at: "2026-11-23T12:01:00.000000Z".to_owned(),
        n,
        people: EMPTY,
        people_labels: 0,
        size: 0,
    };
    Entry::Map(record.render().expect("a good record")).to_bytes()
}

#[test]
fn a_map_that_was_left_out_or_repeated_is_named() {
    let log_of = |numbers: &[u64]| {
        let maps = numbers.iter().map(|n| map_entry(*n));
        Served::of(&accesses(3).into_iter().chain(maps).collect::<Vec<_>>())
    };
    // Two nodes may append in either order.
    for honest in [&[][..], &[1], &[1, 2, 3], &[1, 3, 2]] {
        let report =
            log_of(honest).audit(Kept::default()).unwrap_or_else(|found| panic!("{honest:?}: {found}"));
        assert_eq!(report.kinds.map, honest.len() as u64);
    }
    for (numbers, n, later) in [(&[2][..], 1, 2), (&[1, 3], 2, 3), (&[1, 2, 5, 4], 3, 4)] {
        assert_eq!(log_of(numbers).found(), Found::MapMissing { n, later });
    }
    for (numbers, n, index) in [(&[1, 1][..], 1, 4), (&[1, 3, 3, 2], 3, 5)] {
        assert_eq!(log_of(numbers).found(), Found::MapRepeated { n, index });
    }
}
