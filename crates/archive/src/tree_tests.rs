//! Hostile folders and zips, refused before anything of them is read.

use super::{Room, Tree};
use crate::Unreadable;
use crate::limits::{FILE_BYTES_MAX, FOLDERS_DEEP_MAX, TOTAL_BYTES_MAX};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

fn list(path: &Path) -> Result<Tree, Unreadable> {
    Tree::list(path, |inner| inner.ends_with(".json"))
}

fn options() -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(CompressionMethod::Deflated)
}

fn zipped(folder: &Path, entries: &[(&str, &[u8])]) -> PathBuf {
    let path = folder.join("x.zip");
    let mut zip = ZipWriter::new(fs::File::create(&path).unwrap());
    for (name, bytes) in entries {
        zip.start_file(*name, options()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
    path
}

fn sparse(path: &Path, bytes: u64) {
    fs::File::create(path).unwrap().set_len(bytes).unwrap();
}

#[test]
fn a_zip_and_its_folder_read_alike() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("in/a")).unwrap();
    fs::write(folder.path().join("in/a/b.json"), "{}").unwrap();
    fs::write(folder.path().join("in/a/b.jpg"), "no").unwrap();
    let zip = zipped(folder.path(), &[("a/b.jpg", b"no"), ("a/b.json", b"{}")]);
    let renamed = folder.path().join("export.download");
    fs::copy(&zip, &renamed).unwrap();
    for path in [folder.path().join("in"), zip, renamed] {
        let tree = list(&path).unwrap();
        let paths: Vec<_> = tree.files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["a/b.json"]);
        assert_eq!(tree.reader().read(&tree.files[0]).unwrap(), b"{}");
    }
}

#[test]
fn paths_that_lead_out_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for name in [
        "../up.json",
        "a/../../up.json",
        "a/..",
        "/etc/x.json",
        "C:/x.json",
        "..\\up.json",
        "\\x.json",
        "a\0b",
    ] {
        let zip = zipped(folder.path(), &[("fine.json", b"{}"), (name, b"{}")]);
        let error = list(&zip).unwrap_err();
        assert!(matches!(error, Unreadable::Escapes { .. }), "{name}: {error}");
    }
    let zip = zipped(folder.path(), &[("a..b/..c.json", b"{}")]);
    assert_eq!(list(&zip).unwrap().files.len(), 1, "dots in a name are only dots");
}

#[test]
fn links_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.zip");
    let mut zip = ZipWriter::new(fs::File::create(&path).unwrap());
    zip.add_symlink("a.json", "/etc/passwd", options()).unwrap();
    zip.finish().unwrap();
    assert!(matches!(list(&path), Err(Unreadable::Link { .. })));
}

#[cfg(unix)]
#[test]
fn links_in_folders_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/etc", folder.path().join("inbox")).unwrap();
    assert!(matches!(list(folder.path()), Err(Unreadable::Link { .. })));
}

#[test]
fn what_grows_too_much_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let zip = zipped(folder.path(), &[("a.json", &vec![b' '; 4 << 20])]);
    assert!(matches!(list(&zip), Err(Unreadable::Bomb { .. })));
    let zip = zipped(folder.path(), &[("photo.bmp", &vec![0; 4 << 20])]);
    assert!(list(&zip).is_ok(), "what is not read does not count");
}

#[test]
fn a_zip_that_lies_about_sizes_is_refused_while_reading() {
    let folder = tempfile::tempdir().unwrap();
    let path = zipped(folder.path(), &[("a.json", &[b' '; 5000])]);
    let mut bytes = fs::read(&path).unwrap();
    // The listed size stands 24 bytes into the central directory's entry.
    let entry = bytes.windows(4).rposition(|window| window == b"PK\x01\x02").unwrap();
    bytes[entry + 24..entry + 28].copy_from_slice(&10u32.to_le_bytes());
    fs::write(&path, bytes).unwrap();
    let tree = list(&path).unwrap();
    assert_eq!(tree.files[0].bytes, 10);
    let error = tree.reader().read(&tree.files[0]).unwrap_err();
    assert!(matches!(error, Unreadable::Broken { .. } | Unreadable::BrokenZip { .. }), "{error}");
}

#[test]
fn a_file_that_changes_meanwhile_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.json");
    fs::write(&path, "{}").unwrap();
    let tree = list(folder.path()).unwrap();
    for changed in ["{ }", "{"] {
        fs::write(&path, changed).unwrap();
        assert!(matches!(tree.reader().read(&tree.files[0]), Err(Unreadable::Broken { .. })));
    }
}

#[test]
fn limits_hold() {
    let folder = tempfile::tempdir().unwrap();
    sparse(&folder.path().join("0.json"), FILE_BYTES_MAX + 1);
    assert!(matches!(list(folder.path()), Err(Unreadable::TooLarge { unit: "bytes", .. })));
    for number in 0..=TOTAL_BYTES_MAX / FILE_BYTES_MAX {
        sparse(&folder.path().join(format!("{number}.json")), FILE_BYTES_MAX);
    }
    assert!(matches!(list(folder.path()), Err(Unreadable::TooLarge { unit: "bytes of JSON", .. })));
    let room = Room { entries: 3, bytes: u64::MAX };
    let error = Tree::list_within(folder.path(), room, |_| true).unwrap_err();
    assert!(matches!(error, Unreadable::TooLarge { unit: "files", .. }));
    let zip = zipped(folder.path(), &[("a", b""), ("b", b""), ("c", b""), ("d", b"")]);
    let error = Tree::list_within(&zip, Room { entries: 3, bytes: 0 }, |_| true).unwrap_err();
    assert!(matches!(error, Unreadable::TooLarge { unit: "files", .. }));
    let deep = tempfile::tempdir().unwrap();
    fs::create_dir_all(deep.path().join("d/".repeat(FOLDERS_DEEP_MAX + 1))).unwrap();
    assert!(matches!(list(deep.path()), Err(Unreadable::TooLarge { unit: "folders in each other", .. })));
}

#[test]
fn broken_and_locked_zips_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = zipped(folder.path(), &[("a.json", b"{\"a\":1,\"b\":2}")]);
    let whole = fs::read(&path).unwrap();
    for bytes in [&b""[..], b"PK\x03\x04", &whole[..whole.len() - 30], b"not a zip"] {
        fs::write(&path, bytes).unwrap();
        assert!(matches!(list(&path), Err(Unreadable::BrokenZip { .. })));
    }
    let mut locked = whole.clone();
    for (magic, flags) in [(b"PK\x03\x04", 6), (b"PK\x01\x02", 8)] {
        let at = locked.windows(4).position(|window| window == magic).unwrap();
        locked[at + flags] |= 1;
    }
    fs::write(&path, locked).unwrap();
    assert!(matches!(list(&path), Err(Unreadable::Locked { .. })));
    let mut damaged = whole;
    let at = 30 + "a.json".len();
    damaged[at + 2] ^= 0x55;
    fs::write(&path, damaged).unwrap();
    let tree = list(&path).unwrap();
    assert!(matches!(tree.reader().read(&tree.files[0]), Err(Unreadable::BrokenZip { .. })));
}

#[test]
fn zips_count_only_where_the_person_put_them() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("inbox/a_1/files");
    fs::create_dir_all(&inner).unwrap();
    zipped(&inner, &[("messages/inbox/forged_1/message_1.json", b"{}")]);
    zipped(folder.path(), &[("messages/inbox/true_1/message_1.json", b"{}")]);
    let tree = list(folder.path()).unwrap();
    let paths: Vec<_> = tree.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["messages/inbox/true_1/message_1.json"]);
}
