//! Makes a source's strings fit for the server.
//! Invariant: a message's text is kept byte for byte but for NUL and for what is over the limit; a line (a name, a
//! title) has no control characters, is trimmed and is not empty.

use crate::limits::TEXT_CHARS_MAX;
use crate::said::{Remark, Said};

/// A message's text.
pub(crate) fn text(text: String, said: &mut Said) -> String {
    let mut text = text;
    if text.contains('\0') {
        text = text.replace('\0', "\u{fffd}");
        said.note(Remark::Replaced);
    }
    if let Some(end) = end_of(&text, TEXT_CHARS_MAX) {
        text.truncate(end);
        said.note(Remark::Shortened);
    }
    text
}

/// One line of at most `chars_max`, and whether it differs from `raw` by more than the spaces around it; none if nothing
/// of it could be seen.
pub(crate) fn line(raw: &str, chars_max: usize) -> Option<(String, bool)> {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    let mut line: String = raw.trim().chars().map(|c| if breaks(c) { ' ' } else { c }).collect();
    if let Some(end) = end_of(&line, chars_max) {
        line.truncate(end);
    }
    let line = line.trim();
    let seen = line.chars().any(|c| !c.is_whitespace() && !unseen(c));
    seen.then(|| (line.to_owned(), line != raw.trim()))
}

/// Characters that take no room: joiners, directional marks and their like.
fn unseen(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Where to cut, if `text` has more than `chars_max` Unicode scalar values.
fn end_of(text: &str, chars_max: usize) -> Option<usize> {
    // A scalar value is at least one byte, so short texts need no count.
    if text.len() <= chars_max { None } else { text.char_indices().nth(chars_max).map(|(at, _)| at) }
}

#[cfg(test)]
#[path = "clean_tests.rs"]
mod tests;
