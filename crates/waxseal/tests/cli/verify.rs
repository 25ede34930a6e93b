//! `waxseal verify`: a log that is in order passes, and each way of changing it ends with 3.
use crate::binary::{Server, on, run};
use std::fs;
use std::path::{Path, PathBuf};

/// A data folder with a few entries in its log.
pub(crate) fn logged(folder: &testkit::Folder) -> PathBuf {
    let (data, ceiling) = (folder.join("data"), crate::app::ceiling(folder));
    for name in ["Jukebox", "Marquee", "Teller"] {
        let args = [
            "app",
            "add",
            "--name",
            name,
            "--partner",
            "Them",
            "--redirect-uri",
            "https://a.example/",
            "--ceiling",
        ];
        on(&data, &[&args[..], &[ceiling.to_str().unwrap()]].concat()).expect(0);
    }
    data
}

fn tamper(data: &Path, sql: &str) {
    let database = rusqlite::Connection::open(data.join("waxseal.db")).unwrap();
    assert!(database.execute(sql, ()).unwrap() > 0, "{sql}");
}

fn dir(path: &Path) -> [&str; 3] {
    ["verify", "--dir", path.to_str().unwrap()]
}

#[test]
fn a_log_in_order_passes_at_rest_and_running() {
    let folder = testkit::folder();
    let data = logged(&folder);
    let at_rest = run(&dir(&data)).expect(0);
    assert!(
        at_rest.out.contains("holds exactly the 3 entries") && at_rest.out.contains("3 of apps"),
        "{}",
        at_rest.out
    );
    let server = Server::on(&data);
    let running = run(&[&dir(&data)[..], &["--json"]].concat()).expect(0).json();
    assert_eq!((&running["size"], &running["records"]["app_events"]), (&3.into(), &3.into()));
    let kept = folder.join("checkpoint");
    run(&["verify", "--url", &server.url, "--save", kept.to_str().unwrap()]).expect(0);
    let again = run(&["verify", "--url", &server.url, "--since", kept.to_str().unwrap()]).expect(0);
    assert!(again.out.contains("the first 3 of them"), "{}", again.out);
}

#[test]
fn what_was_changed_is_found() {
    for (sql, says) in [
        ("update app_events set entry = replace(entry, 'Jukebox', 'Jokebox')", "it was changed"),
        ("delete from app_events where n = 1", "counts 1"),
        (
            "update ledger_entries set entry = cast(replace(cast(entry as text), 'Jukebox', 'Jokebox') as blob)",
            "",
        ),
        ("delete from ledger_entries where idx = 2", ""),
        (
            "update ledger_head set checkpoint = replace(checkpoint, char(10) || '3' || char(10), char(10) || '2' || char(10))",
            "genuine",
        ),
    ] {
        let folder = testkit::folder();
        let data = logged(&folder);
        tamper(&data, sql);
        let ended = run(&dir(&data)).expect(3);
        assert!(ended.err.contains(says), "{sql}: {}", ended.err);
        let json = run(&[&dir(&data)[..], &["--json"]].concat()).expect(3).json();
        assert_eq!(json["verified"], false, "{sql}");
    }
}

#[test]
fn the_files_of_a_log_are_enough() {
    let folder = testkit::folder();
    let data = logged(&folder);
    let server = Server::on(&data);
    let files = folder.join("files");
    for name in ["checkpoint", "key", "tile/0/000.p/3", "tile/entries/000.p/3"] {
        let path = files.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let body =
            ureq::get(format!("{}/ledger/{name}", server.url)).call().unwrap().body_mut().read_to_vec();
        fs::write(path, body.unwrap()).unwrap();
    }
    run(&dir(&files)).expect(0);
    let entries = files.join("tile/entries/000.p/3");
    let mut bytes = fs::read(&entries).unwrap();
    bytes[40] ^= 1;
    fs::write(&entries, bytes).unwrap();
    run(&dir(&files)).expect(3);
}

#[test]
fn another_key_or_an_unreachable_server_does_not_pass() {
    let (other, folder) = (testkit::folder(), testkit::folder());
    let server = Server::on(&logged(&other));
    let key = ureq::get(format!("{}/ledger/key", server.url)).call().unwrap().body_mut().read_to_string();
    let (key, data) = (key.unwrap(), logged(&folder));
    run(&[&dir(&data)[..], &["--key", key.trim()]].concat()).expect(3);
    run(&["verify", "--url", "http://127.0.0.1:1"]).expect(3);
    run(&[&dir(&data)[..], &["--receipt", "eyJh.eyJh.eyJh"]].concat()).expect(3);
}
