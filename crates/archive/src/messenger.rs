//! Messenger and Instagram: "Download your information" as JSON, and Messenger's secure-storage download.
//!
//! A thread is the pages `message_<N>.json` of one folder, whose name ends in the thread's id; page 1 is the newest. In
//! the secure-storage download it is one file. Folders of the same id, in several zips or boxes, are parts of one thread.
//!
//! Invariant: threads are known by what a file holds, never by where it lies, except that nothing in a folder of
//! attachments is looked at: what others sent cannot pose as a conversation.

mod message;
mod page;

use crate::clean;
use crate::key::Keys;
use crate::limits::{KEY_CHARS_MAX, THREAD_BYTES_MAX, TITLE_CHARS_MAX};
use crate::people::People;
use crate::said::{Remark, Said};
use crate::tree::{Reader, Tree};
use crate::{Entry, Progress, Thread, Unreadable};
use page::Page;
use std::collections::BTreeMap;
use std::path::Path;

const WANTED: &str = "the zip of a \"Download your information\" export made as JSON, its unpacked folder, or a folder \
                      with all of its zips";

/// Folders of what people sent each other.
const ATTACHMENTS: [&str; 7] = ["photos", "videos", "audio", "gifs", "files", "stickers_used", "media"];

/// The listed pages of an export, by thread.
#[derive(Debug)]
pub(crate) struct Export {
    root: String,
    tree: Tree,
    groups: Vec<Group>,
    bytes_total: u64,
}

/// What may be one thread.
#[derive(Debug)]
struct Group {
    /// Its key, if its pages do not say.
    name: String,
    /// Oldest first.
    pages: Vec<Listed>,
}

#[derive(Debug)]
struct Listed {
    number: u32,
    /// Its folder, as a number: exact duplicates are counted within one.
    part: usize,
    file: usize,
}

impl Export {
    pub(crate) fn open(path: &Path) -> Result<Self, Unreadable> {
        let root = path.display().to_string();
        let mut html = None;
        let mut given = None;
        let tree = Tree::list(path, |inner| {
            given = Some(inner.to_owned());
            if html.is_none() && page_number(inner, ".html").is_some() {
                html = Some(inner.to_owned());
            }
            ends_with(inner, ".json") && !is_attachment(inner) && !is_shadow(inner)
        })?;
        let has_pages = tree.files.iter().any(|file| page_number(&file.path, ".json").is_some());
        if let (Some(inner), false) = (html, has_pages) {
            return Err(Unreadable::Html { file: format!("{root}: {inner}") });
        }
        if tree.files.is_empty() {
            let alone = path.is_file() && given.is_some_and(|given| path.ends_with(given));
            return Err(match alone {
                true => Unreadable::WrongKind { file: root, wanted: WANTED },
                false => Unreadable::NoThreads { path: root, wanted: WANTED },
            });
        }
        let groups = grouped(&tree)?;
        let bytes_total = tree.files.iter().map(|file| file.bytes).sum();
        Ok(Export { root, tree, groups, bytes_total })
    }

    pub(crate) fn threads(&self) -> Threads<'_> {
        let reader = self.tree.reader();
        Threads { export: self, reader, next_group: 0, bytes_done: 0, found: false, ended: false }
    }
}

/// Gathers the files into threads, by name only.
fn grouped(tree: &Tree) -> Result<Vec<Group>, Unreadable> {
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    let mut parts: BTreeMap<(usize, String), usize> = BTreeMap::new();
    for (index, file) in tree.files.iter().enumerate() {
        let (folder, file_name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
        let number = page_number(file_name, ".json");
        let (id, name) = match number {
            Some(_) => {
                let last = folder.rsplit('/').next().filter(|last| !last.is_empty());
                let name = last.map_or_else(|| tree.container(file), str::to_owned);
                (format!("folder {}", stable_id(&name)), stable_id(&name).to_owned())
            }
            // On its own; the other zips' files of that name are other parts of it.
            None => (format!("file {}", file.path), stem(file_name).to_owned()),
        };
        let count = parts.len();
        let part = *parts.entry((tree.source(file), folder.to_owned())).or_insert(count);
        let group = groups.entry(id).or_insert_with(|| Group { name, pages: Vec::new() });
        group.pages.push(Listed { number: number.unwrap_or(1), part, file: index });
    }
    let mut groups: Vec<Group> = groups.into_values().collect();
    for group in &mut groups {
        group.pages.sort_by_key(|page| std::cmp::Reverse(page.number));
        let files = || group.pages.iter().filter_map(|page| tree.files.get(page.file));
        if let (true, Some(first)) =
            (files().map(|file| file.bytes).sum::<u64>() > THREAD_BYTES_MAX, files().next())
        {
            let (file, max) = (tree.name(first), THREAD_BYTES_MAX);
            return Err(Unreadable::TooLarge { file, max, unit: "bytes of JSON in one conversation" });
        }
    }
    Ok(groups)
}

/// `N` of `…/message_<N>.json`; 1 for `message.json`, as it was in 2018.
fn page_number(path: &str, ending: &str) -> Option<u32> {
    let name = path.rsplit('/').next()?;
    let stem = name.strip_suffix(ending)?;
    if stem == "message" { Some(1) } else { stem.strip_prefix("message_")?.parse().ok() }
}

/// The last folder's id, without the words before it: those follow the names of people and groups, and the box before
/// them (`inbox`, `archived_threads`) changes when the person tidies up. Short ids say too little to stand alone.
fn stable_id(thread_path: &str) -> &str {
    let folder = thread_path.trim_end_matches('/').rsplit('/').next().unwrap_or(thread_path);
    match folder.rsplit_once('_') {
        Some((_, id)) if id.len() >= 8 && id.bytes().any(|b| b.is_ascii_digit()) => id,
        _ => folder,
    }
}

fn stem(file_name: &str) -> &str {
    file_name.rsplit_once('.').map_or(file_name, |(stem, _)| stem)
}

fn ends_with(path: &str, ending: &str) -> bool {
    path.to_lowercase().ends_with(ending)
}

/// What some systems put beside each file of a zip: `__MACOSX/._message_1.json`, which is no JSON.
fn is_shadow(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| name.starts_with('.'))
}

fn is_attachment(path: &str) -> bool {
    path.rsplit('/').skip(1).any(|folder| ATTACHMENTS.contains(&folder))
}

/// Reads the threads one after the other.
pub(crate) struct Threads<'a> {
    export: &'a Export,
    reader: Reader<'a>,
    next_group: usize,
    bytes_done: u64,
    found: bool,
    ended: bool,
}

impl Threads<'_> {
    pub(crate) fn progress(&self) -> Progress {
        Progress { bytes_done: self.bytes_done, bytes_total: self.export.bytes_total }
    }
}

impl Iterator for Threads<'_> {
    type Item = Result<Thread, Unreadable>;

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(group) = self.export.groups.get(self.next_group) {
            self.next_group += 1;
            let tree = &self.export.tree;
            let read = thread(group, tree, &mut self.reader);
            self.bytes_done += group
                .pages
                .iter()
                .filter_map(|page| tree.files.get(page.file))
                .map(|file| file.bytes)
                .sum::<u64>();
            if let Some(thread) = read.transpose() {
                self.found = true;
                return Some(thread);
            }
        }
        if self.found || std::mem::replace(&mut self.ended, true) {
            return None;
        }
        Some(Err(Unreadable::NoThreads { path: self.export.root.clone(), wanted: WANTED }))
    }
}

/// The thread of `group`, or none if its files hold other things.
fn thread(group: &Group, tree: &Tree, reader: &mut Reader<'_>) -> Result<Option<Thread>, Unreadable> {
    let mut building: Option<Building> = None;
    for listed in &group.pages {
        let Some(file) = tree.files.get(listed.file) else { continue };
        let bytes = reader.read(file)?;
        let broken = |why| Unreadable::Broken { file: tree.name(file), why };
        let Some(page) = page::read(&bytes).map_err(broken)? else { continue };
        let key = key_of(&page, &group.name);
        let building = building.get_or_insert_with(|| Building::new(key.clone()));
        if building.key != key {
            return Err(Unreadable::Mixed { file: tree.name(file) });
        }
        building.add(&page, listed.part);
    }
    Ok(building.map(Building::finish))
}

fn key_of(page: &Page<'_>, fallback: &str) -> String {
    let said = page.thread_path.as_deref().map(stable_id).or(page.thread_name.as_deref());
    let line = |text: &str| clean::line(text, KEY_CHARS_MAX).map(|(line, _)| line);
    said.and_then(line).or_else(|| line(fallback)).unwrap_or_else(|| "thread".to_owned())
}

/// A thread of which some pages are read.
struct Building {
    key: String,
    title: Option<String>,
    people: People,
    keys: Keys,
    messages: Vec<Entry>,
    said: Said,
}

impl Building {
    fn new(key: String) -> Self {
        let keys = Keys::new("messenger", &key);
        let (people, said) = (People::default(), Said::default());
        Building { key, title: None, people, keys, messages: Vec::new(), said }
    }

    /// Adds a page that is newer than those before it, from a folder of the number `part`.
    fn add(&mut self, page: &Page<'_>, part: usize) {
        for name in &page.participants {
            self.people.name(name, &mut self.said);
        }
        self.title = page.title.clone().or(self.title.take());
        for raw in page.oldest_first() {
            match message::read(raw, page.repair) {
                Ok(message) => self.keep(message, part),
                Err(remark) => self.said.note(remark),
            }
        }
    }

    fn keep(&mut self, message: message::Read, part: usize) {
        let Some(key) = self.keys.next(part, message.identity) else {
            return self.said.note(Remark::Repeated);
        };
        message.remarks.into_iter().for_each(|remark| self.said.note(remark));
        let sender = self.people.name(&message.sender, &mut self.said);
        let text = clean::text(message.text, &mut self.said);
        self.messages.push(Entry { key, sender, at_us: Some(message.at_us), text });
    }

    fn finish(mut self) -> Thread {
        self.messages.sort_by_key(|message| message.at_us); // stable: equal times keep the source's order
        let participants = self.people.into_names();
        // A conversation of two is titled with the other's name, which is no title.
        let title = self.title.and_then(|title| clean::line(&title, TITLE_CHARS_MAX));
        let title = title.filter(|(title, _)| !participants.contains(title)).map(|(title, changed)| {
            if changed {
                self.said.note(Remark::Renamed);
            }
            title
        });
        self.said.kept = self.messages.len() as u64;
        Thread { key: self.key, title, participants, messages: self.messages, said: self.said }
    }
}

#[cfg(test)]
#[path = "messenger_tests.rs"]
mod tests;
