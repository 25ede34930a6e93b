//! Proof Key for Code Exchange (RFC 7636), method S256 and no other.
//!
//! Invariant: without the verifier whose hash is the challenge, a code is worth nothing.

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

const CHALLENGE_CHARS: usize = 43;

/// Is this shaped like an S256 challenge: exactly 43 characters of base64url?
pub fn is_challenge(text: &str) -> bool {
    text.len() == CHALLENGE_CHARS && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
}

/// Is this shaped like a verifier: 43 to 128 unreserved characters?
pub fn is_verifier(text: &str) -> bool {
    (43..=128).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
}

/// The S256 challenge of a verifier.
pub fn challenge_of(verifier: &str) -> String {
    BASE64URL_NOPAD.encode(&Sha256::digest(verifier.as_bytes()))
}

/// Does the verifier prove the challenge? The time it takes tells nothing about how much of it is right.
pub fn proves(verifier: &str, challenge: &str) -> bool {
    is_verifier(verifier) && bool::from(challenge_of(verifier).as_bytes().ct_eq(challenge.as_bytes()))
}

#[cfg(test)]
#[path = "pkce_tests.rs"]
mod tests;
