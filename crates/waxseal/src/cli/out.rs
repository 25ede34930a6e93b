//! Where a command says what it did: the terminal, or whoever asked through a running server.
//!
//! Invariant: what was asked for goes to standard output, all else to standard error. Text of others is printed escaped:
//! a name cannot steer the terminal.

use super::Stop;
use indicatif::{ProgressBar, ProgressStyle};
use std::fs::File;
use std::io::{BufWriter, IsTerminal, Write, stderr, stdout};

/// Hears what a command says.
pub trait Out {
    /// A line of what was asked for.
    fn say(&mut self, line: &str);
    /// A line beside it.
    fn warn(&mut self, line: &str);
    /// The next part of a document that was asked for.
    fn part(&mut self, part: &[u8]) -> Result<(), Stop>;
    /// How far it is, in steps of any kind; `done == total` ends it.
    fn progress(&mut self, done: u64, total: u64);
}

/// The terminal, or wherever the two streams lead.
#[derive(Debug, Default)]
pub(super) struct Terminal {
    bar: Option<ProgressBar>,
    /// Where a document goes; standard output if nowhere else.
    pub(super) document: Option<BufWriter<File>>,
}

impl Out for Terminal {
    fn say(&mut self, line: &str) {
        self.around_bar(|| say(line));
    }

    fn warn(&mut self, line: &str) {
        self.around_bar(|| warn(line));
    }

    fn part(&mut self, part: &[u8]) -> Result<(), Stop> {
        let written = match &mut self.document {
            Some(file) => file.write_all(part),
            None => stdout().write_all(part),
        };
        written.map_err(|why| Stop::refused(format!("the document cannot be written: {why}")))
    }

    fn progress(&mut self, done: u64, total: u64) {
        if !stderr().is_terminal() {
            return;
        }
        let bar = self.bar.get_or_insert_with(|| {
            let bar = ProgressBar::new(total);
            if let Ok(style) = ProgressStyle::with_template("{wide_bar} {percent}% {eta}") {
                bar.set_style(style);
            }
            bar
        });
        bar.set_length(total);
        bar.set_position(done);
        if done >= total {
            bar.finish_and_clear();
            self.bar = None;
        }
    }
}

impl Terminal {
    /// One that puts documents into this file.
    pub(super) fn with_document(file: BufWriter<File>) -> Terminal {
        Terminal { document: Some(file), ..Terminal::default() }
    }

    fn around_bar(&self, print: impl FnOnce()) {
        match &self.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }
}

/// Prints a line of what was asked for. Nobody reading any more is no error of ours.
pub(super) fn say(line: &str) {
    let _ = writeln!(stdout(), "{line}");
    let _ = stdout().flush();
}

/// Prints a line beside it.
pub(super) fn warn(line: &str) {
    let _ = writeln!(stderr(), "{line}");
}
