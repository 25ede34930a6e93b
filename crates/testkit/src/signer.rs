//! Keys with which a test signs as an app does, and JWS made with them, in order or not.
//!
//! Invariant: nothing here checks anything: what the server must refuse can be made as well.
#![expect(clippy::expect_used, reason = "a test without a key cannot go on")]

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PSS_SHA256, RsaKeyPair,
    RsaPublicKeyComponents,
};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

/// A key pair of an app's.
#[derive(Debug)]
pub struct Signer {
    pair: Pair,
    jwk: Value,
}

#[derive(Debug)]
enum Pair {
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
    Ps256(Box<RsaKeyPair>),
}

fn text(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}

/// A new P-256 key.
///
/// # Panics
/// If the system gives no randomness.
pub fn es256() -> Signer {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a P-256 key");
    let point = pair.public_key().as_ref();
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": text(&point[1..33]), "y": text(&point[33..])});
    Signer { pair: Pair::Es256(pair), jwk }
}

/// A new Ed25519 key.
///
/// # Panics
/// If the system gives no randomness.
pub fn ed25519() -> Signer {
    let pair = Ed25519KeyPair::generate().expect("an Ed25519 key");
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": text(pair.public_key().as_ref())});
    Signer { pair: Pair::EdDsa(pair), jwk }
}

/// A new RSA key of 2048 bits.
///
/// # Panics
/// If the system gives no randomness.
pub fn rsa() -> Signer {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("an RSA key");
    let public: RsaPublicKeyComponents<Vec<u8>> = pair.public_key().into();
    let jwk = json!({"kty": "RSA", "n": text(&public.n), "e": text(&public.e)});
    Signer { pair: Pair::Ps256(Box::new(pair)), jwk }
}

impl Signer {
    /// Its algorithm.
    pub fn alg(&self) -> &'static str {
        match self.pair {
            Pair::Es256(_) => "ES256",
            Pair::EdDsa(_) => "EdDSA",
            Pair::Ps256(_) => "PS256",
        }
    }

    /// Its public key.
    pub fn jwk(&self) -> Value {
        self.jwk.clone()
    }

    /// Its public key, named.
    pub fn jwk_named(&self, kid: &str) -> Value {
        let mut jwk = self.jwk();
        jwk["kid"] = kid.into();
        jwk
    }

    /// The signature of these bytes.
    ///
    /// # Panics
    /// If the key cannot sign.
    pub fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Es256(pair) => pair.sign(&random, bytes).expect("a signature").as_ref().to_vec(),
            Pair::EdDsa(pair) => pair.sign(bytes).as_ref().to_vec(),
            Pair::Ps256(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PSS_SHA256, &random, bytes, &mut signature).expect("a signature");
                signature
            }
        }
    }

    /// A compact JWS of these claims; `header` is taken as it is, with `alg` unless it says another.
    pub fn jws(&self, header: &Value, claims: &Value) -> String {
        let mut header = header.clone();
        if header.get("alg").is_none() {
            header["alg"] = self.alg().into();
        }
        self.jws_of(&header.to_string(), &claims.to_string())
    }

    /// A compact JWS of these very texts.
    pub fn jws_of(&self, header: &str, claims: &str) -> String {
        let signed = format!("{}.{}", text(header.as_bytes()), text(claims.as_bytes()));
        format!("{signed}.{}", text(&self.sign(signed.as_bytes())))
    }
}
