//! Undoes what "Download your information" does to every string: its UTF-8 bytes were read as Latin-1.
//! Invariant: strict. A string is changed only if all of it is such bytes and they are valid UTF-8; so text that was
//! right, and text that was truncated inside a character, stay as they are.

/// `text` with the repair where it applies. Only for archives where the damage is the rule: of the two readings of
/// `Ã©` it takes the repaired one.
pub(crate) fn repaired(text: String) -> String {
    if text.is_ascii() {
        return text;
    }
    // Latin-1, not Windows-1252: U+0080 to U+009F are the bytes of the same number.
    let bytes: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or(text)
}

#[cfg(test)]
#[path = "mojibake_tests.rs"]
mod tests;
