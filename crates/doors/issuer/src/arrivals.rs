//! How often one address (or one app) may do what costs us something: leave a question behind, which waits in the database
//! until it is answered or too old; or guess at a secret.
//!
//! Invariant: memory is bounded, and whoever is refused is told when to come back.

use axum::extract::{ConnectInfo, FromRequestParts};
use http::request::Parts;
use model::Time;
use std::collections::HashMap;
use std::convert::Infallible;
use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};

/// Questions of one address, or of one app, in the time that a question waits. Thousands of people may be behind one.
pub(crate) const QUESTIONS: Most = Most { times: 2_000, window_s: vault::AUTHORIZATION_S };
/// How many sources are counted. A flood of more begins the counts anew: it costs its own memory, not ours.
const SOURCES_MAX: usize = 50_000;

/// How often, in how many seconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Most {
    pub(crate) times: u32,
    pub(crate) window_s: i64,
}

/// Where a request comes from: an IPv4 address, or the 64 bits of IPv6 that one subscriber has. One for all, behind a
/// listener that does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Address(IpAddr);

impl Address {
    /// For a person to read; none behind a listener that does not say.
    pub(crate) fn text(self) -> Option<String> {
        (!self.0.is_unspecified()).then(|| self.0.to_string())
    }

    fn of(ip: IpAddr) -> Self {
        Address(match ip.to_canonical() {
            IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64)),
            ip @ IpAddr::V4(_) => ip,
        })
    }
}

impl<S: Sync> FromRequestParts<S> for Address {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Ok(peer.map_or(Address(Ipv4Addr::UNSPECIFIED.into()), |ConnectInfo(peer)| Address::of(peer.ip())))
    }
}

/// The counts of the present window.
#[derive(Debug)]
pub(crate) struct Arrivals<K> {
    most: Most,
    window: Mutex<Window<K>>,
}

#[derive(Debug)]
struct Window<K> {
    ends_at: Option<Time>,
    counts: HashMap<K, u32>,
}

impl<K: Eq + Hash> Arrivals<K> {
    pub(crate) fn new(most: Most) -> Self {
        Arrivals { most, window: Mutex::new(Window { ends_at: None, counts: HashMap::new() }) }
    }

    /// Counts one more; `Err` is how many seconds to wait.
    pub(crate) fn enter(&self, from: K, now: Time) -> Result<(), i64> {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let left_s = window.left_s(now);
        if !(1..=self.most.window_s).contains(&left_s) || window.counts.len() >= SOURCES_MAX {
            *window = Window { ends_at: Some(now.plus_seconds(self.most.window_s)), counts: HashMap::new() };
        }
        let count = window.counts.entry(from).or_insert(0);
        if *count >= self.most.times {
            return Err(left_s.max(1));
        }
        *count += 1;
        Ok(())
    }

    /// Is there room for one more? Counts nothing.
    pub(crate) fn room(&self, from: &K, now: Time) -> Result<(), i64> {
        let window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let left_s = window.left_s(now);
        let full = window.counts.get(from).is_some_and(|count| *count >= self.most.times);
        if full && (1..=self.most.window_s).contains(&left_s) { Err(left_s) } else { Ok(()) }
    }
}

impl<K> Window<K> {
    fn left_s(&self, now: Time) -> i64 {
        self.ends_at.map_or(0, |ends_at| ends_at.seconds() - now.seconds())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_micros(1_795_435_200_000_000);

    fn from(ip: &str) -> Address {
        Address::of(ip.parse().unwrap())
    }

    #[test]
    fn a_flood_from_one_address_is_refused_until_the_window_is_over() {
        let arrivals = Arrivals::new(QUESTIONS);
        for _ in 0..QUESTIONS.times {
            assert_eq!(arrivals.enter(from("2001:db8::1"), NOW), Ok(()));
        }
        assert_eq!(
            arrivals.enter(from("2001:db8::2"), NOW.plus_seconds(60)),
            Err(QUESTIONS.window_s - 60),
            "a subscriber"
        );
        assert_eq!(arrivals.room(&from("2001:db8::3"), NOW.plus_seconds(60)), Err(QUESTIONS.window_s - 60));
        assert_eq!(
            arrivals.room(&from("2001:db8::3"), NOW.plus_seconds(QUESTIONS.window_s)),
            Ok(()),
            "later"
        );
        assert_eq!(arrivals.enter(from("192.0.2.1"), NOW), Ok(()), "another address");
        assert_eq!(
            arrivals.enter(from("2001:db8::1"), NOW.plus_seconds(QUESTIONS.window_s)),
            Ok(()),
            "later"
        );
    }

    #[test]
    fn memory_is_bounded() {
        let arrivals = Arrivals::new(QUESTIONS);
        for i in 0..SOURCES_MAX as u32 * 2 {
            assert_eq!(arrivals.enter(Address(Ipv4Addr::from_bits(i).into()), NOW), Ok(()));
        }
        assert!(arrivals.window.lock().unwrap().counts.len() <= SOURCES_MAX);
    }
}
