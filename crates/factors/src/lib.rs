//! What proves that it is her: the rules of passwords, one-time codes, recovery codes and passkeys.
//!
//! Invariant: nothing here stores, draws randomness or looks at a clock; what was sent, what is known and the moment are
//! arguments, and the answer is what to believe of them.

mod frequent;
pub mod passkey;
pub mod password;
pub mod recovery;
pub mod totp;
