//! The vault from outside, on both engines: what it hands out, what it records, and what it refuses.
//!
//! Invariant: everything here goes through public functions, but for what a server at rest looks like from its disk.

mod changes;
mod deletion;
mod house;
mod people;
mod reading;
mod records;
mod schema;
mod tokens;
mod unicode;
