//! Evidence, from the access to the verdict: `report` makes files that `verify --bundle` passes offline, and each way of
//! tampering is found and named, with exit code 3.
//!
//! Invariant: the files are those of a real server with real apps; they are altered as somebody would who knows the format.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in tests a broken expectation is a failure, also outside the functions marked as tests"
)]

mod files;
mod scene;
mod tampered;
#[path = "../walk/mod.rs"]
mod walk;

use scene::Scene;
use walk::run;

#[test]
fn each_file_proves_what_it_is_about() {
    let scene = Scene::new();
    let (person, key) = (scene.report("person", &["--person", "ada"]), scene.key());
    let told = run(&["verify", "--bundle", &person, "--key", &key]).expect(0).out;
    for sentence in [
        "this is the complete list of accesses to the things of per_",
        ": 4 accesses, of them 1 list, 3 reads, 0 sends, 0 deletions.",
        "Proved: Jukebox (app_",
        "made 0 lists, 3 reads, 0 sends, 0 deletions under grant gra_",
        "Proved: Marquee (app_",
        "0 reads since the grant was given at 2",
        "acts of staff that stand in the log, numbered without holes: 1.",
        "signed by 127.0.0.1:",
        "Not proved: what an app did afterwards with what it had read.",
    ] {
        assert!(told.contains(sentence), "{sentence}\n{told}");
    }
    assert!(!told.contains("Taken on trust"));
    assert!(run(&["verify", "--bundle", &person]).expect(0).out.contains("Taken on trust"));

    let told = run(&["verify", "--bundle", &person, "--json"]).expect(0).json();
    assert_eq!((&told["verified"], &told["key_given"]), (&true.into(), &false.into()));
    let reads: Vec<_> = told["counted"].as_array().unwrap().iter().map(|one| one["read"].as_u64()).collect();
    assert_eq!(reads, [Some(3), Some(0)]);

    let app = scene.report("app", &["--app", &scene.jukebox.id]);
    let told = run(&["verify", "--bundle", &app, "--key", &key]).expect(0).out;
    assert!(told.contains("made 0 lists, 4 reads, 0 sends, 0 deletions in all, over all people."), "{told}");

    let day = ["--between", "2000-01-01..2100-01-01"];
    let told = run(&["verify", "--bundle", &scene.report("day", &day)]).expect(0).out;
    assert!(
        told.contains("the log holds 5 accesses, and the counts of these apps grew by as many"),
        "{told}"
    );
    assert!(told.contains("Not proved: anything of the time from "), "{told}");
    let one = [&day[..], &["--app", &scene.marquee.id]].concat();
    let told = run(&["verify", "--bundle", &scene.report("one", &one)]).expect(0).out;
    assert!(told.contains("made 1 list, 0 reads, 0 sends, 0 deletions in this time."), "{told}");
}

#[test]
fn receipts_kept_checkpoints_and_the_log_itself_agree_with_the_file() {
    let scene = Scene::new();
    let kept = scene.house.file("kept");
    run(&["verify", "--url", &scene.server.url, "--save", &kept]).expect(0);
    scene.read(&scene.jukebox);
    let ada = scene.report("ada", &["--person", "ada", "--since", &kept]);
    let receipts = scene.receipts("receipts");
    let args = ["verify", "--bundle", &ada, "--since", &kept, "--receipt", &receipts];
    let told = run(&args).expect(0).out;
    assert!(told.contains("the log extends the checkpoint that you kept, of "), "{told}");
    assert!(told.contains("the receipt of access 1 of grant gra_"), "{told}");
    let told = run(&["verify", "--bundle", &ada, "--url", &scene.server.url]).expect(0).out;
    assert!(told.contains("the checkpoint of the evidence is one of this log"), "{told}");
    let data = scene.house.data().unwrap();
    run(&["verify", "--bundle", &ada, "--dir", data]).expect(0);
    // Also where the server stands still.
    let (house, _) = scene.stopped();
    let args = ["report", "--person", "ada", "--out", &house.file("again")];
    house.run(&args).expect(0);
    run(&["verify", "--bundle", &house.file("again"), "--dir", house.data().unwrap()]).expect(0);

    // Another log has another key, and none of this.
    let other = Scene::new();
    let told = run(&["verify", "--bundle", &ada, "--url", &other.server.url]).expect(3);
    assert!(told.err.contains("the checkpoint of the evidence is not of this log"), "{}", told.err);
}

#[test]
fn what_cannot_be_reported_is_said() {
    let scene = Scene::new();
    let house = &scene.house;
    let file = house.file("none");
    let refused = |args: &[&str], code: i32| {
        let ended = house.run(&[&["report", "--out", &file][..], args].concat()).expect(code);
        assert!(!std::path::Path::new(&file).exists());
        ended.err
    };
    assert!(refused(&["--person", "nobody"], 1).contains("nobody here is called @nobody"));
    assert!(refused(&["--app", "app_00000000000000000000000000"], 1).contains("there is no app"));
    refused(&[], 2);
    refused(&["--person", "ada", "--app", &scene.jukebox.id], 2);
    refused(&["--between", "2026-02-01..2026-01-01"], 2);
    refused(&["--between", "yesterday"], 2);
    std::fs::write(house.file("kept"), "not a checkpoint").unwrap();
    assert!(refused(&["--person", "ada", "--since", &house.file("kept")], 1).contains("--since"));
    run(&["verify"]).expect(2);
    run(&["verify", "--bundle", "/nowhere/file"]).expect(2);
}
