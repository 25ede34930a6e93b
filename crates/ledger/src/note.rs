//! Signed notes (C2SP signed-note) with Ed25519 keys: how a checkpoint is signed, and by whom.
//!
//! Invariant: a note is taken only if a known key signed it and no known key's signature on it is bad; unknown
//! signatures prove nothing and spoil nothing, so witnesses can be added later.

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE64, HEXLOWER};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use crate::hash::sha256;

/// The most signatures read from one note: the log's own, and those of more witnesses than a policy can name.
pub const SIGNATURES_MAX: usize = 64;

/// The signature type of plain Ed25519.
const ED25519: u8 = 1;

/// Why a note was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteRefused {
    /// Not in the form of a note.
    #[error("it is not a signed note: {0}")]
    Malformed(&'static str),
    /// A known key's signature is bad: the note was changed or forged.
    #[error("the signature of {0} is false: the text was changed or someone else signed it")]
    False(String),
    /// No signature by a known key.
    #[error("none of the keys that you trust signed it")]
    Unsigned,
}

/// Why a text is no verifier key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a verifier key: write name+key id+base64 as the log gives it, for an Ed25519 key")]
pub struct VerifierKeyInvalid;

/// Why no log key can have this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key's name must not be empty and has no spaces, control characters or plus signs: choose another")]
pub struct KeyNameInvalid;

/// A public key with its name: checks the notes and receipts of one log. Written `name+hex(id)+base64(type ‖ key)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: [u8; 4],
    key: VerifyingKey,
}

/// A log's private key with its name: signs notes and receipts.
#[derive(Clone)]
pub struct LogKey {
    key: SigningKey,
    public: VerifierKey,
}

/// A note that was read and not yet checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct NoteSignature {
    name: String,
    id: [u8; 4],
    bytes: Vec<u8>,
}

impl VerifierKey {
    /// The name, by convention the origin of the log.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name and id that tell keys apart: `name+hex(id)`.
    pub fn id(&self) -> String {
        format!("{}+{}", self.name, HEXLOWER.encode(&self.id))
    }

    /// Whether this key signed these bytes; signatures that other programs might judge otherwise do not pass.
    pub fn has_signed(&self, bytes: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature)
            .is_ok_and(|signature| self.key.verify_strict(bytes, &signature).is_ok())
    }

    fn new(name: &str, key: VerifyingKey) -> Result<Self, KeyNameInvalid> {
        if !is_key_name(name) {
            return Err(KeyNameInvalid);
        }
        let digest = sha256(&[name.as_bytes(), b"\n", &[ED25519], key.as_bytes()]).0;
        Ok(Self { name: name.to_owned(), id: [digest[0], digest[1], digest[2], digest[3]], key })
    }
}

fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+')
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[ED25519], self.key.as_bytes().as_slice()].concat();
        write!(f, "{}+{}", self.id(), BASE64.encode(&key))
    }
}

impl FromStr for VerifierKey {
    type Err = VerifierKeyInvalid;

    fn from_str(text: &str) -> Result<Self, VerifierKeyInvalid> {
        let read = || {
            let mut parts = text.splitn(3, '+');
            let (name, _, key) = (parts.next()?, parts.next()?, parts.next()?);
            let key = BASE64.decode(key.as_bytes()).ok()?;
            let (algorithm, key) = key.split_first()?;
            let key = VerifyingKey::from_bytes(key.try_into().ok()?).ok()?;
            let verifier = Self::new(name, key).ok()?;
            // Also holds the id in the text to the key.
            (*algorithm == ED25519 && !verifier.key.is_weak() && verifier.to_string() == text)
                .then_some(verifier)
        };
        read().ok_or(VerifierKeyInvalid)
    }
}

impl LogKey {
    /// A key of this name from its 32 secret bytes.
    pub fn new(name: &str, secret: &[u8; 32]) -> Result<Self, KeyNameInvalid> {
        let key = SigningKey::from_bytes(secret);
        let public = VerifierKey::new(name, key.verifying_key())?;
        Ok(Self { key, public })
    }

    /// What others check with.
    pub fn public(&self) -> &VerifierKey {
        &self.public
    }

    pub(crate) fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        self.key.sign(bytes).to_bytes()
    }
}

impl fmt::Debug for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogKey({})", self.public.id())
    }
}

impl Note {
    /// A note of this text, signed by this key. The text ends with a newline.
    pub fn sign(text: &str, key: &LogKey) -> Result<Self, NoteRefused> {
        check_text(text)?;
        let mut note = Self { text: text.to_owned(), signatures: Vec::new() };
        note.add_signature(key);
        Ok(note)
    }

    fn add_signature(&mut self, key: &LogKey) {
        let (name, id) = (key.public.name.clone(), key.public.id);
        self.signatures.push(NoteSignature { name, id, bytes: key.sign(self.text.as_bytes()).to_vec() });
    }

    /// Reads a note without checking its signatures.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteRefused> {
        let note = std::str::from_utf8(bytes).map_err(|_| NoteRefused::Malformed("it is not UTF-8"))?;
        let split =
            note.rfind("\n\n").ok_or(NoteRefused::Malformed("there is no blank line before signatures"))?;
        let (text, lines) = (&note[..split + 1], &note[split + 2..]);
        check_text(text)?;
        let lines = lines.strip_suffix('\n').ok_or(NoteRefused::Malformed("its last line is not ended"))?;
        let mut signatures = Vec::new();
        for line in lines.split('\n') {
            if signatures.len() == SIGNATURES_MAX {
                return Err(NoteRefused::Malformed("it has more signatures than are read"));
            }
            signatures
                .push(parse_signature(line).ok_or(NoteRefused::Malformed("a signature line is malformed"))?);
        }
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// The text, if it may be believed: signed by one of these keys at least, and by none of them falsely.
    pub fn verify(&self, keys: &[VerifierKey]) -> Result<&str, NoteRefused> {
        let mut signed = false;
        for signature in &self.signatures {
            let known = keys.iter().find(|key| key.name == signature.name && key.id == signature.id);
            match known {
                Some(key) if key.has_signed(self.text.as_bytes(), &signature.bytes) => signed = true,
                Some(key) => return Err(NoteRefused::False(key.id())),
                None => {}
            }
        }
        if signed { Ok(&self.text) } else { Err(NoteRefused::Unsigned) }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        for signature in &self.signatures {
            let blob = [signature.id.as_slice(), &signature.bytes].concat();
            writeln!(f, "\u{2014} {} {}", signature.name, BASE64.encode(&blob))?;
        }
        Ok(())
    }
}

fn check_text(text: &str) -> Result<(), NoteRefused> {
    if !text.ends_with('\n') {
        return Err(NoteRefused::Malformed("its text is not ended"));
    }
    if text.contains(|c: char| c < ' ' && c != '\n') {
        return Err(NoteRefused::Malformed("it has control characters"));
    }
    Ok(())
}

fn parse_signature(line: &str) -> Option<NoteSignature> {
    let (name, blob) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
    let blob = BASE64.decode(blob.as_bytes()).ok()?;
    let (id, bytes) = blob.split_first_chunk::<4>()?;
    let usable = is_key_name(name) && !bytes.is_empty();
    usable.then(|| NoteSignature { name: name.to_owned(), id: *id, bytes: bytes.to_vec() })
}
