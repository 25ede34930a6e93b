//! What a browser sends of a passkey: the JSON that `PublicKeyCredential.toJSON()` makes (section 5.1).
//!
//! Invariant: base64url is strict, so that one value has one spelling; what is not known to us is left aside.

use super::{ID_BYTES_MAX, PasskeyInvalid};
use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The longest JSON that is looked at, in bytes. An id of 1,023 bytes, an RSA key and a signature leave room to spare.
const JSON_BYTES_MAX: usize = 16 * 1024;

/// A passkey's answer: its id, and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent<T> {
    /// The passkey's id.
    pub id: Vec<u8>,
    /// What it says.
    pub says: T,
}

/// A passkey was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentCreated {
    /// What the browser says of it, JSON.
    pub client_data: Vec<u8>,
    /// What the authenticator says of it, CBOR.
    pub attestation: Vec<u8>,
}

/// A passkey signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentSigned {
    /// What the browser says of it, JSON.
    pub client_data: Vec<u8>,
    /// What the authenticator says of it.
    pub authenticator_data: Vec<u8>,
    /// The signature over both.
    pub signature: Vec<u8>,
    /// Whose it is, as it was told when it was made.
    pub person: Option<Vec<u8>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Credential<T> {
    id: String,
    raw_id: String,
    r#type: String,
    response: T,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Created {
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    attestation_object: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Signed {
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    authenticator_data: String,
    signature: String,
    user_handle: Option<String>,
}

fn bytes(text: &str) -> Result<Vec<u8>, PasskeyInvalid> {
    BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| PasskeyInvalid::Unreadable)
}

fn read<T: DeserializeOwned>(json: &str) -> Result<(Vec<u8>, T), PasskeyInvalid> {
    if json.len() > JSON_BYTES_MAX {
        return Err(PasskeyInvalid::Unreadable);
    }
    let sent: Credential<T> = serde_json::from_str(json).map_err(|_| PasskeyInvalid::Unreadable)?;
    if sent.r#type != "public-key" || sent.id != sent.raw_id {
        return Err(PasskeyInvalid::Unreadable);
    }
    let id = bytes(&sent.id)?;
    if id.is_empty() || id.len() > ID_BYTES_MAX {
        return Err(PasskeyInvalid::Id);
    }
    Ok((id, sent.response))
}

impl Sent<SentCreated> {
    /// Reads what `navigator.credentials.create` answered.
    pub fn created(json: &str) -> Result<Self, PasskeyInvalid> {
        let (id, says) = read::<Created>(json)?;
        let says = SentCreated {
            client_data: bytes(&says.client_data)?,
            attestation: bytes(&says.attestation_object)?,
        };
        Ok(Sent { id, says })
    }
}

impl Sent<SentSigned> {
    /// Reads what `navigator.credentials.get` answered.
    pub fn signed(json: &str) -> Result<Self, PasskeyInvalid> {
        let (id, says) = read::<Signed>(json)?;
        let says = SentSigned {
            client_data: bytes(&says.client_data)?,
            authenticator_data: bytes(&says.authenticator_data)?,
            signature: bytes(&says.signature)?,
            person: says.user_handle.as_deref().map(bytes).transpose()?,
        };
        Ok(Sent { id, says })
    }
}
