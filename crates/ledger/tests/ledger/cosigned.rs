//! Cosignatures against one that a witness in the field made, and what a witness answers to each kind of request.

use ed25519_dalek::{Signature, SigningKey, Verifier as _};
use ledger::checkpoint::Checkpoint;
use ledger::cosignature::{CosignerKey, WitnessKey};
use ledger::hash::{Hash, empty_root};
use ledger::note::{LogKey, Note, NoteRefused, SIGNATURES_MAX, SignatureLine, VerifierKey};
use ledger::proof::TreeHashes;
use ledger::submission::{Cosigned, Submission, Turned};
use proptest::prelude::*;

use crate::example::{ORIGIN, key};
use crate::log::{MemoryLog, entries, log_of};

const NAME: &str = "witness.example/w1";

fn witness() -> WitnessKey {
    WitnessKey::new(NAME, &[3; 32]).expect("a good name")
}

fn checkpoint() -> Note {
    Checkpoint::sign(12, Hash([7; 32]), &key()).expect("a good text")
}

/// A checkpoint of a firmware log of October 2024, as its distributor's documentation shows it, and the published key
/// of one of the two devices that cosigned it.
#[test]
fn a_cosignature_from_the_field() {
    let vkey = "ArmoredWitness-floral-sky+c7cf0b6d+BOkCmTmKTTnQMNqIigkj7PFnhogawSJD23PJ8M8qLYDm";
    let note = "transparency.dev/armored-witness/firmware_transparency/ci/3\n\
        59\n\
        kOFMkeamIdrYFLx5zbWFhflak6dlEEDOU++fxYEZMBw=\n\
        \n\
        \u{2014} transparency.dev-aw-ftlog-ci-3 P2iVIt3Jsaha3E2i0MHdKZ6fgYJTgXO86nUsxKPVq6uTwRSclTSh/ELnDGbNL+XDyD3EkWIdL2AGGNmbN7IN2rB/7gE=\n\
        \u{2014} ArmoredWitness-weathered-rain CnjfIAAAAABnGRrHjQi7IZQqVea4YnU/ADsv844r1ezGjvubUy1MMJm4as9bRiT70xNWQ67RCA76LMy7SdX4qJNIzL3eSS1BGFWqCw==\n\
        \u{2014} ArmoredWitness-floral-sky x88LbQAAAABnGRrDEq4Tfy7IIVPqkdXbcufUkCzRRbE3fABZ/jvtg5aFHVMuMR8cV6dVqECDBiH1zRxhNaCQOXSwNLSeJs+NzWt1BA==\n";
    let key: CosignerKey = vkey.parse().expect("their key");
    assert_eq!(key.to_string(), vkey);
    let read = Note::parse(note.as_bytes()).expect("their note");
    // 2024-10-23T15:48:19Z, by the same documentation.
    assert_eq!(key.cosigned(&read), Ok(Some(1_729_698_499)));
    assert_eq!(read.to_string(), note, "signatures that are not understood are carried along");
    let changed = Note::parse(note.replace("\n59\n", "\n58\n").as_bytes()).expect("a note");
    assert_eq!(key.cosigned(&changed), Err(NoteRefused::False(key.id())));
}

#[test]
fn a_cosignature_verifies_by_an_independent_route() {
    let note = checkpoint();
    let line = witness().cosign(note.text(), 1_700_000_000);
    let (time, signature) = line.bytes.split_at(8);
    assert_eq!(time, 1_700_000_000_u64.to_be_bytes());
    let message = format!("cosignature/v1\ntime 1700000000\n{}", note.text());
    let signature = Signature::from_slice(signature).expect("64 bytes");
    let public = SigningKey::from_bytes(&[3; 32]).verifying_key();
    public.verify(message.as_bytes(), &signature).expect("a good signature");
}

#[test]
fn who_cosigned_a_note_and_when() {
    let mut note = checkpoint();
    let (ours, other) = (witness(), WitnessKey::new("witness.example/w2", &[4; 32]).expect("a good name"));
    assert_eq!(ours.public().cosigned(&note), Ok(None));
    note.add(ours.cosign(note.text(), 17));
    assert_eq!(ours.public().cosigned(&note), Ok(Some(17)));
    assert_eq!(other.public().cosigned(&note), Ok(None));
    // Later, by the same key: in place of the earlier one. The log's signature stays what it was.
    note.add(ours.cosign(note.text(), 18));
    note.add(other.cosign(note.text(), 19));
    assert_eq!(ours.public().cosigned(&note), Ok(Some(18)));
    assert_eq!(note.signatures().len(), 3);
    let bytes = note.to_string().into_bytes();
    assert!(Checkpoint::open(&bytes, &[key().public().clone()]).is_ok());
    // A time of zero, or one that no clock shows, is no time.
    for time in [0, u64::MAX] {
        let mut note = checkpoint();
        note.add(ours.cosign(note.text(), time));
        assert_eq!(ours.public().cosigned(&note), Err(NoteRefused::False(ours.public().id())));
    }
    // What a witness signed is no signature of a log, and the other way round.
    let same_key = LogKey::new(NAME, &[3; 32]).expect("a good name");
    let mut note = Note::sign(checkpoint().text(), &same_key).expect("a good text");
    assert_eq!(ours.public().cosigned(&note), Ok(None));
    let line = SignatureLine { id: ours.cosign("", 1).id, ..note.signatures()[0].clone() };
    note.add(line);
    assert_eq!(ours.public().cosigned(&note), Err(NoteRefused::False(ours.public().id())));
}

/// An ML-DSA-44 cosignature is a line of 2,432 bytes that a reader without such keys hands on as it came.
#[test]
fn signatures_of_other_algorithms_travel_untouched() {
    let mut note = checkpoint();
    let line = SignatureLine { name: NAME.to_owned(), id: [6, 6, 6, 6], bytes: vec![0xa5; 8 + 2420] };
    note.add(line.clone());
    let written = note.to_string();
    let read = Note::parse(written.as_bytes()).expect("own note");
    assert_eq!(read.signatures()[1], line);
    assert_eq!(read.to_string(), written);
    assert!(Checkpoint::open(written.as_bytes(), &[key().public().clone()]).is_ok());
    for n in 0..SIGNATURES_MAX + 9 {
        note.add(SignatureLine { name: format!("w{n}"), ..line.clone() });
    }
    assert!(Note::parse(note.to_string().as_bytes()).is_ok(), "never more lines than are read");
}

#[test]
fn keys_are_read_as_others_write_them() {
    let (log, witness) = (key(), witness());
    assert_eq!(witness.public().to_string().parse(), Ok(witness.public().clone()));
    let text = log.secret_text();
    let read = LogKey::from_secret_text(&format!("{text}\n")).expect("own key");
    assert_eq!((read.public(), read.secret()), (log.public(), log.secret()));
    assert_eq!(
        WitnessKey::from_secret_text(&witness.secret_text()).map(|key| key.public().clone()),
        Ok(witness.public().clone())
    );
    // The key with which the package notes of Go's standard distribution is documented.
    let go = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    let public = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    let read = LogKey::from_secret_text(go).expect("their key");
    assert_eq!((read.public().to_string(), read.secret_text()), (public.to_owned(), go.to_owned()));
    let bad = [
        text.replace("PRIVATE+", ""),
        text[..text.len() - 4].to_owned(),
        text.replace("+d8b80616+", "+d8b80617+"),
        witness.secret_text(),
        log.public().to_string(),
    ];
    for bad in bad {
        assert!(LogKey::from_secret_text(&bad).is_err(), "{bad}");
    }
    assert!(WitnessKey::from_secret_text(&text).is_err());
    for bad in [log.public().to_string(), witness.public().to_string().replace("/w1+", "/w2+")] {
        assert!(bad.parse::<CosignerKey>().is_err(), "{bad}");
    }
    assert!(witness.public().to_string().parse::<VerifierKey>().is_err());
    assert_eq!(
        format!("{log:?} {witness:?}"),
        format!("LogKey({}) WitnessKey({})", log.public().id(), witness.public().id())
    );
}

/// What a log with this content asks a witness that was at `old`.
fn submission(log: &mut MemoryLog, old: u64) -> Submission {
    let (size, root) = (log.size, log.root());
    let proof = TreeHashes::new(size, log).prove_consistency(old).expect("own tiles");
    Submission { old, proof, note: Checkpoint::sign(size, root, &key()).expect("a good text") }
}

fn decide(body: &str, last: Cosigned) -> Result<Checkpoint, Turned> {
    let submission = Submission::parse(body.as_bytes())?;
    let checkpoint = submission.authenticate(&[key().public().clone()])?;
    submission.judge(&checkpoint, last)?;
    Ok(checkpoint)
}

fn at(size: u64) -> Cosigned {
    let mut log = log_of(size);
    Cosigned { size, root: log.root() }
}

/// The example of C2SP tlog-witness.
#[test]
fn a_request_of_the_specification_is_read() {
    let body = "old 20852014\n\
        PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n\
        jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n\
        5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n\
        /6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n\
        \n\
        example.com/behind-the-sofa\n\
        20852163\n\
        CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\
        \n\
        \u{2014} example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n\
        \u{2014} example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=\n";
    let read = Submission::parse(body.as_bytes()).expect("their request");
    assert_eq!((read.old, read.proof.len(), read.note.signatures().len()), (20_852_014, 4, 2));
    assert_eq!(read.to_string(), body);
    let unknown = read.authenticate(&[key().public().clone()]);
    assert_eq!(unknown, Err(Turned::UnknownLog("example.com/behind-the-sofa".to_owned())));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_grows_is_cosigned(old in 0..700u64, more in 0..700u64) {
        let mut log = log_of(old + more);
        let body = submission(&mut log, old).to_string();
        prop_assert_eq!(decide(&body, at(old)).map(|checkpoint| checkpoint.size), Ok(old + more));
    }

    /// One entry of the past changed, and no proof leads there.
    #[test]
    fn whatever_was_rewritten_is_not(old in 1..400u64, more in 0..400u64, place: prop::sample::Index) {
        let mut changed = entries(0, old + more);
        changed[place.index(old as usize)].push(b'!');
        let mut log = MemoryLog::default();
        log.append(&changed);
        let body = submission(&mut log, old).to_string();
        prop_assert_eq!(decide(&body, at(old)).map_err(|turned| turned.status()), Err(422));
    }
}

#[test]
fn each_answer_of_the_specification() {
    let good = submission(&mut log_of(600), 300);
    let body = good.to_string();
    let status = |body: &str, last| decide(body, last).map(|_| 200).unwrap_or_else(|turned| turned.status());
    assert_eq!(status(&body, at(300)), 200);
    // 400: not in the form, or a size above the checkpoint's.
    let first_hash = good.proof[0].to_string();
    for bad in [
        String::new(),
        body.replace("old 300", "old 0300"),
        body.replace("old 300", "old +300"),
        body.replace("old 300", "Old 300"),
        body.replace("old 300", "old  300"),
        body.replacen("\n\n", "\n", 2),
        body.replace(&first_hash, "AAAA"),
        body.replace("old 300\n", &format!("old 300\n{}", format!("{first_hash}\n").repeat(60))),
        body.replace("old 300", "old 601"),
        body.trim_end().to_owned(),
        body.replace(&format!("\n{}\n", "600"), "\n0600\n"),
    ] {
        assert_eq!(status(&bad, at(300)), 400, "{bad}");
    }
    // 403: nobody known signed it, or one who is known did falsely.
    let stranger = LogKey::new(ORIGIN, &[9; 32]).expect("a good name");
    let by_a_stranger = Note::sign(good.note.text(), &stranger).expect("a good text");
    let body_of = |note: Note| Submission { note, ..good.clone() }.to_string();
    assert_eq!(status(&body_of(by_a_stranger.clone()), at(300)), 403);
    assert_eq!(status(&body.replace("\n600\n", "\n601\n"), at(300)), 403);
    let mut by_both = good.note.clone();
    by_both.sign_also(&stranger);
    assert_eq!(status(&body_of(by_both), at(300)), 200, "unknown keys are ignored");
    // 404: another log, whoever signed.
    let other = Note::sign(&good.note.text().replace(ORIGIN, "other.example/log"), &key());
    assert_eq!(status(&body_of(other.expect("a good text")), at(300)), 404);
    // 409 with the size, be the rest as it may.
    assert_eq!(decide(&body, at(299)), Err(Turned::Elsewhere { size: 299 }));
    assert_eq!(decide(&body, Cosigned::default()), Err(Turned::Elsewhere { size: 0 }));
    // 422: proofs that lead elsewhere, that are not needed, or that are cut.
    let cut = Submission { proof: good.proof[1..].to_vec(), ..good.clone() }.to_string();
    assert_eq!(status(&cut, at(300)), 422);
    let from_nothing = Submission { old: 0, ..good.clone() }.to_string();
    assert_eq!(status(&from_nothing, Cosigned::default()), 422, "a proof from nothing must be empty");
    let empty = Submission { old: 0, proof: Vec::new(), ..good.clone() }.to_string();
    assert_eq!(status(&empty, Cosigned::default()), 200);
}

#[test]
fn same_size_and_no_size() {
    let status = |submission: &Submission, last| {
        decide(&submission.to_string(), last).map(|_| 200).unwrap_or_else(|turned| turned.status())
    };
    let again = submission(&mut log_of(300), 300);
    assert_eq!((again.proof.len(), status(&again, at(300))), (0, 200));
    let other_root = Checkpoint::sign(300, Hash([7; 32]), &key()).expect("a good text");
    assert_eq!(status(&Submission { note: other_root, ..again.clone() }, at(300)), 422);
    let with_a_proof = Submission { proof: vec![Hash([7; 32])], ..again };
    assert_eq!(status(&with_a_proof, at(300)), 422);
    let nothing = |root| {
        let note = Checkpoint::sign(0, root, &key()).expect("a good text");
        Submission { old: 0, proof: Vec::new(), note }
    };
    assert_eq!(status(&nothing(empty_root()), Cosigned::default()), 200);
    assert_eq!(status(&nothing(Hash([7; 32])), Cosigned::default()), 422);
    // Who signed comes first: a stranger is told nothing of what is wrong with a root.
    let stranger = LogKey::new(ORIGIN, &[9; 32]).expect("a good name");
    let note = Checkpoint::sign(0, Hash([7; 32]), &stranger).expect("a good text");
    assert_eq!(status(&Submission { old: 0, proof: Vec::new(), note }, Cosigned::default()), 403);
}
