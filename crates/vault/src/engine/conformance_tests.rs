//! What every engine promises, asked of SQLite and of PostgreSQL alike.

use std::collections::BTreeSet;
use std::sync::{Arc, mpsc};

use super::faults::What;
use super::*;

/// Runs each of these functions once per engine.
macro_rules! on_both_engines {
    ($($promise:ident,)*) => {
        mod sqlite { $(#[test] fn $promise() { super::$promise(&super::Home::folder()) })* }
        #[cfg(feature = "postgres")]
        mod postgres {
            $(#[test] fn $promise() { if let Some(home) = super::Home::database() { super::$promise(&home) } })*
        }
    };
}

on_both_engines![
    values_come_back_as_they_went_in,
    parameters_are_told_apart_by_their_numbers,
    a_refusal_undoes_its_own_body_only,
    a_value_leaves_only_after_the_commit,
    whoever_stops_waiting_changes_nothing,
    a_panic_undoes_its_body_and_the_engine_goes_on,
    no_update_is_lost,
    a_taken_key_is_a_conflict,
    a_failed_statement_ends_its_transaction,
    what_is_put_counts_like_what_is_executed,
    whoever_was_answered_reads_what_they_wrote,
    a_snapshot_stays_as_it_was,
    a_snapshot_cannot_write,
    a_row_of_another_shape_is_a_fault,
    a_schema_grows_step_by_step,
    a_newer_or_foreign_schema_is_refused,
    a_failed_step_is_undone,
    closing_finishes_what_is_queued,
    the_last_handle_may_go_inside_a_body,
    names_are_counted,
    what_was_answered_outlives_the_process,
];

pub(super) const STEPS: &[Step] = &[Step {
    number: 1,
    name: "counters and things",
    sql: "create table counter (id bigint primary key, n bigint not null);
create table thing (home blob not null, seq bigint not null, label text, body blob, primary key (home, seq)) /* clustered */;",
}];

/// Where the data of one test is.
pub(super) enum Home {
    Folder(testkit::Folder),
    #[cfg(feature = "postgres")]
    Database(testkit::Database),
}

impl Home {
    pub(super) fn folder() -> Home {
        Home::Folder(testkit::folder())
    }

    #[cfg(feature = "postgres")]
    pub(super) fn database() -> Option<Home> {
        testkit::database().map(Home::Database)
    }

    pub(super) fn place(&self) -> Place {
        match self {
            Home::Folder(folder) => Place::Folder(folder.join("data")),
            #[cfg(feature = "postgres")]
            Home::Database(database) => Place::Postgres(database.url()),
        }
    }

    pub(super) fn open(&self) -> Arc<Engine> {
        let engine = Engine::open(&self.place()).unwrap();
        engine.migrate(STEPS).unwrap();
        Arc::new(engine)
    }
}

#[derive(Debug, PartialEq)]
pub(super) enum TestError {
    Refused,
    Broken(Fault),
}

impl From<Fault> for TestError {
    fn from(fault: Fault) -> Self {
        TestError::Broken(fault)
    }
}

pub(super) const INSERT: &str = "insert into counter (id, n) values ($1, $2)";
const ADD_ONE: &str = "update counter set n = n + 1 where id = $1 returning n";

pub(super) fn insert(engine: &Engine, id: i64, n: i64) -> Pending<u64, Fault> {
    engine.write("insert", move |tx| tx.execute(INSERT, params![id, n]))
}

/// The ids of all counters.
pub(super) fn ids(engine: &Engine) -> Vec<i64> {
    let sql = "select id from counter order by id";
    engine.read("ids", move |snap| snap.all(sql, &[], |row| row.int(0))).wait().unwrap()
}

fn values_come_back_as_they_went_in(home: &Home) {
    type Thing = (Vec<u8>, i64, Option<String>, Option<Vec<u8>>);
    let engine = home.open();
    let things: Vec<Thing> = vec![
        (vec![0, 255, 0], i64::MIN, Some(String::new()), Some(Vec::new())),
        (vec![1], -1, Some("Ünïcode 🦭 \u{202e}rtl\u{202c} a\u{301}".to_owned()), Some((0..=255).collect())),
        (vec![], i64::MAX, None, None),
    ];
    let stored = things.clone();
    let write = engine.write("things", move |tx| {
        for (home, seq, label, body) in &stored {
            let sql = "insert into thing (home, seq, label, body) values ($1, $2, $3, $4)";
            tx.execute(sql, params![home, *seq, label.as_ref(), body.as_ref()])?;
        }
        Ok::<_, Fault>(())
    });
    write.wait().unwrap();
    let read = engine.read("things", |snap| {
        snap.all("select home, seq, label, body from thing order by seq", &[], |row| {
            let label = row.opt_text(2)?.map(str::to_owned);
            Ok((row.blob(0)?.to_vec(), row.int(1)?, label, row.opt_blob(3)?.map(<[u8]>::to_vec)))
        })
    });
    assert_eq!(read.wait(), Ok(things));
}

fn parameters_are_told_apart_by_their_numbers(home: &Home) {
    let engine = home.open();
    insert(&engine, 1, 10).wait().unwrap();
    let read = engine.read("numbers", |snap| {
        let sql = "select n + $1, n + $2, n + $1, cast($3 as text) from counter where n + $2 = $4";
        snap.all(sql, params![100, 1000, "text", 1010], |row| {
            Ok((row.int(0)?, row.int(1)?, row.int(2)?, row.text(3)?.to_owned()))
        })
    });
    assert_eq!(read.wait(), Ok::<_, Fault>(vec![(110, 1010, 110, "text".to_owned())]));
    let too_few =
        engine.read("numbers", |snap| snap.one("select n + $1 from counter", &[], |row| row.int(0)));
    assert!(matches!(too_few.wait(), Err(Fault::Shape(_))));
}

fn a_refusal_undoes_its_own_body_only(home: &Home) {
    let engine = home.open();
    // On SQLite the first body holds the writer until all are queued, so that they share one commit.
    let (queued, all_queued) = mpsc::channel::<()>();
    let first = engine.write("first", move |tx| {
        // It may run twice; the second time it waits no more.
        let _ = all_queued.recv();
        tx.execute(INSERT, params![1, 0])
    });
    let refused = engine.write("refused", |tx| {
        tx.execute(INSERT, params![2, 0])?;
        tx.execute("update counter set n = n + 1", &[])?;
        Err::<(), _>(TestError::Refused)
    });
    let third = insert(&engine, 3, 0);
    drop(queued);
    assert_eq!(first.wait(), Ok::<_, Fault>(1));
    assert_eq!(refused.wait(), Err(TestError::Refused));
    assert_eq!(third.wait(), Ok(1));
    assert_eq!(ids(&engine), [1, 3]);
    let read = engine
        .read("sum", |snap| snap.one("select cast(sum(n) as bigint) from counter", &[], |row| row.int(0)));
    assert_eq!(read.wait(), Ok::<_, Fault>(Some(0)));
}

fn a_value_leaves_only_after_the_commit(home: &Home) {
    let engine = home.open();
    engine.faults().plan(What::Commit, 1);
    let write = engine.write("lost", |tx| tx.execute(INSERT, params![1, 0]).map(|_| "the value"));
    assert!(matches!(write.wait(), Err(Fault::Other(_))));
    assert_eq!(ids(&engine), [0_i64; 0]);
    assert_eq!(insert(&engine, 2, 0).wait(), Ok(1), "the engine goes on");
    assert_eq!(ids(&engine), [2]);
}

fn whoever_stops_waiting_changes_nothing(home: &Home) {
    let engine = home.open();
    let (hold, held) = mpsc::channel::<()>();
    let first = engine.write("first", move |tx| {
        held.recv().unwrap();
        tx.execute(INSERT, params![1, 0])
    });
    drop(first);
    drop(insert(&engine, 2, 0));
    hold.send(()).unwrap();
    // What was queued before is done before the engine has closed.
    drop(engine);
    assert_eq!(ids(&home.open()), [1, 2]);
}

fn a_panic_undoes_its_body_and_the_engine_goes_on(home: &Home) {
    let engine = home.open();
    let broken = engine.write("broken", |tx| {
        tx.execute(INSERT, params![1, 0])?;
        if ids_in(tx)? == [1] { panic!("on purpose") } else { Ok::<_, Fault>(()) }
    });
    assert_eq!(broken.wait(), Err(Fault::Panicked("broken")));
    let broken = engine.read("broken too", |_| -> Result<(), Fault> { panic!("on purpose") });
    assert_eq!(broken.wait(), Err(Fault::Panicked("broken too")));
    assert_eq!(insert(&engine, 2, 0).wait(), Ok(1));
    assert_eq!(ids(&engine), [2]);
}

fn ids_in(reads: &mut impl Reads) -> Result<Vec<i64>, Fault> {
    reads.all("select id from counter order by id", &[], |row| row.int(0))
}

fn no_update_is_lost(home: &Home) {
    let engine = home.open();
    insert(&engine, 7, 0).wait().unwrap();
    let add_one = || engine.write("add one", |tx| tx.one(ADD_ONE, params![7], |row| row.int(0)));
    let writers: Vec<Pending<_, Fault>> = (0..64 * 4).map(|_| add_one()).collect();
    let seen: BTreeSet<i64> = writers.into_iter().map(|writer| writer.wait().unwrap().unwrap()).collect();
    assert_eq!(seen, (1..=64 * 4).collect());
}

fn a_taken_key_is_a_conflict(home: &Home) {
    let engine = home.open();
    insert(&engine, 1, 0).wait().unwrap();
    assert!(insert(&engine, 1, 5).wait().unwrap_err().is_conflict());
    let refusing = engine.write("take", |tx| match tx.execute(INSERT, params![1, 5]) {
        Err(fault) if fault.is_conflict() => Err(TestError::Refused),
        other => Ok(other?),
    });
    assert_eq!(refusing.wait(), Err(TestError::Refused));
    let asking = engine.write("take", |tx| {
        let sql = "insert into counter (id, n) values ($1, $2) on conflict do nothing";
        Ok::<_, Fault>((tx.execute(sql, params![1, 5])?, tx.execute(sql, params![2, 5])?))
    });
    assert_eq!(asking.wait(), Ok((0, 1)));
    let twice = "insert into thing (home, seq) values ($1, $2)";
    let things = engine.write("twice", move |tx| {
        tx.execute(twice, params![b"home", 1])?;
        tx.execute(twice, params![b"home", 1])
    });
    assert!(things.wait().unwrap_err().is_conflict());
}

fn a_failed_statement_ends_its_transaction(home: &Home) {
    let engine = home.open();
    insert(&engine, 1, 0).wait().unwrap();
    let stubborn: Pending<(), Fault> = engine.write("stubborn", |tx| {
        tx.execute(INSERT, params![2, 0])?;
        let _ignored = tx.execute(INSERT, params![1, 0]);
        let _also_ignored = tx.execute(INSERT, params![3, 0]);
        Ok(())
    });
    assert!(stubborn.wait().unwrap_err().is_conflict());
    engine.faults().plan(What::Statement, 2);
    let unlucky = engine.write("unlucky", |tx| {
        tx.execute(INSERT, params![4, 0])?;
        tx.execute(INSERT, params![5, 0])
    });
    assert!(matches!(unlucky.wait(), Err(Fault::Other(_))));
    assert_eq!(ids(&engine), [1]);
}

fn what_is_put_counts_like_what_is_executed(home: &Home) {
    let engine = home.open();
    let write = engine.write("put", |tx| {
        (1..=200).try_for_each(|id| tx.put(INSERT, params![id, 0]))?;
        tx.one("select count(*) from counter", &[], |row| row.int(0))
    });
    assert_eq!(write.wait(), Ok(Some(200)));
    let taken = engine.write("put", |tx| {
        tx.put(INSERT, params![201, 0])?;
        tx.put(INSERT, params![200, 0])
    });
    assert!(taken.wait().unwrap_err().is_conflict());
    let taken = engine.write("put", |tx| {
        tx.put(INSERT, params![200, 0])?;
        tx.put(INSERT, params![201, 0])?;
        ids_in(tx)
    });
    assert!(taken.wait().unwrap_err().is_conflict());
    assert_eq!(ids(&engine), (1..=200).collect::<Vec<_>>());
}

fn whoever_was_answered_reads_what_they_wrote(home: &Home) {
    let engine = home.open();
    insert(&engine, 1, 0).wait().unwrap();
    for expected in 1..=100 {
        let wrote = engine.write("add one", |tx| tx.one(ADD_ONE, params![1], |row| row.int(0)));
        assert_eq!(wrote.wait(), Ok::<_, Fault>(Some(expected)));
        let read = engine.read("look", |snap| snap.one("select n from counter", &[], |row| row.int(0)));
        assert_eq!(read.wait(), Ok::<_, Fault>(Some(expected)));
    }
}

fn a_snapshot_stays_as_it_was(home: &Home) {
    let engine = home.open();
    insert(&engine, 1, 0).wait().unwrap();
    let writer = Arc::clone(&engine);
    let read = engine.read("twice", move |snap| {
        let before = ids_in(snap)?;
        insert(&writer, 2, 0).wait()?;
        Ok::<_, Fault>((before, ids_in(snap)?))
    });
    assert_eq!(read.wait(), Ok((vec![1], vec![1])));
    assert_eq!(ids(&engine), [1, 2]);
}

fn a_snapshot_cannot_write(home: &Home) {
    let engine = home.open();
    let sneaky = engine.read("sneaky", |snap| {
        snap.one("insert into counter (id, n) values ($1, $2) returning id", params![1, 0], |row| row.int(0))
    });
    assert!(sneaky.wait().is_err_and(|_: Fault| true));
    assert_eq!(ids(&engine), [0_i64; 0]);
}

fn a_row_of_another_shape_is_a_fault(home: &Home) {
    let engine = home.open();
    (1..=2).for_each(|id| assert_eq!(insert(&engine, id, 0).wait(), Ok(1)));
    let shape = |sql: &'static str, column| {
        let read =
            engine.read("shape", move |snap| snap.one(sql, &[], |row| row.text(column).map(str::to_owned)));
        assert!(matches!(read.wait(), Err::<_, Fault>(Fault::Shape(_))), "{sql}");
    };
    shape("select id from counter where id = 1", 0);
    shape("select cast(null as text) from counter where id = 1", 0);
    shape("select 'one column' from counter where id = 1", 1);
    shape("select 'two rows' from counter", 0);
    let read = engine.read("shape", |snap| {
        let sql = "select n = 0, 1, 'literal' from counter where id = $1";
        snap.one(sql, params![1], |row| Ok((row.int(0)?, row.int(1)?, row.text(2)?.to_owned())))
    });
    assert_eq!(read.wait(), Ok::<_, Fault>(Some((1, 1, "literal".to_owned()))));
}

const MORE_STEPS: &[Step] = &[
    STEPS[0],
    Step {
        number: 2,
        name: "colours",
        sql: "alter table thing add column colour text; create index c on thing (colour);",
    },
    Step {
        number: 3,
        name: "broken",
        sql: "create table half (id bigint primary key); create table thing (id bigint);",
    },
];

fn a_schema_grows_step_by_step(home: &Home) {
    let engine = home.open();
    insert(&engine, 1, 0).wait().unwrap();
    engine.migrate(STEPS).unwrap();
    drop(engine);
    let engine = home.open();
    engine.migrate(&MORE_STEPS[..2]).unwrap();
    let sql = "insert into thing (home, seq, colour) values ($1, $2, $3)";
    let write = engine.write("paint", move |tx| tx.execute(sql, params![b"home", 1, "green"]));
    assert_eq!(write.wait(), Ok::<_, Fault>(1));
    assert_eq!(ids(&engine), [1]);
}

fn a_newer_or_foreign_schema_is_refused(home: &Home) {
    let engine = home.open();
    engine.migrate(&MORE_STEPS[..2]).unwrap();
    let newer = engine.migrate(STEPS).unwrap_err();
    assert!(matches!(newer, OpenError::Newer { database: 2, program: 1 }), "{newer}");
    const OTHER: &[Step] = &[STEPS[0], Step { number: 2, name: "other", sql: "" }];
    let foreign = engine.migrate(OTHER).unwrap_err();
    assert!(matches!(foreign, OpenError::Foreign(_)), "{foreign}");
}

fn a_failed_step_is_undone(home: &Home) {
    let engine = home.open();
    let failed = engine.migrate(MORE_STEPS).unwrap_err();
    assert!(matches!(failed, OpenError::Step { number: 3, name: "broken", .. }), "{failed}");
    let half = engine.read("half", |snap| snap.all("select id from half", &[], |row| row.int(0)));
    assert!(half.wait().is_err_and(|_: Fault| true), "nothing of the step stays");
    const MENDED: &[Step] = &[
        MORE_STEPS[0],
        MORE_STEPS[1],
        Step { number: 3, name: "mended", sql: "create table half (id bigint primary key);" },
    ];
    engine.migrate(MENDED).unwrap();
}

fn closing_finishes_what_is_queued(home: &Home) {
    let engine = home.open();
    let queued: Vec<_> = (1..=300).map(|id| insert(&engine, id, 0)).collect();
    drop(engine);
    assert!(queued.into_iter().all(|pending| pending.wait() == Ok(1)));
    assert_eq!(ids(&home.open()).len(), 300);
}

fn the_last_handle_may_go_inside_a_body(home: &Home) {
    let engine = home.open();
    let mut last = Some(Arc::clone(&engine));
    let (let_go, gone) = mpsc::channel::<()>();
    let write = engine.write("last", move |tx| {
        gone.recv().unwrap();
        drop(last.take());
        tx.execute(INSERT, params![1, 0])
    });
    drop(engine);
    let_go.send(()).unwrap();
    assert_eq!(write.wait(), Ok::<_, Fault>(1));
}

fn names_are_counted(home: &Home) {
    let engine = home.open();
    insert(&engine, 1, 0).wait().unwrap();
    insert(&engine, 1, 0).wait().unwrap_err();
    let timings = engine.metrics();
    let insert = timings.iter().find(|timing| timing.name == "insert").unwrap();
    assert_eq!((insert.count, insert.undone), (2, 1));
    assert!(insert.total_us >= insert.longest_us);
}

/// Runs this test again in a process of its own, which dies at its second commit after the schema's.
fn what_was_answered_outlives_the_process(home: &Home) {
    const PLACE: &str = "WAXSEAL_TEST_PLACE";
    if let Ok(place) = std::env::var(PLACE) {
        let place = if place.contains("://") { Place::Postgres(place) } else { Place::Folder(place.into()) };
        let engine = Engine::open(&place).unwrap();
        assert_eq!(insert(&engine, 1, 0).wait(), Ok(1));
        let _ = insert(&engine, 2, 0).wait();
        panic!("it should have died");
    }
    for (fault, stored) in [("die-before-commit:2", vec![1]), ("die-after-commit:2", vec![1, 2])] {
        let engine = home.open();
        engine
            .write("clear", |tx| tx.execute("delete from counter", &[]))
            .wait()
            .unwrap_or_else(|fault: Fault| panic!("{fault}"));
        drop(engine);
        let (place, test) = match home.place() {
            Place::Folder(path) => (path.display().to_string(), "sqlite"),
            Place::Postgres(url) => (url, "postgres"),
        };
        let test = format!("engine::conformance::{test}::what_was_answered_outlives_the_process");
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &test, "--nocapture"])
            .env(PLACE, place)
            .env("WAXSEAL_FAULT", fault)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && !said.contains("panicked"), "{fault}: {said}");
        assert_eq!(ids(&home.open()), stored, "{fault}");
    }
}
