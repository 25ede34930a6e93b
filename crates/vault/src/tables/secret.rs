//! Secrets that we hand out: tokens, codes, cookies, client secrets. 256 random bits behind a prefix that says what it is.
//!
//! Invariant: only the SHA-256 of a secret is stored, and a text that is not of the right form never reaches the database.

use data_encoding::BASE64URL_NOPAD;
use model::World;
use sha2::{Digest, Sha256};

/// What a secret is for. A secret of one kind is never taken for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SecretKind {
    Refresh,
    Code,
    Client,
    Session,
    Pushed,
    Device,
    /// By which a browser is known.
    Browser,
    /// A password was given, and a code is yet to come.
    Half,
    /// Sets a new password.
    Recovery,
    PartnerLink,
    Partner,
}

impl SecretKind {
    const fn prefix(self) -> &'static str {
        match self {
            SecretKind::Refresh => "wxr_",
            SecretKind::Code => "wxc_",
            SecretKind::Client => "wxs_",
            SecretKind::Session => "wxb_",
            SecretKind::Pushed => "wxp_",
            SecretKind::Device => "wxd_",
            SecretKind::Browser => "wxn_",
            SecretKind::Half => "wxh_",
            SecretKind::Recovery => "wxq_",
            SecretKind::PartnerLink => "wxl_",
            SecretKind::Partner => "wxa_",
        }
    }
}

/// A secret in the clear: on its way in or out, never at rest.
#[derive(Clone)]
pub(crate) struct Secret(String);

impl Secret {
    /// A new one.
    pub(crate) fn new(kind: SecretKind, world: &World) -> Self {
        Secret(format!("{}{}", kind.prefix(), BASE64URL_NOPAD.encode(&world.random::<32>())))
    }

    /// The one that comes after this one: whoever has the seed and this one in the clear can tell it again, and nobody
    /// else. So it need not be kept to be given a second time.
    pub(crate) fn next(&self, kind: SecretKind, seed: &[u8; 32]) -> Self {
        let bytes = sha256(&[b"waxseal next secret v1", self.0.as_bytes(), seed]);
        Secret(format!("{}{}", kind.prefix(), BASE64URL_NOPAD.encode(&bytes)))
    }

    /// One that came in, if it has the form of its kind.
    pub(crate) fn read(kind: SecretKind, text: &str) -> Option<Self> {
        let rest = text.strip_prefix(kind.prefix())?;
        // Strict decoding: 43 characters, no spare bits set, so that one secret has one spelling.
        let bytes = BASE64URL_NOPAD.decode(rest.as_bytes()).ok()?;
        (bytes.len() == 32).then(|| Secret(text.to_owned()))
    }

    /// What is stored of it.
    pub(crate) fn hash(&self) -> [u8; 32] {
        sha256(&[self.0.as_bytes()])
    }

    /// The secret itself, to be given away once.
    pub(crate) fn into_clear(self) -> String {
        self.0
    }
}

/// SHA-256 over parts, each behind its length, so that no two lists of parts hash alike.
pub(crate) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{Clock, Entropy, Time};
    use std::collections::HashSet;

    struct Os;

    impl Clock for Os {
        fn now(&self) -> Time {
            Time::from_micros(0)
        }
    }

    impl Entropy for Os {
        fn fill(&self, bytes: &mut [u8]) {
            getrandom::fill(bytes).unwrap();
        }
    }

    #[test]
    fn ten_thousand_of_each_kind_are_all_different_and_hold_256_random_bits() {
        let world = World::new(Os, Os);
        let kinds = [
            SecretKind::Refresh,
            SecretKind::Code,
            SecretKind::Client,
            SecretKind::Session,
            SecretKind::Pushed,
            SecretKind::Device,
            SecretKind::Browser,
            SecretKind::Half,
            SecretKind::Recovery,
        ];
        let (mut seen, mut ones) = (HashSet::new(), vec![0_u32; 256]);
        for kind in kinds {
            for _ in 0..10_000 {
                let text = Secret::new(kind, &world).into_clear();
                let random =
                    BASE64URL_NOPAD.decode(text.strip_prefix(kind.prefix()).unwrap().as_bytes()).unwrap();
                assert_eq!(random.len(), 32);
                for (bit, ones) in ones.iter_mut().enumerate() {
                    *ones += u32::from(random[bit / 8] >> (bit % 8) & 1);
                }
                assert!(seen.insert(random), "{text}");
                assert!(kinds.iter().all(|other| Secret::read(*other, &text).is_some() == (*other == kind)));
            }
        }
        // Each bit is set in half of them: 45,000 of 90,000, and farther than 1,300 from that once in 10^15 runs.
        assert!(ones.iter().all(|ones| ones.abs_diff(45_000) < 1_300), "{ones:?}");
    }
}
