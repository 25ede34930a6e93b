//! Canonical JSON, entries, records and commitments: one spelling each, and nothing else accepted.

use ledger::canonical::{CanonicalJson, CanonicalRefused};
use ledger::commitment::{Commitment, SaltKey, commit_access, commit_grant, commit_staff};
use ledger::entry::{Entry, EntryInvalid};
use ledger::record::{
    AccessRecord, Action, AppRecord, GrantRecord, Outcome, RecordInvalid, StaffAct, StaffRecord,
};
use proptest::prelude::*;
use serde_json::Value;

use crate::example::{access, app_record, grant_record, hidden};

#[test]
fn canonical_json_has_one_spelling() {
    let good = [
        "null",
        "true",
        "0",
        "-1",
        "9007199254740991",
        "-9007199254740991",
        "\"\"",
        r#""\b\t\n\f\r\"\\\u0000\u001f/€😂""#,
        "[]",
        "{}",
        r#"{"":1,"A":2,"a":[{"b":null,"c":false}],"aa":""}"#,
    ];
    for text in good {
        assert_eq!(CanonicalJson::parse(text).as_ref().map(CanonicalJson::as_str), Ok(text));
    }
    let bad = [
        "",
        " null",
        "null ",
        "01",
        "-0",
        "1.0",
        "1e3",
        "0.5",
        "9007199254740992",
        "18446744073709551616",
        "NaN",
        "[1, 2]",
        "[1,]",
        r#"{"b":1,"a":2}"#,
        r#"{"a":1,"a":1}"#,
        r#"{"a": 1}"#,
        r#"{"é":1}"#,
        r#""\/""#,
        r#""\u0041""#,
        r#""\u000A""#,
        r#""\u001F""#,
        "\"\n\"",
        r#""\ud800""#,
        "[1]x",
    ];
    for text in bad {
        assert!(CanonicalJson::parse(text).is_err(), "{text}");
    }
    let deep = "[".repeat(10_000);
    assert!(matches!(CanonicalJson::parse(&deep), Err(CanonicalRefused::NotJson(_))));
    let long = format!("\"{}\"", "x".repeat(65_532));
    assert_eq!(CanonicalJson::parse(&long), Err(CanonicalRefused::TooLong(65_534)));
    assert!(CanonicalJson::parse(&format!("\"{}\"", "x".repeat(65_531))).is_ok());
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-((1i64 << 53) - 1)..1i64 << 53).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[ -~]{0,6}", inner, 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn any_record() -> impl Strategy<Value = AccessRecord> {
    let actions = prop::sample::select(vec![Action::List, Action::Read, Action::Send, Action::Delete]);
    let outcomes = prop::sample::select(vec![Outcome::Done, Outcome::Nothing]);
    let seqs = prop::option::of((1..1000u64, 0..200u64));
    let ids = ("gra_[0-9a-z]{26}", "app_[0-9a-z]{1,64}", "con_[0-9a-z]{26}");
    (ids, 1..1u64 << 53, actions, outcomes, seqs, 0..1u64 << 53).prop_map(
        |((grant, app, conversation), n, action, outcome, seqs, count)| AccessRecord {
            grant,
            app,
            n,
            action,
            outcome,
            conversation: seqs.map(|_| conversation),
            first_seq: seqs.map(|(first, _)| first),
            last_seq: seqs.map(|(first, more)| first + more),
            count,
            withheld: n,
            at: "1970-01-01T00:00:00.000001Z".to_owned(),
        },
    )
}

proptest! {
    /// serde_json writes the same value back, and writing it canonically again changes nothing.
    #[test]
    fn canonical_json_keeps_the_value(value in any_json()) {
        let text = CanonicalJson::of(&value).expect("fits").to_string();
        prop_assert_eq!(&serde_json::from_str::<Value>(&text).expect("JSON"), &value);
        prop_assert!(CanonicalJson::parse(&text).is_ok());
    }

    #[test]
    fn access_records_come_back(record in any_record()) {
        let text = record.render().expect("a good record");
        prop_assert!(CanonicalJson::parse(&text).is_ok(), "{}", text);
        prop_assert_eq!(AccessRecord::parse(&text), Ok(record));
    }

    /// Whatever one byte of a record becomes, it is refused, or it is another record in its one spelling.
    #[test]
    fn a_changed_record_is_refused_or_another(record in any_record(), place: prop::sample::Index, byte in b' '..b'~') {
        let text = record.render().expect("a good record");
        let mut changed = text.clone().into_bytes();
        let place = place.index(changed.len());
        changed[place] = byte;
        let changed = String::from_utf8(changed).expect("ASCII");
        if let Ok(other) = AccessRecord::parse(&changed) {
            prop_assert_eq!(other.render().expect("parsed"), changed.clone());
            prop_assert_eq!(other == record, changed == text);
        }
    }

    #[test]
    fn entries_come_back(bytes in prop::collection::vec(any::<u8>(), 0..40), kind in 0..8u8, version in 0..3u8) {
        let bytes = [&[version, kind], bytes.as_slice()].concat();
        if let Ok(entry) = Entry::parse(&bytes) {
            prop_assert_eq!(entry.to_bytes(), bytes);
        }
    }
}

#[test]
fn grant_and_app_records_come_back() {
    let grant = grant_record();
    let text = grant.render().expect("a good record");
    assert!(CanonicalJson::parse(&text).is_ok());
    assert_eq!(GrantRecord::parse(&text), Ok(grant.clone()));
    let bare = GrantRecord { terms: None, ..grant };
    assert_eq!(GrantRecord::parse(&bare.render().expect("a good record")), Ok(bare));
    let app = AppRecord { why: Some("sold \"news\"\n".to_owned()), ..app_record() };
    let text = app.render().expect("a good record");
    assert!(CanonicalJson::parse(text.as_str()).is_ok());
    assert_eq!(AppRecord::parse(text.as_str()), Ok(app));
}

#[test]
fn other_spellings_of_a_record_are_refused() {
    let good = access(1).render().expect("a good record");
    for (from, to) in [
        ("{", "{ "),
        ("\"count\":25", "\"count\":25.0"),
        ("\"count\":25,", ""),
        ("\"count\":25", "\"count\":\"25\""),
        ("\"count\":25", "\"count\":-25"),
        ("\"read\"", "\"look\""),
        ("\"read\"", "\"\\u0072ead\""),
        ("}", ",\"x\":1}"),
        ("\"n\":1", "\"n\":1,\"n\":1"),
        ("\"n\":1", "\"n\":0"),
        ("\"first_seq\":17", "\"first_seq\":43"),
        ("\"first_seq\":17", "\"first_seq\":null"),
        ("\"gra_", "\"GRA_"),
        ("\"gra_", "\"gra_é"),
        ("2026-11-23T12", "2026-13-23T12"),
        ("12:00:00.000000Z", "12:00:00.000000+00:00"),
        ("12:00:00.000000Z", "24:00:00.000000Z"),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good);
        assert!(AccessRecord::parse(&bad).is_err(), "{bad}");
    }
}

#[test]
fn a_record_that_cannot_be_read_back_is_not_committed_to() {
    let (salt, _, seal) = hidden(1);
    let no_number = AccessRecord { n: 0, ..access(1) };
    assert_eq!(commit_access(&no_number, &salt, &seal), Err(RecordInvalid::Field("n")));
    let no_conversation = AccessRecord { conversation: None, ..access(1) };
    assert_eq!(commit_access(&no_conversation, &salt, &seal), Err(RecordInvalid::Field("first_seq")));
    let bad_time = GrantRecord { at: "yesterday".to_owned(), ..grant_record() };
    assert_eq!(commit_grant(&bad_time, &salt), Err(RecordInvalid::Field("at")));
}

#[test]
fn a_commitment_depends_on_all_that_it_binds() {
    let (salt, _, seal) = hidden(1);
    let (other_salt, _, other_seal) = hidden(2);
    let commit =
        |record: &AccessRecord, salt, seal| commit_access(record, salt, seal).expect("a good record");
    let commitment = commit(&access(1), &salt, &seal);
    assert_ne!(commitment, commit(&access(2), &salt, &seal));
    assert_ne!(commitment, commit(&access(1), &other_salt, &seal));
    assert_ne!(commitment, commit(&access(1), &salt, &other_seal));
    assert_eq!(commitment, commit(&access(1), &salt, &seal));
    // A key gives different salts for each number and each use of it.
    let key = SaltKey([7; 32]);
    let salts = [key.access(1), key.access(2), key.grant(1), key.person(1).salt, SaltKey([8; 32]).access(1)];
    for (i, salt) in salts.iter().enumerate() {
        assert!(!salts[..i].contains(salt));
    }
    assert_eq!(format!("{key:?} {:?}", salts[0]), "SaltKey(..) Salt(..)");
}

#[test]
fn entries_are_read_strictly() {
    let access = Entry::Access(Commitment([7; 32])).to_bytes();
    assert_eq!((access.len(), access[0], access[1]), (34, 1, 1));
    assert_eq!(Entry::parse(&access[..33]), Err(EntryInvalid::CommitmentLength(31)));
    assert_eq!(Entry::parse(&[access.as_slice(), &[0]].concat()), Err(EntryInvalid::CommitmentLength(33)));
    for bytes in [&[][..], &[1], &[0, 1], &[2, 1], &[1, 0], &[1, 7]] {
        assert_eq!(Entry::parse(bytes), Err(EntryInvalid::Unknown(bytes.to_vec())));
    }
    assert_eq!(Entry::parse(&[1, 3, 0xff]), Err(EntryInvalid::NotText));
    assert!(matches!(Entry::parse(b"\x01\x03{\"a\": 1}"), Err(EntryInvalid::Json(_))));
    assert_eq!(Entry::parse(b"\x01\x06{\"a\":1}").map(|entry| entry.kind()), Ok(6));
}

#[test]
fn a_staff_record_has_one_rendering_and_hides_behind_a_salt_of_its_own() {
    let record = StaffRecord {
        person: "per_00000000000000000000000001".to_owned(),
        n: 1,
        what: StaffAct::Export,
        why: "asked for by post".to_owned(),
        at: "2026-11-23T12:00:00.000000Z".to_owned(),
    };
    let text = record.render().expect("a good record");
    let expected = concat!(
        r#"{"at":"2026-11-23T12:00:00.000000Z","n":1,"person":"per_00000000000000000000000001","#,
        r#""what":"export","why":"asked for by post"}"#
    );
    assert_eq!(text, expected);
    assert_eq!(StaffRecord::parse(&text), Ok(record.clone()));
    let silent = StaffRecord { why: String::new(), ..record.clone() };
    assert_eq!(silent.render(), Err(RecordInvalid::Field("why")));
    let key = SaltKey([7; 32]);
    let commitment = commit_staff(&record, &key.staff(1)).expect("a good record");
    assert_ne!(Ok(commitment), commit_staff(&record, &key.staff(2)));
    assert_ne!(Ok(commitment), commit_staff(&record, &key.grant(1)));
}
