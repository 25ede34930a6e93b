//! The vault from outside, on both engines: what it hands out, what it records, and what it refuses.
//!
//! Invariant: everything here goes through public functions, but for what a server at rest looks like from its disk.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "in tests a broken expectation is a failure, also outside the functions marked as tests"
)]

mod alerts;
mod changes;
mod contain;
mod deletion;
mod entries;
mod house;
mod keys;
mod lapses;
mod map;
mod notices;
mod people;
mod reading;
mod records;
mod retirements;
mod schema;
mod sign_in;
mod tokens;
mod unicode;
