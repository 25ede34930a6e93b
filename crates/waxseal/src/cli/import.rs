//! `waxseal import`: takes in what another platform exported, for the person whose export it is.
//!
//! Invariant: everything is read and everyone is found before the first word is stored, so what cannot be read leaves
//! nothing half done; what an earlier run stored is not stored again.

use super::table::one_line;
use super::{Act, Out, Stop, person};
use crate::config::StoreOptions;
use archive::{Archive, Entry, Format, Said, Thread};
use clap::{Args, Subcommand};
use model::{Content, PersonId, Time};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::path::PathBuf;
use vault::{CONVERSATION_PEOPLE_MAX, ImportMessage, ImportThread, Vault};

/// The most messages of one transaction: an import must not hold up everyone else.
const BATCH_MAX: usize = 1_000;

/// Take in what another platform exported
#[derive(Args, Debug)]
pub(super) struct Import {
    #[command(flatten)]
    store: StoreOptions,
    #[command(subcommand)]
    what: What,
}

/// From which platform.
#[derive(Subcommand, Debug, Serialize, Deserialize)]
pub enum What {
    /// Messenger's or Instagram's "Download your information", made as JSON: a zip, a folder, or a folder of zips
    Messenger(Source),
    /// One conversation a line as JSON, plain or gzip: a file or a folder of them
    Jsonl(Source),
}

/// An export, and who is who in it.
#[derive(Args, Debug, Serialize, Deserialize)]
pub struct Source {
    /// The export
    #[arg(value_parser = absolute)]
    path: PathBuf,
    /// Whose export it is
    #[arg(long = "for", value_name = "HANDLE", value_parser = person::handle)]
    of: String,
    /// What that person is called in it [messenger: whoever takes part in every conversation]
    #[arg(long, value_name = "NAME")]
    me: Option<String>,
    /// Someone in it who has an account here; everyone else becomes a guest
    #[arg(long, value_name = "NAME=HANDLE", value_parser = pair)]
    map: Vec<(String, String)>,
    /// Say of each conversation what was kept and what was not
    #[arg(long, short)]
    verbose: bool,
}

/// Wherever it is run from there on, the path means the same.
fn absolute(path: &str) -> Result<PathBuf, String> {
    std::path::absolute(path).map_err(|why| why.to_string())
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, handle) = text.rsplit_once('=').ok_or("write NAME=HANDLE")?;
    Ok((name.to_owned(), person::handle(handle)?))
}

impl Import {
    pub(super) fn run(self) -> Result<(), Stop> {
        Act::Import(self.what).run_on(&self.store)
    }
}

impl What {
    pub(super) async fn run(self, vault: &Vault, out: &mut dyn Out) -> Result<(), Stop> {
        let (format, source) = match self {
            What::Messenger(source) => (Format::Messenger, source),
            What::Jsonl(source) => (Format::Jsonl, source),
        };
        let person = person::find(vault, &source.of).await?;
        let mut known = HashMap::new();
        for (name, handle) in &source.map {
            known.insert(name.clone(), person::find(vault, handle).await?);
        }
        let archive = archive::open(format, &source.path)?;
        let seen = look(&archive, out)?;
        let me = me(format, &source, &seen)?;
        if let Some((name, _)) = source.map.iter().find(|(name, _)| !seen.people.contains_key(name)) {
            return Err(Stop::refused(format!(
                "nobody in the export is called {name:?}; look at --map again"
            )));
        }
        if let Some(me) = &me {
            known.insert(me.clone(), person);
        }
        let total = Total::default();
        let mut taking = Taking { vault, format, person, me, known, total, verbose: source.verbose };
        let taken = taking.all(&archive, out).await;
        out.progress(1, 1);
        let report = taking.total.report(&source.of, taking.me.as_deref());
        match taken {
            Ok(()) => report.iter().for_each(|line| out.say(line)),
            Err(stop) => {
                report.iter().for_each(|line| out.warn(line));
                out.warn("then it broke off; run it again, and it goes on where it stopped");
                return Err(stop);
            }
        }
        Ok(())
    }
}

/// What the first reading found.
#[derive(Default)]
struct Seen {
    /// Conversations with messages.
    threads: u64,
    /// Who takes part, in how many of them.
    people: BTreeMap<String, u64>,
}

/// Reads everything and stores nothing.
fn look(archive: &Archive, out: &mut dyn Out) -> Result<Seen, Stop> {
    let mut seen = Seen::default();
    let mut threads = archive.threads();
    while let Some(thread) = threads.next() {
        let thread = thread?;
        if !thread.messages.is_empty() {
            seen.threads += 1;
            let names: BTreeSet<String> = thread.participants.into_iter().collect();
            names.into_iter().for_each(|name| *seen.people.entry(name).or_default() += 1);
        }
        let progress = threads.progress();
        // Reading again and storing is the other half.
        out.progress(
            progress.bytes_done.min(progress.bytes_total.saturating_sub(1)),
            progress.bytes_total * 2,
        );
    }
    Ok(seen)
}

/// The name by which the export knows the person it is of. In jsonl there may be none: then she only reads along.
fn me(format: Format, source: &Source, seen: &Seen) -> Result<Option<String>, Stop> {
    if let Some(me) = &source.me {
        if source.map.iter().any(|(name, _)| name == me) {
            return Err(Stop::usage(format!("{me:?} is given with --me and with --map; give it once")));
        }
        return match seen.people.contains_key(me) {
            true => Ok(Some(me.clone())),
            false => Err(Stop::refused(format!("nobody in the export is called {me:?}; {}", most(seen)))),
        };
    }
    if format == Format::Jsonl || seen.threads == 0 {
        return Ok(None);
    }
    let everywhere: Vec<&String> =
        seen.people.iter().filter(|(_, count)| **count == seen.threads).map(|(name, _)| name).collect();
    match everywhere.as_slice() {
        [one] => Ok(Some((*one).clone())),
        _ => Err(Stop::refused(format!("say with --me which name is @{}'s; {}", source.of, most(seen)))),
    }
}

/// Who takes part in most conversations: the person is likely among them.
fn most(seen: &Seen) -> String {
    let mut people: Vec<(&String, &u64)> = seen.people.iter().collect();
    people.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let names: Vec<String> = people.iter().take(5).map(|(name, _)| format!("{name:?}")).collect();
    match names.is_empty() {
        true => "there is nobody in it".to_owned(),
        false => format!("in most conversations are {}", names.join(", ")),
    }
}

/// Stores an export.
struct Taking<'v> {
    vault: &'v Vault,
    format: Format,
    person: PersonId,
    me: Option<String>,
    /// Names of the export that are people here: the person, who was mapped, and the guests so far.
    known: HashMap<String, PersonId>,
    total: Total,
    verbose: bool,
}

/// One thread on its way, and what became of it so far.
struct Underway {
    name: String,
    said: Said,
    silent: bool,
    added: i64,
    known: i64,
    unfit: i64,
}

impl Taking<'_> {
    async fn all(&mut self, archive: &Archive, out: &mut dyn Out) -> Result<(), Stop> {
        let mut threads = archive.threads();
        let (mut waiting, mut held) = (Vec::new(), 0);
        while let Some(thread) = threads.next() {
            let thread = thread?;
            held += thread.messages.len();
            waiting.extend(self.fits(thread, out));
            // A commit costs the same for many short threads as for one.
            if held >= BATCH_MAX {
                self.store(std::mem::take(&mut waiting), out).await?;
                held = 0;
            }
            let progress = threads.progress();
            let total = progress.bytes_total * 2;
            out.progress((progress.bytes_total + progress.bytes_done).min(total.saturating_sub(1)), total);
        }
        self.store(waiting, out).await
    }

    /// The thread, if it can be taken.
    fn fits(&mut self, thread: Thread, out: &mut dyn Out) -> Option<Thread> {
        if thread.messages.is_empty() {
            self.total.empty += 1;
            self.total.said.add(&thread.said);
            return None;
        }
        let count = thread.participants.len() + usize::from(self.is_silent(&thread));
        if count > CONVERSATION_PEOPLE_MAX {
            self.total.refused += 1;
            out.warn(&format!(
                "{}: not taken: {count} people, and {CONVERSATION_PEOPLE_MAX} are the most",
                called(&thread)
            ));
            return None;
        }
        Some(thread)
    }

    /// The person is not among those who wrote, and reads along.
    fn is_silent(&self, thread: &Thread) -> bool {
        self.me.as_ref().is_none_or(|me| !thread.participants.contains(me))
    }

    /// Stores threads, in as few transactions as their messages allow.
    async fn store(&mut self, threads: Vec<Thread>, out: &mut dyn Out) -> Result<(), Stop> {
        self.meet(&threads).await?;
        let (mut underway, mut parts) = (Vec::new(), VecDeque::new());
        for thread in threads {
            let one = self.cut(thread, underway.len(), &mut parts);
            underway.push(one);
        }
        while !parts.is_empty() {
            let mut held = 0;
            let fits = |(_, part): &&(usize, ImportThread)| {
                held += part.messages.len();
                held <= BATCH_MAX
            };
            let count = parts.iter().take_while(fits).count().max(1);
            let (of, batch): (Vec<usize>, Vec<ImportThread>) = parts.drain(..count).unzip();
            let taken = self.vault.import_threads(self.person, batch).await?;
            for (one, taken) in of.into_iter().zip(taken) {
                underway[one].added += taken.added;
                underway[one].known += taken.known;
            }
        }
        for one in underway {
            self.total.add(&one);
            if self.verbose {
                out.say(&format!("{}: {}{}", one.name, one.said, again(one.added, one.known)));
            }
        }
        Ok(())
    }

    /// Cuts a thread into parts that fit into a transaction, each with the number of the thread.
    fn cut(&self, thread: Thread, number: usize, parts: &mut VecDeque<(usize, ImportThread)>) -> Underway {
        let (name, silent) = (called(&thread), self.is_silent(&thread));
        let known_here = thread.participants.iter().filter_map(|name| self.known.get(name));
        let people: Vec<PersonId> = known_here.copied().filter(|one| *one != self.person).collect();
        let all = thread.messages.len();
        let mut fit = thread.messages.into_iter().filter_map(|entry| self.message(entry)).collect::<Vec<_>>();
        let unfit = i64::try_from(all - fit.len()).unwrap_or(i64::MAX);
        let key = format!("{}:{}", self.format, thread.key);
        while !fit.is_empty() {
            let messages = fit.drain(..fit.len().min(BATCH_MAX)).collect();
            let (key, title, people) = (key.clone(), thread.title.clone(), people.clone());
            parts.push_back((number, ImportThread { key, title, people, messages }));
        }
        Underway { name, said: thread.said, silent, added: 0, known: 0, unfit }
    }

    /// A message to store; none if it holds what no message may.
    fn message(&self, entry: Entry) -> Option<ImportMessage> {
        let Entry { key, sender, at_us, text } = entry;
        let content = Content::Text { text };
        content.validate().ok()?;
        let sent_at = at_us.map_or(self.vault.world().now(), Time::from_micros);
        Some(ImportMessage { key, author: *self.known.get(&sender)?, sent_at, content })
    }

    /// Makes guests of those who are not known yet.
    async fn meet(&mut self, threads: &[Thread]) -> Result<(), Stop> {
        let names = threads.iter().flat_map(|thread| &thread.participants);
        let new: BTreeSet<&String> = names.filter(|name| !self.known.contains_key(*name)).collect();
        if new.is_empty() {
            return Ok(());
        }
        let keyed = new.iter().map(|name| (format!("{}:{name}", self.format), (*name).clone())).collect();
        let guests = self.vault.person_guests(self.person, keyed).await?;
        self.total.guests += guests.len();
        self.known.extend(new.into_iter().cloned().zip(guests));
        Ok(())
    }
}

/// How a thread is called in the report.
fn called(thread: &Thread) -> String {
    let name = thread.title.clone().unwrap_or_else(|| {
        let mut names = thread.participants.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
        if thread.participants.len() > 3 {
            names.push_str(", …");
        }
        names
    });
    format!("\"{}\"", one_line(&name))
}

fn again(added: i64, known: i64) -> String {
    match (added, known) {
        (_, 0) => String::new(),
        (0, _) => "; all of them were here before".to_owned(),
        (added, known) => format!("; {added} are new, {known} were here before"),
    }
}

/// What became of a whole export.
#[derive(Default)]
struct Total {
    said: Said,
    threads: u64,
    empty: u64,
    refused: u64,
    silent: u64,
    guests: usize,
    added: i64,
    known: i64,
    unfit: i64,
}

impl Total {
    fn add(&mut self, one: &Underway) {
        self.said.add(&one.said);
        self.threads += 1;
        self.silent += u64::from(one.silent);
        self.added += one.added;
        self.known += one.known;
        self.unfit += one.unfit;
    }

    /// In sentences.
    fn report(&self, handle: &str, me: Option<&str>) -> Vec<String> {
        let mut lines = Vec::new();
        let counted =
            |count: u64, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
        let conversations = |count| counted(count, "conversation", "conversations");
        lines.push(match (self.added, self.known) {
            (0, 0) => "nothing to take: there is no message in it".to_owned(),
            (0, known) => format!("nothing new: all {known} messages were here before"),
            (added, 0) => format!("{added} messages taken in {}", conversations(self.threads)),
            (added, known) => {
                format!("{added} messages taken in {}; {known} were here before", conversations(self.threads))
            }
        });
        if let Some(me) = me {
            lines.push(format!("@{handle} is \"{}\"", one_line(me)));
        }
        if self.guests > 0 {
            let guests = counted(self.guests as u64, "person", "people");
            lines.push(format!("{guests} without an account here: named guests, whom nobody can sign in as"));
        }
        if self.silent > 0 {
            lines.push(format!("@{handle} wrote nothing in {}: reads along", conversations(self.silent)));
        }
        if self.empty > 0 {
            lines.push(format!("{} without a message: left out", conversations(self.empty)));
        }
        if self.refused > 0 {
            lines.push(format!("{} with too many people: left out", conversations(self.refused)));
        }
        if self.unfit > 0 {
            lines.push(format!("{} messages left out: what they hold no message here may hold", self.unfit));
        }
        lines.push(format!("of the export: {}", self.said));
        lines
    }
}
