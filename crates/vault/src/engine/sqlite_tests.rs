//! What only SQLite can get wrong: the folder, the disk under it, the log beside the file.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, mpsc};

use super::conformance::{Home, INSERT, STEPS, ids, insert};
use super::*;

fn folder_and_engine() -> (Home, PathBuf, Arc<Engine>) {
    let home = Home::folder();
    let Place::Folder(path) = home.place() else { unreachable!() };
    let engine = home.open();
    (home, path, engine)
}

fn refused(path: &Path) -> String {
    match Engine::open(&Place::Folder(path.to_owned())) {
        Ok(_) => panic!("{} was opened", path.display()),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_second_server_on_one_folder_is_refused() {
    let (home, path, engine) = folder_and_engine();
    let sentence = refused(&path);
    assert!(sentence.starts_with("another waxseal is serving this folder"), "{sentence}");
    drop(engine);
    home.open();
}

#[test]
fn nobody_else_may_look_into_the_folder() {
    let (_home, path, engine) = folder_and_engine();
    insert(&engine, 1, 0).wait().unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o700);
    let files: Vec<PathBuf> = fs::read_dir(&path).unwrap().map(|file| file.unwrap().path()).collect();
    assert!(files.len() >= 4, "{files:?}");
    files.iter().for_each(|file| assert_eq!(mode(file), 0o600, "{}", file.display()));
}

#[test]
fn closing_leaves_one_file() {
    let (_home, path, engine) = folder_and_engine();
    insert(&engine, 1, 0).wait().unwrap();
    assert_eq!(ids(&engine), [1]);
    drop(engine);
    let mut names: Vec<_> = fs::read_dir(&path).unwrap().map(|file| file.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["waxseal.db", "waxseal.lock"]);
}

#[test]
fn what_cannot_be_a_folder_is_refused_with_a_sentence() {
    let folder = testkit::folder();
    fs::write(folder.join("file"), "not a folder").unwrap();
    let sentence = refused(&folder.join("file"));
    assert!(sentence.contains("cannot be used") && sentence.contains("may write to"), "{sentence}");
    refused(&folder.join("file").join("below"));
}

#[test]
fn a_damaged_file_is_refused_with_a_sentence() {
    let (_home, path, engine) = folder_and_engine();
    drop(engine);
    fs::write(path.join("waxseal.db"), "this was a database once. ".repeat(1000)).unwrap();
    let sentence = refused(&path);
    assert!(sentence.contains("damaged") && sentence.contains("backup"), "{sentence}");
}

#[test]
fn parameters_first_used_out_of_order_are_found_out() {
    let (_home, _, engine) = folder_and_engine();
    let write =
        engine.write("order", |tx| tx.execute("insert into counter (n, id) values ($2, $1)", params![1, 2]));
    let Err(Fault::Shape(sentence)) = write.wait() else { panic!("it was let pass") };
    assert!(sentence.contains("$1 is not the next parameter"), "{sentence}");
}

/// Lets the file grow by so many pages, as a full disk does.
fn allow_pages(engine: &Engine, more: i64) {
    let write = engine.write("room", move |tx| {
        let pages = tx.one("pragma page_count", &[], |row| row.int(0))?.unwrap();
        tx.one(&format!("pragma max_page_count = {}", pages + more), &[], |_| Ok(()))
    });
    write.wait().unwrap_or_else(|fault: Fault| panic!("{fault}"));
}

#[test]
fn a_body_that_fills_the_disk_takes_no_other_with_it() {
    let (_home, _, engine) = folder_and_engine();
    allow_pages(&engine, 10);
    let (queued, all_queued) = mpsc::channel::<()>();
    let before = engine.write("before", move |tx| {
        let _ = all_queued.recv();
        tx.execute(INSERT, params![1, 0])
    });
    let large = engine.write("large", |tx| {
        let body = vec![7_u8; 100_000];
        tx.execute("insert into thing (home, seq, body) values ($1, $2, $3)", params![b"h", 1, &body])
    });
    let after = insert(&engine, 2, 0);
    drop(queued);
    assert_eq!(before.wait(), Ok::<_, Fault>(1));
    assert_eq!(large.wait(), Err(Fault::Full));
    assert_eq!(after.wait(), Ok(1));
    assert_eq!(ids(&engine), [1, 2]);
    allow_pages(&engine, 1000);
    assert_eq!(insert(&engine, 3, 0).wait(), Ok(1));
}

#[test]
fn more_than_can_wait_is_turned_away_and_all_else_is_done() {
    let (_home, _, engine) = folder_and_engine();
    let (hold, held) = mpsc::channel::<()>();
    let (started, starts) = mpsc::channel::<()>();
    let first = engine.write("first", move |_| {
        let _ = started.send(());
        let _ = held.recv();
        Ok::<_, Fault>(())
    });
    starts.recv().unwrap();
    let pending: Vec<_> = (1..=10_000).map(|id| insert(&engine, id, 0)).collect();
    drop(hold);
    first.wait().unwrap();
    let outcomes: Vec<_> = pending.into_iter().map(Pending::wait).collect();
    let done = outcomes.iter().filter(|outcome| **outcome == Ok(1)).count();
    let turned_away = outcomes.iter().filter(|outcome| **outcome == Err(Fault::Overloaded)).count();
    assert_eq!(done + turned_away, 10_000);
    assert!((1000..9000).contains(&done), "{done} were done");
    assert_eq!(ids(&engine).len(), done);
}

#[test]
fn the_log_starts_over_while_writing_goes_on() {
    let (_home, path, engine) = folder_and_engine();
    let sql = "insert into thing (home, seq, body) values ($1, $2, $3) \
        on conflict (home, seq) do update set body = $3";
    // Two are under way at any time, so that the writer never rests.
    let mut under_way: Option<Pending<u64, Fault>> = None;
    for seq in 0..240_u32 {
        let body = vec![seq as u8; 1 << 20];
        let next = engine.write("large", move |tx| tx.execute(sql, params![b"home", seq % 10, &body])).into();
        if let Some(pending) = std::mem::replace(&mut under_way, next) {
            assert_eq!(pending.wait(), Ok(1));
        }
    }
    let log = fs::metadata(path.join("waxseal.db-wal")).unwrap().len();
    assert!(log < 160 << 20, "240 MiB were written, and the log has {} MiB", log >> 20);
}

/// A small disk of its own, where the system allows it; `None` says that it does not.
struct Disk(testkit::Folder);

impl Disk {
    fn new(options: &str) -> Option<Disk> {
        let disk = Disk(testkit::folder());
        if disk.mount(&["-t", "tmpfs", "-o", options, "tmpfs"]) {
            return Some(disk);
        }
        eprintln!("left out: a small disk can only be mounted as root");
        None
    }

    fn mount(&self, how: &[&str]) -> bool {
        let mounted = Command::new("mount").args(how).arg(self.0.path()).output();
        mounted.is_ok_and(|output| output.status.success())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).output();
    }
}

#[test]
fn a_full_disk_refuses_and_a_freed_one_goes_on() {
    let Some(disk) = Disk::new("size=4m") else { return };
    let engine = Engine::open(&Place::Folder(disk.0.join("data"))).unwrap();
    engine.migrate(STEPS).unwrap();
    fs::write(disk.0.join("ballast"), vec![0_u8; 3 << 20]).unwrap();
    let fill = |seq: i64| {
        let write = engine.write("fill", move |tx| {
            let body = vec![7_u8; 50_000];
            tx.execute("insert into thing (home, seq, body) values ($1, $2, $3)", params![b"h", seq, &body])
        });
        write.wait()
    };
    let stored = (0..).take_while(|seq| fill(*seq) == Ok(1)).count();
    assert!((1..100).contains(&stored), "{stored}");
    assert_eq!(fill(1000), Err(Fault::Full));
    let count = || {
        let read = engine.read("count", |snap| snap.one("select count(*) from thing", &[], |row| row.int(0)));
        read.wait().unwrap_or_else(|fault: Fault| panic!("{fault}")).unwrap()
    };
    assert_eq!(count(), i64::try_from(stored).unwrap());
    fs::remove_file(disk.0.join("ballast")).unwrap();
    assert_eq!(fill(1001), Ok(1));
    assert_eq!(count(), i64::try_from(stored).unwrap() + 1);
}

#[test]
fn a_read_only_disk_is_refused_with_a_sentence() {
    let Some(disk) = Disk::new("size=4m") else { return };
    let path = disk.0.join("data");
    drop(Engine::open(&Place::Folder(path.clone())).unwrap());
    assert!(disk.mount(&["-o", "remount,ro"]));
    let sentence = refused(&path);
    assert!(sentence.contains("Read-only file system") && sentence.contains("may write to"), "{sentence}");
}
