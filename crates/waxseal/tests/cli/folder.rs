//! Data folders: who may hold one, who goes through whom, and folders that cannot be used.
use crate::binary::{Ended, Server, on, on_with, waxseal};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

#[test]
fn two_servers_cannot_hold_one_folder() {
    let folder = testkit::folder();
    let first = Server::on(folder.path());
    let ended = on(folder.path(), &["serve", "--listen", "127.0.0.1:0"]).expect(1);
    assert!(ended.err.contains("another waxseal is serving this folder"), "{}", ended.err);
    assert_eq!(first.stop("-TERM"), 0);
    Server::on(folder.path());
}

#[test]
fn commands_go_through_the_server_that_holds_the_folder() {
    let folder = testkit::folder();
    let server = Server::on(folder.path());
    let socket = std::fs::metadata(folder.join("waxseal.sock")).unwrap();
    assert_eq!(socket.permissions().mode() & 0o777, 0o600);
    let added = on_with(
        folder.path(),
        &["person", "add", "ada", "--name", "Ada", "--password-stdin"],
        "hunter22hunter\n",
    );
    assert!(added.expect(0).out.starts_with("added @ada (per_"));
    on(folder.path(), &["person", "add", "Ada", "--name", "Ada"]).expect(1);
    on(folder.path(), &["person", "befriend", "ada", "nobody"]).expect(1);
    let through = on(folder.path(), &["person", "list", "--json"]).expect(0).json();
    assert_eq!(server.stop("-TERM"), 0);
    assert_eq!(on(folder.path(), &["person", "list", "--json"]).expect(0).json(), through);
    assert_eq!(through[0]["can_sign_in"], true);
}

#[test]
fn a_killed_server_leaves_nothing_in_the_way() {
    let folder = testkit::folder();
    drop(Server::on(folder.path()));
    assert!(folder.join("waxseal.sock").exists());
    on(folder.path(), &["person", "list"]).expect(0);
    Server::on(folder.path());
}

#[test]
fn a_short_password_is_refused_and_nobody_is_added() {
    let folder = testkit::folder();
    let ended =
        on_with(folder.path(), &["person", "add", "ada", "--name", "Ada", "--password-stdin"], "short\n")
            .expect(1);
    assert!(ended.err.contains("at least 8 characters"), "{}", ended.err);
    assert_eq!(on(folder.path(), &["person", "list", "--json"]).expect(0).out, "[]\n");
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    // Not even root can make a folder here.
    let ended = on(Path::new("/proc/waxseal"), &["serve", "--listen", "127.0.0.1:0"]).expect(1);
    assert!(ended.err.contains("/proc/waxseal") && ended.err.contains("may write"), "{}", ended.err);
}

#[test]
fn a_database_of_a_newer_version_is_left_alone() {
    let folder = testkit::folder();
    on(folder.path(), &["person", "list"]).expect(0);
    let database = rusqlite::Connection::open(folder.join("waxseal.db")).unwrap();
    database.execute("insert into schema_step (number, name) values (9999, 'tomorrow')", ()).unwrap();
    drop(database);
    for args in [&["serve", "--listen", "127.0.0.1:0"] as &[&str], &["person", "list"]] {
        let ended = on(folder.path(), args).expect(1);
        assert!(ended.err.contains("9999") && ended.err.contains("newer"), "{}", ended.err);
    }
}

#[test]
fn the_doctor_finds_a_folder_that_others_may_look_into() {
    let folder = testkit::folder();
    let data = folder.join("data");
    let nothing = on(&data, &["doctor"]).expect(1);
    assert!(nothing.err.contains("no data") && !data.exists(), "{}", nothing.err);
    on(&data, &["person", "list"]).expect(0);
    let well = on(&data, &["doctor"]).expect(0);
    assert!(well.out.lines().all(|line| line.starts_with("ok ")), "{}", well.out);
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o755)).unwrap();
    let ended = on(&data, &["doctor"]).expect(1);
    assert!(ended.out.contains("WRONG others on this machine may look into"), "{}", ended.out);
}

#[test]
fn a_database_takes_the_place_of_the_folder() {
    let Some(database) = testkit::database() else { return };
    let folder = testkit::folder();
    for args in
        [&["person", "add", "ada", "--name", "Ada"] as &[&str], &["person", "list", "--json"], &["doctor"]]
    {
        let output = waxseal()
            .args(args)
            .current_dir(folder.path())
            .env("WAXSEAL_DATABASE_URL", database.url())
            .output();
        let ended = Ended::from(output.unwrap()).expect(0);
        assert!(!args.contains(&"list") || ended.json()[0]["handle"] == "ada");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let ended =
        waxseal().args(["person", "list", "--database-url", "postgres://127.0.0.1:1/none"]).output().unwrap();
    assert!(Ended::from(ended).expect(1).err.contains("cannot be reached"));
}
