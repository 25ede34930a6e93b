//! Heads of the log that somebody else holds: the auditor kept one, witnesses cosigned one, a witness was shown one.
//!
//! Invariant: each was signed by the log's own key, so where one of them and the log contradict each other, the log does.

use crate::checkpoint::Checkpoint;
use crate::found::Found;
use crate::hash::Hash;
use crate::note::{Note, VerifierKey};
use crate::policy::{Cosigners, Policy, PolicyRefused};

/// What witnesses say of a log.
#[derive(Clone, Copy, Debug)]
pub struct Witnessing<'a> {
    /// Whom the auditor believes, and how many of them are enough.
    pub policy: &'a Policy,
    /// The log's newest checkpoint with enough cosignatures, a signed note, for where its newest has not enough yet.
    pub cosigned: Option<&'a [u8]>,
    /// What the witnesses themselves tell.
    pub seen: &'a [SeenBy],
}

/// The last checkpoint of the log that a witness cosigned, as that witness tells it to everyone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenBy {
    /// Its name.
    pub witness: String,
    /// The signed note.
    pub note: Vec<u8>,
}

/// How far a log is witnessed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witnessed {
    /// The size of the checkpoint that has enough cosignatures.
    pub size: u64,
    /// Whose they are, and of when.
    pub cosigners: Cosigners,
    /// How many witnesses told what they were shown, and it was this log.
    pub agree: u64,
}

/// Who holds an earlier head.
#[derive(Clone, Debug)]
enum Holder {
    Auditor,
    Quorum,
    Witness(String),
}

/// An earlier head, while the log is replayed.
#[derive(Debug)]
pub(crate) struct Earlier {
    checkpoint: Checkpoint,
    holder: Holder,
    rewritten: bool,
}

impl Earlier {
    fn of(checkpoint: Checkpoint, holder: Holder, now: &Checkpoint) -> Result<Self, Found> {
        let earlier = Self { checkpoint, holder, rewritten: false };
        earlier.compare(now)?;
        Ok(earlier)
    }

    /// The one that the auditor kept.
    pub(crate) fn kept(note: &[u8], keys: &[VerifierKey], now: &Checkpoint) -> Result<Self, Found> {
        let checkpoint = Checkpoint::open(note, keys).map_err(Found::EarlierCheckpoint)?;
        Self::of(checkpoint, Holder::Auditor, now)
    }

    /// How many entries it has.
    pub(crate) fn size(&self) -> u64 {
        self.checkpoint.size
    }

    /// The later head must not be shorter, nor differ at the same size.
    fn compare(&self, now: &Checkpoint) -> Result<(), Found> {
        match &self.holder {
            Holder::Auditor | Holder::Quorum => compare_heads(&self.checkpoint, now),
            Holder::Witness(witness) => {
                let (theirs, witness) = (self.checkpoint.size, witness.clone());
                match compare_heads(&self.checkpoint, now) {
                    Err(Found::Shrunk { now, .. }) => Err(Found::WitnessAhead { witness, theirs, now }),
                    Err(Found::TwoHeads { size, .. }) => Err(Found::SplitView { witness, size }),
                    other => other,
                }
            }
        }
    }

    /// The replay has come to `size` entries with this root.
    pub(crate) fn meet(&mut self, size: u64, root: impl FnOnce() -> Hash) {
        if self.checkpoint.size == size {
            self.rewritten = self.checkpoint.root != root();
        }
    }

    /// The log's own signature stands over the replayed tree, so it is at fault for what differs.
    pub(crate) fn outcome(&self) -> Result<(), Found> {
        let size = self.checkpoint.size;
        match (&self.holder, self.rewritten) {
            (_, false) => Ok(()),
            (Holder::Auditor | Holder::Quorum, true) => Err(Found::HistoryRewritten { size }),
            (Holder::Witness(witness), true) => Err(Found::SplitView { witness: witness.clone(), size }),
        }
    }
}

/// Two signed heads of one log: the later one must not be shorter, nor differ at the same size.
pub(crate) fn compare_heads(earlier: &Checkpoint, now: &Checkpoint) -> Result<(), Found> {
    if earlier.origin != now.origin {
        return Err(Found::OtherLog { earlier: earlier.origin.clone(), now: now.origin.clone() });
    }
    if earlier.size > now.size {
        return Err(Found::Shrunk { earlier: earlier.size, now: now.size });
    }
    if earlier.size == now.size && earlier.root != now.root {
        return Err(Found::TwoHeads { size: now.size, earlier: earlier.root, now: now.root });
    }
    Ok(())
}

impl Witnessing<'_> {
    /// How far the log is witnessed, if enough; the heads that this brings go to `earlier`, to be held against the log.
    pub(crate) fn look(
        &self,
        note: &[u8],
        now: &Checkpoint,
        keys: &[VerifierKey],
        earlier: &mut Vec<Earlier>,
    ) -> Result<Witnessed, Found> {
        for SeenBy { witness, note } in self.seen {
            let checkpoint = Checkpoint::open(note, keys)
                .map_err(|why| Found::WitnessNote { witness: witness.clone(), why })?;
            earlier.push(Earlier::of(checkpoint, Holder::Witness(witness.clone()), now)?);
        }
        let agree = self.seen.len() as u64;
        let note = Note::parse(note).map_err(|why| Found::Checkpoint(why.into()))?;
        match (self.policy.cosigned(&note), self.cosigned) {
            (Ok(cosigners), _) => Ok(Witnessed { size: now.size, cosigners, agree }),
            (Err(PolicyRefused::TooFew { .. }), Some(cosigned)) => {
                let checkpoint = Checkpoint::open(cosigned, keys).map_err(Found::Checkpoint)?;
                let note = Note::parse(cosigned).map_err(|why| Found::Checkpoint(why.into()))?;
                let cosigners = self.policy.cosigned(&note).map_err(Found::Unwitnessed)?;
                let size = checkpoint.size;
                earlier.push(Earlier::of(checkpoint, Holder::Quorum, now)?);
                Ok(Witnessed { size, cosigners, agree })
            }
            (Err(why), _) => Err(Found::Unwitnessed(why)),
        }
    }
}
