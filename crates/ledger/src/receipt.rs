//! Receipts: the signed copy of an access record that the app gets back, a compact JWS.
//!
//! Invariant: a receipt that verifies holds all that its entry commits to, so its leaf can be looked for in the log.

use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;

use crate::canonical::Object;
use crate::commitment::{Salt, Seal, commit_access};
use crate::entry::Entry;
use crate::note::{LogKey, VerifierKey};
use crate::record::{AccessRecord, Envelope, RecordInvalid, same};

/// A receipt that was checked.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Receipt {
    /// The URL of the server that gave it.
    pub iss: String,
    /// What hides the record in the log.
    pub salt: Salt,
    /// The hidden number of the access among all to the person's things.
    pub seal: Seal,
    /// The record.
    #[serde(flatten)]
    pub record: AccessRecord,
}

/// Why a receipt is not genuine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptRefused {
    /// Not three parts in base64url.
    #[error("it is not a compact JWS of three parts in base64url")]
    Malformed,
    /// Its header is none that a known key writes.
    #[error("it does not name one of the keys that you trust")]
    UnknownKey,
    /// Its signature is bad.
    #[error("its signature is false: it was changed or forged")]
    False,
    /// Signed, and yet no record: the server that signed it does not keep to the format.
    #[error("it is signed, but holds no record: {0}")]
    NoRecord(#[from] RecordInvalid),
}

/// Signs receipts for one server.
#[derive(Clone, Debug)]
pub struct ReceiptSigner {
    iss: String,
    key: LogKey,
    header: String,
}

/// The first part of each receipt that a key signs. Receipts are compared with it whole, so no other algorithm or key
/// can be smuggled in through the header.
fn header(key: &VerifierKey) -> String {
    let mut json = String::new();
    let mut object = Object::begin(&mut json);
    object.text("alg", "EdDSA");
    object.text("kid", &key.id());
    object.text("typ", "waxseal-receipt+jwt");
    object.end();
    BASE64URL_NOPAD.encode(json.as_bytes())
}

impl ReceiptSigner {
    /// A signer of the server at the URL `iss`.
    pub fn new(iss: &str, key: LogKey) -> Self {
        Self { iss: iss.to_owned(), header: header(key.public()), key }
    }

    /// The receipt of this record.
    pub fn sign(&self, record: &AccessRecord, salt: &Salt, seal: &Seal) -> Result<String, RecordInvalid> {
        self.sign_with(record, salt, seal, |bytes| self.key.sign(bytes))
    }

    /// The same receipt, for callers that have a faster way to make the key's Ed25519 signature.
    pub fn sign_with(
        &self,
        record: &AccessRecord,
        salt: &Salt,
        seal: &Seal,
        sign: impl FnOnce(&[u8]) -> [u8; 64],
    ) -> Result<String, RecordInvalid> {
        let mut payload = String::with_capacity(640);
        record.write(&mut payload, Some(&Envelope { iss: &self.iss, salt, seal }))?;
        let signature_length = BASE64URL_NOPAD.encode_len(64);
        let payload_length = BASE64URL_NOPAD.encode_len(payload.len());
        let mut token = String::with_capacity(self.header.len() + payload_length + signature_length + 2);
        token.push_str(&self.header);
        token.push('.');
        BASE64URL_NOPAD.encode_append(payload.as_bytes(), &mut token);
        let signature = sign(token.as_bytes());
        token.push('.');
        BASE64URL_NOPAD.encode_append(&signature, &mut token);
        Ok(token)
    }
}

impl Receipt {
    /// Checks a receipt with the keys of one log.
    pub fn verify(token: &str, keys: &[VerifierKey]) -> Result<Self, ReceiptRefused> {
        let (signed, signature) = token.rsplit_once('.').ok_or(ReceiptRefused::Malformed)?;
        let (first, payload) = signed.split_once('.').ok_or(ReceiptRefused::Malformed)?;
        let decode =
            |part: &str| BASE64URL_NOPAD.decode(part.as_bytes()).map_err(|_| ReceiptRefused::Malformed);
        let (payload, signature) = (decode(payload)?, decode(signature)?);
        let key = keys.iter().find(|key| header(key) == first).ok_or(ReceiptRefused::UnknownKey)?;
        if !key.has_signed(signed.as_bytes(), &signature) {
            return Err(ReceiptRefused::False);
        }
        Ok(Self::parse(&payload)?)
    }

    fn parse(payload: &[u8]) -> Result<Self, RecordInvalid> {
        let form = |why: &dyn std::fmt::Display| RecordInvalid::Form(why.to_string());
        let text = std::str::from_utf8(payload).map_err(|why| form(&why))?;
        let receipt: Self = serde_json::from_str(text).map_err(|why| form(&why))?;
        let mut rendered = String::with_capacity(text.len());
        let envelope = Envelope { iss: &receipt.iss, salt: &receipt.salt, seal: &receipt.seal };
        receipt.record.write(&mut rendered, Some(&envelope))?;
        same(text, &rendered)?;
        Ok(receipt)
    }

    /// The entry that the log must hold for it.
    pub fn entry(&self) -> Result<Entry<'static>, RecordInvalid> {
        Ok(Entry::Access(commit_access(&self.record, &self.salt, &self.seal)?))
    }
}
