//! Proof files: written, read, and refused where a byte of them is not as C2SP tlog-proof has it.

use ledger::checkpoint::Checkpoint;
use ledger::hash::{Hash, leaf_hash};
use ledger::proof::TreeHashes;
use ledger::proof_file::{ProofFile, ProofFileRefused};
use proptest::prelude::*;

use crate::example::key;
use crate::log::log_of;

fn proof(size: u64, index: u64) -> ProofFile {
    let mut log = log_of(size);
    let checkpoint = Checkpoint::sign(size, log.root(), &key()).expect("a good text").to_string();
    let proof = TreeHashes::new(size, &mut log).prove_inclusion(index).expect("own tiles");
    ProofFile { extra: None, index, proof, checkpoint }
}

fn leaf(index: u64) -> Hash {
    leaf_hash(format!("entry {index}").as_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_file_proves_its_entry_and_no_other(size in 1..700u64, place: prop::sample::Index, extra: Option<Vec<u8>>) {
        let index = place.index(size as usize) as u64;
        let file = ProofFile { extra, ..proof(size, index) };
        let read = ProofFile::parse(&file.to_string()).expect("own file");
        prop_assert_eq!(&read, &file);
        let keys = [key().public().clone()];
        prop_assert_eq!(read.verify(leaf(index), &keys).map(|checkpoint| checkpoint.size), Ok(size));
        prop_assert!(matches!(read.verify(leaf(index + 1), &keys), Err(ProofFileRefused::Proof(_))));
        prop_assert!(matches!(read.verify(leaf(index), &[]), Err(ProofFileRefused::Checkpoint(_))));
    }
}

#[test]
fn the_form_is_that_of_the_specification() {
    let file = proof(3, 1);
    let text = file.to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[..2], ["c2sp.org/tlog-proof@v1", "index 1"]);
    assert_eq!(lines[4..6], ["", "waxseal.example/ledger"]);
    let with = ProofFile { extra: Some(b"waxseal".to_vec()), ..file.clone() }.to_string();
    assert!(with.starts_with("c2sp.org/tlog-proof@v1\nextra d2F4c2VhbA==\nindex 1\n"), "{with}");
    // An entry alone in its log needs no hashes.
    let alone = proof(1, 0).to_string();
    assert!(alone.starts_with("c2sp.org/tlog-proof@v1\nindex 0\n\nwaxseal.example/ledger\n1\n"), "{alone}");
    let first_hash = file.proof[0].to_string();
    for bad in [
        String::new(),
        text.replace("@v1", "@v2"),
        text.replacen("index 1", "index 01", 1),
        text.replacen("index 1", "Index 1", 1),
        text.replacen("index 1\n", "", 1),
        text.replacen("index 1\n", "index 1\nextra d2F4c2VhbA==\n", 1),
        text.replacen("index 1\n", "extra d2F4c2VhbA\nindex 1\n", 1),
        text.replacen("index 1\n", "extra d2F4c2VhbA==\nextra d2F4c2VhbA==\nindex 1\n", 1),
        text.replace(&first_hash, "AAAA"),
        text.replace(&first_hash, &format!("{first_hash}\n").repeat(64)),
        text.replace("\n\n", "\n"),
        text.replace('\n', "\r\n"),
    ] {
        assert!(matches!(ProofFile::parse(&bad), Err(ProofFileRefused::Malformed(_))), "{bad}");
    }
}
