//! The ledger against implementations and vectors that nobody here made.
//!
//! Invariant: no expectation here was printed by the code under test, unless docs/ledger.md shows it to the reader.

#![allow(clippy::expect_used, reason = "in tests a broken expectation is a failure, in their helpers too")]

mod cosigned;
mod evidence;
mod example;
mod log;
mod map;
mod policy;
mod proof;
mod proof_file;
mod record;
mod scene;
mod signed;
mod tile;
mod verify;
mod witnessed;
