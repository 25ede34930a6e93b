//! The way out against real servers on loopback: what it says, what it hears, and where it does not go.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod guarded;
mod limits;
mod server;
mod tls;

use outbound::{Outbound, Policy, Private, Request};
use std::time::Duration;

/// Long enough for any loopback exchange on a busy machine.
const PLENTY: Duration = Duration::from_secs(30);

fn get(url: &str) -> Request {
    Request {
        method: http::Method::GET,
        url: url.to_owned(),
        headers: http::HeaderMap::new(),
        body: bytes::Bytes::new(),
        timeout: PLENTY,
        answer_bytes_max: 1_000,
    }
}

fn loopback() -> Outbound {
    Outbound::new(Policy { private: Private::Loopback })
}
