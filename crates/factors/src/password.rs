//! Which passwords may be: long enough, not what many others have, and more than her own name.
//!
//! Invariant: nothing is asked of a password but this. No classes of characters, no end date, nothing cut off or folded
//! before it is hashed (NIST SP 800-63B, ASVS V6.2).

use crate::frequent;

/// The shortest password, in characters.
pub const CHARS_MIN: usize = 8;
/// The longest password, in characters.
pub const CHARS_MAX: usize = 256;

/// Why a password cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordInvalid {
    /// Too short.
    #[error("a password has at least {CHARS_MIN} characters")]
    Short,
    /// Too long.
    #[error("a password has at most {CHARS_MAX} characters")]
    Long,
    /// On the list.
    #[error(
        "many people have this password, so it is among the first that are tried; choose one that is yours alone"
    )]
    Common,
    /// Made of what everyone knows.
    #[error(
        "this password is little more than your handle, your name or the name of this server; choose another"
    )]
    Context,
}

/// Holds a new password to the rules; `context` is her handle, her name, and what else is plain to everyone.
pub fn check(clear: &str, context: &[&str]) -> Result<(), PasswordInvalid> {
    match clear.chars().count() {
        length if length < CHARS_MIN => return Err(PasswordInvalid::Short),
        length if length > CHARS_MAX => return Err(PasswordInvalid::Long),
        _ => {}
    }
    let folded = clear.to_lowercase();
    if frequent::is_frequent(folded.trim()) {
        return Err(PasswordInvalid::Common);
    }
    if is_little_more_than(&folded, context) { Err(PasswordInvalid::Context) } else { Ok(()) }
}

/// Once the known words are taken out, are there fewer than three letters left? Digits and signs around do not count.
fn is_little_more_than(folded: &str, context: &[&str]) -> bool {
    let known = context.iter().flat_map(|text| text.split_whitespace().chain([*text]));
    let mut known: Vec<String> = known.chain(["waxseal"]).map(|word| letters(&word.to_lowercase())).collect();
    known.retain(|word| word.chars().count() >= 3);
    known.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let mut rest = letters(folded);
    let before = rest.len();
    for word in &known {
        rest = rest.replace(word, " ");
    }
    rest.len() < before && rest.chars().filter(|c| *c != ' ').count() < 3
}

fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphabetic()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HER: [&str; 2] = ["ada.l", "Ada Lovelace"];

    #[test]
    fn length_alone_is_asked_of_most() {
        assert_eq!(check("seven77", &HER), Err(PasswordInvalid::Short));
        assert_eq!(
            check("\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}", &HER),
            Err(PasswordInvalid::Short),
            "characters, not bytes"
        );
        assert_eq!(check(&"x y".repeat(86), &HER), Err(PasswordInvalid::Long));
        for fine in [
            "correct horse",
            "zpqlmvnw",
            "8264953017",
            "        \u{1F9C0}        ",
            &"long one ".repeat(28),
            "ada-password",
        ] {
            assert_eq!(check(fine, &HER), Ok(()), "{fine}");
        }
    }

    #[test]
    fn what_many_have_is_refused_however_it_is_written() {
        for common in [
            "password1",
            "Password1",
            "QWERTYUIOP",
            " sunshine ",
            "iloveyou",
            "1234567890",
            "trustno1",
            "jennifer",
        ] {
            assert_eq!(check(common, &HER), Err(PasswordInvalid::Common), "{common}");
        }
    }

    #[test]
    fn what_everyone_knows_of_her_is_refused() {
        for known in [
            "adalovelace",
            "Ada.Lovelace!",
            "1lovelace1815",
            "waxseal2026",
            "WaxSealAda",
            "lovelace-xy",
            "ada12345",
        ] {
            assert_eq!(check(known, &HER), Err(PasswordInvalid::Context), "{known}");
        }
        for fine in ["lovelace plays whist", "waxseal of approval", "1815-12-10"] {
            assert_eq!(check(fine, &HER), Ok(()), "{fine}");
        }
        assert_eq!(check("19481230", &["x", ""]), Ok(()));
    }
}
