//! Recovery codes: what she writes down, for when the other factor is lost.
//!
//! Invariant: one code has one spelling once it is folded; what she adds or mistypes of case, spaces and hyphens, and the
//! letters that look like digits, do not matter. 60 random bits: stored only through the password hash.

/// How many codes are made at a time.
pub const CODES: usize = 10;
/// The random bytes that make one code.
pub const CODE_BYTES: usize = 12;
const CHARS: usize = 12;
/// Crockford's alphabet: no i, l, o, u.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A code made of random bytes, as it is shown: `k3v9-2m8x-q07t`.
pub fn spell(random: &[u8; CODE_BYTES]) -> String {
    let mut shown = String::with_capacity(CHARS + 2);
    for (at, byte) in random.iter().enumerate() {
        if at > 0 && at % 4 == 0 {
            shown.push('-');
        }
        shown.push(char::from(ALPHABET[usize::from(byte % 32)]));
    }
    shown
}

/// A code as it was typed, folded; `None` if it cannot be one.
pub fn fold(typed: &str) -> Option<String> {
    if typed.len() > 64 {
        return None;
    }
    let told = typed.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '\u{2010}'..='\u{2015}'));
    let folded: Option<String> = told
        .map(|c| match c.to_ascii_lowercase() {
            'o' => Some('0'),
            'i' | 'l' => Some('1'),
            c => u8::try_from(c).ok().filter(|byte| ALPHABET.contains(byte)).map(char::from),
        })
        .collect();
    folded.filter(|code| code.len() == CHARS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_survives_being_written_down() {
        let code = spell(&[19, 3, 27, 9, 2, 20, 8, 29, 255, 32, 7, 26]);
        assert_eq!(code, "k3v9-2m8x-z07t");
        let folded = fold(&code);
        assert_eq!(folded.as_deref(), Some("k3v92m8xz07t"));
        for typed in [" K3V9 2M8X ZO7T", "k3v92m8xzo7t", "k3v9\u{2013}2m8x\u{2013}z07t\n"] {
            assert_eq!(fold(typed), folded, "{typed:?}");
        }
        for not in
            ["", "k3v9-2m8x", "k3v9-2m8x-z07t-0", "k3v9-2m8x-z07u", "k3v9-2m8x-z07\u{442}", &"0".repeat(4096)]
        {
            assert_eq!(fold(not), None, "{not:?}");
        }
    }
}
