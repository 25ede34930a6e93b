//! The rule in types: what must not compile, each beside a twin that does and differs in nothing else.
//!
//! Invariant: a case fails for the one reason that its `.stderr` shows; its twin shows that the rest of it is right.

#[test]
fn a_permit_is_made_by_the_gate_serves_once_and_goes_nowhere_else() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/rule/pass/*.rs");
    cases.compile_fail("tests/rule/fail/*.rs");
}
