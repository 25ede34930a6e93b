//! What we sign for apps: compact JWS by ES256, each kind with its own `typ`, so that none is taken for another (RFC 8725 3.11).

use crate::details::json_text;
use data_encoding::BASE64URL_NOPAD;
use serde::Serialize;

/// The algorithms with which we sign.
pub const SIGNED_BY: &[&str] = &["ES256"];

#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    kid: &'a str,
    typ: &'static str,
}

/// A statement that is yet to be signed.
pub trait Statement {
    /// The `typ` of its header.
    const TYPE: &'static str;

    /// Its claims, as JSON.
    fn claims_json(&self) -> String;

    /// The compact JWS. `sign` makes the ES256 signature (r and s, 32 bytes each) of the bytes that it is given, with the
    /// key whose id is `kid`.
    fn signed<E>(&self, kid: &str, sign: impl FnOnce(&[u8]) -> Result<[u8; 64], E>) -> Result<String, E> {
        let header = json_text(&Header { alg: "ES256", kid, typ: Self::TYPE });
        let mut token = BASE64URL_NOPAD.encode(header.as_bytes());
        token.push('.');
        token.push_str(&BASE64URL_NOPAD.encode(self.claims_json().as_bytes()));
        let signature = sign(token.as_bytes())?;
        token.push('.');
        token.push_str(&BASE64URL_NOPAD.encode(&signature));
        Ok(token)
    }
}
