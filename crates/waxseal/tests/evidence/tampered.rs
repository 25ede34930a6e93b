//! Each way of tampering with evidence, by whoever hands it out and by the server itself.
use crate::scene::Scene;
use crate::walk::run;
use ledger::evidence::EvidenceFile;
use ledger::hash::Hash;
use std::fs;

fn open(path: &str) -> EvidenceFile {
    EvidenceFile::read(&fs::read(path).unwrap()).unwrap()
}

/// Alters a file, and says how `verify --bundle` ended.
#[track_caller]
fn found(scene: &Scene, path: &str, says: &str, alter: impl FnOnce(&mut EvidenceFile)) {
    let (mut file, altered) = (open(path), scene.house.file("altered"));
    let before = file.clone();
    alter(&mut file);
    assert_ne!(file, before, "something was altered");
    fs::write(&altered, file.write().unwrap()).unwrap();
    for key in [&[][..], &["--key", &scene.key()]] {
        let ended = run(&[&["verify", "--bundle", &altered][..], key].concat()).expect(3);
        assert!(ended.err.contains(says), "{says}\n{}", ended.err);
    }
    let json = run(&["verify", "--bundle", &altered, "--json"]).expect(3).json();
    assert_eq!(json["verified"], false);
    let findings = json["findings"].as_array().unwrap();
    assert!(findings.iter().any(|one| one.as_str().unwrap().contains(says)), "{findings:#?}");
}

#[test]
fn a_file_that_was_altered() {
    let scene = Scene::new();
    let ada = scene.report("ada", &["--person", "ada"]);
    let bea = open(&scene.report("bea", &["--person", "bea"]));
    let day = scene.report("day", &["--between", "2000-01-01..2100-01-01"]);

    // A count that was lowered.
    found(&scene, &ada, "is not what the map holds: a count was altered", |file| {
        file.evidence.grants[0].claim.held.as_mut().unwrap().counts.read -= 1;
    });
    found(&scene, &ada, "is not what the map holds: a count was altered", |file| {
        let person = file.evidence.person.as_mut().unwrap();
        person.held.as_mut().unwrap().counts.list = 0;
    });
    found(&scene, &day, "is not what the map holds: a count was altered", |file| {
        file.evidence.apps[0].claims[0].held = None;
    });
    // An access that was left out: in the middle, at the end, or with its whole grant.
    found(&scene, &ada, "the map counts 3 and the file lists 2: access 2 was left out", |file| {
        file.evidence.grants[0].accesses.remove(1);
    });
    found(&scene, &ada, "the map counts 3 and the file lists 2: access 3 was left out", |file| {
        file.evidence.grants[0].accesses.pop();
    });
    found(&scene, &ada, "the map counts 4 and the file lists 3: access 4 was left out", |file| {
        file.evidence.grants.retain(|grant| grant.accesses.len() > 1);
    });
    // Another person's salt, opening, access, or all that is claimed for them.
    found(&scene, &ada, "its salt is another's", |file| {
        file.evidence.grants[0].accesses[0].salt = bea.evidence.grants[0].accesses[0].salt;
    });
    found(&scene, &ada, "its salt is another's", |file| {
        file.evidence.grants[0].accesses[0].opening = bea.evidence.grants[0].accesses[0].opening;
    });
    found(&scene, &ada, "it is about something else", |file| {
        let another = bea.evidence.grants[0].accesses[0].clone();
        file.evidence.grants[0].accesses.push(another);
    });
    found(&scene, &ada, "is not what the map holds", |file| {
        file.evidence.person = bea.evidence.person.clone();
    });
    // What a record says.
    found(&scene, &ada, "the record was changed", |file| {
        let record = &mut file.evidence.grants[0].accesses[0].record;
        *record = record.replace("\"read\"", "\"list\"");
    });
    found(&scene, &ada, "does not lead to the root that the log signed", |file| {
        let record = &mut file.evidence.apps[0].registered.record;
        *record = record.replace("Jukebox", "Jokebox");
    });
    // The hashes, the entries, the checkpoint.
    found(&scene, &ada, "does not lead to the root that the log signed", |file| {
        file.evidence.maps[0].index -= 1;
    });
    found(&scene, &day, "does not lead to the root that the log signed", |file| {
        *file.bundles.values_mut().next().unwrap().last_mut().unwrap() ^= 1;
    });
    found(&scene, &day, "should stand in the file, and do not", |file| {
        file.bundles.clear();
    });
    found(&scene, &ada, "the checkpoint is not genuine", |file| {
        let size = open(&ada).checkpoint.lines().nth(1).unwrap().to_owned();
        file.checkpoint = file.checkpoint.replacen(&size, &format!("{size}0"), 1);
    });
}

#[test]
fn an_old_checkpoint_a_forged_receipt_and_a_false_proof() {
    let scene = Scene::new();
    let old = scene.report("old", &["--person", "ada"]);
    let kept = scene.house.file("kept");
    scene.read(&scene.jukebox);
    let new = scene.report("new", &["--person", "ada"]);
    run(&["verify", "--url", &scene.server.url, "--save", &kept]).expect(0);
    // A file from before, held to what was seen since.
    let ended = run(&["verify", "--bundle", &old, "--since", &kept]).expect(3);
    assert!(ended.err.contains("an old checkpoint is replayed"), "{}", ended.err);
    // The old head under the new records.
    found(&scene, &new, "does not lead to the root that the log signed", |file| {
        file.checkpoint = open(&old).checkpoint;
    });
    // No proof from the kept checkpoint, and a false one.
    scene.read(&scene.jukebox);
    let newest = scene.report("newest", &["--person", "ada", "--since", &kept]);
    run(&["verify", "--bundle", &newest, "--since", &kept]).expect(0);
    let altered = scene.house.file("altered");
    for (says, alter) in [
        ("it holds no proof from there", None),
        ("the proof in it is false, so history was rewritten", Some(Hash([7; 32]))),
    ] {
        let mut file = open(&newest);
        match alter {
            None => file.evidence.since = None,
            Some(hash) => file.evidence.since.as_mut().unwrap().hashes[0] = hash,
        }
        fs::write(&altered, file.write().unwrap()).unwrap();
        let ended = run(&["verify", "--bundle", &altered, "--since", &kept]).expect(3);
        assert!(ended.err.contains(says), "{}", ended.err);
    }
    // Receipts: genuine ones pass; one with another payload, and one of a record that the file leaves out, do not.
    let receipts = scene.receipts("receipts");
    let told = run(&["verify", "--bundle", &newest, "--receipt", &receipts]).expect(0).out;
    assert!(told.contains("is of a grant that this file is not about"), "Bea's: {told}");
    let text = fs::read_to_string(&receipts).unwrap();
    let first = text.lines().next().unwrap();
    let forged: Vec<&str> = first
        .split('.')
        .zip(text.lines().nth(1).unwrap().split('.'))
        .map(|(one, other)| if one.len() > 120 { other } else { one })
        .collect();
    let ended = run(&["verify", "--bundle", &newest, "--receipt", &forged.join(".")]).expect(3);
    assert!(ended.err.contains("receipt 1 is not genuine"), "{}", ended.err);
    let mut file = open(&newest);
    file.evidence.grants[0].accesses.remove(0);
    fs::write(&altered, file.write().unwrap()).unwrap();
    let ended = run(&["verify", "--bundle", &altered, "--receipt", &receipts]).expect(3);
    assert!(ended.err.contains("access 1 of grant gra_") && ended.err.contains("left out"), "{}", ended.err);
}

#[test]
fn a_server_that_lowers_a_count_convicts_itself() {
    for (sql, says) in [
        ("update map_standings set reads = reads - 1 where reads = 3", "does not count the accesses of gra_"),
        ("update map_apps set reads = reads - 1 where reads > 0", "does not count the accesses of app_"),
    ] {
        let scene = Scene::new();
        scene.report("first", &["--person", "ada"]);
        let (house, _) = scene.stopped();
        let data = house.data().unwrap().to_owned();
        let database = rusqlite::Connection::open(format!("{data}/waxseal.db")).unwrap();
        assert!(database.execute(sql, ()).unwrap() > 0);
        drop(database);
        let ended = run(&["verify", "--dir", &data]).expect(3);
        assert!(ended.err.contains(says), "{says}\n{}", ended.err);
        // It cannot make evidence of it either.
        if !says.contains("app_") {
            let ended = house.run(&["report", "--person", "ada", "--out", &house.file("second")]);
            assert_ne!(ended.code, 0, "{}", ended.out);
        }
    }
}
