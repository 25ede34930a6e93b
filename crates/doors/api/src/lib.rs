//! The api door.
