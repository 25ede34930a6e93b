//! Whose cosignatures count, as an operator or an auditor gives it: witness by witness, or in a policy file.
//!
//! Invariant: what cannot be what was meant (a key twice, more than there are, nobody to ask) is refused before anything
//! starts.

use ledger::note::VerifierKey;
use ledger::policy::{LISTED_MAX, Policy, PolicyWitness};

/// How many of the witnesses that a server was given one by one are enough, if there are as many.
const ENOUGH: usize = 2;

/// Reads `KEY=URL`, or `KEY` alone.
pub(crate) fn witness(text: &str) -> Result<PolicyWitness, String> {
    // A key may itself hold `=` at its end.
    let split = ["=https://", "=http://"].iter().find_map(|mark| text.find(mark));
    let (key, url) = match split {
        Some(at) => (&text[..at], Some(text[at + 1..].to_owned())),
        None => (text, None),
    };
    let key = key.trim().parse().map_err(|why| format!("{key:?} is {why}"))?;
    Ok(PolicyWitness { key, url })
}

/// The policy that `needed` of these witnesses must have cosigned.
pub(crate) fn some_of(witnesses: Vec<PolicyWitness>, needed: usize) -> Result<Policy, String> {
    let given = witnesses.len();
    Policy::k_of_n(witnesses, needed).ok_or_else(|| {
        format!("give each witness once, {LISTED_MAX} at most, and ask for no more than there are ({needed} of {given})")
    })
}

/// What a server asks: these witnesses, or those of a policy file. `None` where there is neither.
pub(crate) fn asked(witnesses: &[String], policy: Option<&[u8]>) -> Result<Option<Policy>, String> {
    let policy = match (witnesses, policy) {
        ([], None) => return Ok(None),
        ([], Some(file)) => Policy::parse(file).map_err(|why| why.to_string())?,
        (given, None) => {
            let witnesses = given.iter().map(|text| witness(text)).collect::<Result<Vec<_>, _>>()?;
            if let Some(without) = witnesses.iter().find(|witness| witness.url.is_none()) {
                return Err(format!("where is {}? Give it as KEY=URL", without.key.name()));
            }
            let needed = witnesses.len().min(ENOUGH);
            some_of(witnesses, needed)?
        }
        _ => return Err("give the witnesses one by one, or a policy file, not both".to_owned()),
    };
    if policy.witnesses.iter().all(|witness| witness.url.is_none()) {
        return Err("the policy gives no witness with a URL, so there is nobody to ask".to_owned());
    }
    Ok(Some(policy))
}

/// A policy that lists logs must be about this one.
pub(crate) fn is_about(policy: &Policy, log: &VerifierKey) -> bool {
    policy.logs.is_empty() || policy.logs.iter().any(|listed| listed.key == *log)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger::cosignature::WitnessKey;

    fn key(n: u8) -> String {
        WitnessKey::new(&format!("witness.example/{n}"), &[n; 32]).unwrap().public().to_string()
    }

    #[test]
    fn a_witness_is_a_key_and_a_url() {
        let with = witness(&format!("{}=http://127.0.0.1:8090/w", key(1))).unwrap();
        assert_eq!((with.key.to_string(), with.url.as_deref()), (key(1), Some("http://127.0.0.1:8090/w")));
        assert_eq!(witness(&key(1)).unwrap().url, None);
        for bad in ["", "=https://w.example", "w.example", "https://w.example", &format!("{}=w", key(1))] {
            assert!(witness(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn two_of_those_that_are_given_are_enough() {
        let given = |n: u8| (1..=n).map(|n| format!("{}=https://w.example/{n}", key(n))).collect::<Vec<_>>();
        assert_eq!(asked(&[], None), Ok(None));
        for n in 1..=3 {
            assert!(asked(&given(n), None).unwrap().unwrap().needs_witnesses());
        }
        let file = format!("witness w {} https://w.example\nquorum w\n", key(1));
        assert_eq!(asked(&[], Some(file.as_bytes())).unwrap().unwrap().witnesses.len(), 1);
        let nowhere = format!("witness w {}\nquorum w\n", key(1));
        for (given, policy) in [
            (vec![key(1)], None),
            ([given(1), given(1)].concat(), None),
            (given(1), Some(file.as_str())),
            (vec![], Some("quorum none\n")),
            (vec![], Some("nonsense\n")),
            (vec![], Some(nowhere.as_str())),
        ] {
            assert!(asked(&given, policy.map(str::as_bytes)).is_err(), "{given:?} {policy:?}");
        }
    }
}
