//! Access tokens: the number of a key, 192 random bits, and a tag that this key made over both.
//!
//! Invariant: a text without a right tag is refused by arithmetic alone and never reaches the database; only the SHA-256 of
//! a token is stored. The tag is no proof of anything else: what a token may do, its row says.

use super::secret::sha256;
use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use model::{Time, World};
use sha2::Sha256;

const PREFIX: &str = "wxa_";
const NUMBER_BYTES: usize = 2;
const TAGGED_BYTES: usize = NUMBER_BYTES + 24;
/// 128 bits of the tag: what a stranger would have to guess to make us look a token up, once.
const TAG_BYTES: usize = 16;
const BYTES: usize = TAGGED_BYTES + TAG_BYTES;
/// Sets these tags apart from whatever else the key might come to sign.
const DOMAIN: &[u8] = b"waxseal access token v1\0";
/// The same for nonces.
const NONCE_DOMAIN: &[u8] = b"waxseal dpop nonce v1\0";

/// The key of a tag.
#[derive(Clone)]
pub(crate) struct TokenKey {
    number: u16,
    mac: Hmac<Sha256>,
    nonce_mac: Hmac<Sha256>,
    active_from: Time,
    retires_at: Option<Time>,
}

impl TokenKey {
    pub(crate) fn new(
        number: u16,
        secret: &[u8; 32],
        (active_from, retires_at): (Time, Option<Time>),
    ) -> Self {
        // The block of HMAC is 64 bytes: a shorter key is filled up with zeros (RFC 2104 2).
        let mut block = [0; 64];
        block[..32].copy_from_slice(secret);
        let keyed = |domain: &[u8]| {
            let mut mac = Hmac::<Sha256>::new(&block.into());
            mac.update(domain);
            mac
        };
        TokenKey { number, mac: keyed(DOMAIN), nonce_mac: keyed(NONCE_DOMAIN), active_from, retires_at }
    }

    /// The newest key that is active.
    pub(super) fn newest(keys: &[TokenKey], now: Time) -> Option<&TokenKey> {
        keys.iter().filter(|key| key.active_from <= now).max_by_key(|key| key.active_from)
    }

    pub(super) fn number(&self) -> u16 {
        self.number
    }

    pub(super) fn has_retired(&self, now: Time) -> bool {
        self.retires_at.is_some_and(|at| at <= now)
    }

    /// What tags nonces.
    pub(super) fn nonce_mac(&self, tagged: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.nonce_mac.clone();
        mac.update(tagged);
        mac
    }

    fn mac(&self, tagged: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.mac.clone();
        mac.update(tagged);
        mac
    }
}

/// A new token, in the clear, with the newest key that is active.
pub(crate) fn new(keys: &[TokenKey], world: &World) -> Option<AccessToken> {
    let key = TokenKey::newest(keys, world.now())?;
    let mut bytes = [0; BYTES];
    bytes[..NUMBER_BYTES].copy_from_slice(&key.number.to_be_bytes());
    bytes[NUMBER_BYTES..TAGGED_BYTES].copy_from_slice(&world.random::<24>());
    let tag = key.mac(&bytes[..TAGGED_BYTES]).finalize().into_bytes();
    bytes[TAGGED_BYTES..].copy_from_slice(&tag[..TAG_BYTES]);
    Some(AccessToken(format!("{PREFIX}{}", BASE64URL_NOPAD.encode(&bytes))))
}

/// What came in as a token, if one of these keys tagged it and has not retired.
pub(crate) fn read(keys: &[TokenKey], text: &str, now: Time) -> Result<AccessToken, Unread> {
    let bytes = decoded(text).ok_or(Unread::Foreign)?;
    let (tagged, tag) = bytes.split_at(TAGGED_BYTES);
    let number = u16::from_be_bytes([bytes[0], bytes[1]]);
    let key = keys.iter().find(|key| key.number == number).ok_or(Unread::KeyUnknown)?;
    // In constant time: how much of a tag was right is nobody's business.
    key.mac(tagged).verify_truncated_left(tag).map_err(|_| Unread::Foreign)?;
    if key.has_retired(now) { Err(Unread::Foreign) } else { Ok(AccessToken(text.to_owned())) }
}

/// Strict decoding: 56 characters of the URL alphabet, so that one token has one spelling.
fn decoded(text: &str) -> Option<[u8; BYTES]> {
    let rest = text.strip_prefix(PREFIX)?.as_bytes();
    let mut bytes = [0; BYTES];
    if BASE64URL_NOPAD.decode_len(rest.len()) != Ok(BYTES) {
        return None;
    }
    (BASE64URL_NOPAD.decode_mut(rest, &mut bytes) == Ok(BYTES)).then_some(bytes)
}

/// Why a text was not read as a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unread {
    /// It has the form of one, with the number of a key that is not known here.
    KeyUnknown,
    /// It is none of ours.
    Foreign,
}

/// A token in the clear: on its way in or out, never at rest.
pub(crate) struct AccessToken(String);

impl AccessToken {
    /// What is stored of it.
    pub(crate) fn hash(&self) -> [u8; 32] {
        sha256(&[self.0.as_bytes()])
    }

    /// The token itself, to be given away once.
    pub(crate) fn into_clear(self) -> String {
        self.0
    }
}

#[cfg(test)]
#[path = "access_token_tests.rs"]
mod tests;
