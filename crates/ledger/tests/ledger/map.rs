//! The counting map against its definition: a recursion over all 256 bits, written here from docs/ledger.md alone.

use std::collections::BTreeMap;
use std::convert::Infallible;

use ledger::commitment::{Commitment, Salt};
use ledger::hash::Hash;
use ledger::map::{Counts, EMPTY, Label, Leaf, MapProof, MapProofWrong, MapRecord, Standing, root_of};
use ledger::map_tiles::{Changes, LEAVES_MAX, MapFault, MapTiles, change, prove, root};
use ledger::record::Action;
use proptest::prelude::*;
use sha2::{Digest, Sha256};

/// Tiles in memory, changed as the server changes its own.
#[derive(Clone, Default)]
pub(crate) struct MemoryMap {
    tiles: BTreeMap<Vec<u8>, Vec<u8>>,
    pub(crate) labels: u64,
}

impl MapTiles for MemoryMap {
    type Error = Infallible;

    fn map_tile(&mut self, path: &[u8]) -> Result<Option<Vec<u8>>, Infallible> {
        Ok(self.tiles.get(path).cloned())
    }
}

impl MemoryMap {
    pub(crate) fn change(&mut self, changes: &Changes) -> Hash {
        let changed = change(self, changes).expect("own tiles");
        for (path, tile) in changed.tiles {
            match tile {
                Some(tile) => self.tiles.insert(path, tile),
                None => self.tiles.remove(&path),
            };
        }
        self.labels = self.labels + changed.added - changed.removed;
        changed.root
    }
}

fn sha(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finalize().into()
}

/// The definition: a set of leaves, and the bit that parts it.
fn oracle(leaves: &[([u8; 32], [u8; 32])], depth: usize) -> [u8; 32] {
    match leaves {
        [] => [0; 32],
        [(label, value)] => sha(&[&[2], label, value]),
        _ => {
            let half = |bit: u8| -> Vec<_> {
                let mine = leaves.iter().filter(|(label, _)| label[depth / 8] >> (7 - depth % 8) & 1 == bit);
                mine.copied().collect()
            };
            sha(&[&[3], &oracle(&half(0), depth + 1), &oracle(&half(1), depth + 1)])
        }
    }
}

fn salt(byte: u8) -> Salt {
    Salt([byte; 32])
}

/// Labels that are close together as often as not: a random one with its beginning taken from a few.
fn label() -> impl Strategy<Value = [u8; 32]> {
    let beginnings = prop::sample::select(vec![[0x00; 32], [0xff; 32], [0x5a; 32]]);
    (any::<[u8; 32]>(), beginnings, 0..=256usize).prop_map(|(random, beginning, bits)| {
        std::array::from_fn(|byte| {
            let kept = bits.saturating_sub(8 * byte).min(8);
            let mask = if kept == 0 { 0 } else { 0xff_u8 << (8 - kept) };
            beginning[byte] & mask | random[byte] & !mask
        })
    })
}

fn batch() -> impl Strategy<Value = BTreeMap<[u8; 32], Option<[u8; 32]>>> {
    let value = prop_oneof![4 => any::<[u8; 32]>().prop_map(Some), 1 => Just(None)];
    prop::collection::btree_map(label(), value, 0..48)
}

fn changes(batch: &BTreeMap<[u8; 32], Option<[u8; 32]>>) -> Changes {
    batch.iter().map(|(label, value)| (Label(*label), value.map(Hash))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Batch after batch, the stored tree has the root of the definition, and proves each label in it and out of it.
    #[test]
    fn the_stored_tree_is_the_defined_one(batches in prop::collection::vec(batch(), 1..5), out in label()) {
        let (mut map, mut leaves) = (MemoryMap::default(), BTreeMap::new());
        for batch in &batches {
            let computed = map.change(&changes(batch));
            for (label, value) in batch {
                match value {
                    Some(value) => leaves.insert(*label, *value),
                    None => leaves.remove(label),
                };
            }
            // What was taken out can be asked for again, and what is there can be taken out by a second batch.
            prop_assert_eq!(computed.0, oracle(&leaves.clone().into_iter().collect::<Vec<_>>(), 0));
            prop_assert_eq!(root(&mut map), Ok(computed));
            prop_assert_eq!(map.labels, leaves.len() as u64);
            let sorted: Vec<Leaf> =
                leaves.iter().map(|(label, value)| Leaf { label: Label(*label), value: Hash(*value) }).collect();
            prop_assert_eq!(root_of(&sorted), computed);
            for asked in leaves.keys().chain(batch.keys()).chain([&out]) {
                let proof = prove(&mut map, &Label(*asked)).expect("own tiles");
                let value = proof.value(&Label(*asked), &computed);
                prop_assert_eq!(value, Ok(leaves.get(asked).copied().map(Hash)));
            }
        }
    }

    /// Whatever is changed in a proof, it no longer leads to the root, or still says the same.
    #[test]
    fn a_changed_proof_proves_nothing_else(
        labels in prop::collection::btree_set(any::<[u8; 32]>(), 2..200),
        asked in any::<prop::sample::Index>(), place in any::<prop::sample::Index>(), bit in 0..8u8,
    ) {
        let mut map = MemoryMap::default();
        let all = labels.iter().map(|label| (Label(*label), Some(Hash(*label)))).collect();
        let root = map.change(&all);
        let asked = Label(*asked.get(&labels.iter().copied().collect::<Vec<_>>()));
        let proof = prove(&mut map, &asked).expect("own tiles");
        let mut other = proof.clone();
        let sibling = place.index(other.siblings.len());
        other.siblings[sibling].0[7] ^= 1 << bit;
        prop_assert_eq!(other.value(&asked, &root), Err(MapProofWrong::Root));
        let mut other = proof.clone();
        other.leaf.as_mut().expect("there").value.0[3] ^= 1 << bit;
        prop_assert_eq!(other.value(&asked, &root), Err(MapProofWrong::Root));
        for wrong in [
            MapProof { leaf: None, ..proof.clone() },
            MapProof { siblings: proof.siblings[1..].to_vec(), ..proof.clone() },
            MapProof { siblings: [proof.siblings.clone(), vec![EMPTY]].concat(), ..proof.clone() },
        ] {
            prop_assert!(wrong.value(&asked, &root).is_err());
        }
    }
}

#[test]
fn no_proof_shows_a_label_that_is_not_there() {
    let leaf = |first: u8| Leaf { label: Label([first; 32]), value: Hash([first; 32]) };
    let (one, other) = (leaf(0x10), leaf(0x1f));
    let root = root_of(&[one, other]);
    let mut map = MemoryMap::default();
    map.change(&[one, other].map(|leaf| (leaf.label, Some(leaf.value))).into());
    let proof = prove(&mut map, &one.label).expect("own tiles");
    // The leaf of another label cannot be passed off as standing on this one's way.
    assert_eq!(proof.value(&other.label, &root), Err(MapProofWrong::Way));
    assert_eq!(proof.value(&Label([0x90; 32]), &root), Err(MapProofWrong::Way));
    let long = MapProof { leaf: None, siblings: vec![EMPTY; 257] };
    assert_eq!(long.value(&one.label, &root), Err(MapProofWrong::Way));
    // An empty map holds nothing, and proves it.
    let empty = MapProof { leaf: None, siblings: Vec::new() };
    assert_eq!(empty.value(&one.label, &EMPTY), Ok(None));
    assert_eq!(empty.value(&one.label, &root), Err(MapProofWrong::Root));
    assert_eq!(root_of(&[]), EMPTY);
}

#[test]
fn tiles_are_split_and_damage_is_named() {
    let labels = |count: u8| (0..count).map(|n| (Label([n; 32]), Some(Hash([n; 32]))));
    let mut map = MemoryMap::default();
    map.change(&labels(LEAVES_MAX as u8).collect());
    assert_eq!(map.tiles.keys().collect::<Vec<_>>(), [&Vec::<u8>::new()]);
    map.change(&labels(LEAVES_MAX as u8 + 1).collect());
    assert!(map.tiles.len() > 1 && map.tiles.values().all(|tile| tile.len() <= 1 + 64 * LEAVES_MAX));
    let label = Label([2; 32]);
    assert!(prove(&mut map, &label).is_ok());
    for damage in
        [vec![], b"X".to_vec(), b"Lshort".to_vec(), b"S".to_vec(), [b"S".as_slice(), &[9; 33 * 16]].concat()]
    {
        map.tiles.insert(vec![0], damage);
        assert_eq!(prove(&mut map, &label), Err(MapFault::Damaged(vec![0])));
    }
    // All taken out again: nothing is left of them but the frame.
    let mut map = MemoryMap::default();
    map.change(&labels(200).collect());
    assert_eq!(map.change(&labels(200).map(|(label, _)| (label, None)).collect()), EMPTY);
    assert!(map.tiles.values().all(|tile| tile[1..].iter().all(|byte| *byte == 0)), "labels are left");
}

#[test]
fn counts_grow_and_the_chain_remembers_the_order() {
    let mut standing = Standing::default();
    assert_eq!((standing.counts.total(), standing.head), (0, EMPTY));
    let (a, b) = (Commitment([1; 32]), Commitment([2; 32]));
    standing.count(Action::Read, &a);
    standing.count(Action::Delete, &b);
    let head = sha(&[b"waxseal map chain v1", &[0; 32], &[2], &a.0]);
    assert_eq!(standing.head.0, sha(&[b"waxseal map chain v1", &head, &[4], &b.0]));
    assert_eq!(standing.counts, Counts { read: 1, delete: 1, ..Counts::default() });
    let mut swapped = Standing::default();
    swapped.count(Action::Delete, &b);
    swapped.count(Action::Read, &a);
    assert_eq!(swapped.counts, standing.counts);
    assert_ne!(swapped.head, standing.head);
    assert_ne!(swapped.value(&salt(1)), standing.value(&salt(1)));
    assert_ne!(standing.value(&salt(1)), standing.value(&salt(2)));
    let lower = Counts { delete: 0, read: 9, ..standing.counts };
    assert_eq!(lower.lowered_since(&standing.counts), Some(Action::Delete));
    assert_eq!(standing.counts.lowered_since(&standing.counts), None);
}

#[test]
fn map_records_have_one_spelling() {
    let record = MapRecord {
        app_labels: 2,
        apps: Hash([1; 32]),
        at: "2026-11-23T12:01:00.000000Z".to_owned(),
        n: 1,
        people: Hash([2; 32]),
        people_labels: 3,
        size: 3,
    };
    let text = record.render().expect("a good record");
    assert_eq!(MapRecord::parse(text.as_str()), Ok(record.clone()));
    let wrong = [
        MapRecord { n: 0, ..record.clone() },
        MapRecord { at: "today".to_owned(), ..record.clone() },
        MapRecord { size: 1 << 53, ..record.clone() },
        MapRecord { app_labels: 1 << 53, ..record.clone() },
        MapRecord { people_labels: 1 << 53, ..record },
    ];
    assert!(wrong.iter().all(|record| record.render().is_err()));
    for (from, to) in
        [("\"n\":1", "\"n\":01"), ("{\"app_labels\"", "{\"a\":1,\"app_labels\""), ("AQEB", "AQ==")]
    {
        let text = text.as_str().replace(from, to);
        assert!(MapRecord::parse(&text).is_err(), "{text}");
    }
}
