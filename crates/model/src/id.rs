//! Ids: UUIDv7 in newtypes, written outside as a prefix and 26 characters of base32 (`msg_01jd…`).
//!
//! Invariant: one id has exactly one spelling; anything else does not parse.

use crate::{Time, World};
use data_encoding::{Encoding, Specification};
use std::sync::LazyLock;

/// Crockford's alphabet in lower case: no i, l, o, u, so that ids survive being read aloud.
static BASE32: LazyLock<Option<Encoding>> = LazyLock::new(|| {
    let mut spec = Specification::new();
    spec.symbols.push_str("0123456789abcdefghjkmnpqrstvwxyz");
    spec.encoding().ok()
});

/// An id that is not spelled as one of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id of the form {prefix}_ and 26 characters of base32")]
pub struct IdInvalid {
    /// The prefix that was expected.
    pub prefix: &'static str,
}

fn uuid_v7(at: Time, random: [u8; 10]) -> [u8; 16] {
    let ms = u64::try_from(at.micros() / 1000).unwrap_or(0);
    *uuid::Builder::from_unix_timestamp_millis(ms, &random).as_uuid().as_bytes()
}

fn spell(prefix: &str, bytes: &[u8; 16], f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
    f.write_str(prefix)?;
    f.write_str("_")?;
    let mut out = [0u8; 26];
    match BASE32.as_ref() {
        Some(base32) => base32.encode_mut(bytes, &mut out),
        None => return Err(std::fmt::Error),
    }
    f.write_str(std::str::from_utf8(&out).map_err(|_| std::fmt::Error)?)
}

fn parse(prefix: &'static str, text: &str) -> Result<[u8; 16], IdInvalid> {
    let invalid = IdInvalid { prefix };
    let rest = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_')).ok_or(invalid.clone())?;
    let base32 = BASE32.as_ref().ok_or(invalid.clone())?;
    // Decoding is strict: a wrong length or set trailing bits do not decode.
    base32.decode(rest.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok()).ok_or(invalid)
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// The prefix of its spelling.
            pub const PREFIX: &'static str = $prefix;

            /// A new id; ids sort by the time they were made.
            pub fn new(world: &World) -> Self {
                $name(uuid_v7(world.now(), world.random()))
            }

            /// The id with these bytes.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                $name(bytes)
            }

            /// Its bytes.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                spell($prefix, &self.0, f)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                spell($prefix, &self.0, f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdInvalid;
            fn from_str(text: &str) -> Result<Self, IdInvalid> {
                parse($prefix, text).map($name)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// A person's account.
    PersonId = "per";
    /// A partner's app: its OAuth `client_id`.
    AppId = "app";
    /// A conversation.
    ConversationId = "con";
    /// A message.
    MessageId = "msg";
    /// What one person let one app do.
    GrantId = "gra";
    /// A person's signed-in browser.
    SessionId = "ses";
    /// An app's request for a grant that the person has not answered yet.
    AuthorizationId = "aut";
    /// Something that a person was told.
    NoticeId = "ntc";
    /// Where an app is told of what happens.
    WebhookId = "whk";
    /// One thing that a webhook is told.
    DeliveryId = "dlv";
}

#[cfg(test)]
#[path = "id_tests.rs"]
mod tests;
