//! The archive room: reads what other platforms export into neutral threads, one at a time.
//!
//! Invariant: nothing is written, nothing is guessed and nothing is lost in silence. Of each message either its words
//! arrive, or the thread's [`Said`] says how many were left out and why; what arrives has the same [`Entry::key`] in
//! every run and in every newer export of the same source, so an importer that keeps keys adds nothing twice. (As far as
//! the platform keeps its threads' ids: Messenger does; for its secure-storage download that is not known.)
//!
//! A format is one file here (`jsonl.rs`, `messenger.rs`), one variant of [`Format`] and one arm in each match below.
//!
//! ```no_run
//! # fn main() -> Result<(), archive::Unreadable> {
//! let archive = archive::open(archive::Format::Messenger, std::path::Path::new("facebook-ada.zip"))?;
//! let found = archive.check(|_| {})?; // reads all and keeps nothing, so that nothing is done by half
//! for thread in archive.threads() {
//!     let thread = thread?;
//!     // ... store thread.messages whose keys are new ...
//! }
//! # drop(found);
//! # Ok(())
//! # }
//! ```

mod clean;
mod jsonl;
mod key;
mod limits;
mod messenger;
mod mojibake;
mod people;
mod said;
mod tree;
mod unreadable;

pub use limits::{
    ENTRIES_MAX, FILE_BYTES_MAX, FOLDERS_DEEP_MAX, KEY_CHARS_MAX, LINE_BYTES_MAX, NAME_CHARS_MAX, RATIO_MAX,
    TEXT_CHARS_MAX, THREAD_BYTES_MAX, TITLE_CHARS_MAX, TOTAL_BYTES_MAX,
};
pub use people::NAMELESS;
pub use said::{Remark, Said};
pub use unreadable::Unreadable;

use std::fmt;
use std::path::Path;

/// What kind of export it is. Its text is the word of the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// One conversation a line as JSON; plain or gzip; a file or a folder of them.
    Jsonl,
    /// Messenger's or Instagram's "Download your information" as JSON, or Messenger's secure-storage download: a zip, a
    /// folder, a folder of zips, or one thread's file.
    Messenger,
}

impl Format {
    /// Every format there is.
    pub const ALL: [Format; 2] = [Format::Jsonl, Format::Messenger];

    /// The word of the command line.
    pub fn word(self) -> &'static str {
        match self {
            Format::Jsonl => "jsonl",
            Format::Messenger => "messenger",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl std::str::FromStr for Format {
    type Err = Unreadable;

    /// ```
    /// assert_eq!("jsonl".parse::<archive::Format>()?, archive::Format::Jsonl);
    /// let refused = "icq".parse::<archive::Format>().unwrap_err().to_string();
    /// assert_eq!(refused, "\"icq\" is not a format that can be read; use one of: jsonl, messenger");
    /// # Ok::<(), archive::Unreadable>(())
    /// ```
    fn from_str(word: &str) -> Result<Self, Unreadable> {
        Format::ALL
            .into_iter()
            .find(|format| format.word() == word)
            .ok_or_else(|| Unreadable::Format { word: word.to_owned() })
    }
}

/// A conversation of the source, oldest message first. It may have no messages: platforms export a file for every
/// conversation that was ever opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thread {
    /// Its stable id in its source; at most [`KEY_CHARS_MAX`] characters. Two threads of one archive with the same key
    /// are parts of one conversation.
    pub key: String,
    /// A group's or a topic's name; none for a conversation that is named by who is in it.
    pub title: Option<String>,
    /// Everyone listed or heard, each once, as the source calls them.
    pub participants: Vec<String>,
    /// Oldest first; equal times in the source's order. (`jsonl`: the source's order, whatever the times say.)
    pub messages: Vec<Entry>,
    /// What was kept, changed and left out.
    pub said: Said,
}

/// A message of the source.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// Stable over runs and newer exports: a hash of format, thread, time and what was said, with a number that tells
    /// exact duplicates apart.
    pub key: [u8; 32],
    /// One of [`Thread::participants`].
    pub sender: String,
    /// Unix time in microseconds, where the source knows it.
    pub at_us: Option<i64>,
    /// 1 to [`TEXT_CHARS_MAX`] characters, no NUL; else byte for byte the source's, followed by a line for each thing
    /// that is named but not kept.
    pub text: String,
}

/// A message's words have no place in logs: only their length is shown.
impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("sender", &self.sender)
            .field("at_us", &self.at_us)
            .field("text_bytes", &self.text.len())
            .finish_non_exhaustive()
    }
}

/// How far a reading is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of the export's text files that were read.
    pub bytes_done: u64,
    /// Bytes of them there are.
    pub bytes_total: u64,
}

/// What a whole archive holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Conversations with at least one message.
    pub threads: u64,
    /// The sum over all threads.
    pub said: Said,
}

/// An export that was found and listed, but not yet read.
#[derive(Debug)]
pub struct Archive(Kind);

#[derive(Debug)]
enum Kind {
    Jsonl(jsonl::Files),
    Messenger(messenger::Export),
}

/// Finds and lists the export at `path`. Refuses here what can be seen without reading the messages: a wrong kind of
/// file, the HTML variant, paths that escape, more than the limits.
pub fn open(format: Format, path: &Path) -> Result<Archive, Unreadable> {
    Ok(Archive(match format {
        Format::Jsonl => Kind::Jsonl(jsonl::Files::open(path)?),
        Format::Messenger => Kind::Messenger(messenger::Export::open(path)?),
    }))
}

impl Archive {
    /// Reads the threads one by one, from the start; memory holds one thread. After an error the iterator goes on with
    /// the next thread, so a caller may skip what is broken; ending is certain either way.
    pub fn threads(&self) -> Threads<'_> {
        Threads(match &self.0 {
            Kind::Jsonl(files) => Reading::Jsonl(files.threads()),
            Kind::Messenger(export) => Reading::Messenger(export.threads()),
        })
    }

    /// Reads everything and keeps nothing: what fails here would have failed half way.
    pub fn check(&self, mut watch: impl FnMut(Progress)) -> Result<Found, Unreadable> {
        let mut found = Found::default();
        let mut threads = self.threads();
        while let Some(thread) = threads.next() {
            let thread = thread?;
            found.threads += u64::from(!thread.messages.is_empty());
            found.said.add(&thread.said);
            watch(threads.progress());
        }
        Ok(found)
    }
}

/// The threads of an archive: see [`Archive::threads`].
pub struct Threads<'a>(Reading<'a>);

enum Reading<'a> {
    Jsonl(jsonl::Threads<'a>),
    Messenger(messenger::Threads<'a>),
}

impl Threads<'_> {
    /// How far the reading is.
    pub fn progress(&self) -> Progress {
        match &self.0 {
            Reading::Jsonl(threads) => threads.progress(),
            Reading::Messenger(threads) => threads.progress(),
        }
    }
}

impl Iterator for Threads<'_> {
    type Item = Result<Thread, Unreadable>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Reading::Jsonl(threads) => threads.next(),
            Reading::Messenger(threads) => threads.next(),
        }
    }
}
