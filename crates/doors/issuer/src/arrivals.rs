//! How many questions one address may leave behind: each waits in the database until it is answered or too old, and
//! anyone may send them.
//!
//! Invariant: memory is bounded, and whoever is refused is told when to come back.

use axum::extract::{ConnectInfo, FromRequestParts};
use http::request::Parts;
use model::Time;
use std::collections::HashMap;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};

/// How long is counted, in seconds: as long as a question waits.
const WINDOW_S: i64 = vault::AUTHORIZATION_S;
/// Questions of one address in that time. Thousands of people may be behind one.
const ARRIVALS_MAX: u32 = 2_000;
/// How many addresses are counted. A flood of more begins the counts anew: it costs its own memory, not ours.
const ADDRESSES_MAX: usize = 50_000;

/// Where a request comes from: an IPv4 address, or the 64 bits of IPv6 that one subscriber has. One for all, behind a
/// listener that does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Address(IpAddr);

impl Address {
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
#[derive(Debug, Default)]
pub(crate) struct Arrivals(Mutex<Window>);

#[derive(Debug, Default)]
struct Window {
    ends_at: Option<Time>,
    counts: HashMap<Address, u32>,
}

impl Arrivals {
    /// Counts a question; `Err` is how many seconds to wait.
    pub(crate) fn enter(&self, from: Address, now: Time) -> Result<(), i64> {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let left_s = window.ends_at.map_or(0, |ends_at| ends_at.seconds() - now.seconds());
        if !(1..=WINDOW_S).contains(&left_s) || window.counts.len() >= ADDRESSES_MAX {
            *window = Window { ends_at: Some(now.plus_seconds(WINDOW_S)), counts: HashMap::new() };
        }
        let count = window.counts.entry(from).or_insert(0);
        if *count >= ARRIVALS_MAX {
            return Err(left_s.max(1));
        }
        *count += 1;
        Ok(())
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
        let arrivals = Arrivals::default();
        for _ in 0..ARRIVALS_MAX {
            assert_eq!(arrivals.enter(from("2001:db8::1"), NOW), Ok(()));
        }
        assert_eq!(
            arrivals.enter(from("2001:db8::2"), NOW.plus_seconds(60)),
            Err(WINDOW_S - 60),
            "a subscriber"
        );
        assert_eq!(arrivals.enter(from("192.0.2.1"), NOW), Ok(()), "another address");
        assert_eq!(arrivals.enter(from("2001:db8::1"), NOW.plus_seconds(WINDOW_S)), Ok(()), "later");
    }

    #[test]
    fn memory_is_bounded() {
        let arrivals = Arrivals::default();
        for i in 0..ADDRESSES_MAX as u32 * 2 {
            assert_eq!(arrivals.enter(Address(Ipv4Addr::from_bits(i).into()), NOW), Ok(()));
        }
        assert!(arrivals.0.lock().unwrap().counts.len() <= ADDRESSES_MAX);
    }
}
