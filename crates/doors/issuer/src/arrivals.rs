//! How often one address (or one app) may do what costs us something: leave a question behind, which waits in the database
//! until it is answered or too old; or guess at a secret.
//!
//! Invariant: memory is bounded, no flood empties a count, and whoever is refused is told when to come back.

use axum::extract::{ConnectInfo, FromRequestParts};
use http::request::Parts;
use model::Time;
use std::collections::HashMap;
use std::convert::Infallible;
use std::hash::{BuildHasher, Hash};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};

/// Questions of one address, or of one app, in the time that a question waits. Thousands of people may be behind one.
pub(crate) const QUESTIONS: Most = Most { times: 2_000, window_s: vault::AUTHORIZATION_S };
/// How many sources are counted each by itself. Those who come when so many are known share the counts that follow.
const SOURCES_MAX: usize = 50_000;
/// The counts that are shared: a flood fills them all only with so many times what one source may do.
const SHARED: usize = 4096;

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
    shared: Vec<u32>,
}

impl<K: Eq + Hash> Arrivals<K> {
    pub(crate) fn new(most: Most) -> Self {
        Arrivals { most, window: Mutex::new(Window::until(None)) }
    }

    /// Counts one more; `Err` is how many seconds to wait.
    pub(crate) fn enter(&self, from: K, now: Time) -> Result<(), i64> {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        if !(1..=self.most.window_s).contains(&window.left_s(now)) {
            *window = Window::until(Some(now.plus_seconds(self.most.window_s)));
        }
        let left_s = window.left_s(now);
        let count = window.count(from);
        if *count >= self.most.times {
            return Err(left_s);
        }
        *count += 1;
        Ok(())
    }

    /// Is there room for one more? Counts nothing.
    pub(crate) fn room(&self, from: &K, now: Time) -> Result<(), i64> {
        let window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let left_s = window.left_s(now);
        let full = window.so_far(from) >= self.most.times;
        if full && (1..=self.most.window_s).contains(&left_s) { Err(left_s) } else { Ok(()) }
    }
}

impl<K: Eq + Hash> Window<K> {
    fn until(ends_at: Option<Time>) -> Self {
        Window { ends_at, counts: HashMap::new(), shared: Vec::new() }
    }

    /// The count that a source shares if it is not counted by itself. Who shares it with whom cannot be foreseen.
    fn place(&self, from: &K) -> usize {
        usize::try_from(self.counts.hasher().hash_one(from) % SHARED as u64).unwrap_or(0)
    }

    fn count(&mut self, from: K) -> &mut u32 {
        if self.counts.len() < SOURCES_MAX || self.counts.contains_key(&from) {
            return self.counts.entry(from).or_insert(0);
        }
        let place = self.place(&from);
        self.shared.resize(SHARED, 0);
        &mut self.shared[place]
    }

    fn so_far(&self, from: &K) -> u32 {
        let shared = || self.shared.get(self.place(from)).copied();
        self.counts.get(from).copied().or_else(shared).unwrap_or(0)
    }

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
    fn a_flood_of_sources_empties_no_count_and_fills_no_memory() {
        let arrivals = Arrivals::new(Most { times: 30, window_s: 300 });
        let guess = |ip: u32| arrivals.enter(Address(Ipv4Addr::from_bits(ip).into()), NOW);
        (0..30).for_each(|_| assert_eq!(guess(7), Ok(())));
        for ip in 8..SOURCES_MAX as u32 + 10_000 {
            assert_eq!(guess(ip), Ok(()), "each of them is new");
        }
        assert_eq!(guess(7), Err(300), "who was counted before");
        let late = u32::MAX;
        let taken = (0..60).filter(|_| guess(late).is_ok()).count();
        assert!((1..=30).contains(&taken), "who comes late is counted too, with others: {taken}");
        assert_eq!(arrivals.room(&Address(Ipv4Addr::from_bits(late).into()), NOW), Err(300));
        let window = arrivals.window.lock().unwrap();
        assert!(window.counts.len() <= SOURCES_MAX && window.shared.len() <= SHARED);
    }
}
