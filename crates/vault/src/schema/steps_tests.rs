//! From every earlier schema to this one, with all that was in the database.
//!
//! A house of today is full of life; for each earlier schema, what of it that schema could hold is copied into a database
//! of that schema, which then is opened as at any start.

use crate::engine::{Engine, Reads};
use crate::faults_tests::house::{
    House, Somebody, Tokens, newest, on_both_engines, open_ceiling, open_terms, words,
};
use crate::schema::STEPS;
use crate::{Fault, Place, ReadMessages, Vault};
use model::ConversationId;

/// Columns that are no more, of which table, and what makes them out of what is there.
const ONCE: [(&str, &str, &str); 5] = [
    ("ledger_tiles", "level", "place / 281474976710656"),
    ("ledger_tiles", "n", "place % 281474976710656"),
    ("persons", "accesses", "(select k.accesses from person_counts k where k.person = id)"),
    ("persons", "staff_acts", "(select k.staff_acts from person_counts k where k.person = id)"),
    ("persons", "salt_key", "(select k.salt_key from person_counts k where k.person = id)"),
];

/// Columns of a table that can be filled, and with what, quoted by nobody: ours need it not.
fn common(table: &str, old: &[String], new: &[String]) -> [String; 2] {
    let made = |column: &String| {
        let once = ONCE.iter().find(|(of, once, _)| *of == table && once == column);
        if new.contains(column) { Some(column.clone()) } else { once.map(|(.., made)| (*made).to_owned()) }
    };
    let both = old.iter().filter_map(|column| Some((column.clone(), made(column)?)));
    let (columns, from): (Vec<_>, Vec<_>) = both.unzip();
    [columns.join(", "), from.join(", ")]
}

fn texts(conn: &rusqlite::Connection, sql: &str) -> Vec<String> {
    let mut query = conn.prepare(sql).unwrap();
    query.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// Fills the database at `old` from the one at `full`: rows of the tables, and columns, that both have.
fn copy_folder(full: &std::path::Path, old: &std::path::Path) {
    let conn = rusqlite::Connection::open(old.join("waxseal.db")).unwrap();
    conn.execute_batch("pragma foreign_keys = off").unwrap();
    conn.execute("attach $1 as full", [full.join("waxseal.db").display().to_string()]).unwrap();
    for table in texts(&conn, "select name from sqlite_schema where type = 'table' and name <> 'schema_step'")
    {
        let columns =
            |of: &str| texts(&conn, &format!("select name from pragma_table_info('{table}', '{of}')"));
        let [both, from] = common(&table, &columns("main"), &columns("full"));
        assert_ne!(both, "", "{table} is no more: say here what became of it");
        conn.execute_batch(&format!(
            "delete from main.{table}; insert into main.{table} ({both}) select {from} from full.{table}"
        ))
        .unwrap();
    }
}

/// The same within one PostgreSQL database, where the earlier one is a schema beside `public`.
async fn copy_database(url: &str, old: &str) {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute("set session_replication_role = replica").await.unwrap();
    let texts = async |sql: String| -> Vec<String> {
        client.query(&sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
    };
    let tables = format!(
        "select table_name::text from information_schema.tables where table_schema = '{old}' and table_name <> 'schema_step'"
    );
    for table in texts(tables).await {
        let columns = |of: &str| {
            texts(format!(
                "select column_name::text from information_schema.columns \
                 where table_schema = '{of}' and table_name = '{table}'"
            ))
        };
        let [both, from] = common(&table, &columns(old).await, &columns("public").await);
        assert_ne!(both, "", "{table} is no more: say here what became of it");
        let sql = format!(
            "delete from {old}.{table}; insert into {old}.{table} ({both}) select {from} from public.{table}"
        );
        client.batch_execute(&sql).await.unwrap();
    }
}

/// A database with the first `steps` of the schema, filled from the one of the house.
async fn earlier(house: &House, steps: usize) -> Place {
    let (place, old) = match house.place() {
        Place::Folder(path) => (Place::Folder(path.with_file_name(format!("old-{steps}"))), String::new()),
        Place::Postgres(url) => {
            let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
            tokio::spawn(connection);
            let old = format!("old_{steps}");
            client.batch_execute(&format!("create schema {old}")).await.unwrap();
            let mark = if url.contains('?') { '&' } else { '?' };
            (Place::Postgres(format!("{url}{mark}options=-c%20search_path%3D{old}")), old)
        }
    };
    let opened = place.clone();
    let build = move || Engine::open(&opened).unwrap().migrate(&STEPS[..steps]).unwrap();
    tokio::task::spawn_blocking(build).await.unwrap();
    match (house.place(), &place) {
        (Place::Folder(full), Place::Folder(path)) => copy_folder(&full, path),
        (Place::Postgres(url), _) => copy_database(&url, &old).await,
        _ => panic!("two engines"),
    }
    place
}

/// What the steps have to work out for rows that were there before, and for how many here.
const WORKED_OUT: [(&str, i64); 3] = [
    ("select count(*) from sessions where authed_at = created_at and ends_last >= ends_at", 2),
    ("select count(*) from grants where agreed_at = given_at", 1),
    ("select count(*) from ledger_entries e join access x on x.grant_id = e.home and x.n = e.n", 1),
];

/// What was there is there, and works.
async fn look(vault: &Vault, ada: &Somebody, tokens: &Tokens, conversation: ConversationId) {
    for (sql, rows) in WORKED_OUT {
        let count = vault.engine.read("count", move |snap| -> Result<_, Fault> {
            Ok(snap.one(sql, &[], |row| row.int(0))?.unwrap_or(0))
        });
        assert_eq!(count.await.unwrap(), rows, "{sql}");
    }
    let own = vault.own(&ada.cookie).await.unwrap();
    let kept = vault.own_messages(&own, conversation, newest(9)).await.unwrap();
    assert_eq!(kept[0].content, Some(words("kept")));
    let caller = vault.caller(&tokens.access).await.unwrap();
    let permit = caller.permit(ReadMessages { conversation, page: newest(9) }).unwrap();
    let read = vault.read_messages(permit).await.unwrap();
    assert!(read.answer.items.contains("kept"), "{}", read.answer.items);
    assert_eq!(vault.accesses_of_own(&own, tokens.grant, None, 9).await.unwrap().len(), 2);
    while vault.sequence().await.unwrap() > 0 {}
    vault.map_step(false).await.unwrap();
    assert_eq!(vault.audit().await.unwrap().findings, Vec::<String>::new());
}

on_both_engines! {
    async fn a_database_of_every_earlier_schema_opens_with_all_that_was_in_it(mut house: House) {
        let [ada, bob] = house.friends(["ada", "bob"]).await;
        let conversation = house.group(&ada, &[&bob]).await;
        house.say(&ada, conversation, "kept").await;
        let app = house.app("Jukebox", &open_ceiling()).await;
        let tokens = house.let_in(&ada, app, &open_terms()).await;
        house.read(&tokens, conversation).await.unwrap();
        while house.vault().sequence().await.unwrap() > 0 {}
        house.close();
        for steps in 1..STEPS.len() {
            let place = earlier(&house, steps).await;
            let vault = house.open_at(place, None).unwrap_or_else(|e| panic!("from step {steps}: {e}"));
            look(&vault, &ada, &tokens, conversation).await;
            tokio::task::spawn_blocking(move || drop(vault)).await.unwrap();
        }
    }
}
