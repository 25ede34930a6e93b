//! The commands, run as people run them: the real binary, folders of their own, exit codes, sentences.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in tests a broken expectation is a failure, also outside the functions marked as tests"
)]

mod app;
mod binary;
mod contain;
mod folder;
mod import;
mod keys;
mod log;
mod person;
mod tamper;
mod tls;
mod usage;
mod verify;
mod witness;
