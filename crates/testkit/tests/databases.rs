//! Databases for tests: each its own, copies quick to make, gone afterwards.

use std::time::Instant;

use tokio_postgres::NoTls;

async fn run(url: &str, sql: &str) -> Result<usize, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client.query(sql, &[]).await?.len())
}

#[tokio::test]
async fn a_copy_holds_what_its_kind_was_filled_with_and_nothing_of_its_siblings() {
    let fill = |url: &str| {
        let fill = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(run(url, "create table a (id bigint)")).unwrap()
        };
        std::thread::scope(|scope| scope.spawn(fill).join()).unwrap();
    };
    let Some(one) = testkit::database_like("one table a", fill) else { return };
    let started = Instant::now();
    let two = testkit::database_like("one table a", |_| panic!("it is filled already")).unwrap();
    eprintln!("a copy took {:?}", started.elapsed());
    run(&one.url(), "insert into a values (1)").await.unwrap();
    assert_eq!(run(&two.url(), "select * from a").await.unwrap(), 0);
    assert_eq!(run(&one.url(), "select * from a").await.unwrap(), 1);
    let gone = two.url();
    drop(two);
    let refused = run(&gone, "select 1").await.unwrap_err();
    assert_eq!(refused.code(), Some(&tokio_postgres::error::SqlState::INVALID_CATALOG_NAME));
}
