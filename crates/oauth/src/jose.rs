//! Signed JSON from elsewhere (JWS, RFC 7515; JWT, RFC 7519; by RFC 8725): read strictly, or not at all.
//!
//! Invariant: one allow-list of algorithms for everything, and the key fixes which of them. Base64url is canonical, no member
//! comes twice, whatever is marked critical is refused, and nothing in a header leads to a key but a `kid` that is looked up
//! (and, in a DPoP proof, its `jwk`).

use crate::jwks::PublicKey;
use crate::strict;
use data_encoding::BASE64URL_NOPAD;
use model::Time;
use serde_json::{Map, Value};

/// The names of the algorithms with which others may sign (FAPI 2.0, 5.4).
pub const ALGORITHMS: &[&str] = &["ES256", "PS256", "EdDSA"];
/// The longest `kid` that is looked up, in bytes.
const KID_BYTES_MAX: usize = 512;

/// Why a signed text is not taken. Sentences for whoever made it; none repeats what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwsInvalid {
    /// Longer than anything that anyone needs.
    #[error("it is too long")]
    TooLong,
    /// Not three parts.
    #[error("it is not a compact JWS of three parts in base64url without padding")]
    Form,
    /// Not an object, or one with a member twice.
    #[error("its header or payload is not a JSON object in which each member comes once")]
    Json,
    /// Not one of ours.
    #[error("its alg is not one of ES256, PS256, EdDSA")]
    Algorithm,
    /// `crit` or `b64`.
    #[error("its header has crit or b64, which are not supported")]
    Critical,
    /// Another kind of token.
    #[error("its typ is that of another kind of token")]
    Type,
    /// A member is missing or not of its type.
    #[error("its member '{0}' is missing or not as it must be")]
    Member(&'static str),
    /// The signature is not that of the key.
    #[error("its signature is not valid")]
    Signature,
}

/// A signed text, taken apart; nothing in it is believed before [`Jws::check`].
#[derive(Debug)]
pub(crate) struct Jws<'a> {
    algorithm: &'a str,
    header: Map<String, Value>,
    /// The payload's members.
    pub(crate) claims: Claims,
    signed: &'a str,
    signature: Vec<u8>,
}

/// The members of a payload.
#[derive(Debug, Clone)]
pub(crate) struct Claims(pub(crate) Map<String, Value>);

impl<'a> Jws<'a> {
    /// Takes a text of at most `bytes_max` apart.
    pub(crate) fn parse(text: &'a str, bytes_max: usize) -> Result<Jws<'a>, JwsInvalid> {
        if text.len() > bytes_max {
            return Err(JwsInvalid::TooLong);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(JwsInvalid::Form)?;
        let (header, payload) = signed.split_once('.').ok_or(JwsInvalid::Form)?;
        // A further dot is not base64url, so five parts (JWE) end here too.
        let decoded = |part: &str| BASE64URL_NOPAD.decode(part.as_bytes()).map_err(|_| JwsInvalid::Form);
        let (header, payload, signature) = (decoded(header)?, decoded(payload)?, decoded(signature)?);
        let header = strict::object(&header).ok_or(JwsInvalid::Json)?;
        let claims = Claims(strict::object(&payload).ok_or(JwsInvalid::Json)?);
        let named = header.get("alg").and_then(Value::as_str);
        let algorithm = ALGORITHMS.iter().find(|known| named == Some(known)).ok_or(JwsInvalid::Algorithm)?;
        if header.contains_key("crit") || header.get("b64").is_some_and(|b64| *b64 != Value::Bool(true)) {
            return Err(JwsInvalid::Critical);
        }
        Ok(Jws { algorithm, header, claims, signed, signature })
    }

    /// A member of its header.
    pub(crate) fn member(&self, name: &str) -> Option<&Value> {
        self.header.get(name)
    }

    /// Its algorithm.
    pub(crate) fn algorithm(&self) -> &str {
        self.algorithm
    }

    /// Which key of a set signed it, if it says so.
    pub(crate) fn kid(&self) -> Result<Option<&str>, JwsInvalid> {
        match self.header.get("kid") {
            None => Ok(None),
            Some(Value::String(kid)) if kid.len() <= KID_BYTES_MAX => Ok(Some(kid)),
            Some(_) => Err(JwsInvalid::Member("kid")),
        }
    }

    /// Is it of this kind (RFC 8725 3.11)? `bare` takes one that does not say, or says no more than JWT.
    pub(crate) fn check_type(&self, kind: &str, bare: bool) -> Result<(), JwsInvalid> {
        let fits = match self.header.get("typ") {
            None => bare,
            Some(Value::String(typ)) => {
                typ.eq_ignore_ascii_case(kind) || (bare && typ.eq_ignore_ascii_case("JWT"))
            }
            Some(_) => false,
        };
        if fits { Ok(()) } else { Err(JwsInvalid::Type) }
    }

    /// Did this key sign it?
    pub(crate) fn check(&self, key: &PublicKey) -> Result<(), JwsInvalid> {
        let signs = key.algorithm() == self.algorithm;
        if signs && key.verifies(self.signed.as_bytes(), &self.signature) {
            Ok(())
        } else {
            Err(JwsInvalid::Signature)
        }
    }
}

impl Claims {
    /// A text.
    pub(crate) fn text(&self, name: &'static str) -> Result<&str, JwsInvalid> {
        self.0.get(name).and_then(Value::as_str).ok_or(JwsInvalid::Member(name))
    }

    /// A NumericDate; a fraction of a second is dropped.
    pub(crate) fn time(&self, name: &'static str) -> Result<Time, JwsInvalid> {
        self.opt_time(name)?.ok_or(JwsInvalid::Member(name))
    }

    /// A NumericDate that may be missing.
    pub(crate) fn opt_time(&self, name: &'static str) -> Result<Option<Time>, JwsInvalid> {
        /// Far beyond any date that is meant, and far from overflow: the year 9999.
        const SECONDS_MAX: f64 = 253_402_300_799.0;
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let seconds = value.as_f64().filter(|s| (0.0..=SECONDS_MAX).contains(s));
        let seconds = seconds.ok_or(JwsInvalid::Member(name))?.trunc();
        #[expect(clippy::cast_possible_truncation, reason = "whole, and within the years up to 9999")]
        let micros = (seconds as i64) * 1_000_000;
        Ok(Some(Time::from_micros(micros)))
    }
}

#[cfg(test)]
#[path = "jose_tests.rs"]
mod tests;
