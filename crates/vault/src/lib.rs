//! The vault room.

mod engine;

pub use engine::{Fault, OpenError, Place, Timing};
