//! `/ledger/checkpoint`, `/ledger/tile/…`, `/ledger/key`.
use super::Scene;
use ledger::bundle;
use ledger::checkpoint::Checkpoint;
use ledger::hash::{leaf_hash, root_over};
use ledger::note::VerifierKey;

fn key(scene: &Scene) -> VerifierKey {
    let text = scene.stage.get("/ledger/key").expect(200).text();
    text.strip_suffix('\n').unwrap().parse().unwrap()
}

#[test]
fn the_log_that_is_served_is_the_one_that_is_signed() {
    let scene = Scene::new();
    let empty = scene.stage.get("/ledger/checkpoint").expect(200);
    assert_eq!(empty.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(empty.header("cache-control"), Some("public, max-age=1"));
    assert_eq!(Checkpoint::open(&empty.body, &[key(&scene)]).unwrap().size, 0);

    let read = scene.api().get(&scene.messages()).expect(200);
    scene.stage.sequence();
    let checkpoint = scene.stage.get("/ledger/checkpoint").expect(200);
    let checkpoint = Checkpoint::open(&checkpoint.body, &[key(&scene)]).unwrap();
    assert!(checkpoint.size >= 3, "an app, a grant, an access");

    let entries = scene.stage.get(&format!("/ledger/tile/entries/000.p/{}", checkpoint.size)).expect(200);
    let entries: Vec<Vec<u8>> = bundle::entries(&entries.body).map(|entry| entry.unwrap().to_vec()).collect();
    assert_eq!(entries.len() as u64, checkpoint.size);
    let leaves: Vec<_> = entries.iter().map(|entry| leaf_hash(entry)).collect();
    let tile = scene.stage.get(&format!("/ledger/tile/0/000.p/{}", checkpoint.size)).expect(200);
    assert_eq!(tile.header("content-type"), Some("application/octet-stream"));
    assert_eq!(tile.header("cache-control"), Some("public, max-age=31536000, immutable"));
    assert_eq!(tile.header("access-control-allow-origin"), Some("*"));
    assert_eq!(tile.body, leaves.iter().flat_map(|leaf| leaf.0).collect::<Vec<u8>>());
    assert_eq!(root_over(&leaves), checkpoint.root);

    let entry = scene.receipt(&read).entry().unwrap().to_bytes();
    assert!(entries.contains(&entry), "the entry of the receipt is in the log");
}

#[test]
fn a_tile_has_one_spelling_and_is_not_there_before_its_time() {
    let scene = Scene::new();
    scene.stage.sequence();
    scene.stage.get("/ledger/tile/0/000.p/1").expect(200);
    for path in [
        "0/000",
        "0/001",
        "0/000.p/255",
        "0/000.p/0",
        "0/000.p/256",
        "0/000.p/01",
        "0/0.p/1",
        "0/x000/000.p/1",
        "00/000.p/1",
        "1/000",
        "64/000",
        "-1/000",
        "entries/000",
        "entries/x001/000.p/1",
        "0/000.p",
        "0",
        "",
        "x/y",
        "0/%30%30%30.p/1",
        "0//000.p/1",
        "0/../0/000.p/1",
        "0/18446744073709551616",
        "0/000.p/1/",
        "%ff",
    ] {
        let answer = scene.stage.get(&format!("/ledger/tile/{path}"));
        assert_eq!(answer.status, 404, "{path}");
    }
}
