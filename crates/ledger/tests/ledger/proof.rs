//! Roots and proofs against ct-merkle and tlog_tiles, over random trees and the sizes around each tile's end.

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof, InclusionProof, RootHash};
use ledger::hash::{Hash, empty_root, leaf_hash, root_over};
use ledger::proof::{ProofRefused, ProofWrong, TreeHashes, verify_consistency, verify_inclusion};
use proptest::prelude::*;
use sha2::Sha256;

use crate::log::{MemoryLog, entries, log_of};

type Oracle = MemoryBackedTree<Sha256, Vec<u8>>;

fn oracle_of(size: u64) -> Oracle {
    let mut oracle = Oracle::new();
    for entry in entries(0, size) {
        oracle.push(entry);
    }
    oracle
}

fn root_hash(root: Hash, size: u64) -> RootHash<Sha256> {
    RootHash::new(root.0.into(), size)
}

fn flat(proof: &[Hash]) -> Vec<u8> {
    proof.iter().flat_map(|hash| hash.0).collect()
}

fn check_inclusion(log: &mut MemoryLog, oracle: &Oracle, index: u64) {
    let (size, root) = (log.size, log.root());
    let proof = TreeHashes::new(size, log).prove_inclusion(index).expect("in range");
    assert_eq!(flat(&proof), oracle.prove_inclusion(index as usize).as_bytes(), "{index} of {size}");
    let entry = format!("entry {index}").into_bytes();
    let theirs = InclusionProof::try_from_bytes(flat(&proof)).expect("whole hashes");
    root_hash(root, size).verify_inclusion(&entry, index, &theirs).expect("ct-merkle agrees");
    verify_inclusion(leaf_hash(&entry), index, size, root, &proof).expect("own proof");
    let tlog_proof: Vec<_> = proof.iter().map(|hash| tlog_tiles::Hash(hash.0)).collect();
    let (tlog_root, tlog_leaf) = (tlog_tiles::Hash(root.0), tlog_tiles::record_hash(&entry));
    tlog_tiles::check_record(&tlog_proof, size, tlog_root, index, tlog_leaf).expect("tlog_tiles agrees");

    let wrong_leaf = verify_inclusion(leaf_hash(b"another"), index, size, root, &proof);
    assert_eq!(wrong_leaf, Err(ProofWrong::Root));
    for spoilt in 0..proof.len() {
        let mut proof = proof.clone();
        proof[spoilt].0[31] ^= 1;
        assert_eq!(verify_inclusion(leaf_hash(&entry), index, size, root, &proof), Err(ProofWrong::Root));
    }
    let long = [proof.as_slice(), &[root]].concat();
    let wrong = verify_inclusion(leaf_hash(&entry), index, size, root, &long);
    assert_eq!(wrong, Err(ProofWrong::Length { want: proof.len(), got: long.len() }));
}

fn check_consistency(log: &mut MemoryLog, oracle: &Oracle, old_size: u64) {
    let (size, root) = (log.size, log.root());
    let leaves: Vec<Hash> =
        oracle.items()[..old_size as usize].iter().map(|entry| leaf_hash(entry)).collect();
    let old_root = root_over(&leaves);
    let proof = TreeHashes::new(size, log).prove_consistency(old_size).expect("in range");
    verify_consistency(old_size, old_root, size, root, &proof).expect("own proof");
    if old_size == 0 || old_size == size {
        assert_eq!(proof, []);
    } else {
        let theirs: ConsistencyProof<Sha256> = oracle.prove_consistency((size - old_size) as usize);
        assert_eq!(flat(&proof), theirs.as_bytes(), "{old_size} of {size}");
        let tlog_proof: Vec<_> = proof.iter().map(|hash| tlog_tiles::Hash(hash.0)).collect();
        let (new, old) = (tlog_tiles::Hash(root.0), tlog_tiles::Hash(old_root.0));
        tlog_tiles::check_tree(&tlog_proof, size, new, old_size, old).expect("tlog_tiles agrees");
    }
    let other_root = leaf_hash(b"another root");
    assert_eq!(verify_consistency(old_size, other_root, size, root, &proof), Err(ProofWrong::Root));
    for spoilt in 0..proof.len() {
        let mut proof = proof.clone();
        proof[spoilt].0[0] ^= 128;
        assert_eq!(verify_consistency(old_size, old_root, size, root, &proof), Err(ProofWrong::Root));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Every root, inclusion proof and consistency proof agrees with both oracles.
    #[test]
    fn random_trees_agree(size in 1..5000u64, picks in prop::collection::vec(0.0..1.0f64, 8)) {
        let (mut log, oracle) = (log_of(size), oracle_of(size));
        let theirs = oracle.root();
        prop_assert_eq!(&log.root().0[..], theirs.as_bytes().as_slice());
        for pick in picks {
            let number = (pick * size as f64) as u64;
            check_inclusion(&mut log, &oracle, number);
            check_consistency(&mut log, &oracle, number);
        }
    }

    /// However a log is cut into batches, the same tiles come out for its last size.
    #[test]
    fn batches_do_not_matter(batches in prop::collection::vec(0..700u64, 1..8)) {
        let mut log = MemoryLog::default();
        for batch in batches {
            log.append(&entries(log.size, batch));
        }
        for (path, bytes) in log_of(log.size).files {
            prop_assert_eq!(Some(&bytes), log.files.get(&path), "{}", path);
        }
    }
}

#[test]
fn every_proof_of_every_small_tree_agrees() {
    for size in 1..70 {
        let (mut log, oracle) = (log_of(size), oracle_of(size));
        for number in 0..size {
            check_inclusion(&mut log, &oracle, number);
            check_consistency(&mut log, &oracle, number);
        }
        check_consistency(&mut log, &oracle, size);
    }
}

#[test]
fn the_sizes_around_the_end_of_a_tile_agree() {
    for size in [255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537, 70_000] {
        let (mut log, oracle) = (log_of(size), oracle_of(size));
        assert_eq!(&log.root().0[..], oracle.root().as_bytes().as_slice());
        for number in [0, 255, 256, 65_535, 65_536, size - 1] {
            if number < size {
                check_inclusion(&mut log, &oracle, number);
                check_consistency(&mut log, &oracle, number);
            }
        }
    }
}

#[test]
fn proofs_of_what_is_not_there_are_refused() {
    let mut log = log_of(5);
    let (mut empty, root) = (MemoryLog::default(), log.root());
    let refused = |asked, size| Err(ProofRefused::OutOfRange { asked, size });
    assert_eq!(TreeHashes::new(5, &mut log).prove_inclusion(5), refused(5, 5));
    assert_eq!(TreeHashes::new(5, &mut log).prove_consistency(6), refused(6, 5));
    assert_eq!(TreeHashes::new(0, &mut empty).prove_inclusion(0), refused(0, 0));
    assert_eq!(verify_inclusion(root, 5, 5, root, &[]), Err(ProofWrong::Question));
    assert_eq!(verify_consistency(6, root, 5, root, &[]), Err(ProofWrong::Question));
    assert_eq!(verify_consistency(0, root, 5, root, &[]), Err(ProofWrong::Root));
    assert_eq!(verify_consistency(0, empty_root(), 0, empty_root(), &[]), Ok(()));
    log.files.remove("tile/0/000.p/5");
    let missing = TreeHashes::new(5, &mut log).prove_inclusion(0).expect_err("the tile is gone");
    assert_eq!(missing.to_string(), "tile/0/000.p/5 could not be read: no such file");
}

/// The eight leaves that Certificate Transparency's reference implementation is tested with, and their roots.
#[test]
fn the_roots_of_the_reference_tree() {
    let leaves: [&[u8]; 8] = [
        b"",
        &[0x00],
        &[0x10],
        &[0x20, 0x21],
        &[0x30, 0x31],
        &[0x40, 0x41, 0x42, 0x43],
        &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
        &[0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f],
    ];
    let roots = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let mut log = MemoryLog::default();
    for (size, root) in roots.iter().enumerate() {
        let hex: String = log.root().0.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, *root, "{size} leaves");
        log.append(&leaves.get(size).map(|leaf| leaf.to_vec()).into_iter().collect::<Vec<_>>());
    }
}
