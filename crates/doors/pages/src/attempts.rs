//! Slows those who guess passwords or codes, those who list handles, and those who make accounts by the thousand.
//!
//! Invariant: nobody is locked out for good. What is remembered is bounded, lives in memory and is forgotten after
//! `WINDOW_S`; an attempt is counted before its password is looked at, so that many at once gain nothing.

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use model::{PersonId, Time};
use std::collections::HashMap;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};

/// How long attempts are remembered, in seconds: 15 minutes.
pub(crate) const WINDOW_S: i64 = 900;
/// Wrong passwords for one handle from one address.
pub(crate) const HANDLE_ATTEMPTS_MAX: u32 = 10;
/// Wrong passwords from one address, whatever the handles.
pub(crate) const ADDRESS_ATTEMPTS_MAX: u32 = 100;
/// Handles asked after from one address: those that were taken at signing up, and those that nobody has at befriending.
pub(crate) const HANDLES_ASKED_MAX: u32 = 50;
/// Accounts made from one address. A school behind one address gets through; each costs a hash that all wait for.
pub(crate) const ACCOUNTS_MAX: u32 = 100;
/// Codes of devices that a person typed and that were none.
pub(crate) const CODES_MAX: u32 = 5;
/// Such codes from one address, whoever is signed in there.
pub(crate) const CODES_FROM_MAX: u32 = 50;
/// Such codes in all: with a thousand devices waiting, the chance that one of so many hits is one in 50,000.
pub(crate) const CODES_OF_ALL_MAX: u32 = 500;
/// How many counts are kept. When there are more, the oldest go: a flood of addresses costs its own memory, not ours.
const KEPT_MAX: usize = 20_000;

/// Where a request comes from: an IPv4 address, or the 64 bits of IPv6 that one subscriber has. None behind a listener
/// that does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Address(Option<IpAddr>);

impl Address {
    fn of(ip: IpAddr) -> Self {
        Address(Some(match ip.to_canonical() {
            IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64)),
            ip @ IpAddr::V4(_) => ip,
        }))
    }
}

impl<S: Sync> FromRequestParts<S> for Address {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Ok(peer.map_or(Address(None), |ConnectInfo(peer)| Address::of(peer.ip())))
    }
}

/// What is counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Handle(String, Address),
    Address(Address),
    HandlesAsked(Address),
    Accounts(Address),
    Codes(PersonId),
    CodesFrom(Address),
    CodesOfAll,
}

/// The counts: since when, and how many.
#[derive(Debug, Default)]
pub(crate) struct Attempts(Mutex<HashMap<Key, (Time, u32)>>);

/// An attempt that is counted as failed until it is said to have gone well.
#[must_use]
pub(crate) struct Attempt<'a> {
    attempts: &'a Attempts,
    keys: Vec<Key>,
}

impl Attempt<'_> {
    /// It went well, and so it is not held against anyone.
    pub(crate) fn went_well(self) {
        let mut counts = self.attempts.0.lock().unwrap_or_else(PoisonError::into_inner);
        for key in &self.keys {
            if let Some((_, count)) = counts.get_mut(key) {
                *count = count.saturating_sub(1);
            }
        }
    }
}

impl Attempts {
    /// Counts an attempt to sign in; `Err` is how many seconds to wait before the next.
    pub(crate) fn sign_in(&self, handle: &str, from: Address, now: Time) -> Result<Attempt<'_>, i64> {
        // As `Handle::parse` folds it; what is no handle is counted under its beginning, for it may be long.
        let folded = handle.trim().trim_start_matches('@').to_ascii_lowercase().chars().take(40).collect();
        self.enter(
            vec![
                (Key::Handle(folded, from), HANDLE_ATTEMPTS_MAX),
                (Key::Address(from), ADDRESS_ATTEMPTS_MAX),
            ],
            now,
        )
    }

    /// Counts an asking after a handle, which goes well if nothing is learned; `Err` is how many seconds to wait.
    pub(crate) fn handle_asked(&self, from: Address, now: Time) -> Result<Attempt<'_>, i64> {
        self.enter(vec![(Key::HandlesAsked(from), HANDLES_ASKED_MAX)], now)
    }

    /// Counts an account, which goes well if it is not made; `Err` is how many seconds to wait.
    pub(crate) fn account(&self, from: Address, now: Time) -> Result<Attempt<'_>, i64> {
        self.enter(vec![(Key::Accounts(from), ACCOUNTS_MAX)], now)
    }

    /// Counts a device's code that a person types, which goes well if there is one; `Err` is how many seconds to wait.
    pub(crate) fn device_code(&self, who: PersonId, from: Address, now: Time) -> Result<Attempt<'_>, i64> {
        let keys = vec![
            (Key::Codes(who), CODES_MAX),
            (Key::CodesFrom(from), CODES_FROM_MAX),
            (Key::CodesOfAll, CODES_OF_ALL_MAX),
        ];
        self.enter(keys, now)
    }

    fn enter(&self, keys: Vec<(Key, u32)>, now: Time) -> Result<Attempt<'_>, i64> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() > KEPT_MAX {
            shrink(&mut counts, now);
        }
        for (key, max) in &keys {
            let (since, count) = counts.get(key).copied().unwrap_or((now, 0));
            let left_s = since.plus_seconds(WINDOW_S).seconds() - now.seconds();
            if left_s <= 0 {
                counts.remove(key);
            } else if count >= *max {
                return Err(left_s);
            }
        }
        let keys: Vec<Key> = keys.into_iter().map(|(key, _)| key).collect();
        for key in &keys {
            counts.entry(key.clone()).or_insert((now, 0)).1 += 1;
        }
        Ok(Attempt { attempts: self, keys })
    }
}

/// Forgets what is over, and of the rest the older half if it is still too much.
fn shrink(counts: &mut HashMap<Key, (Time, u32)>, now: Time) {
    counts.retain(|_, (since, _)| since.plus_seconds(WINDOW_S) > now);
    if counts.len() > KEPT_MAX / 2 {
        let mut ages: Vec<Time> = counts.values().map(|(since, _)| *since).collect();
        ages.sort_unstable();
        let middle = ages[ages.len() / 2];
        counts.retain(|_, (since, _)| *since > middle);
    }
}

#[cfg(test)]
#[path = "attempts_tests.rs"]
mod tests;
