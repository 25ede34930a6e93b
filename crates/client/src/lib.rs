//! The client of Waxseal, for apps in Rust: signs people in, acts for them as far as they let the app, follows along, and checks
//! what the server proves of it.
//!
//! Invariant: an answer that touched messages is handed out only after its receipt was checked, and a token goes nowhere
//! but to the server that it came from, with a proof of its key.
#![doc = include_str!("../README.md")]

mod api;
mod ask;
mod chance;
mod error;
mod events;
mod exchange;
mod jws;
mod keep;
#[cfg(feature = "keyring")]
mod keep_keyring;
mod keys;
mod native;
mod own;
mod receipt;
mod session;
mod shapes;
mod sign_in;
pub mod signal;
mod waxseal;
pub mod webhook;

pub use api::Reading;
pub use ask::{Ask, AskedReach, Messages, Since};
pub use chance::Clock;
pub use error::{Error, OAuthError, Problem, ReceiptFault, SignatureFault};
pub use events::{Event, Events, Told};
pub use keep::{FileKeep, Keep, MemoryKeep};
#[cfg(feature = "keyring")]
pub use keep_keyring::KeyringKeep;
pub use keys::AppKey;
pub use own::{ActionPower, DeliveryLine, Held, NewWebhook, OwnName, Power, Signing, Webhook};
pub use receipt::Checked;
pub use session::Session;
pub use shapes::*;
pub use sign_in::Begun;
pub use waxseal::{App, Lookup, Waxseal};
