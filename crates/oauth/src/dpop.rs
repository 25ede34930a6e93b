//! Proofs that a request comes from whoever holds a key (DPoP, RFC 9449).
//!
//! Invariant: a proof is for one request: its method, its URL, its access token, this minute; and it is used up by what it lets
//! through. The key is the one in the proof itself, so all that it shows is that two requests come from the same holder.

use crate::assertion::{CLOCK_AHEAD_S, JTI_BYTES_MAX};
use crate::bound::Thumbprint;
use crate::error::{ErrorCode, OAuthError};
use crate::jose::{Jws, JwsInvalid};
use crate::jwks::{KeyInvalid, PublicKey};
use crate::once::Once;
use data_encoding::BASE64URL_NOPAD;
use model::Time;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// The header in which a proof comes.
pub const HEADER: &str = "dpop";
/// The header in which the next nonce goes out.
pub const NONCE_HEADER: &str = "dpop-nonce";
/// The algorithms of proofs. RSA is left out: a key of the sender's choice must be cheap to look at.
pub const ALGORITHMS: &[&str] = &["ES256", "EdDSA"];
/// The longest proof that is read, in bytes.
pub const PROOF_BYTES_MAX: usize = 4_096;
/// How old a proof may be, in seconds.
pub const PROOF_S: i64 = 60;
/// How old the nonce in it may be, in seconds.
pub const NONCE_S: i64 = 300;

/// The request that a proof must be for.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The method.
    pub method: &'a str,
    /// Where the server is reached: `https://host[:port]`; more than one if it has more than one listener.
    pub bases: &'a [&'a str],
    /// The path.
    pub path: &'a str,
    /// The access token beside the proof, if there is one.
    pub access_token: Option<&'a str>,
}

/// A proof that is in order, but for its nonce and for whether it was used before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Proof {
    /// Who sent it: the holder of this key.
    pub key: Thumbprint,
    /// Our nonce, as it came back.
    pub nonce: Option<String>,
    /// To be used up.
    pub once: Once,
}

/// Why a proof is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofInvalid {
    /// More than one header.
    #[error("send one DPoP header")]
    Many,
    /// The scheme without its proof.
    #[error("the header DPoP is missing: make a proof for each request")]
    Missing,
    /// As any signed text.
    #[error("the DPoP proof is not valid: {0}")]
    Jws(#[from] JwsInvalid),
    /// Another algorithm.
    #[error("the alg of a DPoP proof must be ES256 or EdDSA")]
    Algorithm,
    /// No key, or one that cannot be used.
    #[error("the jwk of the DPoP proof cannot be used: {0}")]
    Key(#[from] KeyInvalid),
    /// No key.
    #[error("the header of the DPoP proof must have the public key as 'jwk'")]
    KeyMissing,
    /// A private key.
    #[error("the jwk of the DPoP proof is a private key; take it out of use, and send the public one")]
    KeyPrivate,
    /// `htm`
    #[error("htm of the DPoP proof must be the method of the request")]
    Method,
    /// `htu`
    #[error("htu of the DPoP proof must be the URL of the request, without query and fragment")]
    Url,
    /// `iat`
    #[error("iat of the DPoP proof must be this minute; set the clock, and make a proof for each request")]
    Time,
    /// `ath`
    #[error("ath of the DPoP proof must be the SHA-256 of the access token, in base64url")]
    AccessToken,
    /// Used before.
    #[error("the DPoP proof was used before; make a new one, with a new jti, for each request")]
    Replayed,
}

impl From<ProofInvalid> for OAuthError {
    fn from(invalid: ProofInvalid) -> Self {
        OAuthError::new(ErrorCode::InvalidDpopProof, invalid.to_string())
    }
}

/// What an app is told that sends a proof without a nonce of ours that is young enough.
pub fn use_nonce() -> OAuthError {
    let why =
        "put the value of the header DPoP-Nonce into the DPoP proof as 'nonce', and send the request again";
    OAuthError::new(ErrorCode::UseDpopNonce, why)
}

/// The text of the one header DPoP of a request, if there is one.
pub fn sent<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Result<Option<&'a str>, ProofInvalid> {
    let mut values = values.into_iter();
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(ProofInvalid::Many),
        (None, None) => Ok(None),
        (Some(value), None) => match std::str::from_utf8(value) {
            Ok(text) => Ok(Some(text)),
            Err(_) => Err(JwsInvalid::Form.into()),
        },
    }
}

/// A proof that is in order as far as can be said without its key: what costs most is yet to be looked at.
#[derive(Debug)]
pub struct Unverified<'a> {
    jws: Jws<'a>,
    iat: Time,
    jti: String,
    nonce: Option<String>,
}

impl<'a> Unverified<'a> {
    /// Holds a proof to the request that it came with.
    pub fn read(text: &'a str, target: &Target<'_>, now: Time) -> Result<Unverified<'a>, ProofInvalid> {
        let jws = Jws::parse(text, PROOF_BYTES_MAX)?;
        jws.check_type("dpop+jwt", false)?;
        if !ALGORITHMS.contains(&jws.algorithm()) {
            return Err(ProofInvalid::Algorithm);
        }
        if PublicKey::gives_away_a_secret(jwk(&jws)?) {
            return Err(ProofInvalid::KeyPrivate);
        }
        let claims = &jws.claims;
        let jti = claims.text("jti")?.to_owned();
        if jti.is_empty() || jti.len() > JTI_BYTES_MAX {
            return Err(JwsInvalid::Member("jti").into());
        }
        if claims.text("htm")? != target.method {
            return Err(ProofInvalid::Method);
        }
        let htu = normal(claims.text("htu")?).ok_or(ProofInvalid::Url)?;
        let is_here = |base: &&str| normal(&format!("{base}{}", target.path)).as_ref() == Some(&htu);
        if !target.bases.iter().any(is_here) {
            return Err(ProofInvalid::Url);
        }
        let iat = claims.time("iat")?;
        if iat < now.plus_seconds(-PROOF_S) || iat > now.plus_seconds(CLOCK_AHEAD_S) {
            return Err(ProofInvalid::Time);
        }
        if let Some(token) = target.access_token {
            let hash = BASE64URL_NOPAD.encode(&Sha256::digest(token.as_bytes()));
            if claims.0.get("ath").and_then(Value::as_str) != Some(&hash) {
                return Err(ProofInvalid::AccessToken);
            }
        }
        let nonce = match claims.0.get("nonce") {
            None => None,
            Some(nonce) => Some(nonce.as_str().ok_or(JwsInvalid::Member("nonce"))?.to_owned()),
        };
        Ok(Unverified { jws, iat, jti, nonce })
    }

    /// The nonce that it brings back. Whether that is one of ours is found out before the signature is looked at.
    pub fn nonce(&self) -> &str {
        self.nonce.as_deref().unwrap_or_default()
    }

    /// Holds it to the key that it names.
    pub fn verify(self) -> Result<Proof, ProofInvalid> {
        let key = PublicKey::from_jwk(jwk(&self.jws)?)?;
        self.jws.check(&key)?;
        let key = Thumbprint(key.thumbprint());
        let until = self.iat.plus_seconds(PROOF_S + CLOCK_AHEAD_S);
        let once = Once::new(&[b"dpop", &key.0, self.jti.as_bytes()], until);
        Ok(Proof { key, nonce: self.nonce, once })
    }
}

fn jwk<'j>(jws: &'j Jws<'_>) -> Result<&'j Map<String, Value>, ProofInvalid> {
    jws.member("jwk").and_then(Value::as_object).ok_or(ProofInvalid::KeyMissing)
}

/// A URL as RFC 3986 6.2 would have it, without query and fragment; none if it is not one of ours in any spelling.
fn normal(url: &str) -> Option<String> {
    let url = url.split(['?', '#']).next()?;
    let (scheme, rest) = url.split_once("://")?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let scheme = scheme.to_ascii_lowercase();
    let mut authority = authority.to_ascii_lowercase();
    if authority.is_empty() || authority.contains('@') {
        return None;
    }
    let default = match scheme.as_str() {
        "https" => ":443",
        "http" => ":80",
        _ => return None,
    };
    if let Some(host) = authority.strip_suffix(default).or_else(|| authority.strip_suffix(':')) {
        authority = host.to_owned();
    }
    let mut segments: Vec<String> = Vec::new();
    for segment in path.strip_prefix('/').unwrap_or(path).split('/') {
        match unescaped(segment)?.as_str() {
            ".." => drop(segments.pop()),
            "." => {}
            plain => segments.push(plain.to_owned()),
        }
    }
    Some(format!("{scheme}://{authority}/{}", segments.join("/")))
}

/// Escapes of what needs none are undone, and the others written in capitals.
fn unescaped(segment: &str) -> Option<String> {
    let mut parts = segment.split('%');
    let mut out = parts.next()?.to_owned();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        let byte = u8::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+'))?;
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push_str(&digits.to_ascii_uppercase());
        }
        out.push_str(rest);
    }
    Some(out)
}

#[cfg(test)]
#[path = "dpop_tests.rs"]
mod tests;
