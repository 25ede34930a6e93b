//! Signing keys: ES256 for ID tokens, Ed25519 for the log and its receipts.
//!
//! Invariant: a key is published before it signs, and stays published until what it signed last has expired.

use crate::engine::{Reads, Tx, params};
use crate::{Fault, OpenError, Refusal, Vault};
use ledger::note::LogKey;
use ledger::receipt::ReceiptSigner;
use model::{Time, World};
use oauth::id_token::{ID_TOKEN_S, IdToken};
use oauth::jwks::{Jwks, PublicKey, jwks};
use p256::ecdsa::{Signature, SigningKey, signature::Signer};

/// How long a new key is published before it signs: longer than clients keep a key set without asking again.
pub const KEY_AHEAD_S: i64 = 900;

/// The keys that stay in memory.
pub(crate) struct Keys {
    pub(crate) log: LogKey,
    pub(crate) receipts: ReceiptSigner,
}

struct IdTokenKey {
    kid: String,
    key: SigningKey,
    active_from: Time,
}

fn shape(e: impl std::fmt::Display) -> Fault {
    Fault::Shape(e.to_string())
}

/// A new secret for ES256. Of 2^256 numbers, nearly all are one; another is drawn if not.
fn new_es256(world: &World) -> SigningKey {
    loop {
        if let Ok(key) = SigningKey::from_slice(&world.random::<32>()) {
            return key;
        }
    }
}

fn public(key: &SigningKey) -> Result<PublicKey, Fault> {
    let point = key.verifying_key().to_sec1_point(false);
    PublicKey::from_sec1(point.as_bytes()).ok_or_else(|| shape("a stored key is not on the curve"))
}

fn add_id_token_key(tx: &mut Tx<'_>, world: &World, active_from: Time) -> Result<(), Fault> {
    let key = new_es256(world);
    let secret = key.to_bytes();
    tx.put(
        "insert into keys (id, purpose, secret, created_at, active_from) values ($1, 'id_token', $2, $3, $4)",
        params![&public(&key)?.kid(), secret.as_slice(), world.now().micros(), active_from.micros()],
    )
}

/// The keys that sign ID tokens or did lately, the newest first.
fn id_token_keys(db: &mut impl Reads, now: Time) -> Result<Vec<IdTokenKey>, Fault> {
    let sql = "select id, secret, active_from from keys where purpose = 'id_token' \
               and (retired_at is null or retired_at > $1) order by active_from desc, id";
    db.all(sql, params![now.micros()], |row| {
        let key = SigningKey::from_slice(row.blob(1)?).map_err(shape)?;
        Ok(IdTokenKey { kid: row.text(0)?.to_owned(), key, active_from: Time::from_micros(row.int(2)?) })
    })
}

impl Keys {
    /// Loads the keys, or makes them in a new database. `origin` names the log for ever.
    pub(crate) fn load(
        tx: &mut Tx<'_>,
        world: &World,
        origin: &str,
        issuer: &str,
    ) -> Result<Keys, OpenError> {
        let now = world.now();
        let sql = "select id, secret from keys where purpose = 'log' order by created_at limit 1";
        let found =
            tx.one(sql, params![], |row| Ok((row.text(0)?.to_owned(), super::ids::array32(row, 1)?)))?;
        let (name, secret) = match found {
            Some(found) => found,
            None => {
                let secret = world.random::<32>();
                tx.put(
                    "insert into keys (id, purpose, secret, created_at, active_from) values ($1, 'log', $2, $3, $3)",
                    params![origin, &secret, now.micros()],
                )?;
                add_id_token_key(tx, world, now)?;
                (origin.to_owned(), secret)
            }
        };
        let log = LogKey::new(&name, &secret).map_err(shape)?;
        Ok(Keys { receipts: ReceiptSigner::new(issuer, log.clone()), log })
    }
}

impl Vault {
    /// Signs an ID token with the newest key that is active.
    pub(crate) async fn sign_id_token(&self, token: &IdToken<'_>) -> Result<String, Refusal> {
        let now = self.world.now();
        let keys = self.engine.read("id_token_keys", move |snap| id_token_keys(snap, now)).await?;
        let active = keys.into_iter().find(|key| key.active_from <= now);
        let IdTokenKey { kid, key, .. } =
            active.ok_or_else(|| shape("there is no active key for ID tokens"))?;
        let signed = token.signed(&kid, |bytes| -> Result<[u8; 64], Fault> {
            let signature: Signature = key.try_sign(bytes).map_err(shape)?;
            Ok(signature.to_bytes().into())
        });
        Ok(signed?)
    }

    /// The public keys with which clients check ID tokens, and partners receipts.
    pub async fn jwks(&self) -> Result<Jwks, Refusal> {
        let now = self.world.now();
        let keys = self.engine.read("id_token_keys", move |snap| id_token_keys(snap, now)).await?;
        let keys = keys.iter().map(|key| public(&key.key)).collect::<Result<Vec<_>, _>>()?;
        Ok(jwks(keys))
    }

    /// Publishes a new key for ID tokens; it signs from `KEY_AHEAD_S` on, and the one before retires after that.
    pub async fn keys_rotate(&self) -> Result<(), Refusal> {
        let (world, now) = (self.world.clone(), self.world.now());
        self.engine
            .write("keys_rotate", move |tx| -> Result<(), Refusal> {
                let from = now.plus_seconds(KEY_AHEAD_S);
                let until = from.plus_seconds(ID_TOKEN_S + 60);
                let sql = "update keys set retired_at = $1 where purpose = 'id_token' and retired_at is null";
                tx.put(sql, params![until.micros()])?;
                Ok(add_id_token_key(tx, &world, from)?)
            })
            .await
    }

    /// The key with which everyone checks the log and the receipts, in the form of signed notes.
    pub fn log_key(&self) -> String {
        self.keys.log.public().to_string()
    }
}
