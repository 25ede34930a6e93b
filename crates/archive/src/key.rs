//! Stable ids for messages whose source gives them none.
//! Invariant: a key depends on nothing that a later export of the same source changes: not on the path of the archive,
//! on paging, on reactions, or on which messages were left out.

use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};

/// What a message is, without its place among exact duplicates.
pub(crate) type Identity = [u8; 32];

/// Hashes `parts`, each with its length before it, so that no two lists of parts are alike.
pub(crate) fn identity_of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Identity {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// Gives the messages of one thread their keys.
pub(crate) struct Keys {
    format: &'static str,
    thread: String,
    /// How many of each were met, by part of the export.
    met: HashMap<(usize, Identity), u64>,
    given: HashSet<[u8; 32]>,
}

impl Keys {
    pub(crate) fn new(format: &'static str, thread: &str) -> Self {
        Keys { format, thread: thread.to_owned(), met: HashMap::new(), given: HashSet::new() }
    }

    /// The key of the next message of `part`, or none if another part had it already. Exact duplicates are numbered
    /// within their part, so what two parts share is found, and what one part has twice is kept twice.
    pub(crate) fn next(&mut self, part: usize, identity: Identity) -> Option<[u8; 32]> {
        let met = self.met.entry((part, identity)).or_default();
        let number = met.to_be_bytes();
        *met += 1;
        let key = identity_of([self.format.as_bytes(), self.thread.as_bytes(), &identity, &number]);
        self.given.insert(key).then_some(key)
    }
}

#[cfg(test)]
#[path = "key_tests.rs"]
mod tests;
