//! Vectors of the damage as the platform writes it, and the property that it is always undone.

use super::repaired;
use proptest::prelude::*;

/// The platform's damage.
fn mangled(text: &str) -> String {
    text.bytes().map(char::from).collect()
}

#[test]
fn vectors() {
    for (damaged, right) in [
        ("\u{c3}\u{a9}", "é"),
        ("\u{e2}\u{80}\u{99}", "’"),
        ("\u{f0}\u{9f}\u{a5}\u{be}", "🥾"),
        ("\u{d8}\u{b3}\u{d9}\u{84}\u{d8}\u{a7}\u{d9}\u{85}", "سلام"),
        ("Tom\u{c3}\u{a1}s", "Tomás"),
        ("plain", "plain"),
        ("", ""),
    ] {
        assert_eq!(repaired(damaged.to_owned()), right);
    }
}

#[test]
fn what_was_right_or_cut_stays() {
    // One real Latin-1 character; text above Latin-1; a mixture; an emoji cut after three of its four bytes;
    // Windows-1252's reading of ’, which this platform does not write.
    for text in ["\u{e9}", "سلام", "\u{c3}\u{a9} سلام", "ok \u{f0}\u{9f}\u{a5}", "\u{e2}\u{20ac}\u{2122}"]
    {
        assert_eq!(repaired(text.to_owned()), text);
    }
}

#[test]
fn of_two_readings_the_repaired_one() {
    assert_eq!(repaired("Ã©".to_owned()), "é");
}

/// Any text at all, control characters too.
fn texts() -> impl Strategy<Value = String> {
    prop::collection::vec(any::<char>(), 0..40).prop_map(String::from_iter)
}

proptest! {
    #[test]
    fn any_text_is_repaired_exactly(text in texts()) {
        prop_assert_eq!(repaired(mangled(&text)), text);
    }

    #[test]
    fn text_with_a_character_above_latin_1_stays(head in texts(), c in any::<char>(), tail in texts()) {
        prop_assume!(c > '\u{ff}');
        let text = format!("{head}{c}{tail}");
        prop_assert_eq!(repaired(text.clone()), text);
    }
}
