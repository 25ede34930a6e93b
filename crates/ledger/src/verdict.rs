//! What an evidence file proved, what it did not, and what is wrong with it, in sentences.
//!
//! Invariant: a sentence begins with what it is worth.

use std::fmt;

use crate::checkpoint::Checkpoint;
use crate::evidence::{About, FileRefused};
use crate::found::Found;
use crate::map::{Counts, MapRecord};
use crate::record::Action;

/// The verdict on a file that passed. Its `Display` is for people; the fields are for programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What the file is about.
    pub about: About,
    /// The head of the log that it was checked under.
    pub checkpoint: Checkpoint,
    /// Which of the trusted keys signed that head.
    pub signers: Vec<String>,
    /// The maps that it was checked under, and their indexes in the log.
    pub maps: Vec<(u64, MapRecord)>,
    /// What was counted, for each grant or app.
    pub counted: Vec<Counted>,
    /// What was proved, a sentence each.
    pub proved: Vec<String>,
    /// What its holder should ask about.
    pub look_into: Vec<String>,
    /// What was not proved.
    pub not_proved: Vec<String>,
}

/// How often an app did what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The app, `app_…`.
    pub app: String,
    /// Its name, as the log has it.
    pub name: String,
    /// Under which grant, where it is about one.
    pub grant: Option<String>,
    /// How often.
    pub counts: Counts,
    /// When messages were last read, where that is known.
    pub last_read: Option<String>,
}

/// What is wrong with an evidence file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// It is none.
    #[error("the file is not evidence that can be read: {0}")]
    File(#[from] FileRefused),
    /// What is wrong with its checkpoint, or with a receipt.
    #[error(transparent)]
    Log(#[from] Found),
    /// A record is none.
    #[error("{what} is not a record of docs/ledger.md: {why}")]
    Record {
        /// Where it stands.
        what: String,
        /// What is wrong.
        why: String,
    },
    /// A record is not the one that was committed to.
    #[error("{0} does not open its commitment: the record was changed, or its salt is another's")]
    Opening(String),
    /// A record is about something else.
    #[error("{0} does not belong into this file: it is about something else")]
    Stranger(String),
    /// Two things claim one place in the log.
    #[error("two things in the file claim to be entry {0} of the log")]
    OnePlace(u64),
    /// The hashes do not lead to the signed root.
    #[error(
        "what stands in the file does not lead to the root that the log signed: an entry, its number or a hash was \
         altered"
    )]
    Tree,
    /// The proof against a kept checkpoint is false or missing.
    #[error("the file does not prove that the log extends the checkpoint that you kept, of {0} entries: {1}")]
    Extends(u64, &'static str),
    /// The maps are none, or not in their order.
    #[error("the maps in the file are not in their order, or cover what is not there yet")]
    Maps,
    /// A claim on a map is false.
    #[error(
        "what the file claims that the map counts for {0} is not what the map holds: a count was altered"
    )]
    Claim(String),
    /// The map counts more than there is.
    #[error("{name}: the map counts {counted} and the file lists {listed}: access {missing} was left out")]
    Omitted {
        /// For whom.
        name: String,
        /// How many the map counts.
        counted: u64,
        /// How many are listed.
        listed: u64,
        /// The first of those that are not.
        missing: u64,
    },
    /// The map counts fewer than there are.
    #[error("{name}: the map counts {counted} and the log holds {listed}: the log lowered a count")]
    TooFew {
        /// For whom.
        name: String,
        /// How many the map counts.
        counted: u64,
        /// How many are listed, each in the log.
        listed: u64,
    },
    /// As many, but not the same.
    #[error(
        "{0}: the map counts as many accesses as are listed, and not these: it counts others in place of them"
    )]
    Others(String),
    /// The numbers have a hole, or repeat.
    #[error("{name}: the number {number} is missing or there twice, and numbers are given without holes")]
    Numbers {
        /// For whom.
        name: String,
        /// The first such number.
        number: u64,
    },
    /// A count shrank between two maps.
    #[error("{name}: the map counted {} {earlier} earlier and {later} later: the log lowered a count", words(*action))]
    Lowered {
        /// For whom.
        name: String,
        /// Which count.
        action: Action,
        /// What it was.
        earlier: u64,
        /// What it became.
        later: u64,
    },
    /// The counts of the apps do not add up.
    #[error(
        "the log holds {} in this time, and the counts of all apps grew by {counted}: some are not counted, or counted twice",
        accesses(*held)
    )]
    Sum {
        /// Access entries in the log.
        held: u64,
        /// The growth of all counts.
        counted: u64,
    },
    /// Entries are missing or malformed.
    #[error("the entries {from} to {to} of the log should stand in the file, and do not: {why}")]
    Entries {
        /// The first one.
        from: u64,
        /// The one after the last.
        to: u64,
        /// What is wrong.
        why: String,
    },
}

fn words(action: Action) -> &'static str {
    match action {
        Action::List => "lists",
        Action::Read => "reads",
        Action::Send => "sends",
        Action::Delete => "deletions",
    }
}

/// `1 list, 30 reads, 0 sends, 0 deletions`.
pub(crate) fn in_words(counts: &Counts) -> String {
    let one = |action: Action| {
        let count = counts.of(action);
        let word = words(action);
        if count == 1 { format!("1 {}", &word[..word.len() - 1]) } else { format!("{count} {word}") }
    };
    Action::EACH.map(one).join(", ")
}

/// `1 access`, `2 accesses`.
pub(crate) fn accesses(count: u64) -> String {
    if count == 1 { "1 access".to_owned() } else { format!("{count} accesses") }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Checkpoint { origin, size, root } = &self.checkpoint;
        writeln!(
            f,
            "As of the checkpoint of {origin} with {size} entries and the root {root}, signed by {}:",
            self.signers.join(" and ")
        )?;
        for sentence in &self.proved {
            writeln!(f, "Proved: {sentence}")?;
        }
        for sentence in &self.look_into {
            writeln!(f, "To look into: {sentence}")?;
        }
        let mut last = self.not_proved.iter().peekable();
        while let Some(sentence) = last.next() {
            write!(f, "Not proved: {sentence}{}", if last.peek().is_some() { "\n" } else { "" })?;
        }
        Ok(())
    }
}
