//! Passkeys (WebAuthn Level 3): is this key new and hers, is this signature its own, and was it made for us and now?
//!
//! Invariant: `register` and `sign_in` are the whole of sections 7.1 and 7.2 that can be decided without storage. Nothing is
//! skipped because a browser would have seen to it: type, challenge, origin, frame, relying party, presence, verification,
//! backup flags, algorithm and signature are each checked, and each has its own refusal.

mod cbor;
mod key;
mod sent;

pub use key::ALGORITHMS;
pub use sent::{Sent, SentCreated, SentSigned};

use aws_lc_rs::digest::{SHA256, digest};
use cbor::Cbor;
use data_encoding::BASE64URL_NOPAD;
use key::Key;
use serde::Deserialize;
use subtle::ConstantTimeEq;

/// How long a challenge is, in bytes.
pub const CHALLENGE_BYTES: usize = 32;
/// The longest id of a passkey, in bytes.
pub const ID_BYTES_MAX: usize = 1023;

/// For whom passkeys are: us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// The relying party id: our host, without a port.
    pub id: String,
    /// The origin of our pages.
    pub origin: String,
}

impl Party {
    /// The party that a public URL stands for, `scheme://host[:port]`. None for an address of numbers: browsers make no
    /// passkeys there.
    pub fn of(url: &str) -> Option<Party> {
        let (scheme, authority) = url.split_once("://")?;
        let (host, port) =
            authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
        let is_name = !host.is_empty() && !host.starts_with('[') && !host.split('.').all(is_number);
        let port = port.filter(|port| !matches!((scheme, *port), ("https", "443") | ("http", "80")));
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        is_name.then(|| Party { id: host.to_owned(), origin: format!("{scheme}://{host}{port}") })
    }
}

fn is_number(label: &str) -> bool {
    !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_digit())
}

/// Why a passkey, or what it signed, is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasskeyInvalid {
    /// Not what a browser sends.
    #[error("what the browser sent cannot be read; try again, or use another browser")]
    Unreadable,
    /// `create` where `get` was expected, or the other way round.
    #[error("this was made for something else; load the page again and try once more")]
    Type,
    /// Not the challenge that was given out.
    #[error("this took too long, or was used before; load the page again and try once more")]
    Challenge,
    /// Made on a page of another site.
    #[error("this was made on another site, so it is not taken")]
    Origin,
    /// Made in a frame of another site.
    #[error("this was made inside a page of another site, so it is not taken")]
    Framed,
    /// Made for another relying party.
    #[error("this passkey belongs to another site")]
    Party,
    /// Nobody touched the authenticator.
    #[error("nobody confirmed it on the device")]
    NotPresent,
    /// The authenticator does not know who touched it.
    #[error(
        "the device did not check who you are; set up a PIN, a fingerprint or a face on it, and try again"
    )]
    NotVerified,
    /// Flags of backup that contradict each other, or what was said when the key was made.
    #[error("what the device says of its backup contradicts itself")]
    Backup,
    /// The id is empty or too long.
    #[error("the passkey's id is too long")]
    Id,
    /// An algorithm or a form of key that was not offered.
    #[error("the device makes keys of a kind that is not taken here; use another device")]
    Key,
    /// More than was asked for.
    #[error("the device sent an attestation that was not asked for, or one that does not hold")]
    Attestation,
    /// The signature is not this key's over this.
    #[error("the signature does not hold")]
    Signature,
}

/// A passkey that was made just now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// Its id.
    pub id: Vec<u8>,
    /// Its public key, as COSE: what [`sign_in`] wants back.
    pub key: Vec<u8>,
    /// How often it signed; 0 if it does not count.
    pub sign_count: u32,
    /// It may live on more than one device. Never changes.
    pub backup_eligible: bool,
    /// It does so now.
    pub backed_up: bool,
}

/// What is known of a passkey that is to sign in.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Its public key, as COSE.
    pub key: &'a [u8],
    /// How often it had signed when it was last seen.
    pub sign_count: u32,
    /// It may live on more than one device.
    pub backup_eligible: bool,
}

/// What is seen of a passkey that signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// How often it signed by now; 0 if it does not count.
    pub sign_count: u32,
    /// It lives on more than one device now.
    pub backed_up: bool,
    /// Its count went back or stood still: there may be a copy of it that should not be.
    pub may_be_copied: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientData {
    r#type: String,
    challenge: String,
    origin: String,
    #[serde(default)]
    cross_origin: bool,
    top_origin: Option<String>,
}

impl ClientData {
    fn read(json: &[u8]) -> Result<Self, PasskeyInvalid> {
        serde_json::from_slice(json).map_err(|_| PasskeyInvalid::Unreadable)
    }

    fn check(&self, party: &Party, purpose: &str, challenge: &[u8]) -> Result<(), PasskeyInvalid> {
        if self.r#type != purpose {
            return Err(PasskeyInvalid::Type);
        }
        let told =
            BASE64URL_NOPAD.decode(self.challenge.as_bytes()).map_err(|_| PasskeyInvalid::Challenge)?;
        if !bool::from(told.ct_eq(challenge)) {
            return Err(PasskeyInvalid::Challenge);
        }
        if self.origin != party.origin {
            return Err(PasskeyInvalid::Origin);
        }
        if self.cross_origin || self.top_origin.is_some() { Err(PasskeyInvalid::Framed) } else { Ok(()) }
    }
}

/// The challenge that a browser answered, to look up whether we gave it out. Not yet believed.
pub fn challenge_of(client_data: &[u8]) -> Result<Vec<u8>, PasskeyInvalid> {
    let told = ClientData::read(client_data)?.challenge;
    BASE64URL_NOPAD.decode(told.as_bytes()).map_err(|_| PasskeyInvalid::Challenge)
}

/// Authenticator data, section 6.1.
struct AuthData<'a> {
    flags: u8,
    sign_count: u32,
    /// The id of a new key, and the bytes of the key.
    made: Option<(&'a [u8], &'a [u8])>,
}

const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const BACKUP_ELIGIBLE: u8 = 0x08;
const BACKED_UP: u8 = 0x10;
const ATTESTED: u8 = 0x40;
const EXTENDED: u8 = 0x80;

impl<'a> AuthData<'a> {
    fn read(party: &Party, bytes: &'a [u8]) -> Result<Self, PasskeyInvalid> {
        let unreadable = PasskeyInvalid::Unreadable;
        let (hash, rest) = bytes.split_at_checked(32).ok_or(unreadable)?;
        if hash != digest(&SHA256, party.id.as_bytes()).as_ref() {
            return Err(PasskeyInvalid::Party);
        }
        let (&[flags, a, b, c, d], mut rest) = rest.split_first_chunk().ok_or(unreadable)?;
        let sign_count = u32::from_be_bytes([a, b, c, d]);
        let mut made = None;
        if flags & ATTESTED != 0 {
            // 16 bytes say which model of authenticator it is, which is nobody's business here.
            let (head, more) = rest.split_first_chunk::<18>().ok_or(unreadable)?;
            let length = usize::from(u16::from_be_bytes([head[16], head[17]]));
            if length == 0 || length > ID_BYTES_MAX {
                return Err(PasskeyInvalid::Id);
            }
            let (id, more) = more.split_at_checked(length).ok_or(unreadable)?;
            let (_, after) = Cbor::read(more).ok_or(unreadable)?;
            made = Some((id, &more[..more.len() - after.len()]));
            rest = after;
        }
        if flags & EXTENDED != 0 {
            let (extensions, after) = Cbor::read(rest).ok_or(unreadable)?;
            extensions.map().ok_or(unreadable)?;
            rest = after;
        }
        if rest.is_empty() { Ok(AuthData { flags, sign_count, made }) } else { Err(unreadable) }
    }

    fn is(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// She was there, and the device knows that it was she.
    fn check_person(&self) -> Result<(), PasskeyInvalid> {
        match (self.is(PRESENT), self.is(VERIFIED)) {
            (false, _) => Err(PasskeyInvalid::NotPresent),
            (true, false) => Err(PasskeyInvalid::NotVerified),
            (true, true) => Ok(()),
        }
    }

    fn check_backup(&self) -> Result<(), PasskeyInvalid> {
        let lies = self.is(BACKED_UP) && !self.is(BACKUP_ELIGIBLE);
        if lies { Err(PasskeyInvalid::Backup) } else { Ok(()) }
    }
}

/// What is signed: the authenticator data, and the hash of what the browser says.
fn signed(auth_data: &[u8], client_data: &[u8]) -> Vec<u8> {
    [auth_data, digest(&SHA256, client_data).as_ref()].concat()
}

/// A new passkey (section 7.1). That nobody has one of the same id is for the caller to see.
pub fn register(
    party: &Party,
    challenge: &[u8],
    client_data: &[u8],
    attestation: &[u8],
) -> Result<Registered, PasskeyInvalid> {
    ClientData::read(client_data)?.check(party, "webauthn.create", challenge)?;
    let object = Cbor::read_whole(attestation).ok_or(PasskeyInvalid::Unreadable)?;
    let auth_bytes =
        object.at(&Cbor::Text("authData")).and_then(Cbor::bytes).ok_or(PasskeyInvalid::Unreadable)?;
    let auth = AuthData::read(party, auth_bytes)?;
    auth.check_backup()?;
    let (id, cose) = auth.made.ok_or(PasskeyInvalid::Unreadable)?;
    let key = Key::read(cose).ok_or(PasskeyInvalid::Key)?;
    check_attestation(&object, &key, &signed(auth_bytes, client_data))?;
    auth.check_person()?;
    Ok(Registered {
        id: id.to_owned(),
        key: cose.to_owned(),
        sign_count: auth.sign_count,
        backup_eligible: auth.is(BACKUP_ELIGIBLE),
        backed_up: auth.is(BACKED_UP),
    })
}

/// We ask for no attestation. A browser then sends none, or leaves the one by which a key vouches for itself.
fn check_attestation(object: &Cbor<'_>, key: &Key<'_>, signed: &[u8]) -> Result<(), PasskeyInvalid> {
    let at = |name| object.at(&Cbor::Text(name)).ok_or(PasskeyInvalid::Unreadable);
    let (format, statement) = (at("fmt")?, at("attStmt")?);
    let members = statement.map().ok_or(PasskeyInvalid::Unreadable)?.len();
    let holds = match format {
        Cbor::Text("none") => members == 0,
        Cbor::Text("packed") => {
            let names_key = statement.at(&Cbor::Text("alg")) == Some(&Cbor::Int(key.algorithm()));
            let signature = statement.at(&Cbor::Text("sig")).and_then(Cbor::bytes);
            members == 2 && names_key && signature.is_some_and(|signature| key.has_signed(signed, signature))
        }
        _ => false,
    };
    if holds { Ok(()) } else { Err(PasskeyInvalid::Attestation) }
}

/// What a passkey signed to sign in (section 7.2). That it is hers who is named is for the caller to see.
pub fn sign_in(
    party: &Party,
    challenge: &[u8],
    known: Known<'_>,
    sent: &SentSigned,
) -> Result<Seen, PasskeyInvalid> {
    ClientData::read(&sent.client_data)?.check(party, "webauthn.get", challenge)?;
    let auth = AuthData::read(party, &sent.authenticator_data)?;
    if auth.made.is_some() {
        return Err(PasskeyInvalid::Unreadable);
    }
    auth.check_backup()?;
    if auth.is(BACKUP_ELIGIBLE) != known.backup_eligible {
        return Err(PasskeyInvalid::Backup);
    }
    let key = Key::read(known.key).ok_or(PasskeyInvalid::Key)?;
    if !key.has_signed(&signed(&sent.authenticator_data, &sent.client_data), &sent.signature) {
        return Err(PasskeyInvalid::Signature);
    }
    auth.check_person()?;
    let counts = auth.sign_count != 0 || known.sign_count != 0;
    Ok(Seen {
        sign_count: auth.sign_count,
        backed_up: auth.is(BACKED_UP),
        may_be_copied: counts && auth.sign_count <= known.sign_count,
    })
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
