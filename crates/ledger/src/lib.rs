//! The ledger room: what is written to the public log, the tree it is written to, and how anyone checks both.
//!
//! Invariant: nothing here reads a clock, draws a random number or does I/O, and no other room is imported: an auditor
//! depends on this crate alone. `docs/ledger.md` specifies every byte.

pub mod bundle;
pub mod canonical;
pub mod checkpoint;
pub mod commitment;
pub mod cosignature;
pub mod earlier;
pub mod edge;
pub mod entry;
pub mod evidence;
pub mod evidence_check;
mod evidence_open;
pub mod found;
pub mod hash;
pub mod key_record;
pub mod map;
pub mod map_tiles;
pub mod note;
pub mod policy;
pub mod proof;
pub mod proof_file;
pub mod receipt;
pub mod record;
pub mod report;
pub mod secret_key;
pub mod submission;
pub mod tile;
pub mod verdict;
pub mod verify;
pub mod zip;
