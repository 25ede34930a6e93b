//! The text in which programs for signed notes keep a private key: `PRIVATE+KEY+<name>+<id>+<base64(algorithm ‖ secret)>`.
//!
//! Invariant: what is read here prints as it was read, or is refused; nothing in it is ever part of an error.

use data_encoding::{BASE64, HEXLOWER};

/// Why a text is no private key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a private key for signed notes: it must read PRIVATE+KEY+name+key id+base64, for an Ed25519 key of this use"
)]
pub struct SecretKeyInvalid;

/// The name and the secret of a key for this algorithm. The caller holds the id to the key.
pub(crate) fn read(text: &str, algorithm: u8) -> Result<(&str, [u8; 32]), SecretKeyInvalid> {
    let read = || {
        let mut parts = text.trim().strip_prefix("PRIVATE+KEY+")?.splitn(3, '+');
        let (name, _, key) = (parts.next()?, parts.next()?, parts.next()?);
        let key = BASE64.decode(key.as_bytes()).ok()?;
        match key.split_first()? {
            (found, secret) if *found == algorithm => Some((name, secret.try_into().ok()?)),
            _ => None,
        }
    };
    read().ok_or(SecretKeyInvalid)
}

/// The text of a key.
pub(crate) fn write(name: &str, id: [u8; 4], algorithm: u8, secret: &[u8; 32]) -> String {
    let key = BASE64.encode(&[&[algorithm], secret.as_slice()].concat());
    format!("PRIVATE+KEY+{name}+{}+{key}", HEXLOWER.encode(&id))
}
