//! The keys with which webhooks sign (Standard Webhooks 1.0): derived from the server's own for each webhook and turn.
//!
//! Invariant: none is stored, so none can be read out of a backup by itself; and none says anything about another.

use crate::Fault;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use model::WebhookId;
use sha2::Sha256;

/// How a webhook signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signing {
    /// With a secret that both know: HMAC-SHA256, `v1`.
    Hmac,
    /// With a key of which the receiver knows the public half: Ed25519, `v1a`.
    Ed25519,
}

impl Signing {
    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Signing::Hmac => "hmac",
            Signing::Ed25519 => "ed25519",
        }
    }

    /// The one of this word.
    pub fn parse(word: &str) -> Option<Signing> {
        [Signing::Hmac, Signing::Ed25519].into_iter().find(|signing| signing.as_str() == word)
    }
}

fn hmac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    // The block of HMAC is 64 bytes: a shorter key is filled up with zeros (RFC 2104 2).
    let mut block = [0; 64];
    block[..32].copy_from_slice(key);
    let mut mac = Hmac::<Sha256>::new(&block.into());
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

/// What all of them are derived from.
pub(crate) struct WebhookKeys([u8; 32]);

impl WebhookKeys {
    /// From the server's own secret.
    pub(crate) fn new(secret: &[u8; 32]) -> WebhookKeys {
        WebhookKeys(hmac(secret, &[b"waxseal webhooks v1\0"]))
    }

    fn secret(&self, webhook: WebhookId, turn: i64) -> [u8; 32] {
        hmac(&self.0, &[webhook.as_bytes(), &turn.to_be_bytes()])
    }

    fn pair(&self, webhook: WebhookId, turn: i64) -> Result<Ed25519KeyPair, Fault> {
        let seed = self.secret(webhook, turn);
        Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|why| Fault::Shape(why.to_string()))
    }

    /// What the receiver checks with, as it is told: `whsec_…` (to be kept secret) or `whpk_…`.
    pub(crate) fn told(&self, webhook: WebhookId, turn: i64, signing: Signing) -> Result<String, Fault> {
        Ok(match signing {
            Signing::Hmac => format!("whsec_{}", BASE64.encode(&self.secret(webhook, turn))),
            Signing::Ed25519 => {
                let pair = self.pair(webhook, turn)?;
                format!("whpk_{}", BASE64.encode(pair.public_key().as_ref()))
            }
        })
    }

    /// The signature of a delivery: over its id, the second, and its body as it is sent.
    pub(crate) fn sign(
        &self,
        (webhook, turn, signing): (WebhookId, i64, Signing),
        (id, second, body): (&str, i64, &[u8]),
    ) -> Result<String, Fault> {
        let head = format!("{id}.{second}.");
        Ok(match signing {
            Signing::Hmac => {
                let mac = hmac(&self.secret(webhook, turn), &[head.as_bytes(), body]);
                format!("v1,{}", BASE64.encode(&mac))
            }
            Signing::Ed25519 => {
                let signature = self.pair(webhook, turn)?.sign(&[head.as_bytes(), body].concat());
                format!("v1a,{}", BASE64.encode(signature.as_ref()))
            }
        })
    }
}
