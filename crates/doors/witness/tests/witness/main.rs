//! A witness through its own router: what it answers, what it remembers, and that nobody can make it go back.

#![allow(clippy::unwrap_used, reason = "in tests a broken expectation is a failure")]

mod answers;
mod memory;
mod stage;
