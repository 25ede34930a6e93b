//! One JSON file of a Messenger export: whether it is a thread's page, and of what kind.
//! Invariant: of the file's shape only what makes it a page is demanded; each message is judged on its own.

use super::message::{Text, looks_like_message};
use crate::mojibake;
use crate::unreadable::json_fault;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

/// A page, whose messages are not yet read.
pub(super) struct Page<'a> {
    /// Whether its strings are damaged as the platform damages them.
    pub(super) repair: bool,
    /// `inbox/<words>_<id>`: the thread's id in a "Download your information" export.
    pub(super) thread_path: Option<String>,
    /// `<title>_<N>`: the thread's id in a secure-storage download.
    pub(super) thread_name: Option<String>,
    pub(super) title: Option<String>,
    pub(super) participants: Vec<String>,
    messages: Vec<&'a RawValue>,
}

impl<'a> Page<'a> {
    /// "Download your information" writes the newest message first; the secure-storage download the oldest.
    pub(super) fn oldest_first(&self) -> Box<dyn Iterator<Item = &'a RawValue> + '_> {
        let messages = self.messages.iter().copied();
        if self.repair { Box::new(messages.rev()) } else { Box::new(messages) }
    }
}

#[derive(Deserialize)]
struct File<'a> {
    #[serde(borrow)]
    participants: Option<&'a RawValue>,
    #[serde(borrow)]
    messages: Option<&'a RawValue>,
    #[serde(borrow)]
    title: Option<&'a RawValue>,
    #[serde(borrow)]
    thread_path: Option<&'a RawValue>,
    #[serde(borrow, rename = "threadName")]
    thread_name: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Person {
    name: Option<Text>,
}

/// The page in `bytes`; none if it is other JSON. Errors say what is wrong with it.
pub(super) fn read(bytes: &[u8]) -> Result<Option<Page<'_>>, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes)
        .map_err(|error| format!("byte {} is not UTF-8", error.valid_up_to() + 1))?;
    if !text.trim_start().starts_with('{') {
        return serde_json::from_str::<IgnoredAny>(text).map(|_| None).map_err(placed);
    }
    let file: File<'_> = serde_json::from_str(text).map_err(placed)?;
    let people = file.participants.and_then(list);
    let Some(raw) = file.messages else { return Ok(None) };
    let messages = match list(raw) {
        Some(messages) => messages,
        None if people.is_some() => return Err("`messages` is not a list".to_owned()),
        None => return Ok(None),
    };
    if people.is_none() && !messages.first().is_some_and(|first| looks_like_message(first)) {
        return Ok(None);
    }
    let people = people.unwrap_or_default();
    let thread_name = file.thread_name.and_then(text_of);
    let repair = !people.first().map_or(thread_name.is_some(), |first| first.get().starts_with('"'));
    let right = |text: String| if repair { mojibake::repaired(text) } else { text };
    let title = match (file.title, &thread_name) {
        (Some(title), _) => text_of(title),
        (None, Some(name)) => Some(without_number(name).to_owned()),
        (None, None) => None,
    };
    Ok(Some(Page {
        repair,
        thread_path: file.thread_path.and_then(text_of).map(right),
        title: title.map(right),
        participants: people.into_iter().filter_map(name_of).map(right).collect(),
        thread_name,
        messages,
    }))
}

fn placed(error: serde_json::Error) -> String {
    format!("{} at line {} column {}", json_fault(&error), error.line(), error.column())
}

fn list(raw: &RawValue) -> Option<Vec<&RawValue>> {
    serde_json::from_str(raw.get()).ok()
}

fn text_of(raw: &RawValue) -> Option<String> {
    serde_json::from_str::<Text>(raw.get()).ok().map(|text| text.words)
}

/// A participant: `{"name"}`, or the name alone in a secure-storage download.
fn name_of(raw: &RawValue) -> Option<String> {
    let object = || serde_json::from_str::<Person>(raw.get()).ok()?.name;
    text_of(raw).or_else(|| object().map(|name| name.words))
}

/// `Jana_7` without `_7`.
fn without_number(name: &str) -> &str {
    match name.rsplit_once('_') {
        Some((title, number)) if number.bytes().all(|b| b.is_ascii_digit()) => title,
        _ => name,
    }
}
