//! What a reading says about itself: how much was kept, and what was changed or left out, and why.
//! Invariant: a message of the source is counted either as kept or under exactly one remark that [`Remark::leaves_out`].

use std::collections::BTreeMap;
use std::fmt;

/// One kind of thing that was not taken as it stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Remark {
    /// Left out: its sender took it back.
    Unsent,
    /// Left out: no words, and nothing that could be named.
    Empty,
    /// Left out: without a time it has no place in the conversation.
    Untimed,
    /// Left out: not in the shape of a message.
    Malformed,
    /// Left out: the same message stands in another part of the export too.
    Repeated,
    /// Named in the text: a photo.
    Photo,
    /// Named in the text: a video.
    Video,
    /// Named in the text: a voice message or another sound.
    Audio,
    /// Named in the text: a moving picture.
    Gif,
    /// Named in the text: a file, or media of a kind the export does not tell.
    File,
    /// Named in the text: a sticker.
    Sticker,
    /// Kept as text: the link of something shared.
    Link,
    /// Kept as text: how long a call took.
    Call,
    /// Kept as text on the message: a reaction.
    Reaction,
    /// Kept as text: `* name did something`.
    Action,
    /// Not kept: a part of a message in a shape that is not known here.
    Unknown,
    /// Changed: NUL, which no message may hold, became U+FFFD; or half of a character did.
    Replaced,
    /// Changed: the text was longer than a message may be, and its end was cut.
    Shortened,
    /// Changed: a name or title had control characters, or was too long.
    Renamed,
    /// Changed: a person without a name got [`crate::NAMELESS`].
    Nameless,
}

impl Remark {
    /// Every remark, in the order of a report.
    pub const ALL: [Remark; 20] = [
        Remark::Unsent,
        Remark::Empty,
        Remark::Untimed,
        Remark::Malformed,
        Remark::Repeated,
        Remark::Photo,
        Remark::Video,
        Remark::Audio,
        Remark::Gif,
        Remark::File,
        Remark::Sticker,
        Remark::Link,
        Remark::Call,
        Remark::Reaction,
        Remark::Action,
        Remark::Unknown,
        Remark::Replaced,
        Remark::Shortened,
        Remark::Renamed,
        Remark::Nameless,
    ];

    /// Whether it counts messages that did not arrive.
    pub fn leaves_out(self) -> bool {
        use Remark::*;
        matches!(self, Unsent | Empty | Untimed | Malformed | Repeated)
    }

    /// One of them, several of them, and what happened.
    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Remark::Unsent => ("message", "messages", "left out: taken back by the sender"),
            Remark::Empty => ("message", "messages", "left out: without words"),
            Remark::Untimed => ("message", "messages", "left out: without a time"),
            Remark::Malformed => ("message", "messages", "left out: not in the format's shape"),
            Remark::Repeated => ("message", "messages", "left out: in another part of the export too"),
            Remark::Photo => ("photo", "photos", "named, not kept"),
            Remark::Video => ("video", "videos", "named, not kept"),
            Remark::Audio => ("recording", "recordings", "named, not kept"),
            Remark::Gif => ("GIF", "GIFs", "named, not kept"),
            Remark::File => ("file", "files", "named, not kept"),
            Remark::Sticker => ("sticker", "stickers", "named, not kept"),
            Remark::Link => ("shared link", "shared links", "kept as text"),
            Remark::Call => ("call", "calls", "kept as text"),
            Remark::Reaction => ("reaction", "reactions", "kept as text on the message"),
            Remark::Action => ("action", "actions", "kept as \"* name …\""),
            Remark::Unknown => ("part of a message", "parts of messages", "not kept: of an unknown kind"),
            Remark::Replaced => ("text", "texts", "changed: NUL or half a character became \u{fffd}"),
            Remark::Shortened => ("text", "texts", "cut to 20,000 characters"),
            Remark::Renamed => {
                ("name or title", "names or titles", "changed: too long, or with control characters")
            }
            Remark::Nameless => ("person", "people", "without a name in the export"),
        }
    }
}

/// How much was kept, and every remark with its count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// Messages that arrived.
    pub kept: u64,
    counts: BTreeMap<Remark, u64>,
}

impl Said {
    /// How often `remark` was made.
    pub fn count(&self, remark: Remark) -> u64 {
        self.counts.get(&remark).copied().unwrap_or_default()
    }

    /// The remarks that were made, with their counts.
    pub fn remarks(&self) -> impl Iterator<Item = (Remark, u64)> {
        self.counts.iter().map(|(remark, count)| (*remark, *count))
    }

    /// Messages that did not arrive.
    pub fn left_out(&self) -> u64 {
        self.remarks().filter(|(remark, _)| remark.leaves_out()).map(|(_, count)| count).sum()
    }

    /// Adds another's counts.
    pub fn add(&mut self, other: &Said) {
        self.kept += other.kept;
        for (remark, count) in other.remarks() {
            *self.counts.entry(remark).or_default() += count;
        }
    }

    pub(crate) fn note(&mut self, remark: Remark) {
        *self.counts.entry(remark).or_default() += 1;
    }
}

/// One line: `51 messages kept; 1 message left out: taken back by the sender; 3 photos named, not kept`.
impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} kept", self.kept, if self.kept == 1 { "message" } else { "messages" })?;
        for (remark, count) in self.remarks() {
            let (one, many, what) = remark.words();
            write!(f, "; {count} {} {what}", if count == 1 { one } else { many })?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "said_tests.rs"]
mod tests;
