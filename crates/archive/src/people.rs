//! The people of a thread, by the names its source has for them.
//! Invariant: a name goes in raw and comes out the same each time; whoever wrote is among the people.

use crate::clean;
use crate::limits::NAME_CHARS_MAX;
use crate::said::{Remark, Said};
use std::collections::{HashMap, HashSet};

/// Who has no name in the export: deleted accounts. All of them in one thread are one.
pub const NAMELESS: &str = "Someone without a name";

#[derive(Default)]
pub(crate) struct People {
    clean: HashMap<String, String>,
    listed: HashSet<String>,
    in_order: Vec<String>,
}

impl People {
    /// The name that `raw` goes by, which from now on is among the people.
    pub(crate) fn name(&mut self, raw: &str, said: &mut Said) -> String {
        if let Some(name) = self.clean.get(raw) {
            return name.clone();
        }
        let name = match clean::line(raw, NAME_CHARS_MAX) {
            Some((name, changed)) => {
                if changed {
                    said.note(Remark::Renamed);
                }
                name
            }
            None => {
                said.note(Remark::Nameless);
                NAMELESS.to_owned()
            }
        };
        self.clean.insert(raw.to_owned(), name.clone());
        if self.listed.insert(name.clone()) {
            self.in_order.push(name.clone());
        }
        name
    }

    /// Everyone, in the order of first mention.
    pub(crate) fn into_names(self) -> Vec<String> {
        self.in_order
    }
}
