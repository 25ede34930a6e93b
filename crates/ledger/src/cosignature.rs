//! Cosignatures (C2SP tlog-cosignature, Ed25519): a witness's word, as of a time, that a log only grew up to a checkpoint.
//!
//! Invariant: what a witness signs begins with a line of its own, so it can never pass for what a log signs; a cosignature
//! without a time counts for nothing.

use std::fmt;
use std::str::FromStr;

use data_encoding::HEXLOWER;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use crate::note::{
    KeyNameInvalid, Note, NoteRefused, SignatureLine, ed25519_key, is_key_name, key_id, read_vkey, write_vkey,
};
use crate::secret_key::{self, SecretKeyInvalid};

/// The signature type of timestamped Ed25519 cosignatures.
const ED25519_COSIGNATURE: u8 = 4;

/// Why a text is no key of a witness.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a witness's key: write name+key id+base64 as the witness gives it, for Ed25519 cosignatures (type 4)"
)]
pub struct CosignerKeyInvalid;

/// The public key of a witness. Written `name+hex(id)+base64(4 ‖ key)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CosignerKey {
    name: String,
    id: [u8; 4],
    key: VerifyingKey,
}

/// The private key of a witness.
#[derive(Clone)]
pub struct WitnessKey {
    key: SigningKey,
    public: CosignerKey,
}

impl CosignerKey {
    /// The name of the witness.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name and id that tell keys apart: `name+hex(id)`.
    pub fn id(&self) -> String {
        format!("{}+{}", self.name, HEXLOWER.encode(&self.id))
    }

    /// The bytes of the key, by which two names of one key are found out.
    pub(crate) fn bytes(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// Whether this line names this key.
    pub fn is_of(&self, line: &SignatureLine) -> bool {
        line.name == self.name && line.id == self.id
    }

    /// When this witness cosigned a note, in seconds since 1970; `None` where it did not. A false signature in its name
    /// spoils the whole note.
    pub fn cosigned(&self, note: &Note) -> Result<Option<u64>, NoteRefused> {
        let mut latest = None;
        for line in note.signatures().iter().filter(|line| self.is_of(line)) {
            let time = self.check(note.text(), &line.bytes).ok_or_else(|| NoteRefused::False(self.id()))?;
            latest = latest.max(Some(time));
        }
        Ok(latest)
    }

    fn check(&self, text: &str, bytes: &[u8]) -> Option<u64> {
        let (time, signature) = bytes.split_first_chunk::<8>()?;
        let time = u64::from_be_bytes(*time);
        let signature = Signature::from_slice(signature).ok()?;
        let timely = (1..=i64::MAX.unsigned_abs()).contains(&time);
        (timely && self.key.verify_strict(message(text, time).as_bytes(), &signature).is_ok()).then_some(time)
    }

    fn new(name: &str, key: VerifyingKey) -> Result<Self, KeyNameInvalid> {
        if !is_key_name(name) {
            return Err(KeyNameInvalid);
        }
        Ok(Self { name: name.to_owned(), id: key_id(name, ED25519_COSIGNATURE, key.as_bytes()), key })
    }
}

/// What is signed: a line of its own, the time, and the whole text of the checkpoint.
fn message(text: &str, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

impl fmt::Display for CosignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_vkey(f, &self.name, self.id, ED25519_COSIGNATURE, self.key.as_bytes())
    }
}

impl FromStr for CosignerKey {
    type Err = CosignerKeyInvalid;

    fn from_str(text: &str) -> Result<Self, CosignerKeyInvalid> {
        let read = || match read_vkey(text)? {
            (name, ED25519_COSIGNATURE, key) => Self::new(name, ed25519_key(&key)?).ok(),
            _ => None,
        };
        read().ok_or(CosignerKeyInvalid)
    }
}

impl WitnessKey {
    /// A key of this name from its 32 secret bytes.
    pub fn new(name: &str, secret: &[u8; 32]) -> Result<Self, KeyNameInvalid> {
        let key = SigningKey::from_bytes(secret);
        let public = CosignerKey::new(name, key.verifying_key())?;
        Ok(Self { key, public })
    }

    /// Reads a key from the text that [`WitnessKey::secret_text`] writes.
    pub fn from_secret_text(text: &str) -> Result<Self, SecretKeyInvalid> {
        let (name, secret) = secret_key::read(text, ED25519_COSIGNATURE)?;
        let key = Self::new(name, &secret).map_err(|_| SecretKeyInvalid)?;
        if key.secret_text() == text.trim() { Ok(key) } else { Err(SecretKeyInvalid) }
    }

    /// The key as it is kept in a file. To be kept secret.
    pub fn secret_text(&self) -> String {
        secret_key::write(&self.public.name, self.public.id, ED25519_COSIGNATURE, self.key.as_bytes())
    }

    /// What others check with.
    pub fn public(&self) -> &CosignerKey {
        &self.public
    }

    /// Cosigns the text of a checkpoint as of `time`, in seconds since 1970. The caller has checked that it extends
    /// what it cosigned before, and made that durable.
    pub fn cosign(&self, text: &str, time: u64) -> SignatureLine {
        let signature = self.key.sign(message(text, time).as_bytes()).to_bytes();
        let bytes = [time.to_be_bytes().as_slice(), &signature].concat();
        SignatureLine { name: self.public.name.clone(), id: self.public.id, bytes }
    }
}

impl fmt::Debug for WitnessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WitnessKey({})", self.public.id())
    }
}
