//! `/ledger/proof/{index}`: proof files, and `waxseal verify --proof` on them.
use super::Scene;
use ledger::proof_file::ProofFile;
use std::process::Command;

#[test]
fn a_receipt_is_proved_offline_by_a_file() {
    let scene = Scene::new();
    let read = scene.api().get(&scene.messages()).expect(200);
    let token = read.header("waxseal-receipt").unwrap().to_owned();
    scene.stage.sequence();
    let key = scene.stage.get("/ledger/key").expect(200).text();
    let keys = [key.trim().parse().unwrap()];
    let leaf = scene.receipt(&read).entry().unwrap().leaf_hash();
    let size: u64 = scene.stage.get("/ledger/checkpoint").text().lines().nth(1).unwrap().parse().unwrap();
    let proof = |index| scene.stage.get(&format!("/ledger/proof/{index}")).expect(200);
    let of_it = |index: &u64| ProofFile::parse(&proof(*index).text()).unwrap().verify(leaf, &keys).is_ok();
    let found: Vec<u64> = (0..size).filter(of_it).collect();
    assert_eq!(found.len(), 1, "one of the files proves it, and no other");
    let answer = proof(found[0]);
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));

    let folder = testkit::folder();
    let (file, other) = (folder.join("access.tlog-proof"), folder.join("other.tlog-proof"));
    std::fs::write(&file, answer.text()).unwrap();
    std::fs::write(&other, proof(0).text()).unwrap();
    let verify = |file: &std::path::Path, key: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_waxseal"));
        command.args(["verify", "--receipt", &token, "--proof"]).arg(file).args(key);
        let output = command.output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(text).unwrap())
    };
    let with_key = ["--key", key.trim()];
    let (code, said) = verify(&file, &with_key);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains(&format!("its record is entry {}", found[0])), "{said}");
    let (code, said) = verify(&other, &with_key);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("no proof given here leads from access 1"), "{said}");
    assert_eq!(verify(&file, &[]).0, Some(2), "a proof brings no key of its own");
}

#[test]
fn what_is_not_in_the_log_has_no_proof() {
    let scene = Scene::new();
    scene.stage.sequence();
    let size: u64 = scene.stage.get("/ledger/checkpoint").text().lines().nth(1).unwrap().parse().unwrap();
    for index in [&size.to_string(), "18446744073709551616", "01", "+1", "-1", "x", "1/"] {
        scene.stage.get(&format!("/ledger/proof/{index}")).expect(404);
    }
    scene.stage.get("/ledger/cosigned").expect(404);
}
