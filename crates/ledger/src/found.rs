//! What an auditor can find wrong with a log, each finding a sentence that names it.
//!
//! Invariant: a finding says what was seen; whom it speaks against is in its words only where the log's own signature
//! proves it.

use std::fmt;

use crate::checkpoint::CheckpointRefused;
use crate::entry::EntryInvalid;
use crate::hash::Hash;
use crate::policy::PolicyRefused;
use crate::receipt::{Receipt, ReceiptRefused};
use crate::tile::{Shelf, TILE_WIDTH, TilePath};

/// The record that a receipt is about, shown as `access 3 of grant gra_…`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReceiptName {
    /// The grant.
    pub grant: String,
    /// The number of the access in it.
    pub n: u64,
}

impl ReceiptName {
    pub(crate) fn of(receipt: &Receipt) -> Self {
        Self { grant: receipt.record.grant.clone(), n: receipt.record.n }
    }
}

impl fmt::Display for ReceiptName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "access {} of grant {}", self.n, self.grant)
    }
}

/// Why a log, or what was held against it, does not pass.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Found {
    /// There is no checkpoint to read.
    #[error("the checkpoint could not be read: {0}")]
    NoCheckpoint(String),
    /// The checkpoint is not genuine.
    #[error("the checkpoint is not genuine: {0}")]
    Checkpoint(CheckpointRefused),
    /// The checkpoint kept from earlier is not genuine.
    #[error("the checkpoint that you kept is not genuine: {0}")]
    EarlierCheckpoint(CheckpointRefused),
    /// The two checkpoints are of different logs.
    #[error("the checkpoint that you kept is of {earlier:?}, and this log is {now:?}")]
    OtherLog {
        /// The kept one.
        earlier: String,
        /// The log's.
        now: String,
    },
    /// The log is shorter than it was.
    #[error(
        "the log was cut, or an old checkpoint is replayed: it had {earlier} entries and now claims {now}"
    )]
    Shrunk {
        /// How many it had.
        earlier: u64,
        /// How many it claims.
        now: u64,
    },
    /// Two signed heads of one size: the log showed different histories.
    #[error("the log signed two heads of one size: with {size} entries it was {earlier} and now is {now}")]
    TwoHeads {
        /// The size of both.
        size: u64,
        /// The kept root.
        earlier: Hash,
        /// The present root.
        now: Hash,
    },
    /// The first entries are no longer those of the earlier checkpoint.
    #[error("history was rewritten: the first {size} entries are not those that the log signed earlier")]
    HistoryRewritten {
        /// The size of the earlier checkpoint.
        size: u64,
    },
    /// The log showed a witness something else than it shows here.
    #[error(
        "the log shows two stories: the first {size} entries that the witness {witness} was shown are not those that it \
         shows here. The log signed both: the two checkpoints are proof for anyone"
    )]
    SplitView {
        /// The witness.
        witness: String,
        /// The size of what it was shown.
        size: u64,
    },
    /// A witness saw more of the log than it shows.
    #[error(
        "the log hides something: the witness {witness} has cosigned {theirs} entries of it, and it shows only {now}"
    )]
    WitnessAhead {
        /// The witness.
        witness: String,
        /// How many it cosigned.
        theirs: u64,
        /// How many the log shows.
        now: u64,
    },
    /// What a witness tells is not signed by the log.
    #[error("what the witness {witness} tells of the log is not genuine: {why}")]
    WitnessNote {
        /// The witness.
        witness: String,
        /// What is wrong.
        why: CheckpointRefused,
    },
    /// Too few witnesses cosigned it.
    #[error("the checkpoint is not witnessed as you ask: {0}")]
    Unwitnessed(PolicyRefused),
    /// A file could not be read.
    #[error("{path} could not be read, and the log must serve it: {why}")]
    Unreadable {
        /// Which tile.
        path: TilePath,
        /// What the source said.
        why: String,
    },
    /// A tile is too short or too long.
    #[error("{path} was cut or lengthened: it holds {bytes} bytes in place of {}", path.width() * 32)]
    TileLength {
        /// Which tile.
        path: TilePath,
        /// How many bytes it holds.
        bytes: usize,
    },
    /// The entries lead to the signed tree, and the stored tile does not.
    #[error("{path} was altered: its hash {position} is not the one that the entries lead to")]
    TileAltered {
        /// Which tile.
        path: TilePath,
        /// Where in it, from 0.
        position: usize,
    },
    /// The tiles lead to the signed tree, and the entry does not.
    #[error("entry {index} was altered: it is not the one that the log committed to")]
    EntryAltered {
        /// Its index in the log.
        index: u64,
    },
    /// Two entries stand in each other's place.
    #[error("entries {first} and {second} were swapped")]
    EntriesSwapped {
        /// The index of one.
        first: u64,
        /// The index of the other.
        second: u64,
    },
    /// Entries are missing at the end of a bundle.
    #[error(
        "an entry was dropped: {path} holds {whole} entries, and the checkpoint promises {}",
        path.width()
    )]
    EntryDropped {
        /// Which bundle.
        path: TilePath,
        /// How many it holds.
        whole: usize,
    },
    /// An entry is missing, and others moved up.
    #[error("entry {index} was dropped, and those after it moved up")]
    EntryTakenOut {
        /// Its index in the log.
        index: u64,
    },
    /// There is one more, and others moved down.
    #[error("an entry was added at {index}, and those after it moved down")]
    EntryPutIn {
        /// Its index among the entries as they are shown.
        index: u64,
    },
    /// A bundle ends in the middle of an entry.
    #[error("{path} was cut: after {whole} entries it ends in the middle of one")]
    BundleCut {
        /// Which bundle.
        path: TilePath,
        /// How many are whole.
        whole: usize,
    },
    /// A bundle holds more entries than the checkpoint says.
    #[error("an entry was added: {path} holds more than {} entries", path.width())]
    EntryAdded {
        /// Which bundle.
        path: TilePath,
    },
    /// The entries and the signed root disagree.
    #[error("the log's {size} entries lead to the root {computed}, and its key signed {signed}")]
    OtherRoot {
        /// How many entries.
        size: u64,
        /// The root that was signed.
        signed: Hash,
        /// The root of the entries.
        computed: Hash,
    },
    /// The tree is right, and an entry is not in the form that docs/ledger.md specifies.
    #[error("the log committed to entry {index}, which is malformed: {why}")]
    EntryStrange {
        /// Its index in the log.
        index: u64,
        /// What is wrong.
        why: EntryInvalid,
    },
    /// A map is not there, and a later one is.
    #[error("map {n} was left out: the log holds map {later}, and maps are numbered without holes")]
    MapMissing {
        /// The first number that is missing.
        n: u64,
        /// The lowest that comes after it.
        later: u64,
    },
    /// Two maps have one number: two countings of one moment.
    #[error("the log holds two maps with the number {n}, the second as entry {index}: it counted twice")]
    MapRepeated {
        /// The number.
        n: u64,
        /// Where the second stands.
        index: u64,
    },
    /// A receipt is not genuine.
    #[error("receipt {position} is not genuine: {why}")]
    ReceiptForged {
        /// Its place among the receipts given, from 1.
        position: usize,
        /// What is wrong.
        why: ReceiptRefused,
    },
    /// A genuine receipt is not in the log.
    #[error(
        "{name} has a genuine receipt, and none of the log's {size} entries commits to it: unless it is younger than \
         the checkpoint, it was left out"
    )]
    ReceiptMissing {
        /// Which record.
        name: ReceiptName,
        /// The size of the log.
        size: u64,
    },
    /// Two genuine receipts say different things of one access.
    #[error("{0} has two genuine receipts that differ: the server told two stories")]
    Fork(ReceiptName),
    /// One record is in the log twice.
    #[error("{name} stands in the log twice, as entries {first} and {second}")]
    EntryRepeated {
        /// Which record.
        name: ReceiptName,
        /// Where first.
        first: u64,
        /// Where again.
        second: u64,
    },
}

/// What happened where a stored tile and the hashes computed for it differ. `vouched` says whether the tree above
/// agrees with the stored tile, so that the entries are what was altered.
pub(crate) fn altered(path: TilePath, stored: &[Hash], computed: &[Hash], vouched: bool) -> Found {
    let differs = |position: &usize| stored[*position] != computed[*position];
    let differing: Vec<usize> = (0..computed.len()).filter(differs).collect();
    let position = differing.first().copied().unwrap_or_default();
    if path.shelf() != Shelf::Hashes(0) || !vouched {
        return Found::TileAltered { path, position };
    }
    let index_of = |position: usize| path.index() * TILE_WIDTH as u64 + position as u64;
    match *differing {
        [first, second] if stored[first] == computed[second] && stored[second] == computed[first] => {
            Found::EntriesSwapped { first: index_of(first), second: index_of(second) }
        }
        [_, _, ..] if stored[position + 1..] == computed[position..computed.len() - 1] => {
            Found::EntryTakenOut { index: index_of(position) }
        }
        [_, _, ..] if computed[position + 1..] == stored[position..stored.len() - 1] => {
            Found::EntryPutIn { index: index_of(position) }
        }
        _ => Found::EntryAltered { index: index_of(position) },
    }
}
