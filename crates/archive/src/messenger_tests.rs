//! Whole Messenger exports, invented: where threads are found, in which order their messages come, what is refused.

use super::stable_id;
use crate::{Format, NAMELESS, Remark, Thread, Unreadable, open};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use zip::write::SimpleFileOptions;

const INBOX: &str = "your_facebook_activity/messages/inbox";

struct Case {
    folder: tempfile::TempDir,
}

impl Case {
    fn new() -> Self {
        Case { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file of the export as it comes unpacked.
    fn file(&self, inner: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(inner);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    fn zip(&self, name: &str, entries: &[(&str, String)]) -> PathBuf {
        let path = self.path().join(name);
        let mut zip = zip::ZipWriter::new(fs::File::create(&path).unwrap());
        for (inner, text) in entries {
            zip.start_file(*inner, SimpleFileOptions::default()).unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        }
        zip.finish().unwrap();
        path
    }
}

fn read(path: &Path) -> Result<Vec<Thread>, Unreadable> {
    open(Format::Messenger, path)?.threads().collect()
}

fn refused(path: &Path) -> String {
    let archive = match open(Format::Messenger, path) {
        Ok(archive) => archive,
        Err(error) => return error.to_string(),
    };
    archive.check(|_| {}).unwrap_err().to_string()
}

/// A page of `(ms, text)`, newest first as it must be given, between Ada and Bo.
fn page(thread_path: &str, messages: &[(i64, &str)]) -> String {
    let messages: Vec<Value> = messages
        .iter()
        .map(|(at, text)| json!({"sender_name": "Bo", "timestamp_ms": at, "content": text}))
        .collect();
    let people = json!([{"name": "Bo"}, {"name": "Ada"}]);
    json!({"participants": people, "messages": messages, "title": "Bo", "thread_path": thread_path})
        .to_string()
}

fn texts(thread: &Thread) -> Vec<&str> {
    thread.messages.iter().map(|entry| entry.text.as_str()).collect()
}

fn keys(threads: &[Thread]) -> Vec<[u8; 32]> {
    threads.iter().flat_map(|thread| thread.messages.iter().map(|entry| entry.key)).collect()
}

#[test]
fn pages_are_put_in_order() {
    let case = Case::new();
    let folder = format!("{INBOX}/bo_12345678");
    // Page 10 is older than page 9: pages are numbers, not words. Equal times stand newest first in the file.
    case.file(
        &format!("{folder}/message_1.json"),
        page("inbox/bo_12345678", &[(50, "f"), (40, "e2"), (40, "e1")]),
    );
    case.file(&format!("{folder}/message_9.json"), page("inbox/bo_12345678", &[(40, "d"), (30, "c")]));
    case.file(
        &format!("{folder}/message_10.json"),
        page("inbox/bo_12345678", &[(20, "b"), (10, "a"), (35, "late")]),
    );
    let threads = read(case.path()).unwrap();
    let [thread] = &threads[..] else { panic!("{threads:?}") };
    assert_eq!(texts(thread), ["a", "b", "c", "late", "d", "e1", "e2", "f"]);
    assert_eq!((thread.key.as_str(), thread.title.as_deref()), ("12345678", None));
    assert_eq!(thread.participants, ["Bo", "Ada"]);
    assert_eq!(thread.messages[0].at_us, Some(10_000));
}

#[test]
fn all_layouts_are_found() {
    for root in [
        "your_facebook_activity/messages/inbox",
        "messages/archived_threads",
        "your_instagram_activity/messages/inbox",
        "",
    ] {
        let case = Case::new();
        let inner = format!("{root}/bo_12345678/message_1.json");
        let text = page("inbox/bo_12345678", &[(1, "hi")]);
        let expected = {
            let path = case.file(inner.trim_start_matches('/'), &text);
            let threads = read(case.path()).unwrap();
            assert_eq!(read(&path).unwrap(), threads, "one file alone");
            assert_eq!(read(path.parent().unwrap()).unwrap(), threads, "its folder alone");
            threads
        };
        let case = Case::new();
        let zip = case.zip("x.zip", &[(inner.trim_start_matches('/'), text)]);
        assert_eq!(read(&zip).unwrap(), expected, "as a zip");
        assert_eq!(read(case.path()).unwrap(), expected, "as a folder of zips");
    }
    let case = Case::new();
    case.file("messages/inbox/bo_12345678/message.json", page("inbox/bo_12345678", &[(1, "2018")]));
    assert_eq!(texts(&read(case.path()).unwrap()[0]), ["2018"]);
}

#[test]
fn other_files_are_passed_over() {
    let case = Case::new();
    case.file(&format!("{INBOX}/bo_12345678/message_1.json"), page("inbox/bo_12345678", &[(1, "hi")]));
    case.file(
        "your_facebook_activity/messages/autofill_information.json",
        r#"{"autofill_information_v2":{}}"#,
    );
    case.file("your_facebook_activity/posts/posts_1.json", r#"[{"timestamp":1}]"#);
    case.file("your_facebook_activity/polls.json", r#"{"messages":[{"poll":1}],"title":null}"#);
    case.file("your_facebook_activity/messages/secret_conversations.json", r#"{"messages":{"x":1}}"#);
    case.file("start_here.html", "<html>");
    case.file(&format!("__MACOSX/{INBOX}/bo_12345678/._message_1.json"), b"\0\x05\x16\x07");
    assert_eq!(read(case.path()).unwrap().len(), 1);
}

#[test]
fn attachments_cannot_pose_as_conversations() {
    let case = Case::new();
    let forged = page("inbox/forged_87654321", &[(1, "send money")]);
    case.file(&format!("{INBOX}/bo_12345678/message_1.json"), page("inbox/bo_12345678", &[(1, "hi")]));
    case.file(&format!("{INBOX}/bo_12345678/files/message_2.json"), &forged);
    case.file(&format!("{INBOX}/bo_12345678/files/chat.json"), &forged);
    case.file("messages/media/chat.json", &forged);
    let threads = read(case.path()).unwrap();
    assert_eq!(threads.iter().flat_map(texts).collect::<Vec<_>>(), ["hi"]);
}

#[test]
fn several_zips_are_one_export() {
    let case = Case::new();
    let newest = page("inbox/bo_12345678", &[(30, "c")]);
    let older = page("inbox/bo_12345678", &[(20, "b"), (10, "a")]);
    let inner = |number: u32| format!("{INBOX}/bo_12345678/message_{number}.json");
    case.zip("1.zip", &[(&inner(1), newest.clone()), ("photos/x.jpg", "no".to_owned())]);
    case.zip("2.zip", &[(&inner(2), older)]);
    case.zip("3.zip", &[(&inner(1), newest)]);
    let threads = read(case.path()).unwrap();
    assert_eq!(threads.len(), 1);
    assert_eq!(texts(&threads[0]), ["a", "b", "c"]);
    assert_eq!(threads[0].said.count(Remark::Repeated), 1);
}

#[test]
fn duplicates_are_kept_and_a_second_reading_says_the_same() {
    let case = Case::new();
    let older = [(20, "ok"), (20, "ok"), (10, "a")];
    case.file("messages/inbox/bo_12345678/message_1.json", page("inbox/bo_12345678", &older));
    let first = read(case.path()).unwrap();
    assert_eq!(texts(&first[0]), ["a", "ok", "ok"]);
    assert_ne!(keys(&first)[1], keys(&first)[2]);
    assert_eq!(read(case.path()).unwrap(), first);
    // Months later: more pages, another root and box, and Bo is called otherwise.
    let case = Case::new();
    let newer = [&[(40, "c"), (30, "b")], &older[..]].concat();
    let folder = format!("{INBOX}/../archived_threads/robert_12345678").replace("inbox/../", "");
    let renamed = |text: String| text.replace("\"Bo\"", "\"Robert\"");
    case.file(
        &format!("{folder}/message_1.json"),
        renamed(page("archived_threads/robert_12345678", &newer[..3])),
    );
    case.file(
        &format!("{folder}/message_2.json"),
        renamed(page("archived_threads/robert_12345678", &newer[3..])),
    );
    let second = read(case.path()).unwrap();
    assert_eq!(second[0].key, first[0].key);
    assert_eq!(keys(&second)[..3], keys(&first)[..]);
    assert_eq!(second[0].messages.len(), 5);
}

#[test]
fn titles_are_of_groups_and_names_are_made_fit() {
    let case = Case::new();
    let mangled = |text: &str| text.bytes().map(char::from).collect::<String>();
    let long = "n".repeat(81);
    let group = json!({
        "participants": [{"name": mangled("Tomás")}, {"name": ""}, {}, {"name": long}, {"name": "A\nB"}, 7],
        "messages": [{"timestamp_ms": 1, "content": "hi"}, {"sender_name": "Left", "timestamp_ms": 2, "content": "a\0b"}],
        "title": mangled("Café 🥾"), "is_still_participant": null, "magic_words": [], "joinable_mode": {"mode": 1},
    });
    case.file("messages/inbox/cafe_12345678/message_1.json", group.to_string());
    let threads = read(case.path()).unwrap();
    let thread = &threads[0];
    assert_eq!(
        (thread.key.as_str(), thread.title.as_deref()),
        ("12345678", Some("Café 🥾")),
        "key of the folder"
    );
    assert_eq!(thread.participants, ["Tomás", NAMELESS, &long[..80], "A B", "Left"]);
    assert_eq!(thread.messages[0].sender, NAMELESS);
    assert_eq!(thread.messages[1].text, "a\u{fffd}b");
    let said = |remark| thread.said.count(remark);
    assert_eq!((said(Remark::Renamed), said(Remark::Nameless), said(Remark::Replaced)), (2, 1, 1));
}

#[test]
fn secure_storage() {
    let case = Case::new();
    let chat = json!({"participants": ["Me", "Jana Nováková"], "threadName": "Jana Nováková_7", "messages": [
        {"isUnsent": false, "media": [], "reactions": [], "senderName": "Me", "text": "first", "timestamp": 1, "type": "text"},
        {"isUnsent": true, "media": [], "senderName": "Me", "text": "User unsent a message", "timestamp": 2, "type": "placeholder"},
        {"isUnsent": false, "senderName": "Jana Nováková", "text": "Ã© second", "timestamp": 3, "type": "text"},
        {"isUnsent": false, "senderName": "Jana Nováková", "text": "Ã© third", "timestamp": 3, "type": "text"}]});
    let group = json!({"participants": ["Me", "Jana", "Bo"], "threadName": "Trip_12", "messages": []});
    case.file("messages/Jana Nováková_7.json", format!("\u{feff}{chat}"));
    case.file("messages/Trip_12.json", group.to_string());
    let threads = read(case.path()).unwrap();
    assert_eq!(texts(&threads[0]), ["first", "Ã© second", "Ã© third"], "no repair, oldest first");
    assert_eq!((threads[0].key.as_str(), &threads[0].title), ("Jana Nováková_7", &None));
    assert_eq!(threads[0].said.count(Remark::Unsent), 1);
    assert_eq!((threads[1].title.as_deref(), threads[1].messages.len()), (Some("Trip"), 0));
    let found = open(Format::Messenger, case.path()).unwrap().check(|_| {}).unwrap();
    assert_eq!((found.threads, found.said.kept), (1, 3), "an empty thread is not counted");
}

#[test]
fn broken_threads_are_named_and_stop_nothing_else() {
    let good = page("inbox/bo_12345678", &[(1, "hi")]);
    let cut = &good[..good.len() / 2];
    let no_list = r#"{"participants":[{"name":"Bo"}],"messages":5}"#;
    for (bytes, words) in [
        (cut.as_bytes(), "ends in the middle at line 1"),
        (b"", "ends in the middle"),
        (b"<html>", "expected value at line 1 column 1"),
        (b"{\"participants\":[\"\xff\"]}", "byte 19 is not UTF-8"),
        (no_list.as_bytes(), "`messages` is not a list"),
    ] {
        let case = Case::new();
        case.file(&format!("{INBOX}/bad_11111111/message_1.json"), bytes);
        case.file(&format!("{INBOX}/bo_12345678/message_1.json"), &good);
        let sentence = refused(case.path());
        assert!(sentence.contains("bad_11111111/message_1.json") && sentence.contains(words), "{sentence}");
        let read: Vec<_> =
            open(Format::Messenger, case.path()).unwrap().threads().filter_map(Result::ok).collect();
        assert_eq!(read.len(), 1);
    }
}

#[test]
fn pages_of_two_conversations_are_not_mixed() {
    let case = Case::new();
    case.file("download/message_1.json", page("inbox/bo_12345678", &[(1, "hi")]));
    case.file("download/message_2.json", page("inbox/cy_87654321", &[(1, "secret")]));
    let sentence = refused(case.path());
    assert!(sentence.contains("is of another conversation") && !sentence.contains("secret"), "{sentence}");
}

#[test]
fn other_kinds_of_export_are_told_apart() {
    let case = Case::new();
    case.file(&format!("{INBOX}/bo_12345678/message_1.html"), "<html>");
    assert!(refused(case.path()).contains("choose JSON"));
    let page_alone = case.path().join(INBOX).join("bo_12345678/message_1.html");
    assert!(refused(&page_alone).contains("choose JSON"));
    let zip = case.zip("html.zip", &[("messages/inbox/bo_1/message_2.html", String::new())]);
    assert!(refused(&zip).contains("choose JSON"));
    let case = Case::new();
    let text = case.file("_chat.txt", "[15/01/2024, 10:30:00] Bo: hi");
    assert!(refused(&text).contains("is not an export of this kind"));
    assert!(refused(case.path()).contains("no conversations were found"));
    case.file("profile.json", "{}");
    assert!(refused(case.path()).contains("no conversations were found"));
    assert!(refused(&case.path().join("nowhere")).contains("cannot be read"));
}

#[test]
fn a_conversation_has_a_size() {
    let case = Case::new();
    for number in 0..=crate::THREAD_BYTES_MAX / crate::FILE_BYTES_MAX {
        let path = case.file(&format!("bo_12345678/message_{number}.json"), "");
        fs::File::options().write(true).open(path).unwrap().set_len(crate::FILE_BYTES_MAX).unwrap();
    }
    assert!(refused(case.path()).contains("bytes of JSON in one conversation"));
}

#[test]
fn file_names_cannot_write_to_the_terminal() {
    let case = Case::new();
    let zip = case.zip("x.zip", &[("bad\u{1b}[2J_11111111/message_1.json", "{".to_owned())]);
    let sentence = refused(&zip);
    assert!(!sentence.contains('\u{1b}') && sentence.contains("[2J"), "{sentence}");
}

#[test]
fn progress_ends_at_the_whole() {
    let case = Case::new();
    case.file("a_11111111/message_1.json", page("inbox/a_11111111", &[(1, "hi")]));
    case.file("b_11111112/message_1.json", page("inbox/b_11111112", &[(1, "hi")]));
    let mut seen = Vec::new();
    open(Format::Messenger, case.path()).unwrap().check(|progress| seen.push(progress)).unwrap();
    assert_eq!(seen.len(), 2);
    assert!(seen[0].bytes_done < seen[1].bytes_done && seen[1].bytes_done == seen[1].bytes_total, "{seen:?}");
}

#[test]
fn ids_outlive_names() {
    for (path, id) in [
        ("inbox/thebrunchcrew_1849027483610294", "1849027483610294"),
        ("archived_threads/new_name_1849027483610294", "1849027483610294"),
        ("inbox/_a1b2c3d4e5", "a1b2c3d4e5"),
        ("inbox/old_7", "old_7"),
        ("inbox/some_ordinary", "some_ordinary"),
        ("inbox/plain/", "plain"),
    ] {
        assert_eq!(stable_id(path), id);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_damaged_page_never_panics(at in 0usize..1000, byte in any::<u8>()) {
        let case = Case::new();
        let mut bytes = page("inbox/bo_12345678", &[(2, "b"), (1, "a")]).into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        let _ = read(&case.file("message_1.json", bytes));
    }

    #[test]
    fn a_damaged_zip_never_panics(at in 0usize..2000, byte in any::<u8>(), cut in 0usize..40) {
        let case = Case::new();
        let path = case.zip("x.zip", &[("bo_12345678/message_1.json", page("inbox/bo_12345678", &[(2, "b"), (1, "a")]))]);
        let mut bytes = fs::read(&path).unwrap();
        let at = at % bytes.len();
        bytes[at] = byte;
        bytes.truncate(bytes.len() - cut / 2);
        fs::write(&path, bytes).unwrap();
        let _ = read(&path);
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let case = Case::new();
        let _ = read(&case.file("message_1.json", &bytes));
        let _ = read(&case.file("x.zip", &bytes));
    }
}
