//! Notes, checkpoints and receipts: against signed_note and tlog_tiles, and by an independent route.

use data_encoding::{BASE64, BASE64URL_NOPAD};
use ed25519_dalek::{Signature, Signer as _, SigningKey, Verifier as _};
use ledger::checkpoint::{Checkpoint, CheckpointRefused};
use ledger::entry::Entry;
use ledger::hash::{Hash, empty_root};
use ledger::note::{LogKey, Note, NoteRefused, VerifierKey};
use ledger::receipt::{Receipt, ReceiptRefused};
use proptest::prelude::*;
use signed_note::{StandardVerifier, VerifierList};

use crate::example::{ORIGIN, access, access_entry, hidden, key, receipt, signer};

fn theirs_accept(note: &str, vkey: &str) -> bool {
    let verifier = StandardVerifier::new(vkey).expect("their verifier takes our key");
    let known = VerifierList::new(vec![Box::new(verifier)]);
    signed_note::Note::from_bytes(note.as_bytes()).is_ok_and(|note| note.verify(&known).is_ok())
}

proptest! {
    #[test]
    fn signed_note_takes_our_notes(secret: [u8; 32], name in "[a-z./]{1,20}", text in "([^\\x00-\\x1f]{0,20}\n){1,5}") {
        let key = LogKey::new(&name, &secret).expect("a good name");
        let note = Note::sign(&text, &key).expect("a good text").to_string();
        let keys = [key.public().clone()];
        let read = Note::parse(note.as_bytes()).expect("own note");
        prop_assert_eq!(read.verify(&keys), Ok(text.as_str()));
        let vkey = key.public().to_string();
        prop_assert!(theirs_accept(&note, &vkey));
        prop_assert_eq!(vkey.parse::<VerifierKey>(), Ok(keys[0].clone()));
    }

    /// One changed byte anywhere, and both refuse it.
    #[test]
    fn a_changed_note_is_refused(place: prop::sample::Index, bit in 0..8u8) {
        let note = Note::sign("waxseal\nin the clear\n", &key()).expect("a good text").to_string();
        let mut changed = note.into_bytes();
        let place = place.index(changed.len());
        changed[place] ^= 1 << bit;
        let verdict = Note::parse(&changed).and_then(|note| note.verify(&[key().public().clone()]).map(str::to_owned));
        prop_assert!(verdict.is_err());
    }

    #[test]
    fn tlog_tiles_reads_our_checkpoints(size in 1..u64::MAX, root: [u8; 32]) {
        let note = Checkpoint::sign(size, Hash(root), &key()).expect("a good text").to_string();
        let opened = Checkpoint::open(note.as_bytes(), &[key().public().clone()]).expect("own checkpoint");
        prop_assert_eq!((opened.size, opened.root), (size, Hash(root)));
        let theirs = tlog_tiles::Checkpoint::from_bytes(opened.to_string().as_bytes()).expect("theirs reads it");
        prop_assert_eq!((theirs.origin(), theirs.size(), theirs.hash().0), (ORIGIN, size, root));
    }
}

/// The key and note that the package notes of Go's standard distribution are documented with.
#[test]
fn the_note_of_the_reference_implementation() {
    let vkey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    let text = "If you think cryptography is the answer to your problem,\n\
                then you don't know what your problem is.\n";
    let signature =
        "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";
    let note = format!("{text}\n\u{2014} PeterNeumann {signature}\n");
    let keys = [vkey.parse::<VerifierKey>().expect("their key")];
    assert_eq!(keys[0].to_string(), vkey);
    assert_eq!(Note::parse(note.as_bytes()).expect("their note").verify(&keys), Ok(text));
}

#[test]
fn who_signed_a_note_decides() {
    let (ours, other) = (key(), LogKey::new("other.example/log", &[9; 32]).expect("a good name"));
    let note = Note::sign("text\n", &ours).expect("a good text").to_string();
    let others = Note::sign("text\n", &other).expect("a good text").to_string();
    let other_line = others.lines().last().expect("a signature").to_owned() + "\n";
    let both = format!("{note}{other_line}");
    let verify = |note: &str, keys: &[&LogKey]| {
        let keys: Vec<_> = keys.iter().map(|key| key.public().clone()).collect();
        Note::parse(note.as_bytes()).and_then(|note| note.verify(&keys).map(str::to_owned))
    };
    assert!(verify(&note, &[&ours]).is_ok());
    assert_eq!(verify(&note, &[&other]), Err(NoteRefused::Unsigned));
    assert_eq!(verify(&note, &[]), Err(NoteRefused::Unsigned));
    assert!(verify(&both, &[&ours]).is_ok());
    assert!(verify(&both, &[&other]).is_ok());
    assert!(verify(&both, &[&ours, &other]).is_ok());
    // A known key's bad signature spoils the note, an unknown key's does not.
    let text = other_line.rsplit(' ').next().expect("base64").trim_end();
    let mut blob = BASE64.decode(text.as_bytes()).expect("base64");
    blob[20] ^= 1;
    let spoilt = both.replace(text, &BASE64.encode(&blob));
    assert!(verify(&spoilt, &[&ours]).is_ok());
    assert_eq!(verify(&spoilt, &[&ours, &other]), Err(NoteRefused::False(other.public().id())));
    // Sixteen signatures and more are read, without end they are not.
    assert!(verify(&format!("{note}{}", other_line.repeat(63)), &[&ours]).is_ok());
    assert!(verify(&format!("{note}{}", other_line.repeat(64)), &[&ours]).is_err());
}

#[test]
fn malformed_notes_and_keys_are_refused() {
    let note = Note::sign("text\n", &key()).expect("a good text").to_string();
    let bad_notes = [
        String::new(),
        "text\n".to_owned(),
        "text\n\n".to_owned(),
        note.trim_end().to_owned(),
        note.replace("\n\n", "\n"),
        note.replace('\u{2014}', "-"),
        note.replace("text", "te\txt"),
        note.replace("text", "te\rxt"),
        format!("{note}\n"),
        format!("{note}\u{2014} name\n"),
        format!("{note}\u{2014} na+me AAAAAAA=\n"),
        format!("{note}\u{2014} name AAAAAA==\n"),
    ];
    for bad in bad_notes {
        let verdict = Note::parse(bad.as_bytes());
        assert!(matches!(verdict, Err(NoteRefused::Malformed(_))), "{bad:?} {verdict:?}");
    }
    assert!(Note::parse(&[note.as_bytes(), &[0xff]].concat()).is_err());
    assert!(Note::sign("text", &key()).is_err());

    let vkey = key().public().to_string();
    let cosigner = vkey.replace("+AQ", "+BA"); // type 4: a witness, which signs another text
    let bad_keys = ["", "a+b", &vkey[1..], &vkey[..vkey.len() - 1], &vkey.to_uppercase(), &cosigner];
    for bad in bad_keys {
        assert!(bad.parse::<VerifierKey>().is_err(), "{bad}");
    }
    for name in ["", "a b", "a+b", "a\u{2003}b", "a\nb"] {
        assert!(LogKey::new(name, &[1; 32]).is_err(), "{name:?}");
    }
}

#[test]
fn checkpoints_are_read_strictly() {
    let root = Hash([7; 32]);
    let good = format!("{ORIGIN}\n12\n{root}\n");
    assert_eq!(Checkpoint::parse(&good).map(|checkpoint| checkpoint.to_string()), Ok(good.clone()));
    assert!(Checkpoint::parse(&format!("{good}an extension\n")).is_ok());
    let bad = [
        String::new(),
        good.trim_end().to_owned(),
        format!("\n12\n{root}\n"),
        format!("{ORIGIN}\n012\n{root}\n"),
        format!("{ORIGIN}\n+12\n{root}\n"),
        format!("{ORIGIN}\n-1\n{root}\n"),
        format!("{ORIGIN}\n18446744073709551616\n{root}\n"),
        format!("{ORIGIN}\n12\n"),
        format!("{ORIGIN}\n12\nAAAA\n"),
        format!("{ORIGIN}\n12\n{}\n", root.to_string().trim_end_matches('=')),
        format!("{good}\n"),
    ];
    for bad in bad {
        assert!(matches!(Checkpoint::parse(&bad), Err(CheckpointRefused::Malformed(_))), "{bad:?}");
    }
    assert!(Checkpoint::parse(&format!("{ORIGIN}\n0\n{}\n", empty_root())).is_ok());
    assert_eq!(Checkpoint::parse(&format!("{ORIGIN}\n0\n{root}\n")), Err(CheckpointRefused::EmptyRoot));
    let note = Note::sign("other.example/log\n12\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n", &key());
    let other =
        Checkpoint::open(note.expect("a good text").to_string().as_bytes(), &[key().public().clone()]);
    assert_eq!(other, Err(CheckpointRefused::OtherLog("other.example/log".to_owned())));
}

/// Trusting two logs lets neither speak for the other.
#[test]
fn a_log_signs_for_itself_only() {
    let other = LogKey::new("other.example/log", &[9; 32]).expect("a good name");
    let keys = [key().public().clone(), other.public().clone()];
    let note = Note::sign(&format!("{ORIGIN}\n12\n{}\n", Hash([7; 32])), &other).expect("a good text");
    let opened = Checkpoint::open(note.to_string().as_bytes(), &keys);
    assert_eq!(opened, Err(CheckpointRefused::Note(NoteRefused::Unsigned)));
}

/// A receipt by the route of any JOSE library: split, decode, verify, read the JSON.
#[test]
fn a_receipt_verifies_by_an_independent_route() {
    let token = receipt(3);
    let [header, payload, signature] = token.split('.').collect::<Vec<_>>().try_into().expect("three parts");
    let decode = |part: &str| BASE64URL_NOPAD.decode(part.as_bytes()).expect("base64url");
    let public = SigningKey::from_bytes(&std::array::from_fn(|i| i as u8)).verifying_key();
    let signature = Signature::from_slice(&decode(signature)).expect("64 bytes");
    public.verify(format!("{header}.{payload}").as_bytes(), &signature).expect("a good signature");
    let header: serde_json::Value = serde_json::from_slice(&decode(header)).expect("JSON");
    assert_eq!(header["alg"], "EdDSA");
    assert_eq!(header["typ"], "waxseal-receipt+jwt");
    assert_eq!(header["kid"], key().public().id());
    let payload: serde_json::Value = serde_json::from_slice(&decode(payload)).expect("JSON");
    assert_eq!(payload["iss"], "https://waxseal.example");
    assert_eq!(payload["n"], 3);
    assert_eq!(payload["last_seq"], 42);
    assert_eq!(payload["salt"], hidden(3).0.to_string());

    let read = Receipt::verify(&token, &[key().public().clone()]).expect("own receipt");
    assert_eq!(read.record, access(3));
    assert_eq!(read.entry().expect("a good record").to_bytes(), access_entry(3));
    assert_eq!(
        read.entry().map(|entry| entry.leaf_hash()),
        Ok(Entry::parse(&access_entry(3)).expect("own").leaf_hash())
    );
}

#[test]
fn forged_receipts_are_refused() {
    let keys = [key().public().clone()];
    let token = receipt(3);
    let (signed, signature) = token.rsplit_once('.').expect("three parts");
    let (header, payload) = signed.split_once('.').expect("two parts");
    let other = LogKey::new(ORIGIN, &[9; 32]).expect("a good name");
    let (salt, _, seal) = hidden(3);
    let other_token = ledger::receipt::ReceiptSigner::new("https://waxseal.example", other);
    let other_token = other_token.sign(&access(3), &salt, &seal).expect("a good record");
    let other_payload = receipt(4).split('.').nth(1).expect("a payload").to_owned();
    let none = BASE64URL_NOPAD.encode(br#"{"alg":"none"}"#);
    for (bad, why) in [
        (String::new(), ReceiptRefused::Malformed),
        ("a.b".to_owned(), ReceiptRefused::Malformed),
        (format!("{token}="), ReceiptRefused::Malformed),
        (format!("{token}.{signature}"), ReceiptRefused::Malformed),
        (format!("{header}.{other_payload}.{signature}"), ReceiptRefused::False),
        (format!("{header}.{payload}."), ReceiptRefused::False),
        (format!("{none}.{payload}."), ReceiptRefused::UnknownKey),
        (other_token, ReceiptRefused::UnknownKey),
    ] {
        assert_eq!(Receipt::verify(&bad, &keys), Err(why), "{bad}");
    }
    assert!(Receipt::verify(&token, &[]).is_err());
}

/// A good signature over another spelling of the payload: two tokens for one record would be two receipts.
#[test]
fn a_receipt_has_one_spelling() {
    let token = receipt(3);
    let (header, rest) = token.split_once('.').expect("three parts");
    let (payload, _) = rest.split_once('.').expect("two parts");
    let payload = BASE64URL_NOPAD.decode(payload.as_bytes()).expect("base64url");
    let payload = String::from_utf8(payload).expect("text");
    let secret = SigningKey::from_bytes(&std::array::from_fn(|i| i as u8));
    let sign = |payload: &str| {
        let signed = format!("{header}.{}", BASE64URL_NOPAD.encode(payload.as_bytes()));
        let signature = BASE64URL_NOPAD.encode(&secret.sign(signed.as_bytes()).to_bytes());
        Receipt::verify(&format!("{signed}.{signature}"), &[key().public().clone()])
    };
    assert!(sign(&payload).is_ok());
    for other in
        [payload.replace(":1}", ":1,\"x\":1}"), payload.replace("{", "{ "), payload.replace("\"n\":3,", "")]
    {
        assert!(matches!(sign(&other), Err(ReceiptRefused::NoRecord(_))), "{other}");
    }
}

/// What the key signs in one place can not be passed off in the other: a note ends in a newline, a receipt has none.
#[test]
fn a_note_is_never_a_receipt() {
    let signed_as_note = signer();
    let token = signed_as_note.sign(&access(1), &hidden(1).0, &hidden(1).2).expect("a good record");
    let (text, signature) = token.rsplit_once('.').expect("three parts");
    let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).expect("base64url");
    assert!(key().public().has_signed(text.as_bytes(), &signature));
    assert!(!key().public().has_signed(format!("{text}\n").as_bytes(), &signature));
    assert!(Note::sign(text, &key()).is_err());
}
