//! Nonces for DPoP proofs (RFC 9449 8): the number of a key, a moment, and a tag that this key made over both.
//!
//! Invariant: nothing is kept: any node knows a nonce of any other, before and after a restart, and what nobody here made, or
//! made too long ago, is refused by arithmetic alone. A nonce shows that a proof is young, not that it is new.

use super::access_token::TokenKey;
use super::tokens::TokenRefusal;
use crate::{Refusal, Vault};
use data_encoding::BASE64URL_NOPAD;
use hmac::Mac;
use model::Time;
use oauth::dpop::{self, NONCE_S, Proof, ProofInvalid, Target, Unverified};

const NUMBER_BYTES: usize = 2;
const TAGGED_BYTES: usize = NUMBER_BYTES + 8;
const TAG_BYTES: usize = 16;
const BYTES: usize = TAGGED_BYTES + TAG_BYTES;
/// How far the clock of another node may be ahead of ours, in seconds.
const AHEAD_S: i64 = 30;

/// A nonce of this moment, with the newest key that is active.
fn new(keys: &[TokenKey], now: Time) -> Option<String> {
    let key = TokenKey::newest(keys, now)?;
    let mut bytes = [0; BYTES];
    bytes[..NUMBER_BYTES].copy_from_slice(&key.number().to_be_bytes());
    bytes[NUMBER_BYTES..TAGGED_BYTES].copy_from_slice(&now.micros().to_be_bytes());
    let tag = key.nonce_mac(&bytes[..TAGGED_BYTES]).finalize().into_bytes();
    bytes[TAGGED_BYTES..].copy_from_slice(&tag[..TAG_BYTES]);
    Some(BASE64URL_NOPAD.encode(&bytes))
}

/// Did one of these keys make it, not long ago? None, if it bears the number of a key that is not known here.
fn holds(keys: &[TokenKey], text: &str, now: Time) -> Option<bool> {
    let mut bytes = [0; BYTES];
    let fits = BASE64URL_NOPAD.decode_len(text.len()) == Ok(BYTES)
        && BASE64URL_NOPAD.decode_mut(text.as_bytes(), &mut bytes) == Ok(BYTES);
    if !fits {
        return Some(false);
    }
    let (tagged, tag) = bytes.split_at(TAGGED_BYTES);
    let number = u16::from_be_bytes([bytes[0], bytes[1]]);
    let key = keys.iter().find(|key| key.number() == number)?;
    if key.nonce_mac(tagged).verify_truncated_left(tag).is_err() || key.has_retired(now) {
        return Some(false);
    }
    let made = tagged.get(NUMBER_BYTES..).and_then(|made| made.try_into().ok()).map(i64::from_be_bytes);
    let made = Time::from_micros(made.unwrap_or_default());
    Some(made.plus_seconds(NONCE_S) > now && made <= now.plus_seconds(AHEAD_S))
}

impl Vault {
    /// A nonce for proofs from now on.
    pub async fn dpop_nonce(&self) -> Result<String, Refusal> {
        let now = self.world.now();
        self.with_token_keys(|keys| new(keys, now)).await
    }

    /// Holds a DPoP proof to the request that it came with, and to a nonce of ours. It is still to be used up.
    pub async fn dpop_proof(&self, text: &str, target: &Target<'_>) -> Result<Proof, TokenRefusal> {
        let now = self.world.now();
        let invalid = |why: ProofInvalid| TokenRefusal::OAuth(why.into());
        let proof = Unverified::read(text, target, now).map_err(invalid)?;
        // Arithmetic before cryptography: who has no nonce of ours costs us no signature.
        if !self.with_known_token_key(|keys| holds(keys, proof.nonce(), now)).await? {
            return Err(TokenRefusal::OAuth(dpop::use_nonce()));
        }
        proof.verify().map_err(invalid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_micros(1_795_435_200_000_000);

    fn key(number: u16, secret: u8) -> TokenKey {
        TokenKey::new(number, &[secret; 32], (NOW, None))
    }

    #[test]
    fn a_nonce_holds_for_a_while_wherever_its_key_is_known() {
        let (one, two) = ([key(1, 7)], [key(2, 8), key(1, 7)]);
        let nonce = new(&one, NOW).unwrap();
        for (after_s, wanted) in
            [(0, true), (NONCE_S - 1, true), (NONCE_S, false), (-AHEAD_S, true), (-31, false)]
        {
            assert_eq!(holds(&one, &nonce, NOW.plus_seconds(after_s)), Some(wanted), "{after_s}");
            assert_eq!(holds(&two, &nonce, NOW.plus_seconds(after_s)), Some(wanted), "{after_s}");
        }
        assert_eq!(holds(&[key(2, 7)], &nonce, NOW), None, "another number");
        assert_eq!(holds(&[key(1, 8)], &nonce, NOW), Some(false), "another house");
        let retired = TokenKey::new(1, &[7; 32], (NOW, Some(NOW.plus_seconds(60))));
        assert_eq!(holds(&[retired], &nonce, NOW.plus_seconds(60)), Some(false));
        assert_eq!(new(&[], NOW), None);
    }

    #[test]
    fn what_nobody_made_is_none() {
        let keys = [key(1, 7)];
        let nonce = new(&keys, NOW).unwrap();
        for at in 0..nonce.len() {
            let mut spoilt = nonce.clone().into_bytes();
            spoilt[at] = if spoilt[at] == b'A' { b'B' } else { b'A' };
            assert_ne!(holds(&keys, std::str::from_utf8(&spoilt).unwrap(), NOW), Some(true), "{at}");
        }
        for odd in ["", "x", &nonce[1..], &format!("{nonce}A"), &format!("{nonce}=")] {
            assert_ne!(holds(&keys, odd, NOW), Some(true), "{odd}");
        }
    }
}
