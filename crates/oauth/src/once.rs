//! What may be used once within its time: the `jti` of an assertion or a proof.
//!
//! Invariant: the note is as long as any other and says nothing of what it is about; it is needed no longer than what it
//! notes could be used.

use model::Time;
use sha2::{Digest, Sha256};

/// A note that something was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Once {
    /// What was used: a hash, 128 bits.
    pub mark: [u8; 16],
    /// Until when it would be worth anything.
    pub until: Time,
}

impl Once {
    /// A note about the thing that these parts name.
    pub(crate) fn new(parts: &[&[u8]], until: Time) -> Once {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let hash: [u8; 32] = hash.finalize().into();
        let mut mark = [0; 16];
        mark.copy_from_slice(&hash[..16]);
        Once { mark, until }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_things_have_different_marks() {
        let until = Time::from_micros(0);
        let mark = |parts: &[&[u8]]| Once::new(parts, until).mark;
        assert_eq!(mark(&[b"a", b"b"]), mark(&[b"a", b"b"]));
        assert_ne!(mark(&[b"a", b"b"]), mark(&[b"ab", b""]));
        assert_ne!(mark(&[b"a", b"b"]), mark(&[b"b", b"a"]));
        assert_ne!(mark(&[b"a"]), mark(&[b"a", b""]));
    }
}
