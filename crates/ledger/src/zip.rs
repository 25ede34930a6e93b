//! Zip files whose members are stored as they are: what an evidence file is, and any unzip opens.
//!
//! Invariant: what is written reads back the same; what is read was not cut, no two members have one name, and no bytes are read as
//! two members, so a file holds no more than its own length.

use std::collections::BTreeMap;

/// The most members of a file.
pub const MEMBERS_MAX: usize = 20_000;

/// The most bytes of a file.
pub const BYTES_MAX: usize = 1 << 30;

const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
const END_BYTES: usize = 22;
/// 1 January 1980, the first day that the form knows: the same content is the same file whenever it was made.
const DATE: u16 = 1 << 5 | 1;

/// Why a file cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ZipRefused {
    /// Not a zip file, or cut.
    #[error("it is not a whole zip file")]
    Malformed,
    /// Something that evidence files do not use.
    #[error("{0} in it is compressed, encrypted or stored twice: take the file as the server made it")]
    Member(String),
    /// A member was altered.
    #[error("{0} in it was altered: its checksum is another")]
    Altered(String),
    /// Too large.
    #[error("it has more than {MEMBERS_MAX} members or {BYTES_MAX} bytes")]
    TooLarge,
}

/// A file that is being put together.
#[derive(Debug, Default)]
pub struct Zip {
    bytes: Vec<u8>,
    central: Vec<u8>,
    members: usize,
}

impl Zip {
    /// Adds a member; its name is ASCII, and no other has it.
    pub fn add(&mut self, name: &str, content: &[u8]) -> Result<(), ZipRefused> {
        if self.members == MEMBERS_MAX || self.bytes.len() + content.len() + 2 * name.len() > BYTES_MAX {
            return Err(ZipRefused::TooLarge);
        }
        let offset = self.bytes.len() as u32;
        let fields = Fields { crc: crc32(content), length: content.len() as u32, name };
        push(&mut self.bytes, LOCAL);
        fields.push(&mut self.bytes);
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.extend_from_slice(content);
        push(&mut self.central, CENTRAL);
        self.central.extend_from_slice(&20_u16.to_le_bytes());
        fields.push(&mut self.central);
        // No comment, on the first disk, no attributes.
        self.central.extend_from_slice(&[0; 10]);
        push(&mut self.central, offset);
        self.central.extend_from_slice(name.as_bytes());
        self.members += 1;
        Ok(())
    }

    /// The bytes of the file.
    pub fn finish(mut self) -> Vec<u8> {
        let (offset, length, count) =
            (self.bytes.len() as u32, self.central.len() as u32, self.members as u16);
        self.bytes.append(&mut self.central);
        push(&mut self.bytes, END);
        self.bytes.extend_from_slice(&[0; 4]);
        self.bytes.extend_from_slice(&count.to_le_bytes());
        self.bytes.extend_from_slice(&count.to_le_bytes());
        push(&mut self.bytes, length);
        push(&mut self.bytes, offset);
        self.bytes.extend_from_slice(&[0; 2]);
        self.bytes
    }
}

/// What the header of a member and its line in the table of contents both say.
struct Fields<'a> {
    crc: u32,
    length: u32,
    name: &'a str,
}

impl Fields<'_> {
    fn push(&self, out: &mut Vec<u8>) {
        for field in [20, 0, 0, 0, DATE] {
            out.extend_from_slice(&u16::to_le_bytes(field));
        }
        push(out, self.crc);
        push(out, self.length);
        push(out, self.length);
        out.extend_from_slice(&(self.name.len() as u16).to_le_bytes());
        out.extend_from_slice(&[0; 2]);
    }
}

fn push(out: &mut Vec<u8>, number: u32) {
    out.extend_from_slice(&number.to_le_bytes());
}

/// The members of a file, by their names.
pub fn members(file: &[u8]) -> Result<BTreeMap<&str, &[u8]>, ZipRefused> {
    let malformed = ZipRefused::Malformed;
    let end = file.len().checked_sub(END_BYTES).ok_or(malformed.clone())?;
    let reader = Reader(file);
    if reader.u32(end) != Some(END) || reader.u16(end + 20) != Some(0) {
        return Err(malformed);
    }
    let count = usize::from(reader.u16(end + 10).unwrap_or(0));
    if count > MEMBERS_MAX || file.len() > 2 * BYTES_MAX {
        return Err(ZipRefused::TooLarge);
    }
    let mut at = reader.u32(end + 16).unwrap_or(0) as usize;
    let mut members = BTreeMap::new();
    // Members that share their bytes would make much of little: what all of them hold fits in what the table is not.
    let mut room = at;
    for _ in 0..count {
        let (name, content, next) = reader.member(at, &mut room).ok_or(malformed.clone())??;
        if members.insert(name, content).is_some() {
            return Err(ZipRefused::Member(name.to_owned()));
        }
        at = next;
    }
    if at == end { Ok(members) } else { Err(malformed) }
}

type Member<'f> = (&'f str, &'f [u8], usize);

struct Reader<'f>(&'f [u8]);

impl<'f> Reader<'f> {
    fn bytes(&self, at: usize, length: usize) -> Option<&'f [u8]> {
        self.0.get(at..at.checked_add(length)?)
    }

    fn u16(&self, at: usize) -> Option<u16> {
        Some(u16::from_le_bytes(self.bytes(at, 2)?.try_into().ok()?))
    }

    fn u32(&self, at: usize) -> Option<u32> {
        Some(u32::from_le_bytes(self.bytes(at, 4)?.try_into().ok()?))
    }

    /// The member that a line of the table of contents is about, and where the next line begins. It takes its `room`.
    fn member(&self, at: usize, room: &mut usize) -> Option<Result<Member<'f>, ZipRefused>> {
        if self.u32(at)? != CENTRAL {
            return None;
        }
        let (flags, method) = (self.u16(at + 8)?, self.u16(at + 10)?);
        let (crc, length) = (self.u32(at + 16)?, self.u32(at + 24)? as usize);
        let name_length = usize::from(self.u16(at + 28)?);
        let name = std::str::from_utf8(self.bytes(at + 46, name_length)?).ok()?;
        let rest = usize::from(self.u16(at + 30)?) + usize::from(self.u16(at + 32)?);
        let local = self.u32(at + 42)? as usize;
        if method != 0 || flags & !0x0800 != 0 {
            return Some(Err(ZipRefused::Member(name.to_owned())));
        }
        if self.u32(local)? != LOCAL {
            return None;
        }
        let skipped = usize::from(self.u16(local + 26)?) + usize::from(self.u16(local + 28)?);
        *room = room.checked_sub(length)?;
        let content = self.bytes(local + 30 + skipped, length)?;
        if crc32(content) != crc {
            return Some(Err(ZipRefused::Altered(name.to_owned())));
        }
        Some(Ok((name, content, at + 46 + name_length + rest)))
    }
}

/// The checksum of zip files (CRC-32 of ISO 3309).
fn crc32(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut byte = 0;
        while byte < 256 {
            let mut crc = byte as u32;
            let mut bit = 0;
            while bit < 8 {
                crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
                bit += 1;
            }
            table[byte] = crc;
            byte += 1;
        }
        table
    };
    !bytes.iter().fold(!0_u32, |crc, byte| TABLE[(crc as u8 ^ byte) as usize] ^ crc >> 8)
}
