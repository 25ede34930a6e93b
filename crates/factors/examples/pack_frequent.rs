//! Packs the list of common passwords: lines on standard input, front-coded bytes on standard output.
//!
//! `cargo run -p factors --example pack_frequent < words.txt > crates/factors/src/frequent.bin`

use std::collections::BTreeSet;
use std::io::{Read, Write, stdin, stdout};

fn main() -> std::io::Result<()> {
    let mut text = String::new();
    stdin().read_to_string(&mut text)?;
    let words: BTreeSet<String> = text.lines().map(|line| line.trim().to_lowercase()).collect();
    let words = words.iter().filter(|word| word.chars().count() >= 8 && !word.chars().any(char::is_control));
    let (mut packed, mut before) = (Vec::new(), "");
    for word in words {
        let shared = before.bytes().zip(word.bytes()).take_while(|(one, other)| one == other).count().min(31);
        packed.push(u8::try_from(shared).unwrap_or(0));
        packed.extend_from_slice(&word.as_bytes()[shared..]);
        before = word;
    }
    stdout().write_all(&packed)
}
