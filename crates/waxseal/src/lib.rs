//! The program: configuration, commands, and the wiring of the rooms into one server.
//!
//! Invariant: this is the only place that asks the operating system for the time, for randomness or for its environment;
//! every other room is handed what it needs.

pub mod cli;
pub mod config;
pub mod handshakes;
pub mod health;
pub mod limits;
pub mod listener;
mod logging;
mod metrics;
mod through;
pub mod tls;
pub mod wiring;
mod witnessing;
pub mod world;
