//! The oauth room.
