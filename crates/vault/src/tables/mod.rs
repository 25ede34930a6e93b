//! The tables that are not sealed: people, apps, grants, tokens, the log. One file per thing, SQL beside its types.
//!
//! Invariant: nothing here names the tables of messages and of access records.

pub(crate) mod access_token;
pub(crate) mod accounts;
pub(crate) mod alerts;
pub(crate) mod app_registry;
pub(crate) mod app_tokens;
pub(crate) mod apps;
pub(crate) mod authorizations;
pub(crate) mod connected;
pub(crate) mod consents;
pub(crate) mod containments;
pub(crate) mod conversations;
pub(crate) mod cosigned;
pub(crate) mod devices;
pub(crate) mod events;
pub(crate) mod expiry;
pub(crate) mod families;
pub(crate) mod friends;
pub(crate) mod grants;
pub(crate) mod ids;
pub(crate) mod introspect;
pub(crate) mod keys;
pub(crate) mod lapses;
pub(crate) mod log;
pub(crate) mod logouts;
pub(crate) mod map;
mod nonces;
pub(crate) mod notices;
pub(crate) mod once;
pub(crate) mod passwords;
pub(crate) mod people;
mod proofs;
pub(crate) mod queue;
mod ready;
pub(crate) mod refresh_tokens;
pub(crate) mod secret;
pub(crate) mod sessions;
pub(crate) mod signals;
pub(crate) mod tokens;
pub(crate) mod webhook_keys;
pub(crate) mod webhook_queue;
pub(crate) mod webhooks;
pub(crate) mod wishes;
