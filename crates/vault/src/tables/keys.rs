//! Keys: ES256 for ID tokens, HMAC for the tags of access tokens, Ed25519 for the log and its receipts.
//!
//! Invariant: a key is known to every node and to every client before it is used, and stays known until what it made last
//! has expired. What is used at every request is in memory; a look at the database at least once a minute keeps it true.

use super::access_token::{self, AccessToken, TokenKey, Unread};
use super::queue;
use super::webhook_keys::WebhookKeys;
use crate::engine::{Reads, Tx, params};
use crate::{Fault, LogIdentity, OpenError, Refusal, Vault};
use aws_lc_rs::signature::Ed25519KeyPair;
use ledger::commitment::{Salt, Seal};
use ledger::entry::Entry;
use ledger::key_record::{KeyEvent, KeyRecord, NamedKey};
use ledger::note::{LogKey, VerifierKey};
use ledger::receipt::ReceiptSigner;
use ledger::record::AccessRecord;
use model::{Time, World};
use oauth::bound::Binding;
use oauth::id_token::{self, Hint, ID_TOKEN_S};
use oauth::jwks::{Jwks, PublicKey, jwks};
use oauth::signed::Statement;
use oauth::token::ACCESS_TOKEN_S;
use p256::ecdsa::signature::{Signer, Verifier};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use std::sync::{Arc, PoisonError, RwLock};

/// How long a new key is published before it is used: longer than clients keep a key set without asking again, and than
/// any node goes without looking.
pub const KEY_AHEAD_S: i64 = 900;
/// How much longer than its last work a key is kept, for clocks that differ and for work that was under way.
const KEY_SLACK_S: i64 = 60;
/// How long a node goes by what it knows of the keys.
const RING_S: i64 = 60;
/// How long a key that has retired is listed, before its secret is destroyed.
const KEPT_S: i64 = 30 * DAY_S;
const DAY_S: i64 = 24 * 3600;

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPurpose {
    /// Signs checkpoints of the log and receipts.
    Log,
    /// Signs ID tokens and whatever else apps check with `/jwks`.
    IdToken,
    /// Tags access tokens.
    Token,
}

impl KeyPurpose {
    /// Those that turn, by command and by themselves.
    const TURNING: [KeyPurpose; 2] = [KeyPurpose::IdToken, KeyPurpose::Token];

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            KeyPurpose::Log => "log",
            KeyPurpose::IdToken => "id_token",
            KeyPurpose::Token => "token",
        }
    }

    /// How long what it makes is good for.
    const fn made_lasts_s(self) -> i64 {
        match self {
            KeyPurpose::Log => 0,
            KeyPurpose::IdToken => ID_TOKEN_S,
            KeyPurpose::Token => ACCESS_TOKEN_S,
        }
    }

    /// After how long in use it gives way to a new one by itself.
    const fn turns_every_s(self) -> i64 {
        match self {
            KeyPurpose::Log => i64::MAX,
            KeyPurpose::IdToken => 90 * DAY_S,
            KeyPurpose::Token => 30 * DAY_S,
        }
    }
}

impl std::str::FromStr for KeyPurpose {
    type Err = String;
    fn from_str(word: &str) -> Result<Self, String> {
        let all = [KeyPurpose::Log, KeyPurpose::IdToken, KeyPurpose::Token];
        let known = all.into_iter().find(|purpose| purpose.as_str() == word);
        known.ok_or_else(|| "the purposes of keys are log, id_token and token".to_owned())
    }
}

/// When a new key takes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// After it has been published for [`KEY_AHEAD_S`]: no request fails.
    Ahead,
    /// Now, and what the old ones made is worth nothing from now on: they are in the wrong hands.
    AtOnce,
}

/// A key as it is listed, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedKey {
    /// Its name: the `kid` in a key set, the name of the log.
    pub id: String,
    /// What it is for.
    pub purpose: KeyPurpose,
    /// Made when.
    pub created_at: Time,
    /// Used from when on.
    pub active_from: Time,
    /// Known until when, if it gives way to another.
    pub retires_at: Option<Time>,
    /// `coming`, `active`, `leaving` or `retired`.
    pub state: &'static str,
}

/// The keys that stay in memory.
pub(crate) struct Keys {
    pub(crate) log: LogKey,
    pub(crate) webhooks: WebhookKeys,
    receipts: Receipts,
    ring: RwLock<Arc<Ring>>,
}

/// Signs receipts with the log's key, in assembly: there is one for each access, and in pure Rust a signature takes an
/// eighth of the processor time of a recorded read.
struct Receipts {
    form: ReceiptSigner,
    key: Ed25519KeyPair,
}

/// The keys that turn, as they were when it was looked.
struct Ring {
    read_at: Time,
    id_tokens: Vec<IdTokenKey>,
    tokens: Vec<TokenKey>,
}

struct IdTokenKey {
    kid: String,
    key: SigningKey,
    active_from: Time,
    retires_at: Option<Time>,
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

/// The number of a token key is in its name, so that the name is taken once, and in each token that it tags.
fn token_key_number(id: &str) -> Result<u16, Fault> {
    let number = id.strip_prefix("token-").and_then(|number| number.parse().ok());
    number.ok_or_else(|| shape(format!("`{id}` names no token key")))
}

/// Makes a key; says its name.
fn add(tx: &mut Tx<'_>, world: &World, purpose: KeyPurpose, active_from: Time) -> Result<String, Fault> {
    let (id, secret) = match purpose {
        KeyPurpose::IdToken => {
            let key = new_es256(world);
            (public(&key)?.kid(), key.to_bytes().into())
        }
        KeyPurpose::Token => {
            let sql = "select id from keys where purpose = 'token' order by created_at desc, id desc limit 1";
            let last = tx.one(sql, params![], |row| token_key_number(row.text(0)?))?;
            (format!("token-{}", last.unwrap_or(0).wrapping_add(1)), world.random::<32>())
        }
        KeyPurpose::Log => return Err(shape("a log has the one key that it was founded with")),
    };
    tx.put(
        "insert into keys (id, purpose, secret, created_at, active_from) values ($1, $2, $3, $4, $5)",
        params![&id, purpose.as_str(), &secret, world.now().micros(), active_from.micros()],
    )?;
    Ok(id)
}

/// Tells everyone, in the log, of the key that is added and of those that give way to it, and from when on. Keys that tag
/// access tokens are nobody else's business: nobody can check anything with them.
fn tell(
    tx: &mut Tx<'_>,
    now: Time,
    added: (&str, Time),
    retired: (&[String], Time),
    why: Option<&str>,
) -> Result<(), Fault> {
    // They wait for their places together, in this order.
    let mut home = [0; 16];
    added.0.bytes().zip(&mut home).for_each(|(from, to)| *to = from);
    let retired = retired.0.iter().map(|id| (id.as_str(), KeyEvent::Retired, retired.1, why));
    let each = std::iter::once((added.0, KeyEvent::Added, added.1, None)).chain(retired);
    for (n, (id, what, at, why)) in (0..).zip(each) {
        let key = NamedKey::IdToken(id.to_owned());
        let record = KeyRecord { key, what, at: at.to_string(), why: why.map(str::to_owned) };
        let entry = Entry::Key(record.render().map_err(shape)?);
        queue::push(tx, queue::KEY, &home, n, &entry, now)?;
    }
    Ok(())
}

/// Takes keys out of use by this statement, from `at` on, and puts a new one in their place from `from` on; says whether
/// there was any.
fn turn(
    tx: &mut Tx<'_>,
    world: &World,
    purpose: KeyPurpose,
    (sql, since): (&str, Time),
    (at, from): (Time, Time),
    why: Option<&str>,
) -> Result<bool, Fault> {
    let old = tx.all(sql, params![at.micros(), purpose.as_str(), since.micros()], |row| {
        Ok(row.text(0)?.to_owned())
    })?;
    if old.is_empty() {
        return Ok(false);
    }
    let new = add(tx, world, purpose, from)?;
    if purpose == KeyPurpose::IdToken {
        tell(tx, world.now(), (&new, from), (&old, at), why)?;
    }
    Ok(true)
}

/// Lets the key of a purpose that is in use since this moment or longer give way to a new one. Of two that find it so, one
/// does it.
fn give_way(tx: &mut Tx<'_>, world: &World, purpose: KeyPurpose, since: Time) -> Result<(), Fault> {
    let from = world.now().plus_seconds(KEY_AHEAD_S);
    let until = from.plus_seconds(purpose.made_lasts_s() + KEY_SLACK_S);
    let sql = "update keys set retired_at = $1 where purpose = $2 and retired_at is null and active_from <= $3 \
               returning id";
    turn(tx, world, purpose, (sql, since), (until, from), None).map(|_| ())
}

/// Puts a new key in the place of all that there are, which are in the wrong hands.
fn replace(tx: &mut Tx<'_>, world: &World, purpose: KeyPurpose, now: Time) -> Result<(), Fault> {
    let sql = "update keys set retired_at = $1 where purpose = $2 and (retired_at is null or retired_at > $3) \
               returning id";
    let why = Some("it may be in the wrong hands; what it signed is not to be believed");
    if !turn(tx, world, purpose, (sql, now), (now, now), why)? {
        add(tx, world, purpose, now)?;
    }
    Ok(())
}

/// The log's key, in a database that has a log.
fn log_kept(db: &mut impl Reads) -> Result<Option<LogKey>, Fault> {
    let sql = "select id, secret from keys where purpose = 'log' order by created_at limit 1";
    let found = db.one(sql, params![], |row| Ok((row.text(0)?.to_owned(), super::ids::array32(row, 1)?)))?;
    found.map(|(name, secret)| LogKey::new(&name, &secret).map_err(shape)).transpose()
}

/// The key of a new log. One that nobody named is called by where it is found.
fn new_log(world: &World, log: Option<&LogIdentity>, issuer: &str) -> Result<LogKey, Fault> {
    let made = |name: &str| LogKey::new(name, &world.random()).map_err(shape);
    match log {
        Some(LogIdentity::Keyed(key)) => Ok(LogKey::clone(key)),
        Some(LogIdentity::Named(name)) => made(name),
        None => made(&format!("{}/ledger", issuer.split_once("://").map_or(issuer, |(_, bare)| bare))),
    }
}

fn is_this(log: &LogIdentity, kept: &LogKey) -> bool {
    match log {
        LogIdentity::Named(name) => name == kept.public().name(),
        LogIdentity::Keyed(key) => key.public() == kept.public(),
    }
}

impl Ring {
    fn read(db: &mut impl Reads, now: Time) -> Result<Ring, Fault> {
        let mut ring = Ring { read_at: now, id_tokens: Vec::new(), tokens: Vec::new() };
        let sql = "select purpose, id, secret, active_from, retired_at from keys \
                   where purpose in ('id_token', 'token') and (retired_at is null or retired_at > $1) \
                   order by active_from desc, id";
        db.each(sql, params![now.micros()], &mut |row| {
            let (id, active_from) = (row.text(1)?, Time::from_micros(row.int(3)?));
            let retires_at = row.opt_int(4)?.map(Time::from_micros);
            match row.text(0)? {
                "token" => ring.tokens.push(TokenKey::new(
                    token_key_number(id)?,
                    &super::ids::array32(row, 2)?,
                    (active_from, retires_at),
                )),
                _ => ring.id_tokens.push(IdTokenKey {
                    kid: id.to_owned(),
                    key: SigningKey::from_slice(row.blob(2)?).map_err(shape)?,
                    active_from,
                    retires_at,
                }),
            }
            Ok(())
        })?;
        Ok(ring)
    }

    fn is_fresh(&self, now: Time) -> bool {
        (self.read_at..self.read_at.plus_seconds(RING_S)).contains(&now)
    }
}

impl Keys {
    /// Loads the keys, or makes them in a new database.
    pub(crate) fn load(
        tx: &mut Tx<'_>,
        world: &World,
        log: Option<&LogIdentity>,
        issuer: &str,
    ) -> Result<Keys, OpenError> {
        let now = world.now();
        let log = match log_kept(tx)? {
            Some(kept) if log.is_none_or(|log| is_this(log, &kept)) => kept,
            Some(kept) => return Err(OpenError::OtherLog(kept.public().to_string())),
            None => {
                let key = new_log(world, log, issuer)?;
                tx.put(
                    "insert into keys (id, purpose, secret, created_at, active_from) values ($1, 'log', $2, $3, $3)",
                    params![key.public().name(), key.secret(), now.micros()],
                )?;
                key
            }
        };
        let mut ring = Ring::read(tx, now)?;
        let missing =
            [(ring.id_tokens.is_empty(), KeyPurpose::IdToken), (ring.tokens.is_empty(), KeyPurpose::Token)];
        if missing.iter().any(|(is_missing, _)| *is_missing) {
            for (_, purpose) in missing.iter().filter(|(is_missing, _)| *is_missing) {
                add(tx, world, *purpose, now)?;
            }
            ring = Ring::read(tx, now)?;
        }
        let key = Ed25519KeyPair::from_seed_unchecked(log.secret()).map_err(shape)?;
        let receipts = Receipts { form: ReceiptSigner::new(issuer, log.clone()), key };
        Ok(Keys {
            webhooks: WebhookKeys::new(log.secret()),
            receipts,
            log,
            ring: RwLock::new(Arc::new(ring)),
        })
    }

    /// The receipt of this record.
    pub(crate) fn receipt(&self, record: &AccessRecord, salt: &Salt, seal: &Seal) -> Result<String, Refusal> {
        let sign = |bytes: &[u8]| {
            let mut signature = [0; 64];
            // An Ed25519 signature has 64 bytes, whatever its wrapper has room for.
            self.receipts
                .key
                .sign(bytes)
                .as_ref()
                .iter()
                .zip(&mut signature)
                .for_each(|(from, to)| *to = *from);
            signature
        };
        Ok(self.receipts.form.sign_with(record, salt, seal, sign)?)
    }

    fn ring(&self) -> Arc<Ring> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn no_token_key() -> Fault {
    shape("there is no active key for access tokens")
}

/// What a new access token is made with: taken before the transaction, so that nothing in it waits for a lock.
pub(crate) struct TokenMint {
    ring: Arc<Ring>,
    /// What tokens will be bound to.
    pub(crate) binding: Binding,
}

impl TokenMint {
    /// The same, for tokens that are bound to this.
    pub(crate) fn bound_to(self, binding: Binding) -> TokenMint {
        TokenMint { binding, ..self }
    }

    /// A new access token.
    pub(crate) fn token(&self, world: &World) -> Result<AccessToken, Fault> {
        access_token::new(&self.ring.tokens, world).ok_or_else(no_token_key)
    }
}

impl Vault {
    /// The keys that turn, looked at again if that was a minute ago.
    async fn ring(&self) -> Result<Arc<Ring>, Refusal> {
        let ring = self.keys.ring();
        if ring.is_fresh(self.world.now()) { Ok(ring) } else { self.ring_renewed().await }
    }

    async fn ring_renewed(&self) -> Result<Arc<Ring>, Refusal> {
        let now = self.world.now();
        let ring = self.engine.read("keys", move |snap| -> Result<_, Refusal> { Ok(Ring::read(snap, now)?) });
        let ring = Arc::new(ring.await?);
        *self.keys.ring.write().unwrap_or_else(PoisonError::into_inner) = ring.clone();
        Ok(ring)
    }

    /// What new access tokens are made with now.
    pub(crate) async fn token_mint(&self) -> Result<TokenMint, Refusal> {
        Ok(TokenMint { ring: self.ring().await?, binding: Binding::default() })
    }

    /// Makes something with the keys of tokens.
    pub(crate) async fn with_token_keys<T>(
        &self,
        make: impl Fn(&[TokenKey]) -> Option<T>,
    ) -> Result<T, Refusal> {
        make(&self.ring().await?.tokens).ok_or_else(|| no_token_key().into())
    }

    /// Looks at something that a key of tokens made; `None` from `look` means that the key is not known: then this node looks
    /// at the keys again, if it has not looked for a minute.
    pub(crate) async fn with_known_token_key(
        &self,
        look: impl Fn(&[TokenKey]) -> Option<bool>,
    ) -> Result<bool, Refusal> {
        let ring = self.keys.ring();
        let found = match look(&ring.tokens) {
            None if !ring.is_fresh(self.world.now()) => look(&self.ring_renewed().await?.tokens),
            found => found,
        };
        Ok(found.unwrap_or(false))
    }

    /// The hash of an access token, if it is one of ours. A stranger's text costs arithmetic and no query; the number of
    /// a key that is not known makes this node look at the keys again, if it has not looked for a minute.
    pub(crate) async fn access_token_hash(&self, text: &str) -> Result<Option<[u8; 32]>, Refusal> {
        let (ring, now) = (self.keys.ring(), self.world.now());
        let read = match access_token::read(&ring.tokens, text, now) {
            Err(Unread::KeyUnknown) if !ring.is_fresh(now) => {
                access_token::read(&self.ring_renewed().await?.tokens, text, now)
            }
            read => read,
        };
        Ok(read.ok().map(|token| token.hash()))
    }

    /// Signs what apps check with `/jwks`, with the newest key that is active.
    pub(crate) async fn sign(&self, statement: &impl Statement) -> Result<String, Refusal> {
        let (ring, now) = (self.ring().await?, self.world.now());
        let active = ring.id_tokens.iter().find(|key| key.active_from <= now);
        let IdTokenKey { kid, key, .. } =
            active.ok_or_else(|| shape("there is no active key for ID tokens"))?;
        let signed = statement.signed(kid, |bytes| -> Result<[u8; 64], Fault> {
            let signature: Signature = key.try_sign(bytes).map_err(shape)?;
            Ok(signature.to_bytes().into())
        });
        Ok(signed?)
    }

    /// Whom an ID token of ours is about that comes back as a hint; none if we did not make it, or with a key that is gone.
    pub async fn id_token_hint(&self, token: &str) -> Result<Option<Hint>, Refusal> {
        let (ring, now) = (self.ring().await?, self.world.now());
        let is_ours = |kid: &str, signed: &[u8], signature: &[u8; 64]| {
            let known = ring.id_tokens.iter().filter(|key| key.retires_at.is_none_or(|at| at > now));
            let key = known.into_iter().find(|key| key.kid == kid);
            let signature = Signature::from_slice(signature);
            key.zip(signature.ok()).is_some_and(|(key, signature)| {
                VerifyingKey::from(&key.key).verify(signed, &signature).is_ok()
            })
        };
        Ok(id_token::hint(token, &self.issuer, is_ours))
    }

    /// The public keys with which clients check ID tokens.
    pub async fn jwks(&self) -> Result<Jwks, Refusal> {
        let (ring, now) = (self.ring().await?, self.world.now());
        let known = ring.id_tokens.iter().filter(|key| key.retires_at.is_none_or(|at| at > now));
        let keys = known.map(|key| public(&key.key)).collect::<Result<Vec<_>, _>>()?;
        Ok(jwks(keys))
    }

    /// Makes a new key for this purpose, and lets the ones before retire.
    pub async fn keys_rotate(&self, purpose: KeyPurpose, turn: Turn) -> Result<(), Refusal> {
        if purpose == KeyPurpose::Log {
            let why =
                "the key of the log is what its readers know it by, and does not turn; see docs/ledger.md";
            return Err(Refusal::Conflict(why.to_owned()));
        }
        let (world, now) = (self.world.clone(), self.world.now());
        self.engine
            .write("keys_rotate", move |tx| -> Result<(), Refusal> {
                match turn {
                    Turn::Ahead => give_way(tx, &world, purpose, Time::LATEST)?,
                    Turn::AtOnce => replace(tx, &world, purpose, now)?,
                }
                Ok(())
            })
            .await?;
        self.ring_renewed().await.map(|_| ())
    }

    /// Every key that is kept, by purpose, the newest first.
    pub async fn keys_list(&self) -> Result<Vec<ListedKey>, Refusal> {
        let now = self.world.now();
        self.engine
            .read("keys_list", move |snap| -> Result<_, Refusal> {
                let sql = "select id, purpose, created_at, active_from, retired_at from keys \
                           order by purpose, active_from desc, created_at desc, id desc";
                Ok(snap.all(sql, params![], |row| {
                    let (active_from, retires_at) =
                        (Time::from_micros(row.int(3)?), row.opt_int(4)?.map(Time::from_micros));
                    let state = match retires_at {
                        Some(at) if at <= now => "retired",
                        _ if active_from > now => "coming",
                        Some(_) => "leaving",
                        None => "active",
                    };
                    Ok(ListedKey {
                        id: row.text(0)?.to_owned(),
                        purpose: row.text(1)?.parse().map_err(shape)?,
                        created_at: Time::from_micros(row.int(2)?),
                        active_from,
                        retires_at,
                        state,
                    })
                })?)
            })
            .await
    }

    /// What a worker does about keys: looks at them, turns those whose time has come, destroys those long retired.
    pub async fn keys_keep(&self) -> Result<(), Refusal> {
        self.ring_renewed().await?;
        let (world, now) = (self.world.clone(), self.world.now());
        let list = self.keys_list().await?;
        let due = |purpose: KeyPurpose| {
            let newest = list.iter().find(|key| key.purpose == purpose && key.retires_at.is_none());
            newest.is_none_or(|key| key.active_from.plus_seconds(purpose.turns_every_s()) <= now)
        };
        let due: Vec<KeyPurpose> = KeyPurpose::TURNING.into_iter().filter(|purpose| due(*purpose)).collect();
        let kept_from = now.plus_seconds(-KEPT_S);
        if due.is_empty() && list.iter().all(|key| key.retires_at.is_none_or(|at| at > kept_from)) {
            return Ok(());
        }
        self.engine
            .write("keys_keep", move |tx| -> Result<(), Refusal> {
                for purpose in &due {
                    give_way(tx, &world, *purpose, now.plus_seconds(-purpose.turns_every_s()))?;
                }
                Ok(tx.put("delete from keys where retired_at <= $1", params![kept_from.micros()])?)
            })
            .await?;
        self.ring_renewed().await.map(|_| ())
    }

    /// The key with which everyone checks the log and the receipts, in the form of signed notes.
    pub fn log_key(&self) -> String {
        self.keys.log.public().to_string()
    }

    /// The same, to check with.
    pub fn log_verifiers(&self) -> Vec<VerifierKey> {
        vec![self.keys.log.public().clone()]
    }
}
