//! An authenticator without a device, and the browser in front of it: makes passkeys and signs with them as
//! `PublicKeyCredential.toJSON()` says it, and lies where a test wants it to.

use data_encoding::BASE64URL_NOPAD;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// She was there, and the device knows that it was she.
pub(crate) const PRESENT: u8 = 0x01;
pub(crate) const VERIFIED: u8 = 0x04;
pub(crate) const BACKUP_ELIGIBLE: u8 = 0x08;
pub(crate) const BACKED_UP: u8 = 0x10;
const ATTESTED: u8 = 0x40;

/// A passkey, with all that it and its browser will say.
#[derive(Clone)]
pub(crate) struct Passkey {
    pub(crate) key: SigningKey,
    pub(crate) id: Vec<u8>,
    /// The page it thinks it is on.
    pub(crate) origin: String,
    /// For whom it was made.
    pub(crate) party: String,
    /// What the browser calls it, instead of `webauthn.create` or `webauthn.get`.
    pub(crate) kind: Option<&'static str>,
    /// What the browser says besides.
    pub(crate) more: Value,
    pub(crate) flags: u8,
    pub(crate) count: u32,
    /// Whose it is; told when it signs.
    pub(crate) person: Option<Vec<u8>>,
}

impl Passkey {
    /// A new one for pages at this origin.
    pub(crate) fn new(seed: u8, origin: &str) -> Passkey {
        let authority = origin.split_once("://").unwrap().1;
        Passkey {
            key: SigningKey::from_slice(&[seed; 32]).unwrap(),
            id: vec![seed; 24],
            origin: origin.to_owned(),
            party: authority.split(':').next().unwrap().to_owned(),
            kind: None,
            more: json!({}),
            flags: PRESENT | VERIFIED,
            count: 0,
            person: None,
        }
    }

    fn client_data(&self, kind: &str, challenge: &str) -> Vec<u8> {
        let mut says = json!({"type": self.kind.unwrap_or(kind), "challenge": challenge, "origin": self.origin,
            "crossOrigin": false});
        for (name, value) in self.more.as_object().unwrap() {
            says[name] = value.clone();
        }
        says.to_string().into_bytes()
    }

    fn auth_data(&self, flags: u8, attested: &[u8]) -> Vec<u8> {
        let party = Sha256::digest(self.party.as_bytes());
        [party.as_slice(), &[flags], &self.count.to_be_bytes(), attested].concat()
    }

    fn attested(&self) -> Vec<u8> {
        let point = self.key.verifying_key().to_sec1_point(false);
        let point = point.as_bytes();
        let length = u16::try_from(self.id.len()).unwrap().to_be_bytes();
        // ES256 over P-256.
        let head = [0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01];
        [
            &[0; 16][..],
            &length,
            &self.id,
            &head,
            &[0x21, 0x58, 0x20],
            &point[1..33],
            &[0x22, 0x58, 0x20],
            &point[33..],
        ]
        .concat()
    }

    fn sent(&self, response: &Value) -> String {
        let id = BASE64URL_NOPAD.encode(&self.id);
        json!({"id": id, "rawId": id, "type": "public-key", "response": response}).to_string()
    }

    /// What is sent when it is made.
    pub(crate) fn made(&mut self, wanted: &Value) -> String {
        let wanted = &wanted["create"];
        let user = wanted["user"]["id"].as_str().unwrap();
        self.person = Some(BASE64URL_NOPAD.decode(user.as_bytes()).unwrap());
        let client_data = self.client_data("webauthn.create", wanted["challenge"].as_str().unwrap());
        let auth = self.auth_data(self.flags | ATTESTED, &self.attested());
        // The shortest way to say how long it is, as CTAP2 wants it.
        let length = match u8::try_from(auth.len()) {
            Ok(short) => vec![0x58, short],
            Err(_) => [&[0x59][..], &u16::try_from(auth.len()).unwrap().to_be_bytes()].concat(),
        };
        let object = [b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData", &length[..], &auth].concat();
        self.sent(&json!({
            "clientDataJSON": BASE64URL_NOPAD.encode(&client_data),
            "attestationObject": BASE64URL_NOPAD.encode(&object),
        }))
    }

    /// What is sent when it signs.
    pub(crate) fn signed(&self, asked: &Value) -> String {
        let client_data = self.client_data("webauthn.get", asked["get"]["challenge"].as_str().unwrap());
        let auth = self.auth_data(self.flags, &[]);
        let what = [auth.as_slice(), Sha256::digest(&client_data).as_slice()].concat();
        let signature: Signature = self.key.sign(&what);
        self.sent(&json!({
            "clientDataJSON": BASE64URL_NOPAD.encode(&client_data),
            "authenticatorData": BASE64URL_NOPAD.encode(&auth),
            "signature": BASE64URL_NOPAD.encode(signature.to_der().as_bytes()),
            "userHandle": self.person.as_deref().map(|person| BASE64URL_NOPAD.encode(person)),
        }))
    }
}
