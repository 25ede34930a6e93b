//! The vault: the only room with a database handle. People, apps, grants, messages and the records of who touched them.
//!
//! Invariant: no message leaves but through `sealed/`, where every way out but a person's own goes through a `Permit` and
//! its durable record. Bodies of transactions are sync; the functions here are async only to wait for them.

// The tests in here share a fixture with those outside, for whom this is a crate like any other.
#[cfg(test)]
extern crate self as vault;

mod answering;
mod engine;
#[cfg(test)]
mod faults_tests;
#[cfg(feature = "measure")]
mod measure;
mod refusal;
mod schema;
mod sealed;
#[cfg(test)]
mod sequencer_tests;
mod tables;

pub use engine::{Fault, OpenError, Place, Timing};
pub use refusal::Refusal;
pub use sealed::*;
pub use tables::alerts::{ALERT_PER_DAY_MAX, Alerts, EAST_MIN};
pub use tables::app_registry::{Demands, ListedApp, NewApp, NewKind};
pub use tables::apps::AppFacts;
pub use tables::attempts::{
    ACCOUNT_ATTEMPTS_S, ACCOUNTS_MAX, ADDRESS_MAX, ATTEMPTS_S, Address, CODES_ACCOUNT_MAX, Counted,
    HANDLES_ASKED_MAX, PASSWORDS_ACCOUNT_MAX, PASSWORDS_BROWSER_MAX, PASSWORDS_HERE_MAX,
};
pub use tables::authorizations::{AUTHORIZATION_S, Waiting};
pub use tables::browsers::{BROWSER_S, Visit};
pub use tables::connected::{Connected, GrantHistory};
pub use tables::consents::Facts;
pub use tables::containments::{Contained, Containment};
pub use tables::conversations::{ActiveApp, CONVERSATION_PEOPLE_MAX, Conversation, Listed, Other};
pub use tables::cosigned::Head;
pub use tables::devices::Device;
pub use tables::events::{AHEAD_MAX, Ahead, EVENTS_HELD_S, EVENTS_KEPT_S, EVENTS_OVERLAP_S};
pub use tables::friends::{Face, Friend, FriendList};
pub use tables::grants::Grant;
pub use tables::keys::{KEY_AHEAD_S, KeyPurpose, ListedKey, Turn};
pub use tables::log::LogNews;
pub use tables::logouts::{Logout, LogoutUris, WAITS_S as LOGOUT_WAITS_S};
pub use tables::notices::{NOTICE_KEPT_S, Notice, Told};
pub use tables::partner_keys::{PARTNER_LINK_S, PARTNER_S};
pub use tables::passkeys::{CHALLENGE_S, PASSKEYS_MAX, Passkey, PasskeyAsked, PasskeyWanted};
pub use tables::people::Person;
pub use tables::recoveries::{RECOVERY_S, RECOVERY_WAIT_S, Recovery, RecoveryLink};
pub use tables::retirements::Retirement;
pub use tables::second_factor::SecondFactor;
pub use tables::sessions::{SESSION_IDLE_S, SESSION_S, SESSIONS_MAX, Session, session_cookie, session_of};
pub use tables::sign_in::{Cookies, HALF_S, SignIn};
pub use tables::signals::Signal;
pub use tables::tokens::TokenRefusal;
pub use tables::webhook_keys::Signing;
pub use tables::webhook_queue::{
    Became, DELIVERIES_KEPT_S, Errand, Exchange, WEBHOOK_PAUSED_AFTER_S, WEBHOOK_TRIES,
};
pub use tables::webhooks::{Delivery, NewWebhook, WEBHOOK_KEYS_OVERLAP_S, WEBHOOKS_OF_APP_MAX, Webhook};
pub use tables::wishes::Wishes;

pub use answering::Exchanging;
use answering::{Answering, Exchanges};
use engine::{Engine, Pending};
use ledger::note::LogKey;
use model::World;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};
use tables::apps::Apps;
use tables::keys::Keys;
use tables::passwords;
use tokio::sync::{Semaphore, watch};

/// How a vault is opened.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Where the data is.
    pub place: Place,
    /// The public URL of the server, without a slash at its end: the issuer, and `iss` in receipts.
    pub issuer: String,
    /// Which log it is. `None`: the one that is there; a new one is named for the issuer.
    pub log: Option<LogIdentity>,
}

/// Which log a database holds. A log keeps its name and its first key for ever, so a new database begins this one, and any
/// other must hold it.
#[derive(Debug, Clone)]
pub enum LogIdentity {
    /// The one of this name; a new one makes its own key.
    Named(String),
    /// The one with this key, which has its name.
    Keyed(Box<LogKey>),
}

/// The open vault.
pub struct Vault {
    engine: Engine,
    world: World,
    issuer: String,
    keys: Keys,
    apps: Apps,
    callers: Callers,
    hashing: Arc<Semaphore>,
    hashing_queue: Arc<Semaphore>,
    hashed: Arc<AtomicU64>,
    evidence: Semaphore,
    spent: AtomicU64,
    news: watch::Sender<LogNews>,
    halted: OnceLock<String>,
    answering: Answering,
    exchanges: Exchanges,
}

impl Vault {
    /// Opens the database, brings its schema up to date and loads the keys. Blocks; for start-up.
    pub fn open(setup: Setup, world: World) -> Result<Vault, OpenError> {
        let engine = Engine::open(&setup.place)?;
        engine.migrate(schema::STEPS)?;
        let (issuer, log, tools) = (setup.issuer.clone(), setup.log, world.clone());
        let pending: Pending<Keys, OpenError> = engine.write("open", move |tx| {
            let keys = Keys::load(tx, &tools, log.as_ref(), &issuer)?;
            tables::log::found(tx, &keys.log)?;
            tables::map::found(tx)?;
            tables::alerts::found(tx)?;
            Ok(keys)
        });
        let keys = pending.wait()?;
        Ok(Vault {
            engine,
            world,
            issuer: setup.issuer,
            keys,
            apps: Apps::default(),
            callers: Callers::default(),
            hashing: Arc::new(Semaphore::new(passwords::HASHING_MAX)),
            hashing_queue: Arc::new(Semaphore::new(passwords::HASHING_QUEUE_MAX)),
            hashed: Arc::default(),
            evidence: Semaphore::new(EVIDENCE_AT_ONCE_MAX),
            spent: AtomicU64::new(0),
            news: watch::Sender::default(),
            halted: OnceLock::new(),
            answering: Answering::default(),
            exchanges: Exchanges::default(),
        })
    }

    /// The public URL of the server.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The clock and the randomness that it was handed.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Waits until nothing that began before can succeed any more: whoever ends something for many at once answers after
    /// this. `false` if some other transaction did not end in time.
    async fn settled(&self) -> Result<bool, Refusal> {
        let settled = self.engine.settle().await?;
        self.answering.out().await;
        Ok(settled)
    }

    /// An exchange with a webhook of this app begins: to be held from before the gate is asked until nothing of it can arrive.
    pub fn exchange_begins(&self, app: model::AppId) -> Exchanging {
        self.exchanges.begin(app)
    }

    pub(crate) fn webhook_keys(&self) -> &tables::webhook_keys::WebhookKeys {
        &self.keys.webhooks
    }

    /// How often each named transaction ran, and how long it took.
    pub fn timings(&self) -> Vec<Timing> {
        self.engine.metrics()
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vault({})", self.issuer)
    }
}
