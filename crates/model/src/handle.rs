//! Handles and names: how people are called.
//!
//! Invariant: no two handles look alike. A handle's *skeleton* folds what the eye confuses, and skeletons are unique.

/// An account's `@name`: 2 to 30 of `a-z 0-9 . _ -`, at least one of them a letter or digit, case folded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(transparent)]
pub struct Handle(String);

/// Why a text cannot be a handle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HandleInvalid {
    /// Too short or too long.
    #[error("a handle has 2 to 30 characters")]
    Length,
    /// A character that handles do not have.
    #[error("a handle has only letters a to z, digits, dots, underscores and hyphens")]
    Character,
    /// Nothing to pronounce.
    #[error("a handle has at least one letter or digit")]
    Separator,
}

impl Handle {
    /// Reads a handle as people type it: spaces around it, a leading `@` and capitals do not matter.
    pub fn parse(text: &str) -> Result<Self, HandleInvalid> {
        let text = text.trim();
        let text = text.strip_prefix('@').unwrap_or(text);
        if !(2..=30).contains(&text.chars().count()) {
            return Err(HandleInvalid::Length);
        }
        let folded = text.to_ascii_lowercase();
        let separator = |byte: u8| matches!(byte, b'.' | b'_' | b'-');
        if !folded.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || separator(byte)) {
            return Err(HandleInvalid::Character);
        }
        if folded.bytes().all(separator) {
            return Err(HandleInvalid::Separator);
        }
        Ok(Handle(folded))
    }

    /// The handle, folded, without `@`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is left of the handle when look-alikes are made the same: `0` as `o`, `1` and `i` as `l`, `rn` as `m`,
    /// `vv` as `w`, every separator as one. Two people never have the same skeleton.
    pub fn skeleton(&self) -> String {
        let folded: String = self
            .0
            .chars()
            .map(|c| match c {
                '0' => 'o',
                '1' | 'i' => 'l',
                '_' | '-' => '.',
                other => other,
            })
            .collect();
        folded.replace("rn", "m").replace("vv", "w")
    }
}

impl std::fmt::Display for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text cannot be a person's or a group's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameInvalid {
    /// Empty or too long.
    #[error("a name has 1 to 80 characters that can be seen")]
    Length,
    /// A line break, a NUL or another control character.
    #[error("a name has no line breaks or control characters")]
    Control,
}

/// Checks a display name: 1 to 80 Unicode scalar values, no control characters; spaces around it are dropped.
pub fn person_name(text: &str) -> Result<String, NameInvalid> {
    let text = text.trim();
    if text.chars().any(|c| c.is_control() || c == '\u{2028}' || c == '\u{2029}') {
        return Err(NameInvalid::Control);
    }
    let unseen = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    if text.chars().count() > 80 || text.chars().all(|c| c.is_whitespace() || unseen(c)) {
        return Err(NameInvalid::Length);
    }
    Ok(text.to_owned())
}

#[cfg(test)]
#[path = "handle_tests.rs"]
mod tests;
