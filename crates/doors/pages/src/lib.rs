//! The pages door.
