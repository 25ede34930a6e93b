//! The rules of signing in and of letting apps in: OAuth 2.1, OpenID Connect, and consent by `authorization_details`.
//!
//! Pure decisions, floor 2: no I/O, no clock, no randomness, no database. A door hands in what was sent and what is stored,
//! and carries out the answer. What is not offered in [`metadata`] is refused here.

pub mod assertion;
pub mod authorize;
pub mod bound;
pub mod certificate;
pub mod client;
pub mod consent;
pub mod details;
pub mod device;
pub mod dpop;
pub mod error;
pub mod grant_management;
pub mod id_token;
pub mod introspection;
pub mod jose;
pub mod jwks;
pub mod key_set;
pub mod logout;
pub mod metadata;
pub mod once;
pub mod par;
pub mod params;
pub mod pkce;
pub mod redirect;
pub mod request_object;
pub mod secevent;
pub mod signed;
pub mod since;
mod strict;
pub mod token;
pub mod wording;

pub use error::{ErrorCode, OAuthError};
pub use once::Once;
pub use params::Params;
