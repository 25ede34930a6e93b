//! S256 by the vector of RFC 7636 appendix B, and by what must not prove anything.
use super::*;
use proptest::prelude::*;

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

#[test]
fn rfc_7636_appendix_b() {
    assert_eq!(challenge_of(VERIFIER), CHALLENGE);
    assert!(proves(VERIFIER, CHALLENGE));
}

#[test]
fn neither_the_challenge_nor_another_verifier_nor_nothing_proves_it() {
    let other = VERIFIER.replace('d', "e");
    for verifier in [CHALLENGE, other.as_str(), "", &VERIFIER[..42]] {
        assert!(!proves(verifier, CHALLENGE), "{verifier}");
    }
    assert!(!proves(VERIFIER, ""));
    assert!(!proves(VERIFIER, VERIFIER), "plain is not supported");
}

#[test]
fn shapes() {
    assert!(is_verifier(&"a".repeat(43)) && is_verifier(&"~".repeat(128)));
    assert!(!is_verifier(&"a".repeat(42)) && !is_verifier(&"a".repeat(129)));
    for odd in ["+", "=", " ", "/", "é"] {
        assert!(!is_verifier(&format!("{}{odd}", "a".repeat(43))), "{odd}");
        assert!(!is_challenge(&format!("{}{odd}", "a".repeat(43 - odd.len()))), "{odd}");
    }
    assert!(is_challenge(CHALLENGE));
    assert!(!is_challenge(&CHALLENGE[1..]) && !is_challenge(&format!("{CHALLENGE}=")));
    assert!(!is_challenge(&".".repeat(43)), "a dot belongs to verifiers only");
}

proptest! {
    #[test]
    fn no_text_panics(verifier in any::<String>(), challenge in any::<String>()) {
        prop_assert!(!proves(&verifier, &challenge));
        let _ = is_challenge(&challenge);
    }
}
