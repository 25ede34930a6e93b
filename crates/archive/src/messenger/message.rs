//! One message of a Messenger export, as text.
//!
//! What is not text is named on a line of its own after the words: `[photo: IMG_1.jpg, not kept]`, a share's link,
//! `[call: 1 min 5 s]`; then, on a last line, the reactions: `[❤ by Maya] [👍 by Tomás]`.
//!
//! Invariant: a message's identity is made of what does not change between two exports of it: its time and what was
//! said. Not its reactions, which come and go; nor its sender's name, which the platform rewrites everywhere when people
//! rename themselves or leave.

use crate::clean;
use crate::key::{self, Identity};
use crate::limits::{KEY_CHARS_MAX, NAME_CHARS_MAX};
use crate::mojibake;
use crate::said::Remark;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::fmt;

/// What a secure-storage download has in place of the path of what it could not export.
const NOT_EXPORTED: &str = "Failed to download media";

/// A message that is kept.
pub(super) struct Read {
    pub(super) sender: String,
    pub(super) at_us: i64,
    pub(super) text: String,
    pub(super) identity: Identity,
    pub(super) remarks: Vec<Remark>,
}

/// Both kinds of download, whose keys differ in name only.
#[derive(Deserialize)]
struct Message {
    #[serde(alias = "senderName")]
    sender_name: Option<Text>,
    #[serde(alias = "timestamp")]
    timestamp_ms: Option<i64>,
    #[serde(alias = "text")]
    content: Option<Text>,
    #[serde(alias = "isUnsent")]
    is_unsent: Option<bool>,
    #[serde(default)]
    photos: Loose<List<Media>>,
    #[serde(default)]
    videos: Loose<List<Media>>,
    #[serde(default)]
    audio_files: Loose<List<Media>>,
    #[serde(default)]
    gifs: Loose<List<Media>>,
    #[serde(default)]
    files: Loose<List<Media>>,
    #[serde(default)]
    media: Loose<List<Media>>,
    #[serde(default)]
    sticker: Loose<Media>,
    #[serde(default)]
    share: Loose<Share>,
    #[serde(default)]
    call_duration: Loose<u64>,
    #[serde(default)]
    reactions: Loose<List<Reaction>>,
}

#[derive(Deserialize)]
struct Media {
    uri: Option<Text>,
}

#[derive(Deserialize)]
struct Share {
    link: Option<Text>,
    share_text: Option<Text>,
}

#[derive(Deserialize)]
struct Reaction {
    reaction: Option<Text>,
    actor: Option<Text>,
}

/// A JSON string, also one that was cut inside a character (`"\ud83d"`), which is not text but has happened.
#[derive(Default)]
pub(super) struct Text {
    pub(super) words: String,
    /// Whether half a character became U+FFFD.
    replaced: bool,
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Text, E> {
                let mut text = Text::default();
                for chunk in bytes.utf8_chunks() {
                    text.words.push_str(chunk.valid());
                    // Half a surrogate pair comes as three bytes, of which one is a first.
                    if chunk.invalid().first().is_some_and(|byte| *byte >= 0xc0) {
                        text.words.push(char::REPLACEMENT_CHARACTER);
                        text.replaced = true;
                    }
                }
                Ok(text)
            }
        }
        deserializer.deserialize_bytes(Visitor)
    }
}

/// A list that may have nulls in it.
type List<T> = Vec<Option<T>>;

/// A part that may be missing or null, or of a shape that did not exist when this was written: that must not cost the
/// message's words.
enum Loose<T> {
    Known(Option<T>),
    Unknown,
}

impl<T> Default for Loose<T> {
    fn default() -> Self {
        Loose::Known(None)
    }
}

impl<T> Loose<T> {
    /// As a list of one.
    fn alone(self) -> Loose<List<T>> {
        match self {
            Loose::Known(part) => Loose::Known(Some(vec![part])),
            Loose::Unknown => Loose::Unknown,
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Loose<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        Ok(serde_json::from_str(raw.get()).map_or(Loose::Unknown, Loose::Known))
    }
}

/// Whether a list of things like `raw` is a list of messages, where nothing else tells.
pub(super) fn looks_like_message(raw: &RawValue) -> bool {
    let message = serde_json::from_str::<Message>(raw.get());
    message.is_ok_and(|message| message.sender_name.is_some() && message.timestamp_ms.is_some())
}

/// Reads one message, or says why it is left out.
pub(super) fn read(raw: &RawValue, repair: bool) -> Result<Read, Remark> {
    let message: Message = serde_json::from_str(raw.get()).map_err(|_| Remark::Malformed)?;
    if message.is_unsent == Some(true) {
        return Err(Remark::Unsent);
    }
    let at = message.timestamp_ms.and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    let mut words = Words { repair, lines: Vec::new(), remarks: Vec::new() };
    if message.content.as_ref().is_some_and(|content| content.replaced) {
        words.remarks.push(Remark::Replaced);
    }
    if let Some(content) = words.right(message.content) {
        words.lines.push(content);
    }
    words.share(message.share);
    words.media("photo", Remark::Photo, message.photos);
    words.media("video", Remark::Video, message.videos);
    words.media("recording", Remark::Audio, message.audio_files);
    words.media("GIF", Remark::Gif, message.gifs);
    words.media("file", Remark::File, message.files);
    words.media("file", Remark::File, message.media);
    words.media("sticker", Remark::Sticker, message.sticker.alone());
    words.call(message.call_duration);
    if words.lines.is_empty() {
        return Err(Remark::Empty);
    }
    let at_us = at.ok_or(Remark::Untimed)?.as_microsecond();
    let time = at_us.to_be_bytes();
    let identity = key::identity_of([&time[..]].into_iter().chain(words.lines.iter().map(String::as_bytes)));
    words.reactions(message.reactions);
    let sender = words.right(message.sender_name).unwrap_or_default();
    Ok(Read { sender, at_us, text: words.lines.join("\n"), identity, remarks: words.remarks })
}

/// The lines of a message's text, as they come together.
struct Words {
    repair: bool,
    lines: Vec<String>,
    remarks: Vec<Remark>,
}

impl Words {
    /// The string as it was meant; none if there is nothing in it.
    fn right(&self, text: Option<Text>) -> Option<String> {
        let words = text?.words;
        let words = if self.repair { mojibake::repaired(words) } else { words };
        (!words.is_empty()).then_some(words)
    }

    /// The part, if it is there and known.
    fn known<T>(&mut self, part: Loose<T>) -> Option<T> {
        if let Loose::Known(part) = part {
            return part;
        }
        self.remarks.push(Remark::Unknown);
        None
    }

    fn share(&mut self, share: Loose<Share>) {
        let Some(share) = self.known(share) else { return };
        let link = self.right(share.link);
        if link.is_some() {
            self.remarks.push(Remark::Link);
        }
        for line in [self.right(share.share_text), link].into_iter().flatten() {
            if !self.lines.iter().any(|said| said.contains(&line)) {
                self.lines.push(line);
            }
        }
    }

    fn media(&mut self, kind: &str, remark: Remark, media: Loose<List<Media>>) {
        for media in self.known(media).into_iter().flatten().flatten() {
            let name = self.right(media.uri).and_then(|uri| file_name(&uri));
            self.lines.push(match name {
                Some(name) => format!("[{kind}: {name}, not kept]"),
                None => format!("[{kind}, not in the export]"),
            });
            self.remarks.push(remark);
        }
    }

    fn call(&mut self, seconds: Loose<u64>) {
        let Some(seconds) = self.known(seconds) else { return };
        self.remarks.push(Remark::Call);
        self.lines.push(match (seconds / 60, seconds % 60) {
            (0, 0) => "[call, not answered]".to_owned(),
            (0, seconds) => format!("[call: {seconds} s]"),
            (minutes, seconds) => format!("[call: {minutes} min {seconds} s]"),
        });
    }

    fn reactions(&mut self, reactions: Loose<List<Reaction>>) {
        let mut line = Vec::new();
        for reaction in self.known(reactions).into_iter().flatten().flatten() {
            let right = |text| self.right(text).and_then(|text| clean::line(&text, NAME_CHARS_MAX));
            let Some((sign, _)) = right(reaction.reaction) else { continue };
            line.push(match right(reaction.actor) {
                Some((actor, _)) => format!("[{sign} by {actor}]"),
                None => format!("[{sign}]"),
            });
        }
        self.remarks.extend(line.iter().map(|_| Remark::Reaction));
        if !line.is_empty() {
            self.lines.push(line.join(" "));
        }
    }
}

/// The last part of a path or an address: what a person would call the file.
fn file_name(uri: &str) -> Option<String> {
    if uri == NOT_EXPORTED {
        return None;
    }
    let path = if uri.contains("://") { uri.split(['?', '#']).next().unwrap_or(uri) } else { uri };
    let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or(path);
    clean::line(name, KEY_CHARS_MAX).map(|(name, _)| name)
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
