//! What the operating system lets this process have.
//!
//! Invariant: what cannot be had is not asked for twice; the server then serves as many as it can.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Lets the process have as many sockets and files open as it may at all: each stream and each request is one, and systems begin
/// with few. How many that is; `None` for no limit.
pub fn raise_files() -> Option<u64> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the number of open sockets could not be raised");
    }
    getrlimit(Resource::Nofile).current
}
