//! The worked example of docs/ledger.md: a log of three entries, and the check that the document shows these very bytes.

use ledger::canonical::CanonicalJson;
use ledger::checkpoint::Checkpoint;
use ledger::commitment::{Commitment, Opening, Salt, SaltKey, Seal, commit_access, commit_grant};
use ledger::entry::Entry;
use ledger::map::{Label, Leaf, MapProof, MapRecord, Standing, root_of};
use ledger::note::LogKey;
use ledger::receipt::ReceiptSigner;
use ledger::record::{
    AccessRecord, Action, AppEvent, AppRecord, GrantActor, GrantEvent, GrantRecord, Outcome,
};
use serde_json::{Value, json};

use crate::log::MemoryLog;

pub(crate) const ORIGIN: &str = "waxseal.example/ledger";
const PERSON: &str = "per_01kav3p1k2m3n4p5q6r7s8t9v0";

pub(crate) fn key() -> LogKey {
    LogKey::new(ORIGIN, &bytes_from(0)).expect("a good name")
}

pub(crate) fn signer() -> ReceiptSigner {
    ReceiptSigner::new("https://waxseal.example", key())
}

pub(crate) fn grant_key() -> SaltKey {
    SaltKey(bytes_from(0x20))
}

pub(crate) fn person_key() -> SaltKey {
    SaltKey(bytes_from(0x40))
}

/// 32 bytes, each one more than the last.
fn bytes_from(first: u8) -> [u8; 32] {
    std::array::from_fn(|i| first + i as u8)
}

pub(crate) fn access(n: u64) -> AccessRecord {
    AccessRecord {
        grant: "gra_01kav3r6c0e5x8y2m4n7p9q1s3".to_owned(),
        n,
        app: "app_01kav3q0a0b1c2d3e4f5g6h7j8".to_owned(),
        action: Action::Read,
        conversation: Some("con_01kav3p0z9y8x7w6v5t4s3r2q1".to_owned()),
        first_seq: Some(17),
        last_seq: Some(42),
        count: 25,
        withheld: 1,
        at: "2026-11-23T12:00:00.000000Z".to_owned(),
        outcome: Outcome::Done,
    }
}

pub(crate) fn hidden(n: u64) -> (Salt, Opening, Seal) {
    let opening = person_key().person(n + 6);
    (grant_key().access(n), opening, opening.seal())
}

pub(crate) fn access_entry(n: u64) -> Vec<u8> {
    let (salt, _, seal) = hidden(n);
    Entry::Access(commit_access(&access(n), &salt, &seal).expect("a good record")).to_bytes()
}

pub(crate) fn receipt(n: u64) -> String {
    let (salt, _, seal) = hidden(n);
    signer().sign(&access(n), &salt, &seal).expect("a good record")
}

fn clear(value: &Value) -> CanonicalJson<'static> {
    CanonicalJson::of(value).expect("whole numbers and ASCII keys")
}

pub(crate) fn app_record() -> AppRecord {
    AppRecord {
        app: access(1).app,
        what: AppEvent::Registered,
        at: "2026-11-23T11:00:00.000000Z".to_owned(),
        terms: Some(clear(&json!({
            "name": "Jukebox",
            "partner": "Jukebox Ltd",
            "ceiling": [{"type": "messages", "actions": ["list", "read", "send"], "conversations": "started"}],
        }))),
        why: None,
    }
}

pub(crate) fn grant_record() -> GrantRecord {
    GrantRecord {
        grant: access(1).grant,
        n: 1,
        app: access(1).app,
        what: GrantEvent::Given,
        by: GrantActor::Person,
        at: "2026-11-23T11:59:00.000000Z".to_owned(),
        terms: Some(clear(
            &json!([{"type": "messages", "actions": ["list", "read"], "conversations": "started"}]),
        )),
    }
}

/// The map once the three entries are counted: the standing, the three leaves (app, grant, person), the record.
fn map(commitment: &Commitment) -> (Standing, [Leaf; 3], MapRecord) {
    let mut standing = Standing::default();
    standing.count(Action::Read, commitment);
    let leaf = |label, blind: &Salt| Leaf { label, value: standing.value(blind) };
    let app = leaf(Label::of_app(&access(1).app), &Salt(bytes_from(0x60)));
    let grant = leaf(Label::of_grant(&grant_key().grant(1)), &grant_key().map());
    let person = leaf(Label::of_person(PERSON, &person_key().person(1).salt), &person_key().map());
    let mut people = [grant, person];
    people.sort_by_key(|leaf| leaf.label);
    let record = MapRecord {
        app_labels: 1,
        apps: root_of(&[app]),
        at: "2026-11-23T12:01:00.000000Z".to_owned(),
        n: 1,
        people: root_of(&people),
        people_labels: 2,
        size: 3,
    };
    (standing, [app, grant, person], record)
}

#[test]
fn the_document_shows_the_map() {
    let document = include_str!("../../../../docs/ledger.md");
    let (salt, _, seal) = hidden(1);
    let commitment = commit_access(&access(1), &salt, &seal).expect("a good record");
    let (standing, [app, grant, person], record) = map(&commitment);
    // With two leaves in a tree, each one's proof is the other's, up to where they part.
    let apart = (0..256).find(|bit| grant.label.bit(*bit) != person.label.bit(*bit)).expect("they differ");
    let mut siblings = vec![ledger::map::EMPTY; apart + 1];
    siblings[apart] = ledger::map::leaf_hash(&person.label, &person.value);
    let proof = MapProof { leaf: Some(grant), siblings };
    assert_eq!(proof.value(&grant.label, &record.people), Ok(Some(grant.value)));
    let mut shown = vec![
        ("head", hex(&standing.head.0)),
        ("map record", record.render().expect("a good record").to_string()),
        ("proof", serde_json::to_string(&proof).expect("JSON")),
    ];
    for leaf in [app, grant, person] {
        shown.extend([("label", hex(&leaf.label.0)), ("value", hex(&leaf.value.0))]);
    }
    let missing: Vec<_> = shown.iter().filter(|(_, value)| !document.contains(value.as_str())).collect();
    assert!(missing.is_empty(), "docs/ledger.md does not show: {missing:#?}");
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

#[test]
fn the_document_shows_these_bytes() {
    let document = include_str!("../../../../docs/ledger.md");
    let (salt, opening, seal) = hidden(1);
    let (access, receipt) = (access(1), receipt(1));
    let commitment = commit_access(&access, &salt, &seal).expect("a good record");
    let grant = commit_grant(&grant_record(), &grant_key().grant(1)).expect("a good record");
    let app = app_record().render().expect("a good record");
    let entries = [Entry::App(app.clone()), Entry::Grant(grant), Entry::Access(commitment)];
    let leaves: Vec<_> = entries.iter().map(Entry::leaf_hash).collect();
    let mut log = MemoryLog::default();
    log.append(&entries.iter().map(Entry::to_bytes).collect::<Vec<_>>());
    let note = Checkpoint::sign(log.size, log.root(), &key()).expect("a good text");

    let parts: Vec<&str> = receipt.split('.').collect();
    let payload = data_encoding::BASE64URL_NOPAD.decode(parts[1].as_bytes()).expect("base64url");
    let mut shown = vec![
        ("verifier key", key().public().to_string()),
        ("access record", access.render().expect("a good record")),
        ("grant record", grant_record().render().expect("a good record")),
        ("app record", app.to_string()),
        ("salt of the access", hex(&salt.0)),
        ("salt of the change", hex(&grant_key().grant(1).0)),
        ("salt of the opening", hex(&opening.salt.0)),
        ("seal", hex(&seal.0)),
        ("commitment to the access", hex(&commitment.0)),
        ("commitment to the change", hex(&grant.0)),
        ("entry of the access", hex(&entries[2].to_bytes())),
        ("root", hex(&log.root().0)),
        ("bundle's length", format!("{} bytes", log.files["tile/entries/000.p/3"].len())),
        ("checkpoint", note.to_string()),
        ("receipt's payload", String::from_utf8(payload).expect("text")),
    ];
    shown.extend(leaves.iter().map(|leaf| ("leaf", hex(&leaf.0))));
    shown.extend(parts.iter().map(|part| ("part of the receipt", (*part).to_owned())));
    let missing: Vec<_> = shown.iter().filter(|(_, value)| !document.contains(value.as_str())).collect();
    assert!(missing.is_empty(), "docs/ledger.md does not show: {missing:#?}");
}
