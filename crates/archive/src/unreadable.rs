//! Why an export cannot be read.
//! Invariant: each variant is a sentence that says what to do, names the file, and quotes none of anyone's messages.
//! Names come from the export, so they are printed escaped: a file name cannot write to the terminal.

use crate::Format;
use std::io;

/// Why an export, or one thread of it, cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// No such format.
    #[error("{word:?} is not a format that can be read; use one of: {}", Format::ALL.map(Format::word).join(", "))]
    Format {
        /// The word that was given.
        word: String,
    },
    /// The system refuses.
    #[error("{file:?} cannot be read ({why}); check the path and its permissions")]
    Io {
        /// Which file or folder.
        file: String,
        /// What the system says.
        why: io::Error,
    },
    /// A file of another kind.
    #[error("{file:?} is not an export of this kind; give {wanted}")]
    WrongKind {
        /// Which file.
        file: String,
        /// What it should have been.
        wanted: &'static str,
    },
    /// Nothing in it.
    #[error("no conversations were found in {path:?}; give {wanted}")]
    NoThreads {
        /// What was given.
        path: String,
        /// What it should have been.
        wanted: &'static str,
    },
    /// The variant for browsers.
    #[error(
        "{file:?} is the HTML form of the export, which cannot be read; ask for the download again and choose JSON \
         as its format"
    )]
    Html {
        /// The first such file.
        file: String,
    },
    /// Not JSON, or not in the shape of its format.
    #[error("{file:?} is broken: {why}; download the export again, or take this file out to import the rest")]
    Broken {
        /// Which file.
        file: String,
        /// What is wrong where.
        why: String,
    },
    /// A line that is not a conversation.
    #[error("line {line} of {file:?} is broken: {why}; put it right or take the line out")]
    BrokenLine {
        /// Which file.
        file: String,
        /// From 1.
        line: u64,
        /// What is wrong where.
        why: String,
    },
    /// Pages of different conversations in one folder.
    #[error(
        "{file:?} is of another conversation than the pages beside it; put each in the folder it came in"
    )]
    Mixed {
        /// The page that differs.
        file: String,
    },
    /// Not a zip, or a damaged one.
    #[error("{zip:?} is not a whole zip file ({why}); download it again")]
    BrokenZip {
        /// Which zip.
        zip: String,
        /// What is wrong.
        why: String,
    },
    /// Locked.
    #[error("{file:?} is locked with a password; unpack it yourself and give the folder")]
    Locked {
        /// Which file.
        file: String,
    },
    /// A path that leads out of the zip.
    #[error(
        "{zip:?} holds a path that leads out of it, {entry:?}; no export has that, so nothing of it was read"
    )]
    Escapes {
        /// Which zip.
        zip: String,
        /// The path.
        entry: String,
    },
    /// A symbolic link.
    #[error(
        "{file:?} is a link to another place; exports have none, so put the file itself there or remove the link"
    )]
    Link {
        /// Which file.
        file: String,
    },
    /// Larger than a limit.
    #[error(
        "{file:?} has more than {max} {unit}, which no export needs; split it, or take out what is not messages"
    )]
    TooLarge {
        /// Which file or folder.
        file: String,
        /// The limit.
        max: u64,
        /// Of what.
        unit: &'static str,
    },
    /// A zip bomb.
    #[error(
        "{file:?} would grow to more than {max} times its size, as no chat does; unpack it yourself if you trust it, \
         and give the folder"
    )]
    Bomb {
        /// Which file.
        file: String,
        /// The limit.
        max: u64,
    },
}

/// What is wrong with a JSON text, without the place and without quoting it: errors about a value's type would show it.
pub(crate) fn json_fault(error: &serde_json::Error) -> String {
    match error.classify() {
        serde_json::error::Category::Data => "a field is missing or has the wrong type".to_owned(),
        serde_json::error::Category::Eof => "the text ends in the middle".to_owned(),
        _ => error.to_string().split(" at line ").next().unwrap_or_default().to_owned(),
    }
}
