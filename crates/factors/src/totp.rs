//! One-time codes by the clock (RFC 6238): SHA-1, six digits, a new one every 30 seconds.
//!
//! Invariant: a code is taken for the step it belongs to, one step early or late at most, and never for a step that was
//! used or passed before: the caller keeps the step that comes back.

use aws_lc_rs::hmac;
use data_encoding::BASE32_NOPAD;
use subtle::ConstantTimeEq;

/// How long a secret is, in bytes (RFC 4226, section 4: 160 bits are recommended).
pub const SECRET_BYTES: usize = 20;
/// How long one code lasts, in seconds.
pub const STEP_S: i64 = 30;
const DIGITS: usize = 6;
/// Steps that a clock may be early or late.
const SKEW: i64 = 1;

/// The code of a step: what an app shows.
pub fn code(secret: &[u8], step: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let bytes = tag.as_ref();
    // Dynamic truncation, RFC 4226 section 5.3.
    let offset = usize::from(bytes[bytes.len() - 1] & 0x0f);
    let four = bytes[offset..].first_chunk().copied().unwrap_or_default();
    let number = (u32::from_be_bytes(four) & 0x7fff_ffff) % 10_u32.pow(DIGITS as u32);
    format!("{number:0DIGITS$}")
}

/// The step for which this code is right at this moment, if it is one after `last`. Spaces in what was typed do not matter.
pub fn step_of(secret: &[u8], typed: &str, now_s: i64, last: Option<i64>) -> Option<i64> {
    let typed: String = typed.chars().take(32).filter(|c| !c.is_whitespace()).collect();
    let present = now_s.div_euclid(STEP_S);
    let mut found = None;
    for step in present - SKEW..=present + SKEW {
        let right = bool::from(code(secret, step).as_bytes().ct_eq(typed.as_bytes()));
        if right && last.is_none_or(|last| step > last) {
            found = found.or(Some(step));
        }
    }
    found
}

/// The secret as it is typed into an app by hand, in groups of four.
pub fn spell(secret: &[u8]) -> String {
    let base32 = BASE32_NOPAD.encode(secret);
    let groups: Vec<&str> =
        base32.as_bytes().chunks(4).filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join(" ")
}

/// What the picture says to an app. `host` and `handle` hold no characters that a URI would need escaped.
pub fn uri(secret: &[u8], host: &str, handle: &str) -> String {
    let secret = BASE32_NOPAD.encode(secret);
    let host = host.replace(':', "%3A");
    format!("otpauth://totp/Waxseal%20{host}:{handle}?secret={secret}&issuer=Waxseal%20{host}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, SHA-1; the RFC prints eight digits, of which six are the last.
    const SECRET: &[u8] = b"12345678901234567890";
    const VECTORS: [(i64, &str); 6] = [
        (59, "94287082"),
        (1_111_111_109, "07081804"),
        (1_111_111_111, "14050471"),
        (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"),
        (20_000_000_000, "65353130"),
    ];

    #[test]
    fn the_vectors_of_the_rfc() {
        for (at, eight) in VECTORS {
            assert_eq!(code(SECRET, at / STEP_S), eight[2..], "{at}");
            assert_eq!(step_of(SECRET, &eight[2..], at, None), Some(at / STEP_S));
        }
    }

    #[test]
    fn a_code_is_good_one_step_around_and_once() {
        let (at, step) = (1_234_567_890, 1_234_567_890 / STEP_S);
        let typed = code(SECRET, step);
        for (late, good) in [(-60, false), (-30, true), (0, true), (30, true), (60, false)] {
            let now = step * STEP_S + late;
            assert_eq!(step_of(SECRET, &typed, now, None).is_some(), good, "{late}");
        }
        assert_eq!(step_of(SECRET, &typed, at, Some(step)), None, "used");
        assert_eq!(step_of(SECRET, &typed, at, Some(step + 1)), None, "a later one was used");
        assert_eq!(step_of(SECRET, &typed, at, Some(step - 1)), Some(step));
        assert_eq!(step_of(SECRET, &format!(" {} {} ", &typed[..3], &typed[3..]), at, None), Some(step));
        for not in ["", "12345", "1234567", "abcdef", &"0".repeat(100_000)] {
            assert_eq!(step_of(SECRET, not, at, None), None);
        }
    }

    #[test]
    fn a_secret_is_told_in_words_and_in_a_picture() {
        assert_eq!(spell(SECRET), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
        assert_eq!(
            uri(SECRET, "localhost:8080", "ada"),
            "otpauth://totp/Waxseal%20localhost%3A8080:ada?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Waxseal%20localhost%3A8080"
        );
    }
}
