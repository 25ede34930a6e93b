//! Tiles and their paths against tlog_tiles, and the sizes that C2SP tlog-tiles works through.

use ledger::bundle;
use ledger::edge::Edge;
use ledger::hash::leaf_hash;
use ledger::tile::{Shelf, TilePath, TileReader, shelf_tiles, tiles};
use proptest::prelude::*;

use crate::log::{entries, log_of};

fn path(text: &str) -> Option<TilePath> {
    text.parse().ok()
}

#[test]
fn paths_of_the_specification() {
    let big = TilePath::new(Shelf::Hashes(0), 1_234_067, 256).expect("a tile");
    assert_eq!(big.to_string(), "tile/0/x001/x234/067");
    let partial = TilePath::new(Shelf::Entries, 1_234, 5).expect("a tile");
    assert_eq!(partial.to_string(), "tile/entries/x001/234.p/5");
    let last = TilePath::new(Shelf::Hashes(63), u64::MAX, 1).expect("a tile");
    assert_eq!(path(&last.to_string()), Some(last));
}

#[test]
fn a_path_has_one_spelling() {
    let good = ["tile/0/000", "tile/0/000.p/255", "tile/63/x999/999", "tile/entries/x001/000.p/1"];
    for text in good {
        assert_eq!(path(text).map(|path| path.to_string()).as_deref(), Some(text));
    }
    let bad = [
        "",
        "tile",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/x000/000",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/+1/000",
        "tile/0/+01",
        "tile/0/001/234",
        "tile/0/x001",
        "tile/0/x1/234",
        "tile/0/xx001/234",
        "tile/0/x001/x234",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/257",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/000.p/1.p/1",
        "/tile/0/000",
        "tile//000",
        "tile/data/000",
        "tile/entries/",
        "tile/Entries/000",
        "tile/0/000 ",
        "tile/0/../000",
        "tile/0/00a",
        "tile/0/x018/x446/x744/x073/x709/x551/616",
        "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
    ];
    for text in bad {
        assert_eq!(path(text), None, "{text}");
    }
}

/// C2SP tlog-tiles works a log of 70,000 entries through: these tiles, and no others, make it up.
#[test]
fn the_tiles_of_seventy_thousand_entries() {
    let shelf = |shelf| -> Vec<String> { shelf_tiles(shelf, 70_000).map(|tile| tile.to_string()).collect() };
    let level_0 = shelf(Shelf::Hashes(0));
    assert_eq!(level_0.len(), 274);
    assert_eq!((level_0[0].as_str(), level_0[272].as_str()), ("tile/0/000", "tile/0/272"));
    assert_eq!(level_0[273], "tile/0/273.p/112");
    assert_eq!(shelf(Shelf::Hashes(1)), ["tile/1/000", "tile/1/001.p/17"]);
    assert_eq!(shelf(Shelf::Hashes(2)), ["tile/2/000.p/1"]);
    assert_eq!(shelf(Shelf::Hashes(3)), [] as [&str; 0]);
    assert_eq!(shelf(Shelf::Entries).len(), 274);
    assert_eq!(tiles(70_000).count(), 274 + 2 + 1 + 274);

    let log = log_of(70_000);
    let written: Vec<&String> = log.files.keys().collect();
    let mut listed: Vec<String> = tiles(70_000).map(|tile| tile.to_string()).collect();
    listed.sort();
    assert_eq!(written, listed.iter().collect::<Vec<_>>());
    for tile in tiles(70_000) {
        assert!(tile.is_within(70_000));
        assert_eq!(tile.is_within(69_999), tile.width() != 112, "{tile}");
    }
}

#[test]
fn growing_writes_only_what_changed() {
    let mut edge = Edge::default();
    let leaves: Vec<_> = entries(0, 600).iter().map(|entry| leaf_hash(entry)).collect();
    let mut written = |count: usize| -> Vec<String> {
        let size = edge.size() as usize;
        edge.grow(&leaves[size..size + count]).iter().map(|file| file.path.to_string()).collect()
    };
    assert_eq!(written(0), [] as [&str; 0]);
    assert_eq!(written(255), ["tile/0/000.p/255"]);
    assert_eq!(written(1), ["tile/0/000", "tile/1/000.p/1"]);
    assert_eq!(written(1), ["tile/0/001.p/1"]);
    assert_eq!(written(300), ["tile/0/001", "tile/0/002.p/45", "tile/1/000.p/2"]);
}

#[test]
fn a_size_holds_only_its_tiles() {
    for (text, size) in [("tile/0/000", 256), ("tile/1/000.p/1", 256), ("tile/2/000", 1 << 24)] {
        let tile = path(text).expect("a tile");
        assert!(tile.is_within(size) && !tile.is_within(size - 1), "{text}");
    }
    assert!(!path("tile/63/000.p/1").expect("a tile").is_within(u64::MAX));
    assert_eq!(tiles(0).count(), 0);
}

proptest! {
    #[test]
    fn paths_agree(level in 0..64u8, index in 0..1u64 << 50, width in 1..=256u32, entries: bool) {
        let theirs = tlog_tiles::Tile::new(8, if entries { 0 } else { level }, index, width, entries);
        let shelf = if entries { Shelf::Entries } else { Shelf::Hashes(level) };
        let ours = TilePath::new(shelf, index, width as usize).expect("a tile");
        // Theirs names the height of a tile and the shelf of the entries as the older checksum database does.
        let as_theirs = ours.to_string().replacen("tile/", "tile/8/", 1).replacen("entries", "data", 1);
        prop_assert_eq!(as_theirs, theirs.path());
        prop_assert_eq!(ours.to_string().parse::<TilePath>(), Ok(ours));
    }

    #[test]
    fn any_text_parses_to_its_own_spelling(text in "tile/(entries|[0-9]{1,2})/[x0-9/]{1,12}(\\.p/[0-9]{1,3})?") {
        if let Some(tile) = path(&text) {
            prop_assert_eq!(tile.to_string(), text);
        }
    }

    /// Each tile holds what tlog_tiles computes from the hashes that it stores itself.
    #[test]
    fn tiles_agree(size in 1..3000u64) {
        let mut log = log_of(size);
        let mut stored = Stored(Vec::new());
        for (entry, n) in entries(0, size).iter().zip(0..) {
            let more = tlog_tiles::stored_hashes(n, entry, &stored).expect("their own hashes");
            stored.0.extend(more);
        }
        for theirs in tlog_tiles::Tile::new_tiles(8, 0, size) {
            let shelf = Shelf::Hashes(theirs.level());
            let ours = TilePath::new(shelf, theirs.level_index(), theirs.width() as usize).expect("a tile");
            prop_assert_eq!(log.tile(ours), Ok(theirs.read_data(&stored).expect("their own hashes")));
        }
    }

    #[test]
    fn bundles_are_cut_as_they_were_joined(entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..600), 0..20)) {
        let mut joined = Vec::new();
        for entry in &entries {
            bundle::push(&mut joined, entry).expect("short");
        }
        let cut: Option<Vec<&[u8]>> = bundle::entries(&joined).collect();
        prop_assert_eq!(cut, Some(entries.iter().map(Vec::as_slice).collect()));
        joined.pop();
        let short: Option<Vec<&[u8]>> = bundle::entries(&joined).collect();
        prop_assert!(short.is_none() || entries.is_empty());
    }
}

struct Stored(Vec<tlog_tiles::Hash>);

impl tlog_tiles::HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        Ok(indexes.iter().map(|index| self.0[*index as usize]).collect())
    }
}

#[test]
fn an_entry_fits_its_length() {
    let mut bundle = Vec::new();
    assert_eq!(bundle::push(&mut bundle, &[7; 65_535]), Ok(()));
    assert_eq!(bundle[..3], [0xff, 0xff, 7]);
    let refused = bundle::push(&mut bundle, &[7; 65_536]).expect_err("too long");
    assert_eq!(
        refused.to_string(),
        "an entry holds 65536 bytes, and the log takes at most 65535: shorten it"
    );
}
