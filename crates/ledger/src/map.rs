//! The counting map: how often what was done under each grant, to each person's things and by each app.
//!
//! Invariant: a root gives each label one standing or none, whoever made the tree; docs/ledger.md, section 7.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::canonical::{CanonicalJson, NUMBER_MAX, Object};
use crate::commitment::{Commitment, Salt};
use crate::hash::{Hash, sha256};
use crate::record::{Action, RecordInvalid, hold, is_time, same};

/// What stands in the tree for no label at all.
pub const EMPTY: Hash = Hash([0; 32]);

/// Where something is counted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(pub [u8; 32]);

impl Label {
    /// The label of an app, which everyone can derive.
    pub fn of_app(app: &str) -> Self {
        Self(sha256(&[b"waxseal map app v1", app.as_bytes()]).0)
    }

    /// The label of a grant, from the salt of its first change: the log binds it to the grant.
    pub fn of_grant(first_change: &Salt) -> Self {
        Self(sha256(&[b"waxseal map grant v1", &first_change.0]).0)
    }

    /// The label of a person, `per_…`, from the salt of the first number among all accesses to their things.
    pub fn of_person(person: &str, first_number: &Salt) -> Self {
        Self(sha256(&[b"waxseal map person v1", &first_number.0, person.as_bytes()]).0)
    }

    /// The bit at a depth of the tree, 0 to 255: the highest bit of the first byte comes first.
    pub fn bit(&self, depth: usize) -> bool {
        self.0[depth / 8] >> (7 - depth % 8) & 1 == 1
    }

    /// Whether the first so many bits are those of the other.
    pub fn agrees(&self, other: &Self, bits: usize) -> bool {
        (0..bits).all(|depth| self.bit(depth) == other.bit(depth))
    }
}

/// How many accesses of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Lists of conversations.
    pub list: u64,
    /// Reads of messages.
    pub read: u64,
    /// Messages sent, conversations started.
    pub send: u64,
    /// Messages deleted.
    pub delete: u64,
}

impl Counts {
    /// The count of one action.
    pub fn of(&self, action: Action) -> u64 {
        match action {
            Action::List => self.list,
            Action::Read => self.read,
            Action::Send => self.send,
            Action::Delete => self.delete,
        }
    }

    /// One more of an action.
    pub fn add(&mut self, action: Action) {
        let count = match action {
            Action::List => &mut self.list,
            Action::Read => &mut self.read,
            Action::Send => &mut self.send,
            Action::Delete => &mut self.delete,
        };
        *count = count.saturating_add(1);
    }

    /// All actions together.
    pub fn total(&self) -> u64 {
        [self.read, self.send, self.delete].iter().fold(self.list, |sum, count| sum.saturating_add(*count))
    }

    /// How many more than in earlier counts, none of which is higher.
    pub fn since(&self, earlier: &Self) -> Self {
        let less = |action| self.of(action).saturating_sub(earlier.of(action));
        let [list, read, send, delete] = Action::EACH.map(less);
        Self { list, read, send, delete }
    }

    /// The first action that is counted lower here than it was earlier: counts only grow.
    pub fn lowered_since(&self, earlier: &Self) -> Option<Action> {
        Action::EACH.into_iter().find(|action| self.of(*action) < earlier.of(*action))
    }
}

/// What the map holds for a label: how often what was done, and a chain over exactly these accesses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// How often each action.
    pub counts: Counts,
    /// The head of the chain over the accesses, in the order of the log.
    pub head: Hash,
}

impl Default for Standing {
    fn default() -> Self {
        Self { counts: Counts::default(), head: EMPTY }
    }
}

impl Standing {
    /// Counts the next access in the order of the log.
    pub fn count(&mut self, action: Action, commitment: &Commitment) {
        self.counts.add(action);
        self.head = sha256(&[b"waxseal map chain v1", &self.head.0, &[action.number()], &commitment.0]);
    }

    /// What the leaf holds of it; `blind` keeps others, who see it in proofs of absence, from guessing.
    pub fn value(&self, blind: &Salt) -> Hash {
        let Counts { list, read, send, delete } = self.counts;
        let [list, read, send, delete] = [list, read, send, delete].map(u64::to_be_bytes);
        sha256(&[b"waxseal map value v1", &blind.0, &list, &read, &send, &delete, &self.head.0])
    }
}

/// A subtree: the hash that its parent is made of, and whether it is a lone leaf, which stands as high as it can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    Empty,
    Leaf(Hash),
    Inner(Hash),
}

impl Node {
    pub(crate) fn leaf(label: &Label, value: &Hash) -> Self {
        Self::Leaf(leaf_hash(label, value))
    }

    pub(crate) fn join(left: Self, right: Self) -> Self {
        match (left, right) {
            (Self::Empty, Self::Empty) => Self::Empty,
            (Self::Empty, leaf @ Self::Leaf(_)) | (leaf @ Self::Leaf(_), Self::Empty) => leaf,
            _ => Self::Inner(inner_hash(left.hash(), right.hash())),
        }
    }

    pub(crate) fn hash(self) -> Hash {
        match self {
            Self::Empty => EMPTY,
            Self::Leaf(hash) | Self::Inner(hash) => hash,
        }
    }
}

/// The hash of a leaf: `SHA-256(0x02 ‖ label ‖ value)`.
pub fn leaf_hash(label: &Label, value: &Hash) -> Hash {
    let mut leaf = [0x02; 65];
    leaf[1..33].copy_from_slice(&label.0);
    leaf[33..].copy_from_slice(&value.0);
    sha256(&[&leaf])
}

/// The hash of two subtrees of which not both are empty, nor one empty and one a leaf: `SHA-256(0x03 ‖ left ‖ right)`.
pub fn inner_hash(left: Hash, right: Hash) -> Hash {
    let mut node = [0x03; 65];
    node[1..33].copy_from_slice(&left.0);
    node[33..].copy_from_slice(&right.0);
    sha256(&[&node])
}

/// A map entry of the log, in the clear: the roots of both trees once the first `size` entries were counted.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MapRecord {
    /// How many labels stand in the tree of apps.
    pub app_labels: u64,
    /// The root of the tree of apps.
    pub apps: Hash,
    /// When: as in [`crate::record::AccessRecord::at`].
    pub at: String,
    /// The number of this map: 1, 2, 3, … without holes.
    pub n: u64,
    /// The root of the tree of people and grants.
    pub people: Hash,
    /// How many labels stand in it.
    pub people_labels: u64,
    /// Every access among the first so many entries of the log is counted, and no other.
    pub size: u64,
}

impl MapRecord {
    /// The canonical rendering, as it stands in the log.
    pub fn render(&self) -> Result<CanonicalJson<'static>, RecordInvalid> {
        hold(&[
            ("app_labels", self.app_labels <= NUMBER_MAX),
            ("at", is_time(&self.at)),
            ("n", (1..=NUMBER_MAX).contains(&self.n)),
            ("people_labels", self.people_labels <= NUMBER_MAX),
            ("size", self.size <= NUMBER_MAX),
        ])?;
        let mut out = String::with_capacity(256);
        let mut object = Object::begin(&mut out);
        object.number("app_labels", self.app_labels);
        object.text("apps", &self.apps.to_string());
        object.text("at", &self.at);
        object.number("n", self.n);
        object.text("people", &self.people.to_string());
        object.number("people_labels", self.people_labels);
        object.number("size", self.size);
        object.end();
        Ok(CanonicalJson::rendered(out)?)
    }

    /// Reads a canonical rendering.
    pub fn parse(text: &str) -> Result<Self, RecordInvalid> {
        let record: Self = serde_json::from_str(text).map_err(|why| RecordInvalid::Form(why.to_string()))?;
        same(text, record.render()?.as_str())?;
        Ok(record)
    }
}

/// A leaf of a tree: a label, and what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leaf {
    /// The label.
    pub label: Label,
    /// What the leaf holds, see [`Standing::value`].
    pub value: Hash,
}

/// The way from a root to where a label stands, or would stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MapProof {
    /// What stands at the end of the way: the leaf with the longest common beginning; nothing where there is none.
    pub leaf: Option<Leaf>,
    /// The other subtree at each depth, from the root downwards.
    pub siblings: Vec<Hash>,
}

/// Why a proof does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MapProofWrong {
    /// Longer than a label, or its leaf cannot stand at the end of this way.
    #[error("the proof is malformed: what it ends in does not lie on the way of the label")]
    Way,
    /// The hashes lead elsewhere.
    #[error("the proof does not lead to the root of the map")]
    Root,
}

impl MapProof {
    /// What the map of this root holds for a label: its value, or nothing at all.
    pub fn value(&self, label: &Label, root: &Hash) -> Result<Option<Hash>, MapProofWrong> {
        let depth = self.siblings.len();
        if depth > 256 || self.leaf.is_some_and(|leaf| !leaf.label.agrees(label, depth)) {
            return Err(MapProofWrong::Way);
        }
        let end = self.leaf.map_or(EMPTY, |Leaf { label, value }| leaf_hash(&label, &value));
        let computed = self.siblings.iter().enumerate().rev().fold(end, |hash, (depth, sibling)| {
            if label.bit(depth) { inner_hash(*sibling, hash) } else { inner_hash(hash, *sibling) }
        });
        if computed != *root {
            return Err(MapProofWrong::Root);
        }
        Ok(self.leaf.filter(|leaf| leaf.label == *label).map(|leaf| leaf.value))
    }
}

/// Proves what the tree of these sorted leaves holds for a label.
pub fn prove_among(leaves: &[Leaf], label: &Label) -> MapProof {
    let mut siblings = Vec::new();
    let leaf = way_among(leaves, 0, label, &mut siblings);
    MapProof { leaf, siblings }
}

/// The way among sorted leaves that agree on the first `depth` bits: what it ends in.
pub(crate) fn way_among(
    leaves: &[Leaf],
    depth: usize,
    label: &Label,
    siblings: &mut Vec<Hash>,
) -> Option<Leaf> {
    match leaves {
        [] => None,
        [one] => Some(*one),
        _ => {
            let (left, right) = leaves.split_at(leaves.partition_point(|leaf| !leaf.label.bit(depth)));
            let (mine, other) = if label.bit(depth) { (right, left) } else { (left, right) };
            siblings.push(subtree(other, depth + 1).hash());
            way_among(mine, depth + 1, label, siblings)
        }
    }
}

/// The root of the tree of these leaves, which are sorted by label and all different: the definition, and slow.
pub fn root_of(leaves: &[Leaf]) -> Hash {
    subtree(leaves, 0).hash()
}

/// The subtree of sorted leaves that agree on the first `depth` bits.
pub(crate) fn subtree(leaves: &[Leaf], depth: usize) -> Node {
    match leaves {
        [] => Node::Empty,
        [one] => Node::leaf(&one.label, &one.value),
        _ => {
            let (left, right) = leaves.split_at(leaves.partition_point(|leaf| !leaf.label.bit(depth)));
            Node::join(subtree(left, depth + 1), subtree(right, depth + 1))
        }
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Hash(self.0), f)
    }
}

impl fmt::Debug for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Label({self})")
    }
}

impl Serialize for Label {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Label {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Hash::deserialize(deserializer).map(|hash| Self(hash.0))
    }
}
