//! `waxseal person export` and `erase`: what is handed out is whole and on record, and what is erased is gone.
use crate::binary::{Server, on, run};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Ada with two conversations, one of them longer than a page; the text with the number 7 is a hard one.
fn talked(folder: &testkit::Folder) -> PathBuf {
    let (data, file) = (folder.join("data"), folder.join("talk.jsonl"));
    on(&data, &["person", "add", "ada", "--name", "Ada"]).expect(0);
    let said = |n: usize| match n {
        7 => r#"{"from":"Ada","text":"\u202e a\u0301 \"👩🏽‍🚀\"\n,]}"}"#.to_owned(),
        _ => {
            format!(r#"{{"from":"{}","text":"number {n}"}}"#, if n.is_multiple_of(2) { "Ada" } else { "Bea" })
        }
    };
    let line = |id: &str, count: usize| {
        let said: Vec<String> = (0..count).map(said).collect();
        format!(
            r#"{{"id":"{id}","title":"{id}","participants":["Ada","Bea"],"messages":[{}]}}"#,
            said.join(",")
        )
    };
    fs::write(&file, format!("{}\n{}\n", line("long", 401), line("short", 1))).unwrap();
    on(&data, &["import", "jsonl", file.to_str().unwrap(), "--for", "ada", "--me", "Ada"]).expect(0);
    data
}

fn export<'a>(handle: &'a str, file: &'a Path) -> Vec<&'a str> {
    vec!["person", "export", handle, "--out", file.to_str().unwrap()]
}

/// What `verify --dir` counts: acts of staff, those on their way into the log among them, and entries whose records went
/// with erased people.
fn counted(data: &Path) -> (u64, u64) {
    let told = run(&["verify", "--dir", data.to_str().unwrap(), "--json"]).expect(0).json();
    let count = |name: &str| told["records"][name].as_u64().unwrap();
    (count("staff_events") + count("waiting"), count("gone"))
}

/// Whether the database file holds these words anywhere.
fn stores(data: &Path, words: &str) -> bool {
    let file = fs::read(data.join("waxseal.db")).unwrap();
    file.windows(words.len()).any(|window| window == words.as_bytes())
}

#[test]
fn an_export_is_whole_for_its_owner_alone_and_on_record() {
    let folder = testkit::folder();
    let (data, file) = (talked(&folder), folder.join("ada.json"));
    let ended =
        on(&data, &[&export("ada", &file)[..], &["--why", "she wrote to us on Monday"]].concat()).expect(0);
    assert!(
        ended.out.contains("402 messages in 2 conversations") && ended.out.contains("on Monday"),
        "{}",
        ended.out
    );
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(counted(&data), (1, 0));
    let told: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    assert_eq!(told["person"]["handle"], "ada");
    let conversations = told["conversations"].as_array().unwrap();
    let long = conversations.iter().find(|one| one["title"] == "long").unwrap();
    let names: Vec<_> = long["participants"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["Ada", "Bea"]);
    let messages = long["messages"].as_array().unwrap();
    assert!((1..).zip(messages).all(|(seq, message)| message["seq"] == seq), "in order, without holes");
    assert_eq!((messages.len(), &messages[400]["content"]["text"]), (401, &"number 400".into()));
    assert_eq!(messages[7]["content"]["text"], "\u{202e} a\u{301} \"👩🏽‍🚀\"\n,]}");

    // A running server hands out the same, into a file that the command makes.
    let server = Server::on(&data);
    let through = folder.join("through.json");
    on(&data, &export("ada", &through)).expect(0);
    let again: serde_json::Value = serde_json::from_slice(&fs::read(&through).unwrap()).unwrap();
    assert_eq!(again["conversations"], told["conversations"]);
    assert_eq!(server.stop("-TERM"), 0);
    assert_eq!(counted(&data), (2, 0));
}

#[test]
fn an_export_that_cannot_be_made_leaves_no_file_and_no_record() {
    let folder = testkit::folder();
    let (data, file) = (talked(&folder), folder.join("ada.json"));
    on(&data, &export("nobody", &file)).expect(1);
    assert!(!file.exists());
    on(&data, &[&export("ada", &file)[..], &["--why", " "]].concat()).expect(1);
    assert!(!file.exists());
    fs::write(&file, "mine").unwrap();
    let ended = on(&data, &export("ada", &file)).expect(1);
    assert!(ended.err.contains("there already"), "{}", ended.err);
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    on(&data, &export("ada", Path::new("/nowhere/ada.json"))).expect(1);
    assert_eq!(counted(&data), (0, 0));
}

#[test]
fn who_is_erased_is_gone_and_the_log_stays_whole() {
    let folder = testkit::folder();
    let (data, file) = (talked(&folder), folder.join("ada.json"));
    on(&data, &export("ada", &file)).expect(0);
    assert!(stores(&data, "number 400"));
    let ended = on(&data, &["person", "erase", "ada"]).expect(2);
    assert!(ended.err.contains("--yes"), "{}", ended.err);
    on(&data, &["person", "erase", "nobody", "--yes"]).expect(1);
    assert_eq!(counted(&data), (1, 0));
    let server = Server::on(&data);
    assert!(on(&data, &["person", "erase", "ada", "--yes"]).expect(0).out.starts_with("@ada is erased"));
    on(&data, &["person", "erase", "ada", "--yes"]).expect(1);
    assert_eq!(counted(&data), (0, 1));
    assert_eq!(server.stop("-TERM"), 0);
    assert!(!on(&data, &["person", "list"]).expect(0).out.contains("ada"));
    assert!(!stores(&data, "number 400"), "her words are still in the file");
}

#[test]
fn a_link_for_a_lost_password_is_on_record_and_stored_as_a_hash() {
    let folder = testkit::folder();
    let data = folder.join("data");
    on(&data, &["person", "add", "ada", "--name", "Ada"]).expect(0);
    let without = on(&data, &["person", "recover", "ada"]).expect(2);
    assert!(without.err.contains("--why"), "{}", without.err);
    let made = on(&data, &["person", "recover", "ada", "--why", "asked for at the counter"]).expect(0);
    let link = made.out.lines().next().unwrap();
    let (_, token) = link.split_once("/recover/").unwrap();
    assert!(token.starts_with("wxq_") && !stores(&data, token), "{link}");
    assert!(made.out.contains("It works once") && stores(&data, "asked for at the counter"), "{}", made.out);
    assert_eq!(counted(&data), (1, 0));
    let nobody = on(&data, &["person", "recover", "eve", "--why", "x"]).expect(1);
    assert!(nobody.err.contains("nobody here is called @eve"), "{}", nobody.err);
}
