//! The public note of a change of the log's keys: it stands in the log in the clear.
//!
//! Invariant: it holds no more than the public key, which everyone needs who checks checkpoints and receipts.

use serde::Deserialize;

use crate::canonical::{CanonicalJson, Object};
use crate::note::VerifierKey;
use crate::record::{RecordInvalid, from_json, hold, is_time, same};

/// What happened to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyEvent {
    /// It signs checkpoints and receipts from now on, beside those before it or in their place.
    Added,
    /// It signs nothing any more.
    Retired,
}

/// One change of the log's keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// The key, which signs checkpoints and receipts.
    pub key: VerifierKey,
    /// What happened to it.
    pub what: KeyEvent,
    /// When, as in [`crate::record::AccessRecord::at`].
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

impl KeyRecord {
    /// The canonical rendering, as it stands in the log.
    pub fn render(&self) -> Result<CanonicalJson<'static>, RecordInvalid> {
        hold(&[("at", is_time(&self.at))])?;
        let mut out = String::new();
        let mut object = Object::begin(&mut out);
        object.text("at", &self.at);
        object.text("key", &self.key.to_string());
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
            what: KeyEvent,
            why: Option<String>,
        }
        let Fields { at, key, what, why } = from_json(text)?;
        let key = key.parse().map_err(|_| RecordInvalid::Field("key"))?;
        let record = Self { key, what, at, why };
        same(text, record.render()?.as_str())?;
        Ok(record)
    }
}
