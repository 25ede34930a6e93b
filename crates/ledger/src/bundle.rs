//! Entry bundles (C2SP tlog-tiles): up to 256 entries, each behind its length as two bytes, high byte first.
//!
//! Invariant: a bundle is cut into entries in one way, and nothing is left over.

use crate::tile::{Shelf, TILE_WIDTH, TileFile, TilePath};

/// The most bytes that an entry can have: its length is written in two bytes.
pub const ENTRY_BYTES_MAX: usize = 65_535;

/// Why entries could not be bundled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleRefused {
    /// An entry is too long.
    #[error("an entry holds {0} bytes, and the log takes at most {ENTRY_BYTES_MAX}: shorten it")]
    EntryTooLong(usize),
}

/// Adds one entry at the end of a bundle.
pub fn push(bundle: &mut Vec<u8>, entry: &[u8]) -> Result<(), BundleRefused> {
    let length = u16::try_from(entry.len()).map_err(|_| BundleRefused::EntryTooLong(entry.len()))?;
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
    Ok(())
}

/// The entries of a bundle in their order; `None` in place of an entry that is cut short, and then no more.
pub fn entries(bundle: &[u8]) -> impl Iterator<Item = Option<&[u8]>> {
    let mut rest = bundle;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let split = rest
            .split_first_chunk()
            .and_then(|(length, after)| after.split_at_checked(usize::from(u16::from_be_bytes(*length))));
        let (entry, after) = split.map_or((None, [].as_slice()), |(entry, after)| (Some(entry), after));
        rest = after;
        Some(entry)
    })
}

/// The bundles to write when a log of `size` entries, whose last partial bundle is `partial` (empty where
/// there is none), gets these entries: those it completes, then the partial one.
pub fn grow<'a>(
    size: u64,
    partial: &[u8],
    entries: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Vec<TileFile>, BundleRefused> {
    let mut files = Vec::new();
    let mut bundle = partial.to_vec();
    let mut index = size / TILE_WIDTH as u64;
    let held = (size % TILE_WIDTH as u64) as usize;
    let mut width = held;
    for entry in entries {
        push(&mut bundle, entry)?;
        width += 1;
        if width == TILE_WIDTH {
            let bytes = std::mem::take(&mut bundle);
            files.extend(TilePath::new(Shelf::Entries, index, width).map(|path| TileFile { path, bytes }));
            (index, width) = (index + 1, 0);
        }
    }
    if width > held || !files.is_empty() {
        let path = TilePath::new(Shelf::Entries, index, width);
        files.extend(path.map(|path| TileFile { path, bytes: bundle }));
    }
    Ok(files)
}
