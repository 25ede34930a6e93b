//! Where the counting map is stored: a tree of any size, a few of whose tiles change with each label.
//!
//! A tile is found by its path: the first bits of the labels below it, four a step, one a byte. It holds either the leaves
//! below it, up to [`LEAVES_MAX`], or sixteen slots, each the root of a tile below.
//! Invariant: whatever was changed in which order, the root is [`crate::map::root_of`] the leaves.

use std::collections::BTreeMap;

use crate::hash::Hash;
use crate::map::{EMPTY, Label, Leaf, MapProof, Node, subtree, way_among};

/// The most leaves that a tile holds before it is split.
pub const LEAVES_MAX: usize = 32;

/// Labels below one slot, at most: 2^4 slots a tile, 256 bits a label.
const STEPS_MAX: usize = 64;

const LEAVES: u8 = b'L';
const SLOTS: u8 = b'S';

/// Whoever keeps the tiles of one tree.
pub trait MapTiles {
    /// Why a tile could not be read.
    type Error;

    /// The bytes stored under this path, or nothing.
    fn map_tile(&mut self, path: &[u8]) -> Result<Option<Vec<u8>>, Self::Error>;
}

/// Why a stored tree cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MapFault<E> {
    /// A tile could not be read.
    #[error("a tile of the map could not be read: {0}")]
    Unreadable(E),
    /// A tile is not what was stored.
    #[error("the tile of the map at {0:?} is damaged")]
    Damaged(Vec<u8>),
}

/// What is to be stored after a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The new root.
    pub root: Hash,
    /// How many labels were added.
    pub added: u64,
    /// How many were taken out.
    pub removed: u64,
    /// The tiles to store, or to remove, by their paths.
    pub tiles: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

/// New values of labels; none takes a label out.
pub type Changes = BTreeMap<Label, Option<Hash>>;

type Change = (Label, Option<Hash>);

enum Tile {
    Leaves(Vec<Leaf>),
    Slots(Box<[Node; 16]>),
}

impl Tile {
    fn read<T: MapTiles>(tiles: &mut T, path: &[u8]) -> Result<Self, MapFault<T::Error>> {
        let Some(bytes) = tiles.map_tile(path).map_err(MapFault::Unreadable)? else {
            return Ok(Self::Leaves(Vec::new()));
        };
        Self::parse(&bytes).ok_or_else(|| MapFault::Damaged(path.to_vec()))
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        match bytes.split_first()? {
            (&LEAVES, rest) => {
                let (leaves, []) = rest.as_chunks::<64>() else { return None };
                let leaf = |leaf: &[u8; 64]| {
                    let (label, value) = leaf.split_at(32);
                    Some(Leaf { label: Label(label.try_into().ok()?), value: Hash(value.try_into().ok()?) })
                };
                let leaves: Vec<Leaf> = leaves.iter().map(leaf).collect::<Option<_>>()?;
                leaves.is_sorted_by(|one, next| one.label < next.label).then_some(Self::Leaves(leaves))
            }
            (&SLOTS, rest) => {
                let (slots, []) = rest.as_chunks::<33>() else { return None };
                let slot = |slot: &[u8; 33]| {
                    let (kind, hash) = slot.split_first()?;
                    let hash = Hash(hash.try_into().ok()?);
                    match kind {
                        0 => Some(Node::Empty),
                        1 => Some(Node::Leaf(hash)),
                        2 => Some(Node::Inner(hash)),
                        _ => None,
                    }
                };
                let slots: Vec<Node> = slots.iter().map(slot).collect::<Option<_>>()?;
                Some(Self::Slots(Box::new(slots.try_into().ok()?)))
            }
            _ => None,
        }
    }

    /// The bytes to store; none for a tile that holds nothing.
    fn bytes(&self) -> Option<Vec<u8>> {
        match self {
            Self::Leaves(leaves) if leaves.is_empty() => None,
            Self::Leaves(leaves) => {
                let mut bytes = Vec::with_capacity(1 + 64 * leaves.len());
                bytes.push(LEAVES);
                leaves.iter().for_each(|Leaf { label, value }| {
                    bytes.extend_from_slice(&label.0);
                    bytes.extend_from_slice(&value.0);
                });
                Some(bytes)
            }
            Self::Slots(slots) => {
                let mut bytes = Vec::with_capacity(1 + 33 * 16);
                bytes.push(SLOTS);
                slots.iter().for_each(|slot| {
                    bytes.push(match slot {
                        Node::Empty => 0,
                        Node::Leaf(_) => 1,
                        Node::Inner(_) => 2,
                    });
                    bytes.extend_from_slice(&slot.hash().0);
                });
                Some(bytes)
            }
        }
    }
}

/// The root over neighbouring slots: sixteen, eight, four, two or one.
fn over(slots: &[Node]) -> Node {
    match slots {
        [] => Node::Empty,
        [one] => *one,
        _ => {
            let (left, right) = slots.split_at(slots.len() / 2);
            Node::join(over(left), over(right))
        }
    }
}

/// Which slot of a tile `steps` deep a label lies below.
fn slot_of(label: &Label, steps: usize) -> usize {
    let byte = label.0[steps / 2];
    usize::from(if steps.is_multiple_of(2) { byte >> 4 } else { byte & 15 })
}

/// Changes labels of a stored tree. Nothing is stored: that is the caller's part, all of it or nothing.
pub fn change<T: MapTiles>(tiles: &mut T, changes: &Changes) -> Result<Changed, MapFault<T::Error>> {
    let changes: Vec<Change> = changes.iter().map(|(label, value)| (*label, *value)).collect();
    let changed = Changed { root: EMPTY, added: 0, removed: 0, tiles: BTreeMap::new() };
    let mut changing = Changing { tiles, changed };
    let root = changing.tile(&mut Vec::new(), &changes)?;
    Ok(Changed { root: root.hash(), ..changing.changed })
}

/// The root of a stored tree, as its tiles say.
pub fn root<T: MapTiles>(tiles: &mut T) -> Result<Hash, MapFault<T::Error>> {
    Ok(match Tile::read(tiles, &[])? {
        Tile::Leaves(leaves) => subtree(&leaves, 0).hash(),
        Tile::Slots(slots) => over(slots.as_slice()).hash(),
    })
}

struct Changing<'t, T> {
    tiles: &'t mut T,
    changed: Changed,
}

impl<T: MapTiles> Changing<'_, T> {
    /// Changes labels below one tile; all of them agree on its path.
    fn tile(&mut self, path: &mut Vec<u8>, changes: &[Change]) -> Result<Node, MapFault<T::Error>> {
        match Tile::read(self.tiles, path)? {
            Tile::Leaves(mut leaves) => {
                self.merge(&mut leaves, changes);
                Ok(self.keep_leaves(path, leaves))
            }
            Tile::Slots(mut slots) => {
                let steps = path.len();
                for group in
                    changes.chunk_by(|(one, _), (next, _)| slot_of(one, steps) == slot_of(next, steps))
                {
                    let slot = slot_of(&group[0].0, steps);
                    path.push(slot as u8);
                    slots[slot] = self.tile(path, group)?;
                    path.pop();
                }
                let node = over(slots.as_slice());
                self.changed.tiles.insert(path.clone(), Tile::Slots(slots).bytes());
                Ok(node)
            }
        }
    }

    fn merge(&mut self, leaves: &mut Vec<Leaf>, changes: &[Change]) {
        for (label, value) in changes {
            match (leaves.binary_search_by_key(label, |leaf| leaf.label), *value) {
                (Ok(place), Some(value)) => leaves[place].value = value,
                (Ok(place), None) => {
                    leaves.remove(place);
                    self.changed.removed += 1;
                }
                (Err(place), Some(value)) => {
                    leaves.insert(place, Leaf { label: *label, value });
                    self.changed.added += 1;
                }
                (Err(_), None) => {}
            }
        }
    }

    /// Keeps leaves in the tile at this path, or in tiles below it where they are too many.
    fn keep_leaves(&mut self, path: &mut Vec<u8>, leaves: Vec<Leaf>) -> Node {
        let steps = path.len();
        if leaves.len() <= LEAVES_MAX || steps == STEPS_MAX {
            let node = subtree(&leaves, 4 * steps);
            self.changed.tiles.insert(path.clone(), Tile::Leaves(leaves).bytes());
            return node;
        }
        let mut slots = Box::new([Node::Empty; 16]);
        for group in leaves.chunk_by(|one, next| slot_of(&one.label, steps) == slot_of(&next.label, steps)) {
            let slot = slot_of(&group[0].label, steps);
            path.push(slot as u8);
            slots[slot] = self.keep_leaves(path, group.to_vec());
            path.pop();
        }
        let node = over(slots.as_slice());
        self.changed.tiles.insert(path.clone(), Tile::Slots(slots).bytes());
        node
    }
}

/// Proves what a stored tree holds for a label, or that it holds nothing.
pub fn prove<T: MapTiles>(tiles: &mut T, label: &Label) -> Result<MapProof, MapFault<T::Error>> {
    let (mut path, mut siblings) = (Vec::new(), Vec::new());
    loop {
        match Tile::read(tiles, &path)? {
            Tile::Leaves(leaves) => {
                let leaf = way_among(&leaves, 4 * path.len(), label, &mut siblings);
                return Ok(MapProof { leaf, siblings });
            }
            Tile::Slots(slots) => {
                let slot = slot_of(label, path.len());
                let (mut from, mut to) = (0, 16);
                while to - from > 1 {
                    let node = over(&slots[from..to]);
                    if !matches!(node, Node::Inner(_)) {
                        break;
                    }
                    let middle = (from + to) / 2;
                    let (mine, other) =
                        if slot < middle { (from..middle, middle..to) } else { (middle..to, from..middle) };
                    siblings.push(over(&slots[other]).hash());
                    (from, to) = (mine.start, mine.end);
                }
                match slots[from..to].iter().position(|slot| *slot != Node::Empty) {
                    None => return Ok(MapProof { leaf: None, siblings }),
                    // The way goes on below, or there is one leaf alone, which stands higher than its tile.
                    Some(place) => path.push((from + place) as u8),
                }
            }
        }
    }
}
