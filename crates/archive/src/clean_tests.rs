//! What is cut and what is not.

use super::{line, text};
use crate::limits::TEXT_CHARS_MAX;
use crate::said::{Remark, Said};
use proptest::prelude::*;

#[test]
fn texts_stay_byte_for_byte() {
    let mut said = Said::default();
    for hard in ["a\u{202e}b\u{7}\u{1b}[31m", " \n ", "e\u{301}\u{301}", "\u{feff}x\r\n\u{85}"] {
        assert_eq!(text(hard.to_owned(), &mut said), hard);
    }
    assert_eq!(said, Said::default());
}

#[test]
fn nul_is_replaced_and_the_end_is_cut_by_characters() {
    let mut said = Said::default();
    assert_eq!(text("a\0b\0".to_owned(), &mut said), "a\u{fffd}b\u{fffd}");
    assert_eq!(said.count(Remark::Replaced), 1);
    assert_eq!(text("é".repeat(TEXT_CHARS_MAX), &mut said).chars().count(), TEXT_CHARS_MAX);
    assert_eq!(said.count(Remark::Shortened), 0);
    assert_eq!(text("é".repeat(TEXT_CHARS_MAX + 1), &mut said), "é".repeat(TEXT_CHARS_MAX));
    assert_eq!(said.count(Remark::Shortened), 1);
}

#[test]
fn lines_lose_what_would_break_them() {
    assert_eq!(line("  Tomás ", 80), Some(("Tomás".to_owned(), false)));
    assert_eq!(line("A\nB\u{85}C", 80), Some(("A B C".to_owned(), true)));
    assert_eq!(line("abcdef", 3), Some(("abc".to_owned(), true)));
    assert_eq!(line("👩‍👩‍👧", 80), Some(("👩‍👩‍👧".to_owned(), false)));
    for nothing in ["", "  ", "\n", "\u{200b}\u{200e}", "\0"] {
        assert_eq!(line(nothing, 80), None, "{nothing:?}");
    }
}

proptest! {
    #[test]
    fn lines_are_lines(raw in prop::collection::vec(any::<char>(), 0..20), max in 1usize..9) {
        let raw = String::from_iter(raw);
        if let Some((line, _)) = line(&raw, max) {
            prop_assert!(!line.is_empty() && line.chars().count() <= max && line.trim() == line);
            prop_assert!(!line.chars().any(char::is_control));
        }
    }
}
