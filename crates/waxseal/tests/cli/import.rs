//! `waxseal import`: who is who, what is said, and that twice is once.
use crate::binary::{Server, on};
use std::fs;
use std::path::PathBuf;

fn add(data: &std::path::Path, handle: &str) {
    on(data, &["person", "add", handle, "--name", handle]).expect(0);
}

/// A Messenger export of two conversations: Maya and Vlad, and a group; bytes of UTF-8 as Latin-1, as the platform does.
fn messenger(folder: &testkit::Folder) -> PathBuf {
    let export = folder.join("export");
    let threads = [
        (
            "mayagupta_17",
            r#"{"participants":[{"name":"Maya Gupta"},{"name":"Vlad Mishel"}],"title":"Maya Gupta","messages":[
            {"sender_name":"Vlad Mishel","timestamp_ms":1700000002000,"content":"caf\u00c3\u00a9?"},
            {"sender_name":"Maya Gupta","timestamp_ms":1700000001000,"content":"Where?"},
            {"sender_name":"Maya Gupta","timestamp_ms":1700000000000,"is_unsent":true}],
            "thread_path":"inbox/mayagupta_17"}"#,
        ),
        (
            "brunch_18",
            r#"{"participants":[{"name":"Maya Gupta"},{"name":"Vlad Mishel"},{"name":"Ola"}],"title":"Brunch","messages":[
            {"sender_name":"Ola","timestamp_ms":1700000003000,"content":"Eleven"}],
            "thread_path":"inbox/brunch_18"}"#,
        ),
    ];
    for (name, json) in threads {
        let thread = export.join("your_facebook_activity/messages/inbox").join(name);
        fs::create_dir_all(&thread).unwrap();
        fs::write(thread.join("message_1.json"), json).unwrap();
    }
    export
}

#[test]
fn a_messenger_export_is_taken_once() {
    let folder = testkit::folder();
    let (data, export) = (folder.join("data"), messenger(&folder));
    add(&data, "vlad");
    add(&data, "maya");
    let args = ["import", "messenger", export.to_str().unwrap(), "--for", "vlad"];
    let unsure = on(&data, &args).expect(1);
    assert!(unsure.err.contains("--me") && unsure.err.contains("Maya Gupta"), "{}", unsure.err);
    let args = [&args[..], &["--me", "Vlad Mishel", "--map", "Maya Gupta=maya", "-v"]].concat();
    let first = on(&data, &args).expect(0);
    assert!(first.out.contains("3 messages taken in 2 conversations"), "{}", first.out);
    assert!(first.out.contains("1 message left out: taken back by the sender"), "{}", first.out);
    assert!(first.out.contains("\"Brunch\": 1 message kept"), "{}", first.out);
    let people = on(&data, &["person", "list", "--json"]).expect(0).json();
    let guests: Vec<_> =
        people.as_array().unwrap().iter().filter(|person| person["handle"].is_null()).collect();
    assert_eq!(
        (guests.len(), &guests[0]["name"], &guests[0]["can_sign_in"]),
        (1, &"Ola".into(), &false.into())
    );
    let second = on(&data, &args).expect(0);
    assert!(second.out.contains("nothing new: all 3 messages were here before"), "{}", second.out);
    assert_eq!(on(&data, &["person", "list", "--json"]).expect(0).json(), people);
}

#[test]
fn what_is_broken_leaves_nothing_half_done() {
    let folder = testkit::folder();
    let (data, file) = (folder.join("data"), folder.join("talk.jsonl"));
    add(&data, "ada");
    let good = r#"{"id":"1","lang":"en","participants":["x","y"],"messages":[{"from":"x","text":"hi"},{"from":"y","text":"ho"}]}"#;
    fs::write(&file, format!("{good}\n{{\"id\":\"2\",\n")).unwrap();
    let args = ["import", "jsonl", file.to_str().unwrap(), "--for", "ada"];
    on(&data, &args).expect(1);
    assert_eq!(on(&data, &["person", "list", "--json"]).expect(0).json().as_array().unwrap().len(), 1);
    fs::write(&file, format!("{good}\n")).unwrap();
    let taken = on(&data, &args).expect(0);
    assert!(taken.out.contains("2 messages taken in 1 conversation\n"), "{}", taken.out);
    assert!(taken.out.contains("@ada wrote nothing in 1 conversation: reads along"), "{}", taken.out);
}

#[test]
fn a_running_server_takes_an_import_in() {
    let folder = testkit::folder();
    let (data, export) = (folder.join("data"), messenger(&folder));
    let _server = Server::on(&data);
    add(&data, "vlad");
    let args = ["import", "messenger", export.to_str().unwrap(), "--for", "vlad", "--me", "Vlad Mishel"];
    assert!(on(&data, &args).expect(0).out.contains("3 messages taken"));
    assert!(on(&data, &args).expect(0).out.contains("nothing new"));
}

#[test]
fn too_many_people_are_refused_and_the_others_go_on() {
    let folder = testkit::folder();
    let (data, file) = (folder.join("data"), folder.join("rooms.jsonl"));
    add(&data, "ada");
    let line = |id: &str, count: usize| {
        let names: Vec<String> = (0..count).map(|n| format!("\"p{n}\"")).collect();
        let said: Vec<String> =
            names.iter().map(|name| format!("{{\"from\":{name},\"text\":\"x\"}}")).collect();
        format!(
            "{{\"id\":\"{id}\",\"participants\":[{}],\"messages\":[{}]}}\n",
            names.join(","),
            said.join(",")
        )
    };
    fs::write(&file, line("big", 250) + &line("fits", 249)).unwrap();
    let taken = on(&data, &["import", "jsonl", file.to_str().unwrap(), "--for", "ada"]).expect(0);
    assert!(taken.err.contains("251 people, and 250 are the most"), "{}", taken.err);
    assert!(taken.out.contains("249 messages taken in 1 conversation"), "{}", taken.out);
}

#[test]
fn names_and_handles_that_are_nobody_are_refused_before_anything_is_stored() {
    let folder = testkit::folder();
    let (data, export) = (folder.join("data"), messenger(&folder));
    add(&data, "vlad");
    let path = export.to_str().unwrap();
    let wrong: [&[&str]; 4] = [
        &["--for", "nobody"],
        &["--for", "vlad", "--me", "Vladimir"],
        &["--for", "vlad", "--me", "Vlad Mishel", "--map", "Ola=nobody"],
        &["--for", "vlad", "--me", "Vlad Mishel", "--map", "Stranger=vlad"],
    ];
    for args in wrong {
        on(&data, &[&["import", "messenger", path], args].concat()).expect(1);
    }
    on(&data, &["import", "messenger", "/nowhere", "--for", "vlad"]).expect(1);
    assert_eq!(on(&data, &["person", "list", "--json"]).expect(0).json().as_array().unwrap().len(), 1);
}
