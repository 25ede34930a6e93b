//! What every engine promises, asked of each of them.

use super::*;

const STEPS: &[Step] = &[Step {
    number: 1,
    name: "start",
    sql: "create table counter (id bigint primary key, n bigint not null);",
}];

#[test]
fn a_value_comes_back_after_the_commit() {
    let home = tempfile::tempdir().unwrap();
    let engine = Engine::open(&Place::Folder(home.path().join("data"))).unwrap();
    engine.migrate(STEPS).unwrap();
    engine
        .write("put", |tx| tx.execute("insert into counter (id, n) values ($1, $2)", params![1, 41]))
        .wait()
        .unwrap();
    let read = engine.read("look", |snap| snap.one("select n + 1 from counter", &[], |row| row.int(0)));
    assert_eq!(read.wait(), Ok::<_, Fault>(Some(42)));
}
