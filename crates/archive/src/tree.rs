//! The files of an export, whether it is a folder, a zip, a folder of zips, or one file.
//!
//! Invariant: nothing is read that was not listed; nothing is listed through a link or from a path that leads out; each
//! file is read up to the size it was listed with, which was held to the limits. Zips are opened only where the person
//! put them: an attachment inside the export is somebody else's file.

use crate::Unreadable;
use crate::limits::{
    ENTRIES_MAX, FILE_BYTES_MAX, FOLDERS_DEEP_MAX, RATIO_FROM_BYTES, RATIO_MAX, TOTAL_BYTES_MAX,
};
use std::fs;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use zip::ZipArchive;
use zip::result::ZipError;

/// A listed file.
#[derive(Debug)]
pub(crate) struct File {
    /// Its path inside its folder or zip, with `/`.
    pub(crate) path: String,
    /// Its size when read.
    pub(crate) bytes: u64,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Disk(PathBuf),
    Zip { zip: usize, index: usize },
}

/// The listed files, sorted by path.
#[derive(Debug)]
pub(crate) struct Tree {
    root: PathBuf,
    zips: Vec<PathBuf>,
    pub(crate) files: Vec<File>,
}

impl Tree {
    /// Lists the files of `path` that `wants` says yes to, which sees each path once.
    pub(crate) fn list(path: &Path, wants: impl FnMut(&str) -> bool) -> Result<Self, Unreadable> {
        let room = Room { entries: ENTRIES_MAX, bytes: TOTAL_BYTES_MAX };
        Self::list_within(path, room, wants)
    }

    fn list_within(path: &Path, room: Room, wants: impl FnMut(&str) -> bool) -> Result<Self, Unreadable> {
        let tree = Tree { root: path.to_owned(), zips: Vec::new(), files: Vec::new() };
        let mut lister = Lister { tree, room, wants };
        let metadata = fs::metadata(path).map_err(|why| io_fault(path, why))?;
        if metadata.is_dir() {
            lister.folder(path, "", 0)?;
        } else if is_zip(path)? {
            lister.zip(path)?;
        } else {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            lister.add(name, metadata.len(), Place::Disk(path.to_owned()))?;
        }
        let mut tree = lister.tree;
        tree.files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(tree)
    }

    /// How a person would call `file`.
    pub(crate) fn name(&self, file: &File) -> String {
        match &file.place {
            Place::Disk(path) => path.display().to_string(),
            Place::Zip { zip, .. } => format!("{}: {}", self.zip_name(*zip), file.path),
        }
    }

    /// The folder or zip that `file` was listed from, without what tells the kind.
    pub(crate) fn container(&self, file: &File) -> String {
        let path = match &file.place {
            Place::Disk(path) => path.parent().unwrap_or(&self.root),
            Place::Zip { zip, .. } => self.zips.get(*zip).unwrap_or(&self.root),
        };
        path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Which of the given things `file` was listed from: 0 for the folder itself, else the number of the zip.
    pub(crate) fn source(&self, file: &File) -> usize {
        match file.place {
            Place::Disk(_) => 0,
            Place::Zip { zip, .. } => zip + 1,
        }
    }

    fn zip_name(&self, zip: usize) -> String {
        self.zips.get(zip).unwrap_or(&self.root).display().to_string()
    }

    /// To read the files with.
    pub(crate) fn reader(&self) -> Reader<'_> {
        Reader { tree: self, zips: self.zips.iter().map(|_| None).collect() }
    }
}

/// What may still be listed.
struct Room {
    entries: usize,
    bytes: u64,
}

struct Lister<W> {
    tree: Tree,
    room: Room,
    wants: W,
}

impl<W: FnMut(&str) -> bool> Lister<W> {
    fn folder(&mut self, folder: &Path, inside: &str, deep: usize) -> Result<(), Unreadable> {
        if deep > FOLDERS_DEEP_MAX {
            return Err(too_large(
                folder.display().to_string(),
                FOLDERS_DEEP_MAX as u64,
                "folders in each other",
            ));
        }
        let failed = |why| io_fault(folder, why);
        for entry in fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = entry.path();
            self.count(folder)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let inner = if inside.is_empty() { name } else { format!("{inside}/{name}") };
            let kind = entry.file_type().map_err(failed)?;
            if kind.is_symlink() {
                return Err(Unreadable::Link { file: path.display().to_string() });
            } else if kind.is_dir() {
                self.folder(&path, &inner, deep + 1)?;
            } else if deep == 0 && inner.to_lowercase().ends_with(".zip") {
                self.zip(&path)?;
            } else if kind.is_file() {
                let bytes = entry.metadata().map_err(failed)?.len();
                self.add(inner, bytes, Place::Disk(path))?;
            }
        }
        Ok(())
    }

    fn zip(&mut self, path: &Path) -> Result<(), Unreadable> {
        let zip = self.tree.zips.len();
        self.tree.zips.push(path.to_owned());
        let name = path.display().to_string();
        let archive = open_zip(path)?;
        for index in 0..archive.len() {
            self.count(path)?;
            let broken = |error: ZipError| zip_fault(&name, &name, error);
            let entry = archive.by_index_data(index).map_err(broken)?;
            let inner = entry.name().map_err(broken)?.replace('\\', "/");
            if escapes(&inner) {
                return Err(Unreadable::Escapes { zip: name, entry: inner });
            }
            let shown = || format!("{name}: {inner}");
            if entry.is_symlink() {
                return Err(Unreadable::Link { file: shown() });
            }
            if entry.is_dir() || !(self.wants)(&inner) {
                continue;
            }
            if entry.encrypted() {
                return Err(Unreadable::Locked { file: shown() });
            }
            let (bytes, packed) = (entry.size(), entry.compressed_size());
            if bytes > RATIO_FROM_BYTES && bytes / RATIO_MAX > packed {
                return Err(Unreadable::Bomb { file: shown(), max: RATIO_MAX });
            }
            self.keep(inner, bytes, Place::Zip { zip, index })?;
        }
        Ok(())
    }

    fn add(&mut self, path: String, bytes: u64, place: Place) -> Result<(), Unreadable> {
        if (self.wants)(&path) { self.keep(path, bytes, place) } else { Ok(()) }
    }

    fn keep(&mut self, path: String, bytes: u64, place: Place) -> Result<(), Unreadable> {
        let file = File { path, bytes, place };
        if bytes > FILE_BYTES_MAX {
            return Err(too_large(self.tree.name(&file), FILE_BYTES_MAX, "bytes"));
        }
        let room = self.room.bytes.checked_sub(bytes);
        let over = || too_large(self.tree.root.display().to_string(), TOTAL_BYTES_MAX, "bytes of JSON");
        self.room.bytes = room.ok_or_else(over)?;
        self.tree.files.push(file);
        Ok(())
    }

    fn count(&mut self, at: &Path) -> Result<(), Unreadable> {
        let over = || too_large(at.display().to_string(), ENTRIES_MAX as u64, "files");
        self.room.entries = self.room.entries.checked_sub(1).ok_or_else(over)?;
        Ok(())
    }
}

/// Reads listed files; keeps zips open.
pub(crate) struct Reader<'a> {
    tree: &'a Tree,
    zips: Vec<Option<ZipArchive<BufReader<fs::File>>>>,
}

impl Reader<'_> {
    /// All of `file`, which is no more than was listed.
    pub(crate) fn read(&mut self, file: &File) -> Result<Vec<u8>, Unreadable> {
        let mut bytes = Vec::new();
        match &file.place {
            Place::Disk(path) => {
                let failed = |why| io_fault(path, why);
                let read = fs::File::open(path).map_err(failed)?;
                read.take(file.bytes + 1).read_to_end(&mut bytes).map_err(failed)?;
            }
            Place::Zip { zip, index } => {
                let path = self.tree.zips.get(*zip).unwrap_or(&self.tree.root);
                let failed = |error| zip_fault(&path.display().to_string(), &self.tree.name(file), error);
                let Some(slot) = self.zips.get_mut(*zip) else { return Err(failed(ZipError::FileNotFound)) };
                let archive = match slot {
                    Some(archive) => archive,
                    None => slot.insert(open_zip(path)?),
                };
                let entry = archive.by_index(*index).map_err(failed)?;
                entry.take(file.bytes + 1).read_to_end(&mut bytes).map_err(|why| failed(why.into()))?;
            }
        }
        if bytes.len() as u64 != file.bytes {
            let why = format!("it was listed with {} bytes and has others", file.bytes);
            return Err(Unreadable::Broken { file: self.tree.name(file), why });
        }
        Ok(bytes)
    }
}

fn open_zip(path: &Path) -> Result<ZipArchive<BufReader<fs::File>>, Unreadable> {
    let file = fs::File::open(path).map_err(|why| io_fault(path, why))?;
    let name = path.display().to_string();
    ZipArchive::new(BufReader::new(file)).map_err(|error| zip_fault(&name, &name, error))
}

/// By name or by its first bytes: a renamed zip is still one.
fn is_zip(path: &Path) -> Result<bool, Unreadable> {
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip")) {
        return Ok(true);
    }
    let mut head = Vec::new();
    let file = fs::File::open(path).map_err(|why| io_fault(path, why))?;
    file.take(4).read_to_end(&mut head).map_err(|why| io_fault(path, why))?;
    Ok(head == b"PK\x03\x04" || head == b"PK\x05\x06")
}

/// Whether an entry's name, unpacked, would land anywhere but below its zip's folder.
fn escapes(inner: &str) -> bool {
    let drive = inner.as_bytes().get(1) == Some(&b':');
    inner.is_empty()
        || inner.contains('\0')
        || inner.starts_with('/')
        || drive
        || inner.split('/').any(|part| part == "..")
}

fn too_large(file: String, max: u64, unit: &'static str) -> Unreadable {
    Unreadable::TooLarge { file, max, unit }
}

fn io_fault(path: &Path, why: io::Error) -> Unreadable {
    Unreadable::Io { file: path.display().to_string(), why }
}

fn zip_fault(zip: &str, file: &str, error: ZipError) -> Unreadable {
    match error {
        ZipError::Io(why)
            if why.kind() != io::ErrorKind::InvalidData && why.kind() != io::ErrorKind::UnexpectedEof =>
        {
            Unreadable::BrokenZip { zip: zip.to_owned(), why: format!("{file}: {why}") }
        }
        ZipError::InvalidPassword => Unreadable::Locked { file: file.to_owned() },
        error => Unreadable::BrokenZip { zip: zip.to_owned(), why: format!("{file}: {error}") },
    }
}

#[cfg(test)]
#[path = "tree_tests.rs"]
mod tests;
