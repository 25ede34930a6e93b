//! Trust policies: the example of C2SP tlog-policy, every rule of its text, and what a quorum counts.

use ledger::checkpoint::Checkpoint;
use ledger::cosignature::WitnessKey;
use ledger::hash::Hash;
use ledger::note::{LogKey, Note};
use ledger::policy::{LISTED_MAX, Policy, PolicyRefused, PolicyWitness};

use crate::example::key;

fn witness(n: u8) -> WitnessKey {
    WitnessKey::new(&format!("witness.example/{n}"), &[100 + n; 32]).expect("a good name")
}

fn vkey(n: u8) -> String {
    witness(n).public().to_string()
}

/// A checkpoint that these witnesses cosigned, the first at 1000 s and so on.
fn note(cosigners: &[u8]) -> Note {
    let mut note = Checkpoint::sign(12, Hash([7; 32]), &key()).expect("a good text");
    for n in cosigners {
        note.add(witness(*n).cosign(note.text(), 1_000 + u64::from(*n)));
    }
    note
}

fn accepts(policy: &Policy, cosigners: &[u8]) -> bool {
    policy.open(note(cosigners).to_string().as_bytes()).is_ok()
}

/// Two of three X, and one of three Y.
fn example() -> String {
    let mut text = format!("# who is believed\nlog {}\n\n", key().public());
    for n in 1..=3 {
        text += &format!("witness X{n} {} https://x{n}.example/witness\n", vkey(n));
    }
    text += "group X-witnesses 2 X1 X2 X3\n";
    for n in 4..=6 {
        text += &format!("\twitness  Y{} {}\t\n", n - 3, vkey(n));
    }
    text + "group Y-witnesses any Y1 Y2 Y3\n\n  # both\ngroup X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n"
}

#[test]
fn the_example_of_the_specification() {
    let policy = Policy::parse(example().as_bytes()).expect("a policy");
    assert_eq!((policy.logs.len(), policy.witnesses.len()), (1, 6));
    assert_eq!(policy.witnesses[1].url.as_deref(), Some("https://x2.example/witness"));
    assert!(policy.needs_witnesses());
    for (cosigners, enough) in [
        (&[1_u8, 2, 4] as &[u8], true),
        (&[2, 3, 6], true),
        (&[1, 2, 3, 4, 5, 6], true),
        (&[1, 2, 3], false),
        (&[1, 4, 5, 6], false),
        (&[4, 5, 6], false),
        (&[], false),
        (&[1, 1, 4], false),
    ] {
        assert_eq!(accepts(&policy, cosigners), enough, "{cosigners:?}");
    }
    let (checkpoint, who) = policy.open(note(&[4, 1, 2, 9]).to_string().as_bytes()).expect("enough");
    assert_eq!(checkpoint.size, 12);
    let who: Vec<_> = who.0.iter().map(|(name, time)| (name.as_str(), *time)).collect();
    assert_eq!(
        who,
        [("witness.example/1", 1_001), ("witness.example/2", 1_002), ("witness.example/4", 1_004)]
    );
    let refused = policy.open(note(&[1, 4]).to_string().as_bytes()).expect_err("too few");
    assert_eq!(
        refused.to_string(),
        "too few witnesses cosigned it: witness.example/1, witness.example/4, and the policy asks for more"
    );
}

#[test]
fn a_false_cosignature_spoils_it_and_another_log_is_not_believed() {
    let policy = Policy::parse(example().as_bytes()).expect("a policy");
    let mut spoilt = note(&[1, 2, 4]);
    spoilt.add(witness(5).cosign("another text\n", 7));
    assert!(matches!(policy.open(spoilt.to_string().as_bytes()), Err(PolicyRefused::False(_))));
    let other = LogKey::new("other.example/log", &[9; 32]).expect("a good name");
    let note = Checkpoint::sign(12, Hash([7; 32]), &other).expect("a good text");
    assert!(matches!(policy.open(note.to_string().as_bytes()), Err(PolicyRefused::Checkpoint(_))));
}

#[test]
fn one_witness_nobody_and_k_of_n() {
    let log = format!("log {}\n", key().public());
    let one = format!("{log}witness w {}\nquorum w\n", vkey(1));
    let policy = Policy::parse(one.as_bytes()).expect("a policy");
    assert!(accepts(&policy, &[1]) && !accepts(&policy, &[2]));
    // The last line need not be ended, and names may be any octets.
    let none = [log.as_bytes(), b"witness \xff\xfe ", vkey(1).as_bytes(), b"\nquorum none"].concat();
    let policy = Policy::parse(&none).expect("a policy");
    assert!(accepts(&policy, &[]) && !policy.needs_witnesses());
    let of = |numbers: &[u8], needed| {
        let witness = |n: &u8| PolicyWitness { key: witness(*n).public().clone(), url: None };
        Policy::k_of_n(numbers.iter().map(witness).collect(), needed)
    };
    let enough = |policy: &Policy, cosigners| policy.cosigned(&note(cosigners)).is_ok();
    let two = of(&[1, 2, 3], 2).expect("a policy");
    assert!(enough(&two, &[1, 3]) && !enough(&two, &[3]) && two.needs_witnesses());
    assert!(enough(&of(&[1], 0).expect("a policy"), &[]));
    assert_eq!((of(&[1, 2], 3), of(&[1, 1], 1)), (None, None));
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    let (log, a, b) = (key().public().to_string(), vkey(1), vkey(2));
    let other_name = WitnessKey::new("other.example", &[101; 32]).expect("a good name");
    let other_name = other_name.public().to_string();
    let listed = |n: usize| {
        let witness = |n: usize| WitnessKey::new("w", &[n as u8 + 1; 32]).expect("a good name");
        let line = |n| format!("witness w{n} {}\n", witness(n).public());
        (0..n).map(line).collect::<String>() + "quorum none\n"
    };
    assert!(Policy::parse(listed(LISTED_MAX).as_bytes()).is_ok());
    for (text, line) in [
        (String::new(), 1),
        (format!("log {log}\n"), 1),
        ("quorum none\nquorum none\n".to_owned(), 2),
        ("quorum w\n".to_owned(), 1),
        (format!("quorum w\nwitness w {a}\n"), 1),
        (format!("witness w {a}\nwitness w {b}\nquorum w\n"), 2),
        (format!("witness none {a}\nquorum none\n"), 1),
        (format!("witness w {a}\nwitness v {a}\nquorum w\n"), 2),
        (format!("witness w {a}\nwitness v {other_name}\nquorum w\n"), 2),
        (format!("log {log}\nlog {log}\nquorum none\n"), 2),
        (format!("witness w {log}\nquorum none\n"), 1),
        (format!("log {a}\nquorum none\n"), 1),
        (format!("witness w {a} https://a https://b\nquorum w\n"), 1),
        (format!("witness w {a}\ngroup g all w v\nquorum g\n"), 2),
        (format!("witness w {a}\ngroup g all g\nquorum g\n"), 2),
        (format!("witness w {a}\ngroup g 2 w\nquorum g\n"), 2),
        (format!("witness w {a}\ngroup g 0 w\nquorum g\n"), 2),
        (format!("witness w {a}\ngroup g +1 w\nquorum g\n"), 2),
        (format!("witness w {a}\ngroup g some w\nquorum g\n"), 2),
        (format!("witness w {a}\ngroup g all\nquorum g\n"), 2),
        (format!("witness w {a}\ngroup g any w w\nquorum g\n"), 2),
        (format!("witness w {a}\ngroup g any w\ngroup h any w\nquorum h\n"), 3),
        (format!("witness w {a}\ngroup g any none w\nquorum g\n"), 2),
        (format!("witness w {a}\ngroup w any w\nquorum w\n"), 2),
        (format!("witness w {a}\r\nquorum w\n"), 1),
        ("Quorum none\n".to_owned(), 1),
        ("quorum none # really\n".to_owned(), 1),
        (listed(LISTED_MAX + 1), LISTED_MAX + 1),
    ] {
        let refused = Policy::parse(text.as_bytes()).expect_err(&text);
        assert_eq!(refused.line, line, "{text}: {refused}");
    }
}
