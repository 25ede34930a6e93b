//! The neutral format: what is read, what is refused with which sentence, and that keys hold.

use crate::{Entry, Format, Remark, Thread, Unreadable, open};
use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

struct Case {
    folder: tempfile::TempDir,
}

impl Case {
    fn new() -> Self {
        Case { folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn read(path: &Path) -> Result<Vec<Thread>, Unreadable> {
    open(Format::Jsonl, path)?.threads().collect()
}

fn one(text: impl AsRef<[u8]>) -> Result<Vec<Thread>, Unreadable> {
    let case = Case::new();
    read(&case.file("one.jsonl", text))
}

fn refused(text: impl AsRef<[u8]>) -> String {
    one(text).unwrap_err().to_string()
}

fn keys(threads: &[Thread]) -> Vec<[u8; 32]> {
    threads.iter().flat_map(|thread| thread.messages.iter().map(|entry| entry.key)).collect()
}

const TEA: &str = r#"{"id":"tea","title":"Tea?","lang":"en","participants":["Ada","Bo"],"messages":[
{"from":"Ada","sent_at":"2024-01-15T10:30:00.250+01:00","text":"Tea?\n☕"},
{"from":"Bo","text":"yes","mentions":[{"kind":"film"}]},
{"from":"Bo","text":"yes","kind":null},
{"from":"Cy","kind":"action","text":"pours"},
{"from":"Ada","text":""},
{"from":"Ada","text":null}]}"#;

fn tea() -> String {
    TEA.replace('\n', "")
}

#[test]
fn a_conversation_a_line() {
    let threads = one(tea() + "\n\n").unwrap();
    let [thread] = &threads[..] else { panic!("{threads:?}") };
    assert_eq!((thread.key.as_str(), thread.title.as_deref()), ("tea", Some("Tea?")));
    assert_eq!(thread.participants, ["Ada", "Bo", "Cy"]);
    let shown: Vec<_> =
        thread.messages.iter().map(|e| (e.sender.as_str(), e.at_us, e.text.as_str())).collect();
    assert_eq!(
        shown,
        [
            ("Ada", Some(1_705_311_000_250_000), "Tea?\n☕"),
            ("Bo", None, "yes"),
            ("Bo", None, "yes"),
            ("Cy", None, "* Cy pours"),
        ]
    );
    assert_eq!(thread.said.kept, 4);
    assert_eq!(thread.said.count(Remark::Empty), 2);
    assert_eq!(thread.said.count(Remark::Action), 1);
    assert_ne!(thread.messages[1].key, thread.messages[2].key);
}

#[test]
fn the_order_is_the_source_s() {
    let threads = one(
        r#"{"id":"x","messages":[{"from":"A","sent_at":"2024-01-02T00:00:00Z","text":"1"},{"from":"A","sent_at":"2024-01-01T00:00:00Z","text":"2"}]}"#,
    );
    let texts: Vec<_> = threads.unwrap()[0].messages.iter().map(|entry| entry.text.clone()).collect();
    assert_eq!(texts, ["1", "2"]);
}

#[test]
fn gzip_mark_and_folder_change_nothing() {
    let case = Case::new();
    let plain = read(&case.file("plain.txt", tea())).unwrap();
    assert_eq!(read(&case.file("a.jsonl.gz", gzip(tea().as_bytes()))).unwrap(), plain);
    assert_eq!(read(&case.file("b.jsonl", format!("\u{feff}{}\r\n", tea()))).unwrap(), plain);
    case.file("._b.jsonl", b"\0\x05\x16\x07");
    let both = read(case.folder.path()).unwrap();
    assert_eq!(both, [plain.clone(), plain].concat(), "a.jsonl.gz and b.jsonl; plain.txt is not looked for");
}

#[test]
fn a_newer_export_shares_its_keys() {
    let older = one(tea()).unwrap();
    let newer = one(tea().replace(r#""text":null}]"#, r#""text":"more"}]"#)).unwrap();
    let (older, newer) = (keys(&older), keys(&newer));
    assert_eq!(newer[..older.len()], older);
    assert_eq!(newer.len(), older.len() + 1);
}

#[test]
fn a_broken_line_is_named_and_the_rest_can_go_on() {
    let case = Case::new();
    let path = case.file("x.jsonl", format!("{0}\n\n{{\"id\":\"b\",\n{0}\n", tea()));
    let archive = open(Format::Jsonl, &path).unwrap();
    let sentence = archive.check(|_| {}).unwrap_err().to_string();
    assert!(sentence.contains("line 3 of") && sentence.contains("x.jsonl"), "{sentence}");
    assert!(sentence.contains("ends in the middle"), "{sentence}");
    let good = archive.threads().filter(Result::is_ok).count();
    assert_eq!((good, archive.threads().count()), (2, 3));
}

#[test]
fn each_fault_has_its_sentence() {
    for (line, words) in [
        ("hello", "line 1 of"),
        ("[]", "a field is missing or has the wrong type"),
        (r#"{"messages":[]}"#, "a field is missing"),
        (r#"{"id":" ","messages":[]}"#, "its id is empty"),
        (r#"{"id":"a\nb","messages":[]}"#, "its id is empty"),
        (r#"{"id":"x","messages":[{"text":"secret"}]}"#, "a field is missing"),
        (r#"{"id":"x","messages":"secret"}"#, "wrong type"),
        (
            r#"{"id":"x","messages":[{"from":"A","sent_at":"yesterday","text":"a"}]}"#,
            "message 1 has a `sent_at`",
        ),
        (
            r#"{"id":"x","messages":[{"from":"A","text":"\ud83d"}]}"#,
            "unexpected end of hex escape at column 49;",
        ),
        ("", "no conversations were found"),
        ("\n \n", "no conversations were found"),
    ] {
        let sentence = refused(line);
        assert!(sentence.contains(words), "{line}: {sentence}");
        assert!(!sentence.contains("secret"), "{sentence}");
    }
    assert!(refused(b"{\"id\":\"\xff\"}").contains("byte 8 is not UTF-8"));
    let deep = format!(r#"{{"id":"x","messages":{}"#, "[".repeat(100_000));
    assert!(refused(deep).contains("wrong type"));
}

#[test]
fn unknown_depths_are_passed_over() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let threads =
        one(format!(r#"{{"id":"x","about":{deep},"messages":[{{"from":"A","text":"a"}}]}}"#)).unwrap();
    assert_eq!(threads[0].messages.len(), 1);
}

#[test]
fn damaged_and_hostile_gzip() {
    let case = Case::new();
    let whole = gzip(tea().as_bytes());
    let cut = case.file("cut.jsonl.gz", &whole[..whole.len() / 2]);
    assert!(read(&cut).unwrap_err().to_string().contains("cannot be unpacked"));
    let bomb = case.file("bomb.jsonl.gz", gzip(&vec![b' '; 8 << 20]));
    assert!(matches!(read(&bomb).unwrap_err(), Unreadable::Bomb { .. }));
    let many = case.file("many.jsonl.gz", gzip(&b"\n".repeat(8 << 20)));
    assert!(matches!(read(&many).unwrap_err(), Unreadable::Bomb { .. }));
}

#[test]
fn a_line_has_an_end() {
    let case = Case::new();
    let path = case.file("long.jsonl", "");
    fs::File::options().write(true).open(&path).unwrap().set_len(crate::LINE_BYTES_MAX + 1).unwrap();
    let error = read(&path).unwrap_err();
    assert!(error.to_string().contains("line 1\" has more than 67108864 bytes"), "{error}");
}

#[test]
fn nothing_to_read() {
    let case = Case::new();
    assert!(matches!(read(case.folder.path()), Err(Unreadable::NoThreads { .. })));
    assert!(matches!(read(&case.folder.path().join("missing")), Err(Unreadable::Io { .. })));
}

#[cfg(unix)]
#[test]
fn links_in_a_folder_are_refused() {
    let case = Case::new();
    let target = case.file("target", tea());
    std::os::unix::fs::symlink(target, case.folder.path().join("a.jsonl")).unwrap();
    assert!(matches!(read(case.folder.path()), Err(Unreadable::Link { .. })));
}

#[test]
fn progress_ends_at_the_whole() {
    let case = Case::new();
    case.file("a.jsonl", tea());
    case.file("b.jsonl.gz", gzip(tea().as_bytes()));
    let mut last = None;
    let found =
        open(Format::Jsonl, case.folder.path()).unwrap().check(|progress| last = Some(progress)).unwrap();
    let last = last.unwrap();
    assert_eq!((found.threads, found.said.kept), (2, 8));
    assert!(last.bytes_total > 0 && last.bytes_done == last.bytes_total, "{last:?}");
}

#[test]
fn words_do_not_reach_logs() {
    let shown = format!("{:?}", one(tea()).unwrap());
    assert!(!shown.contains("yes") && shown.contains("text_bytes: 3"), "{shown}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_text_arrives_as_it_was(texts in prop::collection::vec("(?s)[^\0]{1,40}", 1..5)) {
        let messages: Vec<_> = texts.iter().map(|text| serde_json::json!({"from": "A", "text": text})).collect();
        let threads = one(serde_json::json!({"id": "x", "messages": messages}).to_string()).unwrap();
        let read: Vec<String> = threads[0].messages.iter().map(|Entry { text, .. }| text.clone()).collect();
        prop_assert_eq!(read, texts);
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), packed in any::<bool>()) {
        let case = Case::new();
        let path = case.file("x", if packed { gzip(&bytes) } else { bytes });
        let _ = read(&path);
    }

    #[test]
    fn a_damaged_line_never_panics(at in 0usize..500, byte in any::<u8>()) {
        let mut line = tea().into_bytes();
        let at = at % line.len();
        line[at] = byte;
        let _ = one(line);
    }
}
