//! The public note of a change of the server's keys: it stands in the log in the clear.
//!
//! Invariant: it names no more than a public key: one that everyone needs who checks checkpoints and receipts, or the one by
//! which apps know who signed in. So a key that was used and never shown to everyone is found.

use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;

use crate::canonical::{CanonicalJson, Object};
use crate::note::VerifierKey;
use crate::record::{RecordInvalid, from_json, hold, is_time, same};

/// What happened to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyEvent {
    /// It signs from then on, beside those before it or in their place.
    Added,
    /// It signs nothing any more.
    Retired,
}

/// A key, by what everyone can know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamedKey {
    /// It signs checkpoints and receipts.
    Log(VerifierKey),
    /// It signs the ID tokens that apps are given: its thumbprint (RFC 7638, SHA-256), which is its `kid` in `/jwks`.
    IdToken(String),
}

/// One change of the server's keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// The key.
    pub key: NamedKey,
    /// What happened to it.
    pub what: KeyEvent,
    /// From when on, as in [`crate::record::AccessRecord::at`]; that may be ahead.
    pub at: String,
    /// The operator's reason, where one was given.
    pub why: Option<String>,
}

impl KeyEvent {
    /// The word in a record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Retired => "retired",
        }
    }
}

impl NamedKey {
    /// What it is for, and how it is written.
    fn words(&self) -> (&'static str, String) {
        match self {
            Self::Log(key) => ("log", key.to_string()),
            Self::IdToken(thumbprint) => ("id_token", thumbprint.clone()),
        }
    }

    fn read(purpose: &str, text: &str) -> Result<Self, RecordInvalid> {
        let key = match purpose {
            "log" => text.parse().ok().map(Self::Log),
            "id_token" => is_thumbprint(text).then(|| Self::IdToken(text.to_owned())),
            _ => return Err(RecordInvalid::Field("purpose")),
        };
        key.ok_or(RecordInvalid::Field("key"))
    }
}

/// SHA-256 in base64url without padding, in its one spelling.
fn is_thumbprint(text: &str) -> bool {
    BASE64URL_NOPAD.decode(text.as_bytes()).is_ok_and(|bytes| bytes.len() == 32)
}

impl KeyRecord {
    /// The canonical rendering, as it stands in the log.
    pub fn render(&self) -> Result<CanonicalJson<'static>, RecordInvalid> {
        let (purpose, key) = self.key.words();
        let known = matches!(&self.key, NamedKey::Log(_)) || is_thumbprint(&key);
        hold(&[("at", is_time(&self.at)), ("key", known)])?;
        let mut out = String::new();
        let mut object = Object::begin(&mut out);
        object.text("at", &self.at);
        object.text("key", &key);
        object.text("purpose", purpose);
        object.text("what", self.what.as_str());
        object.text_or_null("why", self.why.as_deref());
        object.end();
        Ok(CanonicalJson::rendered(out)?)
    }

    /// Reads a canonical rendering.
    pub fn parse(text: &str) -> Result<Self, RecordInvalid> {
        #[derive(Deserialize)]
        struct Fields {
            at: String,
            key: String,
            purpose: String,
            what: KeyEvent,
            why: Option<String>,
        }
        let Fields { at, key, purpose, what, why } = from_json(text)?;
        let record = Self { key: NamedKey::read(&purpose, &key)?, what, at, why };
        same(text, record.render()?.as_str())?;
        Ok(record)
    }
}
