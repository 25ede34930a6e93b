//! Signed notes (C2SP signed-note) with Ed25519 keys: how a checkpoint is signed, and by whom.
//!
//! Invariant: a note is taken only if a known key signed it and no known key's signature on it is bad; unknown
//! signatures prove nothing and spoil nothing: they are carried along as they are, whatever algorithm made them.

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE64, HEXLOWER};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use crate::hash::sha256;
use crate::secret_key::{self, SecretKeyInvalid};

/// The most signatures read from one note: the log's own, and those of more witnesses than a policy can name.
pub const SIGNATURES_MAX: usize = 64;

/// The signature type of plain Ed25519.
pub(crate) const ED25519: u8 = 1;

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
    signatures: Vec<SignatureLine>,
}

/// One signature under a note. Its `Display` is the line, without its newline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureLine {
    /// The name of the key that is said to have signed.
    pub name: String,
    /// The first bytes of its hash.
    pub id: [u8; 4],
    /// What it signed with, in the form of its algorithm.
    pub bytes: Vec<u8>,
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

    /// Whether this line names this key.
    pub fn is_of(&self, line: &SignatureLine) -> bool {
        line.name == self.name && line.id == self.id
    }

    /// Whether this key signed these bytes; signatures that other programs might judge otherwise do not pass.
    pub fn has_signed(&self, bytes: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature)
            .is_ok_and(|signature| self.key.verify_strict(bytes, &signature).is_ok())
    }

    /// The bytes of the key, by which two names of one key are found out.
    pub(crate) fn bytes(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    fn new(name: &str, key: VerifyingKey) -> Result<Self, KeyNameInvalid> {
        if !is_key_name(name) {
            return Err(KeyNameInvalid);
        }
        Ok(Self { name: name.to_owned(), id: key_id(name, ED25519, key.as_bytes()), key })
    }
}

/// The id of a key: the beginning of a hash over its name, its algorithm and its bytes.
pub(crate) fn key_id(name: &str, algorithm: u8, key: &[u8]) -> [u8; 4] {
    let [a, b, c, d, ..] = sha256(&[name.as_bytes(), b"\n", &[algorithm], key]).0;
    [a, b, c, d]
}

/// Whether a key, and so a log, can have this name.
pub fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+')
}

/// A key as others are given it: `name+hex(id)+base64(algorithm ‖ key)`.
pub(crate) fn write_vkey(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    id: [u8; 4],
    algorithm: u8,
    key: &[u8],
) -> fmt::Result {
    let key = BASE64.encode(&[&[algorithm], key].concat());
    write!(f, "{name}+{}+{key}", HEXLOWER.encode(&id))
}

/// The name, the algorithm and the bytes of a key in that form, whose id must be the right one.
pub(crate) fn read_vkey(text: &str) -> Option<(&str, u8, Vec<u8>)> {
    let mut parts = text.splitn(3, '+');
    let (name, id, key) = (parts.next()?, parts.next()?, parts.next()?);
    let key = BASE64.decode(key.as_bytes()).ok()?;
    let (algorithm, key) = key.split_first()?;
    let known = is_key_name(name) && id == HEXLOWER.encode(&key_id(name, *algorithm, key));
    known.then(|| (name, *algorithm, key.to_vec()))
}

/// An Ed25519 key from its 32 bytes; not one of those under which anything passes for signed.
pub(crate) fn ed25519_key(bytes: &[u8]) -> Option<VerifyingKey> {
    let key = VerifyingKey::from_bytes(bytes.try_into().ok()?).ok()?;
    (!key.is_weak()).then_some(key)
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_vkey(f, &self.name, self.id, ED25519, self.key.as_bytes())
    }
}

impl FromStr for VerifierKey {
    type Err = VerifierKeyInvalid;

    fn from_str(text: &str) -> Result<Self, VerifierKeyInvalid> {
        let read = || match read_vkey(text)? {
            (name, ED25519, key) => Self::new(name, ed25519_key(&key)?).ok(),
            _ => None,
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

    /// Reads a key from the text in which other programs keep theirs (see [`LogKey::secret_text`]).
    pub fn from_secret_text(text: &str) -> Result<Self, SecretKeyInvalid> {
        let (name, secret) = secret_key::read(text, ED25519)?;
        let key = Self::new(name, &secret).map_err(|_| SecretKeyInvalid)?;
        // Also holds the id in the text to the key.
        if key.secret_text() == text.trim() { Ok(key) } else { Err(SecretKeyInvalid) }
    }

    /// The key in the form in which it can be handed to another program. To be kept secret.
    pub fn secret_text(&self) -> String {
        secret_key::write(&self.public.name, self.public.id, ED25519, self.key.as_bytes())
    }

    /// The 32 bytes that the key is made of. To be kept secret.
    pub fn secret(&self) -> &[u8; 32] {
        self.key.as_bytes()
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
        note.sign_also(key);
        Ok(note)
    }

    /// Signs it with this key too.
    pub fn sign_also(&mut self, key: &LogKey) {
        let (name, id) = (key.public.name.clone(), key.public.id);
        self.add(SignatureLine { name, id, bytes: key.sign(self.text.as_bytes()).to_vec() });
    }

    /// Puts a signature under it, in place of an earlier one by the same key. Whether it is a good one is for readers to
    /// check; one that is too many is left out.
    pub fn add(&mut self, line: SignatureLine) {
        match self.signatures.iter().position(|known| known.name == line.name && known.id == line.id) {
            Some(position) => self.signatures[position] = line,
            None if self.signatures.len() < SIGNATURES_MAX => self.signatures.push(line),
            None => {}
        }
    }

    /// The same note with some of its signatures.
    pub fn only(&self, keep: impl Fn(&SignatureLine) -> bool) -> Self {
        let signatures = self.signatures.iter().filter(|line| keep(line)).cloned().collect();
        Self { text: self.text.clone(), signatures }
    }

    /// The text. To be believed only after its signatures were checked.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures, in their order.
    pub fn signatures(&self) -> &[SignatureLine] {
        &self.signatures
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
            let line = SignatureLine::parse(line);
            signatures.push(line.ok_or(NoteRefused::Malformed("a signature line is malformed"))?);
        }
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// The text, if it may be believed: signed by one of these keys at least, and by none of them falsely.
    pub fn verify(&self, keys: &[VerifierKey]) -> Result<&str, NoteRefused> {
        let mut signed = false;
        for signature in &self.signatures {
            let known = keys.iter().find(|key| key.is_of(signature));
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
        self.signatures.iter().try_for_each(|line| writeln!(f, "{line}"))
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

impl SignatureLine {
    /// The name and id of the key that is said to have signed: `name+hex(id)`, as [`VerifierKey::id`].
    pub fn key(&self) -> String {
        format!("{}+{}", self.name, HEXLOWER.encode(&self.id))
    }

    /// Reads one line, without its newline.
    pub fn parse(line: &str) -> Option<Self> {
        let (name, blob) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
        let blob = BASE64.decode(blob.as_bytes()).ok()?;
        let (id, bytes) = blob.split_first_chunk::<4>()?;
        let usable = is_key_name(name) && !bytes.is_empty();
        usable.then(|| Self { name: name.to_owned(), id: *id, bytes: bytes.to_vec() })
    }
}

impl fmt::Display for SignatureLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let blob = [self.id.as_slice(), &self.bytes].concat();
        write!(f, "\u{2014} {} {}", self.name, BASE64.encode(&blob))
    }
}
