//! Files that are no evidence: cut, padded, compressed, with names that lead elsewhere. Each is refused with 3, at once.
use crate::scene::Scene;
use crate::walk::run;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use std::fs;
use std::io::Write;
use std::time::{Duration, Instant};

/// How long a refusal may take, whatever the file claims.
const SOON: Duration = Duration::from_secs(10);

/// A member of a zip file, as its headers claim it: name, method, claimed length, stored bytes.
type Member<'a> = (&'a str, u16, u32, &'a [u8]);

/// A zip file as anyone may write one.
fn zip(members: &[Member<'_>]) -> Vec<u8> {
    let (mut file, mut central) = (Vec::new(), Vec::new());
    for (name, method, claimed, bytes) in members {
        let offset = file.len() as u32;
        let mut fields = Vec::new();
        for field in [20_u16, 0, *method, 0, 33] {
            fields.extend(field.to_le_bytes());
        }
        fields.extend(0_u32.to_le_bytes());
        fields.extend((bytes.len() as u32).to_le_bytes());
        fields.extend(claimed.to_le_bytes());
        fields.extend((name.len() as u16).to_le_bytes());
        fields.extend([0; 2]);
        file.extend(b"PK\x03\x04");
        file.extend(&fields);
        file.extend(name.as_bytes());
        file.extend(*bytes);
        central.extend(b"PK\x01\x02\x14\x00");
        central.extend(&fields);
        central.extend([0; 10]);
        central.extend(offset.to_le_bytes());
        central.extend(name.as_bytes());
    }
    let offset = file.len() as u32;
    file.extend(&central);
    file.extend(b"PK\x05\x06\0\0\0\0");
    for _ in 0..2 {
        file.extend((members.len() as u16).to_le_bytes());
    }
    file.extend((central.len() as u32).to_le_bytes());
    file.extend(offset.to_le_bytes());
    file.extend([0; 2]);
    file
}

#[test]
fn what_is_no_evidence_is_refused_at_once() {
    let scene = Scene::new();
    let good = fs::read(scene.report("ada", &["--person", "ada"])).unwrap();
    let mut deflated = DeflateEncoder::new(Vec::new(), Compression::best());
    deflated.write_all(&vec![b' '; 64 << 20]).unwrap();
    let bomb = deflated.finish().unwrap();
    let mut padded = good.clone();
    padded.extend([0; 9]);
    let mut flipped = good.clone();
    flipped[200] ^= 1;
    let cuts = [0, 1, 22, good.len() / 2, good.len() - 1].map(|length| good[..length].to_vec());
    let mut files = vec![
        ("a bomb", zip(&[("evidence.json", 8, u32::MAX, &bomb)])),
        ("a claim beyond its end", zip(&[("evidence.json", 0, u32::MAX, b"{}")])),
        ("a way out", zip(&[("../../evidence.json", 0, 2, b"{}")])),
        ("an empty zip", zip(&[])),
        ("two of one name", zip(&[("key", 0, 0, b""), ("key", 0, 0, b"")])),
        ("deep nesting", zip(&[("evidence.json", 0, 200_000, &[b'['; 200_000])])),
        ("padded", padded),
        ("flipped", flipped),
        ("text", b"this is no zip file at all, and longer than its end".to_vec()),
    ];
    files.extend(cuts.map(|cut| ("cut", cut)));
    let path = scene.house.file("bad");
    for (what, bytes) in files {
        fs::write(&path, bytes).unwrap();
        let begun = Instant::now();
        let ended = run(&["verify", "--bundle", &path]).expect(3);
        assert!(begun.elapsed() < SOON, "{what}");
        assert!(ended.err.contains("not evidence that can be read"), "{what}: {}", ended.err);
        assert_eq!(
            run(&["verify", "--bundle", &path, "--json"]).expect(3).json()["verified"],
            false,
            "{what}"
        );
    }
    // Nothing was unpacked anywhere near.
    assert!(!std::path::Path::new(&scene.house.file("../../evidence.json")).exists());
}
