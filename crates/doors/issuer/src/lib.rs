//! The issuer door.
