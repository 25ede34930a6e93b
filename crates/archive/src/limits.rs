//! How much an export may be: every limit of the room.
//! Invariant: what a file claims about itself is held to these before it is read, and to its claim while it is read.

/// The longest text of a message, in Unicode scalar values: the server's own limit. What is over it is cut, and said.
pub const TEXT_CHARS_MAX: usize = 20_000;

/// The longest name of a person, in Unicode scalar values: the server's own limit.
pub const NAME_CHARS_MAX: usize = 80;

/// The longest title of a conversation, in Unicode scalar values: a group's name is a name.
pub const TITLE_CHARS_MAX: usize = NAME_CHARS_MAX;

/// The longest stable id of a conversation, in Unicode scalar values.
pub const KEY_CHARS_MAX: usize = 200;

/// The most entries of a zip, or files and folders of a folder. Exports of decades have some 100,000 photos.
pub const ENTRIES_MAX: usize = 1_000_000;

/// How deep folders may lie in folders.
pub const FOLDERS_DEEP_MAX: usize = 32;

/// The largest JSON file, expanded. A page of 10,000 messages has 3 to 10 MB.
pub const FILE_BYTES_MAX: u64 = 64 << 20;

/// The longest line of a jsonl file, which is a whole conversation.
pub const LINE_BYTES_MAX: u64 = 64 << 20;

/// The most JSON of one conversation, over all its pages: some three million messages. It bounds the memory.
pub const THREAD_BYTES_MAX: u64 = 1 << 30;

/// The most JSON of a whole export, expanded. Photos and videos are not read and not counted.
pub const TOTAL_BYTES_MAX: u64 = 16 << 30;

/// How many times larger than its compressed form a file may be. Chats reach about 30.
pub const RATIO_MAX: u64 = 200;

/// From this size on [`RATIO_MAX`] is held; what is smaller does no harm.
pub(crate) const RATIO_FROM_BYTES: u64 = 1 << 20;
