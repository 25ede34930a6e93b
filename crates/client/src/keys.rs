//! Keys that sign for an app: one that its tokens are bound to (DPoP, RFC 9449), and one with which it proves itself.
//!
//! Invariant: a private key leaves here only as the text in which it is kept, and nothing prints it.

use crate::chance;
use crate::error::Error;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde_json::{Value, json};
use std::fmt;
use std::sync::Arc;

/// A P-256 key pair, for ES256.
#[derive(Clone)]
pub(crate) struct Pair(Arc<EcdsaKeyPair>);

/// The key with which an app proves itself (`private_key_jwt`, RFC 7523). Its public half is registered with the operator.
#[derive(Clone)]
pub struct AppKey {
    pair: Pair,
    kid: Option<String>,
}

impl Pair {
    pub(crate) fn generate() -> Result<Pair, Error> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
            .map_err(|_| Error::Crypto("no key could be made"))?;
        Ok(Pair(Arc::new(pair)))
    }

    /// From PKCS #8, in DER.
    fn from_pkcs8(der: &[u8]) -> Option<Pair> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).ok()?;
        Some(Pair(Arc::new(pair)))
    }

    /// The text in which it is kept.
    pub(crate) fn secret_text(&self) -> Result<String, Error> {
        let der = self.0.to_pkcs8v1().map_err(|_| Error::Crypto("the key cannot be written"))?;
        Ok(BASE64URL_NOPAD.encode(der.as_ref()))
    }

    pub(crate) fn from_secret_text(text: &str) -> Option<Pair> {
        Pair::from_pkcs8(&BASE64URL_NOPAD.decode(text.as_bytes()).ok()?)
    }

    /// The public key (RFC 7517).
    pub(crate) fn jwk(&self) -> Value {
        let (x, y) = self.point();
        json!({"kty": "EC", "crv": "P-256", "x": x, "y": y})
    }

    /// The public point, x and y in base64url.
    fn point(&self) -> (String, String) {
        // Uncompressed: 4, x, y.
        let point = self.0.public_key().as_ref();
        let text = |range| BASE64URL_NOPAD.encode(point.get(range).unwrap_or_default());
        (text(1..33), text(33..65))
    }

    /// Its name (RFC 7638).
    pub(crate) fn thumbprint(&self) -> String {
        // The members in the order of their names.
        let (x, y) = self.point();
        hash(format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#).as_bytes())
    }

    /// A compact JWS of these claims.
    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> Result<String, Error> {
        let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let signed = format!("{}.{}", part(header), part(claims));
        let signature = self.0.sign(&SystemRandom::new(), signed.as_bytes());
        let signature = signature.map_err(|_| Error::Crypto("the key cannot sign"))?;
        Ok(format!("{signed}.{}", BASE64URL_NOPAD.encode(signature.as_ref())))
    }

    /// A proof of this key for one request (RFC 9449 4.2).
    pub(crate) fn proof(
        &self,
        (method, url): (&str, &str),
        token: Option<&str>,
        nonce: Option<&str>,
        now: i64,
    ) -> Result<String, Error> {
        let url = url.split(['?', '#']).next().unwrap_or_default();
        let mut claims = json!({"htm": method, "htu": url, "iat": now, "jti": chance::secret()?});
        if let Some(token) = token {
            claims["ath"] = hash(token.as_bytes()).into();
        }
        if let Some(nonce) = nonce {
            claims["nonce"] = nonce.into();
        }
        self.sign(&json!({"alg": "ES256", "typ": "dpop+jwt", "jwk": self.jwk()}), &claims)
    }
}

/// SHA-256 in base64url.
pub(crate) fn hash(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(digest(&SHA256, bytes).as_ref())
}

impl AppKey {
    /// A new key. Keep [`AppKey::to_pem`] where secrets are kept, and give the operator [`AppKey::public_jwks`].
    pub fn generate() -> Result<AppKey, Error> {
        Ok(AppKey { pair: Pair::generate()?, kid: None })
    }

    /// Reads a P-256 key in PKCS #8 (`-----BEGIN PRIVATE KEY-----`), as `openssl genpkey -algorithm EC -pkeyopt
    /// ec_paramgen_curve:P-256` writes it.
    pub fn from_pem(pem: &str) -> Result<AppKey, Error> {
        let invalid = || Error::Invalid("this is no P-256 key in PKCS #8 (BEGIN PRIVATE KEY)".to_owned());
        let (_, rest) = pem.split_once("-----BEGIN PRIVATE KEY-----").ok_or_else(invalid)?;
        let (body, _) = rest.split_once("-----END PRIVATE KEY-----").ok_or_else(invalid)?;
        let body: String = body.split_whitespace().collect();
        let der = BASE64.decode(body.as_bytes()).map_err(|_| invalid())?;
        Ok(AppKey { pair: Pair::from_pkcs8(&der).ok_or_else(invalid)?, kid: None })
    }

    /// Named as in the registered key set; without it, by its thumbprint (RFC 7638).
    #[must_use]
    pub fn named(mut self, kid: impl Into<String>) -> AppKey {
        self.kid = Some(kid.into());
        self
    }

    /// The key in the text that [`AppKey::from_pem`] reads. To be kept secret.
    pub fn to_pem(&self) -> Result<String, Error> {
        let der = self.pair.0.to_pkcs8v1().map_err(|_| Error::Crypto("the key cannot be written"))?;
        let text = BASE64.encode(der.as_ref());
        let lines: Vec<&str> =
            text.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
        Ok(format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n")))
    }

    /// The key set to register: `waxseal app add --jwks FILE`.
    pub fn public_jwks(&self) -> String {
        let mut jwk = self.pair.jwk();
        for (name, value) in [("kid", self.kid().as_str()), ("alg", "ES256"), ("use", "sig")] {
            jwk[name] = value.into();
        }
        json!({"keys": [jwk]}).to_string()
    }

    fn kid(&self) -> String {
        self.kid.clone().unwrap_or_else(|| self.pair.thumbprint())
    }

    /// A statement of who the app is (RFC 7523bis): for this server alone, for a minute, once.
    pub(crate) fn assertion(&self, app: &str, issuer: &str, now: i64) -> Result<String, Error> {
        let header = json!({"alg": "ES256", "kid": self.kid(), "typ": "client-authentication+jwt"});
        let claims = json!({"iss": app, "sub": app, "aud": issuer, "iat": now, "exp": now + 60,
            "jti": chance::secret()?});
        self.pair.sign(&header, &claims)
    }
}

impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pair({})", self.thumbprint())
    }
}

impl fmt::Debug for AppKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AppKey({})", self.kid())
    }
}

#[cfg(test)]
impl AppKey {
    /// A compact JWS of anything, for tests.
    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        self.pair.sign(header, claims).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`.
    const OPENSSL: &str = "-----BEGIN PRIVATE KEY-----\n\
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgLP5qDur6Sub/YHhL\n\
        jm5nQTQvZ4z+EB7LovCVjiSSFf2hRANCAATBrJmL64KVYxRSUCw4/3YBYYlVflwl\n\
        mRLLCMwp36gZD4nwjXXK+4fhno97xp3VqewcGeXA5agrIf61nHAKDVDu\n\
        -----END PRIVATE KEY-----\n";

    #[test]
    fn a_key_of_openssl_reads_and_what_is_written_reads_back() {
        let key = AppKey::from_pem(OPENSSL).unwrap();
        let again = AppKey::from_pem(&key.to_pem().unwrap()).unwrap();
        assert_eq!(key.public_jwks(), again.public_jwks());
        let kept = Pair::from_secret_text(&key.pair.secret_text().unwrap()).unwrap();
        assert_eq!(kept.thumbprint(), key.pair.thumbprint());
        for pem in
            ["", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----", "-----BEGIN EC PRIVATE KEY-----"]
        {
            assert!(AppKey::from_pem(pem).is_err(), "{pem}");
        }
    }

    #[test]
    fn nothing_prints_a_private_key() {
        let key = AppKey::from_pem(OPENSSL).unwrap();
        let secret = key.pair.secret_text().unwrap();
        let shown = format!("{key:?} {:?} {}", key.pair, key.public_jwks());
        assert!(!shown.contains(&secret) && !shown.contains("\"d\""), "{shown}");
    }

    #[test]
    fn a_proof_is_for_one_request() {
        let pair = Pair::generate().unwrap();
        let proof =
            pair.proof(("GET", "https://a.example/v1/me?x=1#y"), Some("token"), Some("n"), 7).unwrap();
        let claims = BASE64URL_NOPAD.decode(proof.split('.').nth(1).unwrap().as_bytes()).unwrap();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(claims["htu"], "https://a.example/v1/me");
        assert_eq!(
            (&claims["htm"], &claims["iat"], &claims["nonce"]),
            (&json!("GET"), &json!(7), &json!("n"))
        );
        // RFC 9449 4.2: the hash of the token. RFC 7638: the members in the order of their names.
        assert_eq!(claims["ath"], hash(b"token"));
        let other = pair.proof(("GET", "https://a.example/v1/me"), None, None, 7).unwrap();
        assert_ne!(proof, other);
    }
}
