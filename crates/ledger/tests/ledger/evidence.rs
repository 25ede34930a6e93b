//! Evidence files: an honest one proves what it says, and each way of tampering is found and named.

use std::collections::BTreeMap;

use ledger::commitment::{Salt, commit_access};
use ledger::evidence::{EvidenceFile, FileRefused};
use ledger::evidence_check::check;
use ledger::found::{Found, ReceiptName};
use ledger::hash::Hash;
use ledger::map::EMPTY;
use ledger::note::{LogKey, VerifierKey};
use ledger::receipt::ReceiptRefused;
use ledger::record::Action;
use ledger::verdict::{Verdict, Wrong};
use ledger::verify::Kept;
use ledger::zip::{self, Zip, ZipRefused};
use proptest::prelude::*;

use crate::example::{ORIGIN, key, signer};
use crate::scene::{ADA, BEN, JUKEBOX, MARQUEE, Scene};

fn keys() -> [VerifierKey; 1] {
    [key().public().clone()]
}

/// Writes the file, reads it back, checks it.
fn checked(file: &EvidenceFile, kept: Kept<'_>) -> Result<Verdict, Vec<Wrong>> {
    let bytes = file.write().expect("a small file");
    let read = EvidenceFile::read(&bytes).expect("own file");
    assert_eq!(read, *file);
    check(&read, &keys(), kept)
}

fn passes(file: &EvidenceFile) -> Verdict {
    checked(file, Kept::default()).expect("an honest file")
}

fn wrong(file: &EvidenceFile) -> Vec<Wrong> {
    checked(file, Kept::default()).expect_err("it was tampered with")
}

fn says(wrong: &[Wrong], sentence: &str) {
    let all: Vec<String> = wrong.iter().map(Wrong::to_string).collect();
    assert!(all.iter().any(|one| one.contains(sentence)), "{sentence}: {all:#?}");
}

fn receipts(tokens: &[String]) -> Kept<'_> {
    Kept { since: None, receipts: tokens, ..Kept::default() }
}

#[test]
fn a_person_has_the_complete_list() {
    let scene = Scene::new();
    let verdict = passes(&scene.of_person(ADA));
    let words = verdict.to_string();
    for sentence in [
        "signed by waxseal.example/ledger+d8b80616:",
        "Proved: this is the complete list of accesses to the things of per_ada: 7 accesses, of them 3 lists, 2 reads, 1 send, \
         1 deletion.",
        "Proved: Jukebox (app_jukebox) made 1 list, 2 reads, 1 send, 1 deletion under grant gra_a; 0 reads since the last one at ",
        "Proved: Marquee (app_marquee) made 2 lists, 0 reads, 0 sends, 0 deletions under grant gra_c; 0 reads since the grant was \
         given at ",
        "Proved: acts of staff that stand in the log, numbered without holes: 1.",
        "Proved: the counts are those of map 3, entry ",
        "Not proved: what an app did afterwards with what it had read.",
    ] {
        assert!(words.contains(sentence), "{sentence}\n{words}");
    }
    assert_eq!(verdict.counted.len(), 2);
    // Whoever was never touched is shown that, too.
    let mut scene = Scene::new();
    scene.give("gra_d", BEN, MARQUEE, 14);
    scene.map();
    let words = passes(&scene.of_grant("gra_d")).to_string();
    assert!(words.contains("made 0 lists, 0 reads, 0 sends, 0 deletions under grant gra_d"), "{words}");
}

#[test]
fn what_is_younger_than_the_map_is_told_apart() {
    let mut scene = Scene::new();
    scene.act("gra_a", Action::Read);
    let words = passes(&scene.of_person(ADA)).to_string();
    assert!(words.contains("7 accesses, of them 3 lists, 2 reads"), "{words}");
    assert!(
        words.contains("To look into: 1 access, listed and in the log, but younger than the map."),
        "{words}"
    );
}

#[test]
fn an_app_has_its_own_accesses_and_no_opening() {
    let scene = Scene::new();
    let file = scene.of_app(JUKEBOX);
    let accesses = file.evidence.grants.iter().flat_map(|grant| &grant.accesses);
    assert!(accesses.clone().count() == 6 && accesses.clone().all(|access| access.opening.is_none()));
    let words = passes(&file).to_string();
    let sentence = "Jukebox (app_jukebox) made 1 list, 3 reads, 1 send, 1 deletion in all, over all people.";
    assert!(words.contains(sentence), "{words}");
    // Of whoever was erased, only the count is left, and the file says whose word that is.
    let mut file = scene.of_app(JUKEBOX);
    file.evidence.grants.retain(|grant| grant.accesses.len() > 1);
    let words = passes(&scene.seal(file)).to_string();
    assert!(
        words.contains("Not proved: of Jukebox, 1 access that the map counts and the file does not list"),
        "{words}"
    );
}

#[test]
fn a_time_shows_who_did_nothing() {
    let scene = Scene::new();
    let words = passes(&scene.between(0, 2, None)).to_string();
    for sentence in [
        "Proved: what follows is about the entries 10 to ",
        "Jukebox (app_jukebox) made 0 lists, 0 reads, 0 sends, 1 deletion in this time.",
        "Marquee (app_marquee) made 2 lists, 0 reads, 0 sends, 0 deletions in this time.",
        "no access is missing there: the log holds 3 accesses, and the counts of these apps grew by as many.",
    ] {
        assert!(words.contains(sentence), "{sentence}\n{words}");
    }
    let words = passes(&scene.between(1, 2, Some(JUKEBOX))).to_string();
    assert!(
        words.contains("Jukebox (app_jukebox) made 0 lists, 0 reads, 0 sends, 0 deletions in this time."),
        "{words}"
    );
}

#[test]
fn a_kept_checkpoint_is_extended() {
    let scene = Scene::new();
    for size in [0, 5, 12] {
        let (note, extends) = scene.kept(size);
        let mut file = scene.of_person(ADA);
        file.evidence.since = Some(extends);
        let kept = Kept { since: Some(note.as_bytes()), receipts: &[], ..Kept::default() };
        let words = checked(&file, kept).expect("an honest file").to_string();
        let sentence = format!("Proved: the log extends the checkpoint that you kept, of {size} entries.");
        assert!(words.contains(&sentence), "{words}");
        if size > 0 {
            file.evidence.since = None;
            says(&checked(&file, kept).expect_err("no proof"), "it holds no proof from there");
            let (_, mut extends) = scene.kept(size);
            extends.hashes[0].0[0] ^= 1;
            file.evidence.since = Some(extends);
            says(&checked(&file, kept).expect_err("a false proof"), "history was rewritten");
        }
    }
    // An old file against a newer checkpoint: it is a replay.
    let old = scene.of_person(ADA);
    let mut later = Scene::new();
    later.act("gra_a", Action::Read);
    let (note, _) = later.kept(later.log.size);
    let kept = Kept { since: Some(note.as_bytes()), receipts: &[], ..Kept::default() };
    says(&checked(&old, kept).expect_err("a replay"), "an old checkpoint is replayed");
    // Two heads of one size.
    let other = Scene::new();
    let note = crate::scene::signed(other.log.size, Hash([9; 32]));
    let kept = Kept { since: Some(note.as_bytes()), receipts: &[], ..Kept::default() };
    says(&checked(&old, kept).expect_err("two heads"), "the log signed two heads of one size");
}

#[test]
fn an_access_that_is_left_out_is_named() {
    let scene = Scene::new();
    let mut file = scene.of_person(ADA);
    file.evidence.grants[0].accesses.remove(2);
    let found = wrong(&scene.seal(file));
    says(&found, "grant gra_a: the map counts 5 and the file lists 4: access 3 was left out");
    says(&found, "per_ada: the map counts 7 and the file lists 6: access 3 was left out");
    // The last one leaves no hole, and is missing all the same.
    let mut file = scene.of_grant("gra_a");
    file.evidence.grants[0].accesses.pop();
    says(&wrong(&scene.seal(file)), "the map counts 5 and the file lists 4: access 5 was left out");
    // A whole grant: the person's own count tells.
    let mut file = scene.of_person(ADA);
    file.evidence.grants.remove(1);
    says(&wrong(&scene.seal(file)), "per_ada: the map counts 7 and the file lists 5");
    // The log's hashes were not made anew: the tree tells as well.
    let mut file = scene.of_person(ADA);
    file.evidence.grants[0].accesses.remove(2);
    says(&wrong(&file), "does not lead to the root that the log signed");
}

#[test]
fn a_lowered_count_is_named() {
    // In the file alone.
    let scene = Scene::new();
    let mut file = scene.of_grant("gra_a");
    file.evidence.grants[0].claim.held.as_mut().expect("counted").counts.read -= 1;
    says(
        &wrong(&file),
        "claims that the map counts for grant gra_a is not what the map holds: a count was altered",
    );
    let mut file = scene.between(0, 2, None);
    file.evidence.apps[1].claims[1].held.as_mut().expect("counted").counts.list = 0;
    says(&wrong(&file), "for app_marquee is not what the map holds");
    // By the log itself, under its own signature: the list that it signed earlier has more.
    let mut scene = Scene::new();
    scene.miscount(|standings| {
        for of in ["gra_a", ADA, JUKEBOX] {
            if let Some(standing) = standings.get_mut(of) {
                standing.counts.read -= 1;
            }
        }
    });
    scene.map();
    let found = wrong(&scene.of_person(ADA));
    says(&found, "grant gra_a: the map counts 4 and the log holds 5: the log lowered a count");
    says(&found, "per_ada: the map counts 6 and the log holds 7");
    says(&wrong(&scene.of_app(JUKEBOX)), "app_jukebox: the map counts 5 and the log holds 6");
    says(&wrong(&scene.between(0, 3, None)), "app_jukebox: the map counted reads 3 earlier and 2 later");
    // As many, and others.
    let mut scene = Scene::new();
    scene.miscount(|standings| {
        if let Some(standing) = standings.get_mut("gra_a") {
            standing.counts.read -= 1;
            standing.counts.list += 1;
        }
    });
    scene.map();
    says(&wrong(&scene.of_grant("gra_a")), "the map counts as many accesses as are listed, and not these");
    // Not counted at all: the sum over all apps tells.
    let mut scene = Scene::new();
    scene.act("gra_a", Action::Read);
    scene.miscount(|standings| {
        if let Some(standing) = standings.get_mut(JUKEBOX) {
            standing.counts.read -= 1;
        }
    });
    scene.map();
    says(
        &wrong(&scene.between(2, 3, None)),
        "the log holds 1 access in this time, and the counts of all apps grew by 0",
    );
}

#[test]
fn another_persons_salt_and_a_changed_record_are_named() {
    let scene = Scene::new();
    let mut file = scene.of_person(ADA);
    file.evidence.grants[0].accesses[1].salt = scene.access("gra_b", 1).1.salt;
    says(
        &wrong(&file),
        "access 2 of grant gra_a does not open its commitment: the record was changed, or its salt is another's",
    );
    let mut file = scene.of_person(ADA);
    file.evidence.grants[0].accesses[1].opening = scene.access("gra_b", 1).1.opening;
    says(&wrong(&file), "access 2 of grant gra_a does not open its commitment");
    let mut file = scene.of_person(ADA);
    let record = &mut file.evidence.grants[0].accesses[1].record;
    *record = record.replace("\"count\":2", "\"count\":1");
    says(&wrong(&file), "access 2 of grant gra_a does not open its commitment");
    let mut file = scene.of_person(ADA);
    file.evidence.grants[0].changes[0].salt = Salt([7; 32]);
    says(&wrong(&file), "change 1 of a grant");
    let mut file = scene.of_person(ADA);
    file.evidence.staff[0].salt = Salt([7; 32]);
    says(&wrong(&file), "act of staff 1 does not open its commitment");
    // Another person's access, with its own salt, in its own place: it does not belong here.
    let mut file = scene.of_person(ADA);
    file.evidence.grants[0].accesses.push(scene.access("gra_b", 1).1);
    says(&wrong(&scene.seal(file)), "access 1 of grant gra_b does not belong into this file");
    // Another grant's changes.
    let mut file = scene.of_person(ADA);
    file.evidence.grants[0].changes = scene.of_person(BEN).evidence.grants[0].changes.clone();
    assert!(!wrong(&scene.seal(file)).is_empty());
}

#[test]
fn what_does_not_lead_to_the_signed_root_is_named() {
    let scene = Scene::new();
    let tampering: [fn(&mut EvidenceFile); 6] = [
        |file| file.evidence.tree[0].0[0] ^= 1,
        |file| assert!(file.evidence.tree.pop().is_some()),
        |file| file.evidence.tree.push(EMPTY),
        |file| {
            // Swapped: each in the other's place.
            let accesses = &mut file.evidence.grants[0].accesses;
            let (one, other) = (accesses[0].index, accesses[1].index);
            (accesses[0].index, accesses[1].index) = (other, one);
        },
        |file| file.evidence.grants[0].accesses[0].index = 10_000,
        |file| file.evidence.maps[0].record = file.evidence.maps[0].record.replace("\"n\":3", "\"n\":4"),
    ];
    for (number, tamper) in tampering.iter().enumerate() {
        let mut file = scene.of_person(ADA);
        tamper(&mut file);
        assert!(wrong(&file).contains(&Wrong::Tree), "{number}");
    }
    let mut file = scene.of_person(ADA);
    file.evidence.grants[0].accesses[0].index = file.evidence.grants[0].accesses[1].index;
    says(&wrong(&file), "two things in the file claim to be entry");
    // Entries of a time: altered, cut, dropped, left out.
    let path = |file: &EvidenceFile| file.bundles.keys().next().expect("one").clone();
    let mut file = scene.between(0, 2, None);
    let bundle = path(&file);
    file.bundles.get_mut(&bundle).expect("one")[40] ^= 1;
    assert!(!wrong(&file).is_empty());
    let mut file = scene.between(0, 2, None);
    file.bundles.get_mut(&bundle).expect("one").pop();
    says(&wrong(&file), "should stand in the file, and do not");
    let mut file = scene.between(0, 2, None);
    file.bundles.clear();
    says(&wrong(&scene.seal(file)), "should stand in the file, and do not: only 0 of them are there");
}

#[test]
fn a_checkpoint_of_another_key_is_named() {
    let scene = Scene::new();
    let stranger = LogKey::new(ORIGIN, &[9; 32]).expect("a good name");
    let file = scene.of_person(ADA);
    let found = check(&file, &[stranger.public().clone()], Kept::default()).expect_err("another key");
    says(&found, "the checkpoint is not genuine: none of the keys that you trust signed it");
    let mut file = scene.of_person(ADA);
    file.checkpoint = file.checkpoint.replace("\n17\n", "\n18\n");
    says(&wrong(&file), "is false: the text was changed");
}

#[test]
fn receipts_bind() {
    let scene = Scene::new();
    let file = scene.of_app(JUKEBOX);
    let given = [scene.receipt("gra_a", 2), scene.receipt("gra_b", 1), scene.receipt("gra_c", 1)];
    let words = checked(&file, receipts(&given)).expect("honest").to_string();
    assert!(
        words.contains(
            "Proved: the receipt of access 2 of grant gra_a is genuine, and is entry 6 of the log."
        ),
        "{words}"
    );
    assert!(
        words.contains("To look into: access 1 of grant gra_c is of a grant that this file is not about."),
        "{words}"
    );
    // Forged.
    let mut forged = scene.receipt("gra_a", 2);
    forged.replace_range(200..201, if &forged[200..201] == "A" { "B" } else { "A" });
    let found = checked(&file, receipts(&[forged])).expect_err("forged");
    assert_eq!(found, [Wrong::Log(Found::ReceiptForged { position: 1, why: ReceiptRefused::False })]);
    // Genuine, of an access that is nowhere.
    let (mut record, committed) = scene.access("gra_a", 5);
    record.n = 6;
    let token =
        signer().sign(&record, &committed.salt, &committed.seal.expect("one")).expect("a good record");
    let found = checked(&file, receipts(&[token])).expect_err("left out");
    says(
        &found,
        "access 6 of grant gra_a has a genuine receipt, and none of the log's 17 entries commits to it",
    );
    // Two stories.
    let (mut record, committed) = scene.access("gra_a", 5);
    record.count = 1;
    let token =
        signer().sign(&record, &committed.salt, &committed.seal.expect("one")).expect("a good record");
    let found = checked(&file, receipts(&[token])).expect_err("a fork");
    let name = ReceiptName { grant: "gra_a".to_owned(), n: 5 };
    assert_eq!(found, [Wrong::Log(Found::Fork(name))]);
    assert!(commit_access(&record, &committed.salt, &committed.seal.expect("one")).is_ok());
    // Younger than the map.
    let mut later = Scene::new();
    later.act("gra_a", Action::Read);
    let words = checked(&file, receipts(&[later.receipt("gra_a", 6)])).expect("honest").to_string();
    assert!(words.contains("access 6 of grant gra_a is younger than the map"), "{words}");
}

#[test]
fn files_that_are_none_are_refused() {
    let bytes = Scene::new().of_person(ADA).write().expect("a small file");
    assert_eq!(EvidenceFile::read(b"PK"), Err(ZipRefused::Malformed.into()));
    assert_eq!(EvidenceFile::read(&bytes[..bytes.len() - 1]), Err(ZipRefused::Malformed.into()));
    let members = zip::members(&bytes).expect("own file");
    type Change<'a> = &'a dyn Fn(&str, &[u8]) -> Option<(String, Vec<u8>)>;
    let with = |change: Change<'_>| {
        let mut zip = Zip::default();
        for (name, content) in &members {
            if let Some((name, content)) = change(name, content) {
                zip.add(&name, &content).expect("small");
            }
        }
        EvidenceFile::read(&zip.finish())
    };
    let same = |name: &str, content: &[u8]| Some((name.to_owned(), content.to_vec()));
    assert!(with(&same).is_ok());
    assert_eq!(
        with(&|name, content| if name == "key" { None } else { same(name, content) }),
        Err(FileRefused::Missing("key"))
    );
    let other = |name: &str, content: &[u8]| Some((name.replace("README", "OTHER"), content.to_vec()));
    assert_eq!(with(&other), Err(FileRefused::Unknown("OTHER.txt".to_owned())));
    let newer = |name: &str, content: &[u8]| {
        Some((
            name.to_owned(),
            String::from_utf8_lossy(content).replace("evidence v1", "evidence v2").into_bytes(),
        ))
    };
    assert_eq!(with(&newer), Err(FileRefused::Format("waxseal evidence v2".to_owned())));
    let field = |name: &str, content: &[u8]| {
        Some((
            name.to_owned(),
            String::from_utf8_lossy(content).replace("\"staff\"", "\"stuff\"").into_bytes(),
        ))
    };
    assert!(matches!(with(&field), Err(FileRefused::Document(_))));
}

#[test]
fn members_that_share_their_bytes_are_refused() {
    let mut zip = Zip::default();
    zip.add("a", &[7; 4096]).expect("small");
    zip.add("b", b"").expect("small");
    let mut file = zip.finish();
    // The second line of the table of contents becomes one about the bytes of the first.
    let table = file.len() - 22 - 2 * 47;
    let first = file[table..table + 46].to_vec();
    file[table + 47..table + 93].copy_from_slice(&first);
    assert_eq!(zip::members(&file), Err(ZipRefused::Malformed));
}

#[test]
fn a_list_without_accesses_does_not_say_that_there_are_none() {
    // Ada's were used; a liar leaves all of them out.
    let words = passes(&Scene::new().hiding_all(ADA)).to_string();
    assert!(!words.contains("was any access counted") && !words.contains("complete list"), "{words}");
    assert!(words.contains("Not proved: that per_ada has no other grants"), "{words}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whichever bit of the file is flipped: it is refused, or it is one that says nothing.
    #[test]
    fn any_flipped_bit_is_found(place: prop::sample::Index, bit in 0..8u8) {
        let file = Scene::new().between(0, 2, None);
        let mut bytes = file.write().expect("a small file");
        let place = place.index(bytes.len());
        bytes[place] ^= 1 << bit;
        if let Ok(read) = EvidenceFile::read(&bytes)
            && let Ok(verdict) = check(&read, &keys(), Kept::default())
        {
            prop_assert_eq!(verdict, passes(&file), "at {}", place);
        }
    }

    /// The same with the checksum of the zip made anew: what still passes says the same as before.
    #[test]
    fn no_flipped_bit_changes_a_verdict(which in 0..3, place in any::<prop::sample::Index>(), bit in 0..8u8) {
        let scene = Scene::new();
        let file = match which {
            0 => scene.of_person(ADA),
            1 => scene.of_app(JUKEBOX),
            _ => scene.between(0, 2, None),
        };
        let bytes = file.write().expect("a small file");
        let mut members: BTreeMap<String, Vec<u8>> =
            zip::members(&bytes).expect("own").iter().map(|(name, content)| (name.to_string(), content.to_vec())).collect();
        let length: usize = members.values().map(Vec::len).sum();
        let mut place = place.index(length);
        for content in members.values_mut() {
            match content.get_mut(place) {
                Some(byte) => {
                    *byte ^= 1 << bit;
                    break;
                }
                None => place -= content.len(),
            }
        }
        let mut zip = Zip::default();
        members.iter().for_each(|(name, content)| zip.add(name, content).expect("small"));
        if let Ok(read) = EvidenceFile::read(&zip.finish())
            && let Ok(verdict) = check(&read, &keys(), Kept::default())
        {
            // From when and until when was asked stands in the file alone, and moves no proof.
            let honest = passes(&file);
            prop_assert_eq!((verdict.proved, verdict.counted), (honest.proved, honest.counted), "at {}", place);
        }
    }

    /// Whatever is stored is taken out again.
    #[test]
    fn zips_keep_what_they_are_given(contents in prop::collection::btree_map("[a-z/.]{1,20}", any::<Vec<u8>>(), 0..8)) {
        let mut zip = Zip::default();
        for (name, content) in &contents {
            zip.add(name, content).expect("small");
        }
        let bytes = zip.finish();
        let members = zip::members(&bytes).expect("own file");
        prop_assert!(members.iter().map(|(name, content)| (name.to_string(), content.to_vec())).eq(contents));
    }
}
