//! Slows those who guess, those who list handles, and those who make accounts by the thousand. On all nodes alike, and
//! across restarts.
//!
//! Invariant: nobody is locked out for good: every count ends with its window, and a browser on which she has signed in
//! before has a count of its own, which nobody else can fill. An attempt is counted before the password is looked at and
//! uncounted if it went well, so that many at once gain nothing. What is stored are hashes that are gone after an hour.

use super::browsers::{self, Visit};
use super::secret::sha256;
use crate::engine::{Reads, Tx, params};
use crate::{Fault, Own, Refusal, Vault};
use model::{PersonId, Time};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

/// How long most attempts are remembered, in seconds: 15 minutes.
pub const ATTEMPTS_S: i64 = 900;
/// How long those on one account are, in seconds: an hour.
pub const ACCOUNT_ATTEMPTS_S: i64 = 3600;
/// Wrong passwords for one account from one address, in [`ATTEMPTS_S`].
pub const PASSWORDS_HERE_MAX: i64 = 10;
/// Wrong passwords for one account on a browser of hers, in [`ATTEMPTS_S`].
pub const PASSWORDS_BROWSER_MAX: i64 = 10;
/// Wrong passwords for one account from wherever she has not signed in yet, in [`ACCOUNT_ATTEMPTS_S`].
pub const PASSWORDS_ACCOUNT_MAX: i64 = 50;
/// Wrong passwords and codes from one address, whosever they are, in [`ATTEMPTS_S`].
pub const ADDRESS_MAX: i64 = 100;
/// Wrong one-time and recovery codes for one account, in [`ACCOUNT_ATTEMPTS_S`].
pub const CODES_ACCOUNT_MAX: i64 = 10;
/// Handles asked after from one address, in [`ATTEMPTS_S`]: those that were taken at signing up, and those that nobody has
/// at befriending.
pub const HANDLES_ASKED_MAX: i64 = 50;
/// Passwords and sets of recovery codes that a person has hashed, right or wrong, in [`ATTEMPTS_S`]: it is the dearest work here, and
/// all share it.
pub(crate) const HASHED_MAX: i64 = 20;
/// What is given out to be signed with a passkey at one address, in [`ATTEMPTS_S`].
pub(crate) const CHALLENGES_MAX: i64 = 1_000;
/// And to one person who is signed in.
pub(crate) const CHALLENGES_HERS_MAX: i64 = 100;
/// Accounts made from one address, in [`ATTEMPTS_S`]. A school behind one address gets through.
pub const ACCOUNTS_MAX: i64 = 100;
/// Codes of devices that a person typed and that were none, in [`ATTEMPTS_S`].
pub(crate) const DEVICE_CODES_MAX: i64 = 5;
/// Such codes from one address, whoever is signed in there.
pub(crate) const DEVICE_CODES_FROM_MAX: i64 = 50;
/// Such codes in all, from browsers that are not known since [`SETTLED_S`]: with a thousand devices waiting, the chance that
/// one of so many hits is one in 50,000. So accounts made for guessing share one budget, and using it up stops nobody else.
pub(crate) const DEVICE_CODES_NEW_MAX: i64 = 500;
/// Since when a browser must be known to count for itself alone, in seconds: a day.
pub(crate) const SETTLED_S: i64 = 24 * 3600;

/// Where a request comes from: an IPv4 address, or the 64 bits of IPv6 that one subscriber has. None behind a listener
/// that does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Address(Option<IpAddr>);

impl From<IpAddr> for Address {
    fn from(ip: IpAddr) -> Self {
        Address(Some(match ip.to_canonical() {
            IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64)),
            ip @ IpAddr::V4(_) => ip,
        }))
    }
}

/// What is counted, for how long, and up to where.
pub(crate) struct Count {
    id: [u8; 32],
    window_s: i64,
    max: i64,
}

impl Count {
    fn new(kind: &str, of: &[&[u8]], window_s: i64, max: i64) -> Count {
        let parts: Vec<&[u8]> = [b"attempt", kind.as_bytes()].into_iter().chain(of.iter().copied()).collect();
        Count { id: sha256(&parts), window_s, max }
    }

    fn address(kind: &str, from: Address, max: i64) -> Count {
        let from = from.0.map(|ip| ip.to_string()).unwrap_or_default();
        Count::new(kind, &[from.as_bytes()], ATTEMPTS_S, max)
    }

    /// A password for a handle: on a browser of hers, or from anywhere.
    pub(crate) fn password(handle: &str, from: Address, browser: Option<&[u8; 32]>) -> Vec<Count> {
        // As `Handle::parse` folds it; what is no handle is counted under its beginning, for it may be long.
        let folded = handle.trim().trim_start_matches('@').to_lowercase();
        let folded: String = folded.chars().take(40).collect();
        let handle = folded.as_bytes();
        if let Some(browser) = browser {
            return vec![Count::new("in browser", &[handle, browser], ATTEMPTS_S, PASSWORDS_BROWSER_MAX)];
        }
        let here = from.0.map(|ip| ip.to_string()).unwrap_or_default();
        vec![
            Count::new("here", &[handle, here.as_bytes()], ATTEMPTS_S, PASSWORDS_HERE_MAX),
            Count::new("account", &[handle], ACCOUNT_ATTEMPTS_S, PASSWORDS_ACCOUNT_MAX),
            Count::address("address", from, ADDRESS_MAX),
        ]
    }

    /// A one-time or recovery code.
    pub(crate) fn code(person: PersonId, from: Address, browser: Option<&[u8; 32]>) -> Vec<Count> {
        let person = person.as_bytes();
        if let Some(browser) = browser {
            return vec![Count::new(
                "code in browser",
                &[person, browser],
                ATTEMPTS_S,
                PASSWORDS_BROWSER_MAX,
            )];
        }
        vec![
            Count::new("code", &[person], ACCOUNT_ATTEMPTS_S, CODES_ACCOUNT_MAX),
            Count::address("address", from, ADDRESS_MAX),
        ]
    }

    /// A handle that is asked after.
    pub(crate) fn handle_asked(from: Address) -> Vec<Count> {
        vec![Count::address("handle", from, HANDLES_ASKED_MAX)]
    }

    /// The code of a device that waits. `settled`: she has used this browser for a while.
    pub(crate) fn device_code(person: PersonId, from: Address, settled: bool) -> Vec<Count> {
        let by = Count::new("device by", &[person.as_bytes()], ATTEMPTS_S, DEVICE_CODES_MAX);
        if settled {
            return vec![by];
        }
        vec![
            by,
            Count::address("device from", from, DEVICE_CODES_FROM_MAX),
            Count::new("device", &[], ATTEMPTS_S, DEVICE_CODES_NEW_MAX),
        ]
    }

    /// What a person who is signed in has hashed. Not given back.
    pub(crate) fn hashed(person: PersonId) -> Vec<Count> {
        vec![Count::new("hashed", &[person.as_bytes()], ATTEMPTS_S, HASHED_MAX)]
    }

    /// Something to sign is given out: to whoever signs in at an address, or to a person who is signed in, whom those do not slow.
    pub(crate) fn challenge(from: Address, hers: Option<PersonId>) -> Vec<Count> {
        vec![match hers {
            Some(person) => Count::new("challenge of", &[person.as_bytes()], ATTEMPTS_S, CHALLENGES_HERS_MAX),
            None => Count::address("challenge", from, CHALLENGES_MAX),
        }]
    }

    /// An account that is made.
    pub(crate) fn account(from: Address) -> Vec<Count> {
        vec![Count::address("sign up", from, ACCOUNTS_MAX)]
    }
}

/// Counts an attempt, or says how long to wait; then nothing is counted.
pub(crate) fn enter(tx: &mut Tx<'_>, counts: &[Count], now: Time) -> Result<(), Refusal> {
    // In one order everywhere: two that wait for each other would wait for ever.
    let mut counts: Vec<&Count> = counts.iter().collect();
    counts.sort_by_key(|count| count.id);
    for count in counts {
        let ends_at = now.plus_seconds(count.window_s).micros();
        let sql = "insert into attempts (id, count, ends_at) values ($1, 1, $2) on conflict (id) do update set \
                   count = case when attempts.ends_at > $3 then attempts.count + 1 else 1 end, \
                   ends_at = case when attempts.ends_at > $3 then attempts.ends_at else $2 end \
                   returning count, ends_at";
        let entered =
            tx.one(sql, params![&count.id, ends_at, now.micros()], |row| Ok((row.int(0)?, row.int(1)?)))?;
        if let Some((so_far, ends_at)) = entered
            && so_far > count.max
        {
            return Err(Refusal::Wait((Time::from_micros(ends_at).seconds() - now.seconds()).max(1)));
        }
    }
    Ok(())
}

fn leave(tx: &mut Tx<'_>, counts: &[Count]) -> Result<(), Fault> {
    let mut counts: Vec<&Count> = counts.iter().collect();
    counts.sort_by_key(|count| count.id);
    for count in counts {
        tx.put("update attempts set count = count - 1 where id = $1 and count > 0", params![&count.id])?;
    }
    Ok(())
}

/// Forgets counts whose window is over, at most so many. How many.
pub(crate) fn purge(tx: &mut Tx<'_>, now: Time, most: i64) -> Result<u64, Fault> {
    let sql = "delete from attempts where id in (select id from attempts where ends_at <= $1 limit $2)";
    tx.execute(sql, params![now.micros(), most])
}

/// An attempt that is held against whoever made it, until it is taken back.
#[must_use]
#[derive(Clone)]
pub struct Counted(Arc<Vec<Count>>);

impl Counted {
    /// It went well, in the transaction in which it did.
    pub(crate) fn leave(&self, tx: &mut Tx<'_>) -> Result<(), Fault> {
        leave(tx, &self.0)
    }
}

impl std::fmt::Debug for Counted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Counted")
    }
}

impl Vault {
    /// Counts an attempt before it is looked at.
    pub(crate) async fn count(&self, counts: Vec<Count>) -> Result<Counted, Refusal> {
        let (now, counted) = (self.world.now(), Counted(Arc::new(counts)));
        let entering = counted.clone();
        let entered = self.engine.write("attempt", move |tx| enter(tx, &entering.0, now)).await;
        if matches!(entered, Err(Refusal::Wait(_))) {
            tracing::info!("too many attempts");
        }
        entered.map(|()| counted)
    }

    /// Counts that somebody at this address is about to learn whether a handle is taken.
    pub async fn handle_asked(&self, from: Address) -> Result<Counted, Refusal> {
        self.count(Count::handle_asked(from)).await
    }

    /// Counts that she types the code of a device that waits.
    pub async fn device_code_asked(&self, own: &Own, visit: &Visit) -> Result<Counted, Refusal> {
        let (person, token) = (own.person(), visit.token());
        let before = self.world.now().plus_seconds(-SETTLED_S);
        let settled = self
            .engine
            .read("settled", move |snap| -> Result<_, Refusal> {
                Ok(browsers::known_before(snap, person, token, before)?)
            })
            .await?;
        self.count(Count::device_code(person, visit.from, settled)).await
    }

    /// Nothing was learned, so it is not counted.
    pub async fn uncount(&self, counted: Counted) -> Result<(), Refusal> {
        self.engine.write("uncount", move |tx| Ok(counted.leave(tx)?)).await
    }
}
