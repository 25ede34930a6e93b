//! Public keys of passkeys, as authenticators spell them (COSE, RFC 9053), and what they have signed.
//!
//! Invariant: the key names its algorithm, and nothing else does. A key that is not exactly of one of the offered kinds is
//! not read.

use super::cbor::Cbor;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
};

/// The algorithms that are offered, best first, by their numbers in COSE: ES256, EdDSA, RS256.
pub const ALGORITHMS: [i64; 3] = [-7, -8, -257];
/// The longest modulus, in bytes: checking takes long beyond it.
const MODULUS_BYTES_MAX: usize = 512;
const MODULUS_BYTES_MIN: usize = 256;

/// A public key.
pub(super) enum Key<'a> {
    Es256(ParsedPublicKey),
    EdDsa(ParsedPublicKey),
    Rs256 { n: &'a [u8], e: &'a [u8] },
}

impl<'a> Key<'a> {
    /// Reads a key that is all of `cose`.
    pub(super) fn read(cose: &'a [u8]) -> Option<Key<'a>> {
        let (key, rest) = Key::read_first(cose)?;
        rest.is_empty().then_some(key)
    }

    /// Reads a key, and says what follows it.
    pub(super) fn read_first(bytes: &'a [u8]) -> Option<(Key<'a>, &'a [u8])> {
        let (cose, rest) = Cbor::read(bytes)?;
        let at = |label: i64| cose.at(&Cbor::Int(label));
        let number = |label: i64| if let Some(Cbor::Int(number)) = at(label) { Some(*number) } else { None };
        let bytes = |label: i64| at(label).and_then(Cbor::bytes);
        let members = cose.map()?.len();
        // Labels: 1 kind of key, 3 algorithm, -1 curve or n, -2 x or e, -3 y.
        let key = match (number(1)?, number(3)?) {
            (2, -7) if number(-1)? == 1 && members == 5 => {
                let (x, y) = (bytes(-2)?, bytes(-3)?);
                let point = (x.len() == 32 && y.len() == 32).then(|| [&[4], x, y].concat())?;
                Key::Es256(ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).ok()?)
            }
            (1, -8) if number(-1)? == 6 && members == 4 => {
                let x = bytes(-2).filter(|x| x.len() == 32)?;
                Key::EdDsa(ParsedPublicKey::new(&ED25519, x).ok()?)
            }
            (3, -257) if members == 4 => {
                let (n, e) = (bytes(-1)?, bytes(-2)?);
                let first = *n.first()?;
                let long = match n.len() {
                    MODULUS_BYTES_MIN => first >= 0x80,
                    length => (MODULUS_BYTES_MIN..=MODULUS_BYTES_MAX).contains(&length) && first > 0,
                };
                (long && e == [1, 0, 1]).then_some(Key::Rs256 { n, e })?
            }
            _ => return None,
        };
        Some((key, rest))
    }

    /// The number of its algorithm.
    pub(super) fn algorithm(&self) -> i64 {
        match self {
            Key::Es256(_) => -7,
            Key::EdDsa(_) => -8,
            Key::Rs256 { .. } => -257,
        }
    }

    /// Has this key signed that?
    pub(super) fn has_signed(&self, signed: &[u8], signature: &[u8]) -> bool {
        match self {
            Key::Es256(key) | Key::EdDsa(key) => key.verify_sig(signed, signature).is_ok(),
            Key::Rs256 { n, e } => {
                let key = RsaPublicKeyComponents { n, e };
                key.verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature).is_ok()
            }
        }
    }
}
