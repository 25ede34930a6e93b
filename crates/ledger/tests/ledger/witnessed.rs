//! A log and its witnesses: how far it is witnessed, and a log that shows two stories.

use ledger::checkpoint::Checkpoint;
use ledger::cosignature::WitnessKey;
use ledger::earlier::{SeenBy, Witnessing};
use ledger::entry::Entry;
use ledger::found::Found;
use ledger::key_record::{KeyEvent, KeyRecord, NamedKey};
use ledger::note::{Note, VerifierKey};
use ledger::policy::{Policy, PolicyRefused, PolicyWitness};
use ledger::report::Report;
use ledger::submission::{Cosigned, Submission, Turned};
use ledger::tile::{TilePath, TileReader};
use ledger::verify::{Kept, Source, replay};

use crate::example::{access_entry, key};
use crate::log::MemoryLog;

/// A log as it is shown to one of those who look at it.
#[derive(Clone)]
struct View {
    log: MemoryLog,
    note: Vec<u8>,
}

impl TileReader for View {
    type Error = &'static str;
    fn tile(&mut self, path: TilePath) -> Result<Vec<u8>, &'static str> {
        self.log.tile(path)
    }
}

impl Source for View {
    fn checkpoint(&mut self) -> Result<Vec<u8>, &'static str> {
        Ok(self.note.clone())
    }
}

impl View {
    /// These accesses, signed by the log.
    fn of(numbers: impl Iterator<Item = u64>) -> Self {
        let mut log = MemoryLog::default();
        log.append(&numbers.map(access_entry).collect::<Vec<_>>());
        let note = Checkpoint::sign(log.size, log.root(), &key()).expect("a good text");
        Self { note: note.to_string().into_bytes(), log }
    }

    fn note(&self) -> Note {
        Note::parse(&self.note).expect("own note")
    }

    /// The same checkpoint, with the cosignatures of these witnesses.
    fn cosigned(&self, witnesses: &[WitnessKey]) -> Vec<u8> {
        let mut note = self.note();
        for witness in witnesses {
            note.add(witness.cosign(note.text(), 1_700_000_000));
        }
        note.to_string().into_bytes()
    }

    fn audit(&self, witnesses: Witnessing<'_>) -> Result<Report, Found> {
        let kept = Kept { witnesses: Some(witnesses), ..Kept::default() };
        replay(&mut self.clone(), &keys(), kept, &mut |_, _| ())
    }
}

fn keys() -> [VerifierKey; 1] {
    [key().public().clone()]
}

fn witness(n: u8) -> WitnessKey {
    WitnessKey::new(&format!("witness.example/{n}"), &[100 + n; 32]).expect("a good name")
}

/// `needed` of two witnesses.
fn policy(needed: usize) -> Policy {
    let known = |n| PolicyWitness { key: witness(n).public().clone(), url: None };
    Policy::k_of_n(vec![known(1), known(2)], needed).expect("a policy")
}

fn asked<'a>(policy: &'a Policy, cosigned: Option<&'a [u8]>, seen: &'a [SeenBy]) -> Witnessing<'a> {
    Witnessing { policy, cosigned, seen }
}

fn seen(n: u8, view: &View) -> SeenBy {
    SeenBy { witness: format!("witness.example/{n}"), note: view.cosigned(&[witness(n)]) }
}

#[test]
fn a_log_is_witnessed_as_far_as_enough_have_cosigned() {
    let (early, mut now) = (View::of(1..=300), View::of(1..=600));
    let both = [witness(1), witness(2)];
    // The newest checkpoint has them all.
    let plain = now.note.clone();
    now.note = now.cosigned(&both);
    let told = [seen(1, &early), seen(2, &now)];
    let report = now.audit(asked(&policy(2), None, &told)).expect("an honest log");
    let words = report.to_string();
    for sentence in [
        "Proved: 2 witnesses (witness.example/1, witness.example/2) cosigned the same first 600 entries",
        "Proved: what 2 witnesses tell of the log is this log.",
        "Not proved: what an app did afterwards with what it had read.",
    ] {
        assert!(words.contains(sentence), "{words}");
    }
    // The newest has too few, and an earlier one enough.
    now.note = plain;
    let cosigned = early.cosigned(&both);
    let report = now.audit(asked(&policy(2), Some(&cosigned), &[])).expect("an honest log");
    assert_eq!(report.witnessed.as_ref().map(|witnessed| witnessed.size), Some(300));
    let words = report.to_string();
    assert!(words.contains("Not proved: that everyone is shown the 300 entries after those"), "{words}");
    // Neither has.
    let one = early.cosigned(&[witness(1)]);
    for cosigned in [None, Some(one.as_slice())] {
        let found = now.audit(asked(&policy(2), cosigned, &[])).expect_err("too few");
        assert!(matches!(found, Found::Unwitnessed(PolicyRefused::TooFew { .. })), "{found}");
    }
    assert!(now.audit(asked(&policy(1), Some(&one), &[])).is_ok());
    // A cosigned checkpoint of another history is none of this log.
    let other = View::of(2..=301).cosigned(&both);
    let found = now.audit(asked(&policy(2), Some(&other), &[])).expect_err("another history");
    assert_eq!(found, Found::HistoryRewritten { size: 300 });
}

/// The log's key signs two histories. Each of two witnesses is shown one of them, and each cosigns: what it saw only grew.
/// But nobody can show both signatures under one checkpoint; who asks the witnesses what they saw finds the two stories;
/// and whichever witness is shown the other story does not cosign it.
#[test]
fn a_split_view_is_detected() {
    let (one, other) = (View::of(1..=600), View::of((1..=500).chain(701..=800)));
    let submitted = |view: &View| Submission { old: 0, proof: Vec::new(), note: view.note() };
    for view in [&one, &other] {
        let submission = submitted(view);
        let checkpoint = submission.authenticate(&keys()).expect("signed by the log");
        assert_eq!(submission.judge(&checkpoint, Cosigned::default()), Ok(()), "it cannot know yet");
    }
    // 1. Two of two witnesses never stand under one checkpoint.
    let mut shown = one.clone();
    shown.note = one.cosigned(&[witness(1)]);
    let found = shown.audit(asked(&policy(2), None, &[])).expect_err("only one");
    assert!(matches!(found, Found::Unwitnessed(_)), "{found}");
    // 2. The witnesses tell what they were shown.
    let told = [seen(1, &one), seen(2, &other)];
    let found = shown.audit(asked(&policy(1), None, &told)).expect_err("two stories");
    assert_eq!(found, Found::SplitView { witness: "witness.example/2".to_owned(), size: 600 });
    assert!(found.to_string().contains("proof for anyone"));
    let earlier = View::of((1..=500).chain(701..=750));
    let found = shown.audit(asked(&policy(1), None, &[seen(2, &earlier)])).expect_err("two stories");
    assert_eq!(found, Found::SplitView { witness: "witness.example/2".to_owned(), size: 550 });
    // 3. A witness is shown the other story.
    let submission = Submission { old: 600, ..submitted(&other) };
    let checkpoint = submission.authenticate(&keys()).expect("signed by the log");
    let Checkpoint { size, root, .. } = Checkpoint::open(&one.note, &keys()).expect("own");
    let turned = submission.judge(&checkpoint, Cosigned { size, root });
    assert!(matches!(turned, Err(Turned::Inconsistent(_))));
}

#[test]
fn a_log_that_shows_less_than_a_witness_saw_is_found() {
    let (early, now) = (View::of(1..=300), View::of(1..=600));
    let told = [seen(1, &now)];
    let found = early.audit(asked(&policy(0), None, &told)).expect_err("an old view");
    let witness = "witness.example/1".to_owned();
    assert_eq!(found, Found::WitnessAhead { witness: witness.clone(), theirs: 600, now: 300 });
    // What was not signed by the log is no evidence against it, but against whoever tells it.
    let forged = SeenBy { witness, note: b"nonsense".to_vec() };
    let found = now.audit(asked(&policy(0), None, &[forged])).expect_err("forged");
    assert!(matches!(found, Found::WitnessNote { .. }), "{found}");
}

#[test]
fn a_false_cosignature_is_not_passed_over_for_another_checkpoint() {
    let (early, mut now) = (View::of(1..=300), View::of(1..=600));
    let both = [witness(1), witness(2)];
    let mut note = now.note();
    note.add(witness(1).cosign("another text\n", 1));
    now.note = note.to_string().into_bytes();
    let cosigned = early.cosigned(&both);
    let found = now.audit(asked(&policy(2), Some(&cosigned), &[])).expect_err("false");
    assert!(matches!(found, Found::Unwitnessed(PolicyRefused::False(_))), "{found}");
}

#[test]
fn key_records_come_back_and_clear_entries_must_be_records() {
    let record = KeyRecord {
        key: NamedKey::Log(key().public().clone()),
        what: KeyEvent::Added,
        at: "2026-11-23T12:00:00.000000Z".to_owned(),
        why: None,
    };
    let json = record.render().expect("a good record");
    assert_eq!(
        json.as_str(),
        format!(
            r#"{{"at":"2026-11-23T12:00:00.000000Z","key":"{}","purpose":"log","what":"added","why":null}}"#,
            key().public()
        )
    );
    assert_eq!(KeyRecord::parse(json.as_str()), Ok(record.clone()));
    assert_eq!(Entry::Key(json.clone()).check_record(), Ok(()));
    let thumbprint = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs".to_owned();
    let of_sign_in = KeyRecord { key: NamedKey::IdToken(thumbprint.clone()), ..record.clone() };
    let text = of_sign_in.render().expect("a good record");
    assert!(text.as_str().contains(&format!(r#""key":"{thumbprint}","purpose":"id_token""#)), "{text:?}");
    assert_eq!(KeyRecord::parse(text.as_str()), Ok(of_sign_in));
    for bad in [
        text.as_str().replace(&thumbprint, &thumbprint[1..]),
        text.as_str().replace("id_token", "log"),
        json.as_str().replace("\"log\"", "\"id_token\""),
        json.as_str().replace("\"log\"", "\"token\""),
        json.as_str().replace("added", "sold"),
        json.as_str().replace("+d8b80616+", "+d8b80617+"),
        json.as_str().replace(",\"why\":null", ""),
        "{}".to_owned(),
    ] {
        assert!(KeyRecord::parse(&bad).is_err(), "{bad}");
    }
    // In the log, a clear entry that is canonical JSON and no record is put on the log.
    for kind in [3, 5, 6] {
        let entry = [&[1, kind], b"{}".as_slice()].concat();
        let mut log = MemoryLog::default();
        log.append(&[access_entry(1), entry]);
        let note = Checkpoint::sign(log.size, log.root(), &key()).expect("a good text").to_string();
        let mut view = View { log, note: note.into_bytes() };
        let found = replay(&mut view, &keys(), Kept::default(), &mut |_, _| ()).expect_err("no record");
        assert!(matches!(found, Found::EntryStrange { index: 1, .. }), "{found}");
    }
}
