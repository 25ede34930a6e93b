//! The dialect, word by word.

use super::*;

#[test]
fn sqlite_gets_row_numbers_and_clustered_tables() {
    let sql = "create table a (id bigint primary key, at bigint not null);
create table b (home blob not null, seq bigint not null, primary key (home, seq)) /* clustered */;";
    assert_eq!(
        for_sqlite(sql),
        "create table a (id integer primary key, at bigint not null);
create table b (home blob not null, seq bigint not null, primary key (home, seq)) without rowid;"
    );
}

#[cfg(feature = "postgres")]
#[test]
fn postgres_gets_its_own_words_for_types_and_nothing_else() {
    let sql =
        "create table a (id blob primary key, body text not null check (length(body) > 0),\n  blobs text);
create index a_body on a (body) where body is not null; -- “text” stays";
    assert_eq!(
        for_postgres(sql),
        "create table a (id bytea primary key, body text collate \"C\" not null check (length(body) > 0),\n  blobs text collate \"C\");
create index a_body on a (body) where body is not null; -- “text” stays"
    );
}
