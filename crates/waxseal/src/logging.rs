//! The log of the server: docs/logging.md.

use std::io::stderr;
use tracing_subscriber::EnvFilter;

/// What is logged when `WAXSEAL_LOG` does not say: a few lines a day for a server, only trouble for a command.
pub(crate) const SERVER: &str = "info";
/// See [`SERVER`].
pub(crate) const COMMAND: &str = "warn";

/// Starts logging to standard error. A filter that cannot be read is a sentence; a second start is without effect.
pub(crate) fn start(default: &str, json: bool) -> Result<(), String> {
    let text = std::env::var("WAXSEAL_LOG").unwrap_or_default();
    let text = if text.trim().is_empty() { default } else { text.as_str() };
    let filter = EnvFilter::try_new(text)
        .map_err(|why| format!("WAXSEAL_LOG is not a filter ({why}); write `info`, or `info,vault=debug`"))?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr);
    // Fails only where a subscriber is there already, which then serves.
    let _ = if json { log.json().try_init() } else { log.try_init() };
    Ok(())
}
