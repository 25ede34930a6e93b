//! The wire tests: a real server on a real socket, filed by door as the routes are, each test on data of its own.
//!
//! `WAXSEAL_WIRE_ENGINE=postgres` runs them all on PostgreSQL. Invariant: after every test, permits spent = records
//! written; the [`stage::Stage`] holds each test to it when it goes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in tests a broken expectation is a failure, also outside the functions marked as tests"
)]

mod raw;
mod stage;

mod api;
mod at_once;
mod client;
mod handshake;
mod health;
mod issuer;
mod mutated;
mod nodes;
mod pages;
mod rule;
mod witnessed;
