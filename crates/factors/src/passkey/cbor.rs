//! The part of CBOR that authenticators speak (CTAP2 canonical form): definite lengths, shortest numbers, no floats, no tags.
//!
//! Invariant: depth and size are bounded by what came in; a map that names a key twice, or anything that could be written
//! more shortly, is refused, so that one value has one encoding.

/// How deep maps and arrays may stand in each other.
const DEPTH_MAX: usize = 4;

/// A value, lent from the bytes that it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cbor<'a> {
    /// A whole number; those beyond 64 bits with a sign are refused.
    Int(i64),
    Bytes(&'a [u8]),
    Text(&'a str),
    Array(Vec<Cbor<'a>>),
    Map(Vec<(Cbor<'a>, Cbor<'a>)>),
    /// `true`, `false`, `null`: what extensions may say; nothing here looks at it.
    Simple,
}

impl<'a> Cbor<'a> {
    /// Reads one value, and says what follows it.
    pub(super) fn read(bytes: &'a [u8]) -> Option<(Cbor<'a>, &'a [u8])> {
        let mut reader = Reader { rest: bytes };
        let value = reader.value(DEPTH_MAX)?;
        Some((value, reader.rest))
    }

    /// Reads one value that is all there is.
    pub(super) fn read_whole(bytes: &'a [u8]) -> Option<Cbor<'a>> {
        Cbor::read(bytes).filter(|(_, rest)| rest.is_empty()).map(|(value, _)| value)
    }

    /// The entries of a map.
    pub(super) fn map(&self) -> Option<&[(Cbor<'a>, Cbor<'a>)]> {
        if let Cbor::Map(entries) = self { Some(entries) } else { None }
    }

    /// What a map has under this key.
    pub(super) fn at(&self, key: &Cbor<'_>) -> Option<&Cbor<'a>> {
        self.map()?.iter().find(|(other, _)| other == key).map(|(_, value)| value)
    }

    pub(super) fn bytes(&self) -> Option<&'a [u8]> {
        if let Cbor::Bytes(bytes) = self { Some(bytes) } else { None }
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: u64) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(usize::try_from(length).ok()?)?;
        self.rest = rest;
        Some(taken)
    }

    /// The major type, the additional information, and the number that they tell.
    fn head(&mut self) -> Option<(u8, u8, u64)> {
        let first = self.take(1)?[0];
        let (major, info) = (first >> 5, first & 0x1f);
        let number = match info {
            0..=23 => info.into(),
            24..=27 => {
                let bytes = self.take(1 << (info - 24))?;
                let number = bytes.iter().fold(0_u64, |sum, &byte| sum << 8 | u64::from(byte));
                let shortest = match info {
                    24 => 24,
                    25 => 1 << 8,
                    26 => 1 << 16,
                    _ => 1 << 32,
                };
                (number >= shortest).then_some(number)?
            }
            _ => return None,
        };
        Some((major, info, number))
    }

    fn value(&mut self, depth: usize) -> Option<Cbor<'a>> {
        let (major, info, number) = self.head()?;
        match major {
            0 => i64::try_from(number).ok().map(Cbor::Int),
            1 => i64::try_from(number).ok().map(|number| Cbor::Int(-1 - number)),
            2 => self.take(number).map(Cbor::Bytes),
            3 => self.take(number).and_then(|bytes| std::str::from_utf8(bytes).ok()).map(Cbor::Text),
            4 => {
                let depth = depth.checked_sub(1)?;
                // Each item takes a byte at least: a length that is not there ends soon, and nothing is set aside for it.
                let mut items = Vec::new();
                for _ in 0..number {
                    items.push(self.value(depth)?);
                }
                Some(Cbor::Array(items))
            }
            5 => {
                let depth = depth.checked_sub(1)?;
                let mut entries: Vec<(Cbor<'a>, Cbor<'a>)> = Vec::new();
                for _ in 0..number {
                    let key = self.value(depth)?;
                    let twice =
                        entries.len() >= ENTRIES_MAX || entries.iter().any(|(other, _)| *other == key);
                    entries.push((key, self.value(depth)?));
                    (!twice).then_some(())?;
                }
                Some(Cbor::Map(entries))
            }
            7 if matches!(info, 20..=22) => Some(Cbor::Simple),
            _ => None,
        }
    }
}

/// The most entries of one map: keys are compared pairwise.
const ENTRIES_MAX: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(hex: &str) -> Option<Cbor<'static>> {
        let bytes = data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap();
        Cbor::read_whole(Vec::leak(bytes))
    }

    #[test]
    fn what_authenticators_say_is_read() {
        // RFC 8949, appendix A.
        assert_eq!(read("00"), Some(Cbor::Int(0)));
        assert_eq!(read("1903e8"), Some(Cbor::Int(1000)));
        assert_eq!(read("3903e7"), Some(Cbor::Int(-1000)));
        assert_eq!(read("1b7fffffffffffffff"), Some(Cbor::Int(i64::MAX)));
        assert_eq!(read("3b7fffffffffffffff"), Some(Cbor::Int(i64::MIN)));
        assert_eq!(read("4401020304"), Some(Cbor::Bytes(&[1, 2, 3, 4])));
        assert_eq!(read("62c3bc"), Some(Cbor::Text("\u{fc}")));
        assert_eq!(read("f5"), Some(Cbor::Simple));
        let map = read("a26161016162820203").unwrap();
        assert_eq!(map.at(&Cbor::Text("a")), Some(&Cbor::Int(1)));
        assert_eq!(map.at(&Cbor::Text("b")), Some(&Cbor::Array(vec![Cbor::Int(2), Cbor::Int(3)])));
        assert_eq!(map.at(&Cbor::Text("c")), None);
    }

    #[test]
    fn what_is_not_canonical_is_refused() {
        for hex in [
            "",
            "1817",
            "190017",
            "1a0000ffff",
            "1b00000000ffffffff",
            "1bffffffffffffffff",
            "1c",
            "5f4101ff",
            "5803aa",
            "61ff",
            "9f01ff",
            "8201",
            "bf6161 01ff",
            "a2616101616102",
            "a101",
            "c101",
            "f90000",
            "fb3ff199999999999a",
            "f7",
            "f818",
            "ff",
            "0000",
            "818181818101",
            "9bffffffffffffffff",
            "bbffffffffffffffff",
        ] {
            assert_eq!(read(&hex.replace(' ', "")), None, "{hex}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_are_too_odd(bytes: Vec<u8>) {
            let _ = Cbor::read_whole(&bytes);
        }
    }
}
