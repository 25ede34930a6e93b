//! The neutral format: one conversation a line, as JSON; plain or gzip; one file or a folder of them.
//!
//! `{"id","title"?,"participants"?:[name],"messages":[{"from","sent_at"?:RFC 3339,"text","kind"?:"action"}]}`; other
//! keys are ignored. Messages stand in the source's order and stay in it: times may be missing or coarse.
//!
//! Invariant: the format is ours, so it is read strictly. A line that does not fit is an error with its number, never
//! half a conversation.

use crate::clean;
use crate::key::{self, Keys};
use crate::limits::{KEY_CHARS_MAX, LINE_BYTES_MAX, RATIO_FROM_BYTES, RATIO_MAX, TITLE_CHARS_MAX};
use crate::people::People;
use crate::said::{Remark, Said};
use crate::unreadable::json_fault;
use crate::{Entry, Progress, Thread, Unreadable};
use serde::Deserialize;
use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const WANTED: &str = "a .jsonl or .jsonl.gz file with one conversation a line, or a folder of such files";
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

#[derive(Deserialize)]
struct Line {
    id: String,
    title: Option<String>,
    participants: Option<Vec<String>>,
    messages: Vec<Message>,
}

#[derive(Deserialize)]
struct Message {
    from: String,
    sent_at: Option<String>,
    text: Option<String>,
    kind: Option<String>,
}

/// The files of an import, by name.
#[derive(Debug)]
pub(crate) struct Files {
    root: PathBuf,
    paths: Vec<PathBuf>,
    bytes_total: u64,
}

impl Files {
    pub(crate) fn open(path: &Path) -> Result<Self, Unreadable> {
        let failed = |why| Unreadable::Io { file: path.display().to_string(), why };
        let mut paths = Vec::new();
        if fs::metadata(path).map_err(failed)?.is_dir() {
            for entry in fs::read_dir(path).map_err(failed)? {
                let entry = entry.map_err(failed)?;
                let name = entry.file_name().to_string_lossy().to_lowercase();
                if name.starts_with('.') || !(name.ends_with(".jsonl") || name.ends_with(".jsonl.gz")) {
                    continue; // a leading dot: what some systems put beside each file
                }
                if entry.file_type().map_err(failed)?.is_symlink() {
                    return Err(Unreadable::Link { file: entry.path().display().to_string() });
                }
                paths.push(entry.path());
            }
            paths.sort();
        } else {
            paths.push(path.to_owned());
        }
        if paths.is_empty() {
            return Err(Unreadable::NoThreads { path: path.display().to_string(), wanted: WANTED });
        }
        let mut bytes_total = 0;
        for path in &paths {
            let failed = |why| Unreadable::Io { file: path.display().to_string(), why };
            bytes_total += fs::metadata(path).map_err(failed)?.len();
        }
        Ok(Files { root: path.to_owned(), paths, bytes_total })
    }

    pub(crate) fn threads(&self) -> Threads<'_> {
        let bytes_done = Arc::default();
        Threads { files: self, next_path: 0, lines: None, bytes_done, found: false, ended: false }
    }
}

/// Reads the files one after the other.
pub(crate) struct Threads<'a> {
    files: &'a Files,
    next_path: usize,
    lines: Option<Lines>,
    bytes_done: Arc<AtomicU64>,
    found: bool,
    ended: bool,
}

impl Threads<'_> {
    pub(crate) fn progress(&self) -> Progress {
        // A file that grew since it was listed must not be more than whole.
        let bytes_done = self.bytes_done.load(Ordering::Relaxed).min(self.files.bytes_total);
        Progress { bytes_done, bytes_total: self.files.bytes_total }
    }

    /// The next line that is not blank, as a thread; none at the end of all files.
    fn step(&mut self) -> Option<Result<Thread, Unreadable>> {
        loop {
            let Some(lines) = &mut self.lines else {
                let path = self.files.paths.get(self.next_path)?;
                self.next_path += 1;
                match Lines::open(path, self.bytes_done.clone()) {
                    Ok(lines) => self.lines = Some(lines),
                    Err(error) => return Some(Err(error)),
                }
                continue;
            };
            match lines.advance() {
                Ok(true) => {
                    let line = lines.line.trim_ascii();
                    if !line.is_empty() {
                        return Some(thread(line).map_err(|why| lines.broken(why)));
                    }
                }
                Ok(false) => self.lines = None,
                Err(error) => {
                    self.lines = None;
                    return Some(Err(error));
                }
            }
        }
    }
}

impl Iterator for Threads<'_> {
    type Item = Result<Thread, Unreadable>;

    fn next(&mut self) -> Option<Self::Item> {
        let step = self.step();
        if step.is_some() {
            self.found = true;
        } else if !self.found && !std::mem::replace(&mut self.ended, true) {
            let path = self.files.root.display().to_string();
            return Some(Err(Unreadable::NoThreads { path, wanted: WANTED }));
        }
        step
    }
}

/// The lines of one file, of which memory holds one.
struct Lines {
    file: String,
    read: Box<dyn BufRead + Send>,
    line: Vec<u8>,
    number: u64,
    bytes_in: Arc<AtomicU64>,
    bytes_in_before: u64,
    bytes_out: u64,
}

impl Lines {
    fn open(path: &Path, bytes_in: Arc<AtomicU64>) -> Result<Self, Unreadable> {
        let file = path.display().to_string();
        let failed = |why| Unreadable::Io { file: file.clone(), why };
        let bytes_in_before = bytes_in.load(Ordering::Relaxed);
        let counted = Counted { read: fs::File::open(path).map_err(failed)?, bytes: bytes_in.clone() };
        let mut plain = BufReader::with_capacity(1 << 16, counted);
        let head = plain.fill_buf().map_err(failed)?;
        let read: Box<dyn BufRead + Send> = if head.starts_with(&GZIP_MAGIC) {
            Box::new(BufReader::with_capacity(1 << 16, flate2::bufread::MultiGzDecoder::new(plain)))
        } else {
            Box::new(plain)
        };
        Ok(Lines { file, read, line: Vec::new(), number: 0, bytes_in, bytes_in_before, bytes_out: 0 })
    }

    /// Reads the next line; false at the end.
    fn advance(&mut self) -> Result<bool, Unreadable> {
        self.line.clear();
        let mut limited = (&mut self.read).take(LINE_BYTES_MAX + 1);
        let read = limited.read_until(b'\n', &mut self.line);
        self.number += 1;
        let bytes = match read {
            Ok(bytes) => bytes as u64,
            Err(why) => return Err(self.broken(format!("it cannot be unpacked ({why})"))),
        };
        self.bytes_out += bytes;
        if bytes > LINE_BYTES_MAX {
            return Err(Unreadable::TooLarge {
                file: format!("{}, line {}", self.file, self.number),
                max: LINE_BYTES_MAX,
                unit: "bytes",
            });
        }
        let bytes_in = self.bytes_in.load(Ordering::Relaxed) - self.bytes_in_before;
        if self.bytes_out > RATIO_FROM_BYTES && self.bytes_out / RATIO_MAX > bytes_in {
            return Err(Unreadable::Bomb { file: self.file.clone(), max: RATIO_MAX });
        }
        if self.number == 1 && self.line.starts_with(b"\xef\xbb\xbf") {
            self.line.drain(..3);
        }
        Ok(bytes > 0)
    }

    fn broken(&self, why: String) -> Unreadable {
        Unreadable::BrokenLine { file: self.file.clone(), line: self.number, why }
    }
}

/// Counts what is read.
struct Counted<R> {
    read: R,
    bytes: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.read.read(buffer)?;
        self.bytes.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// The conversation of one line, or what is wrong with it.
fn thread(line: &[u8]) -> Result<Thread, String> {
    // Told apart from other faults, since its remedy is another.
    std::str::from_utf8(line).map_err(|error| format!("byte {} is not UTF-8", error.valid_up_to() + 1))?;
    let line: Line = serde_json::from_slice(line)
        .map_err(|error| format!("{} at column {}", json_fault(&error), error.column()))?;
    match clean::line(&line.id, KEY_CHARS_MAX) {
        Some((clean, _)) if clean == line.id => {}
        _ => return Err(format!("its id is empty, over {KEY_CHARS_MAX} characters, or no plain line")),
    }
    let mut said = Said::default();
    let mut people = People::default();
    for name in line.participants.iter().flatten() {
        people.name(name, &mut said);
    }
    let title = line.title.and_then(|title| clean::line(&title, TITLE_CHARS_MAX)).map(|(title, changed)| {
        if changed {
            said.note(Remark::Renamed);
        }
        title
    });
    let mut keys = Keys::new("jsonl", &line.id);
    let mut messages = Vec::with_capacity(line.messages.len());
    for (index, message) in line.messages.into_iter().enumerate() {
        let entry = entry(message, &mut keys, &mut people, &mut said);
        messages.extend(entry.map_err(|why| format!("message {} {why}", index + 1))?);
    }
    said.kept = messages.len() as u64;
    Ok(Thread { key: line.id, title, participants: people.into_names(), messages, said })
}

fn entry(
    message: Message,
    keys: &mut Keys,
    people: &mut People,
    said: &mut Said,
) -> Result<Option<Entry>, String> {
    let at_us = match &message.sent_at {
        None => None,
        Some(sent_at) => match sent_at.parse::<jiff::Timestamp>() {
            Ok(at) => Some(at.as_microsecond()),
            Err(_) => return Err("has a `sent_at` that is not an RFC 3339 time".to_owned()),
        },
    };
    let words = message.text.unwrap_or_default();
    if words.is_empty() {
        said.note(Remark::Empty);
        return Ok(None);
    }
    let time = at_us.map(i64::to_be_bytes);
    let kind = message.kind.unwrap_or_default();
    let parts = [message.from.as_bytes(), time.as_ref().map_or(&[], |time| &time[..]), kind.as_bytes()];
    let identity = key::identity_of(parts.into_iter().chain([words.as_bytes()]));
    let Some(key) = keys.next(0, identity) else { return Ok(None) };
    let sender = people.name(&message.from, said);
    let words = if kind == "action" {
        said.note(Remark::Action);
        format!("* {sender} {words}")
    } else {
        words
    };
    Ok(Some(Entry { key, sender, at_us, text: clean::text(words, said) }))
}

#[cfg(test)]
#[path = "jsonl_tests.rs"]
mod tests;
