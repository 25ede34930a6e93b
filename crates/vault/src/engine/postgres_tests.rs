//! What only a server at the other end of a wire can do to us: other nodes, deadlocks, broken connections.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Barrier};
use std::thread;

use tokio_postgres::config::Host;

use super::conformance::{Home, INSERT, STEPS, TestError, ids, insert};
use super::*;

fn url(home: &Home) -> String {
    let Place::Postgres(url) = home.place() else { unreachable!() };
    url
}

/// A body that waits for another one the first time it comes to this point, and only then.
fn once(barrier: &Arc<Barrier>) -> impl FnMut() + Send + use<> {
    let mut barrier = Some(Arc::clone(barrier));
    move || {
        if let Some(barrier) = barrier.take() {
            barrier.wait();
        }
    }
}

#[test]
fn a_key_taken_after_the_body_looked_is_seen_the_second_time() {
    let Some(home) = Home::database() else { return };
    let engine = home.open();
    let barrier = Arc::new(Barrier::new(2));
    let find_or_insert = || {
        let mut meet = once(&barrier);
        engine.write("find or insert", move |tx| {
            if let Some(found) = tx.one("select n from counter where id = 1", &[], |row| row.int(0))? {
                return Ok::<_, Fault>(found);
            }
            meet();
            tx.execute(INSERT, params![1, 5])?;
            Ok(5)
        })
    };
    let (one, two) = (find_or_insert(), find_or_insert());
    assert_eq!((one.wait(), two.wait()), (Ok(5), Ok(5)));
    assert_eq!(ids(&engine), [1]);
}

#[test]
fn a_refusal_for_a_taken_key_stays_one() {
    let Some(home) = Home::database() else { return };
    let engine = home.open();
    insert(&engine, 1, 0).wait().unwrap();
    let runs = Arc::new(std::sync::Mutex::new(0));
    let counted = Arc::clone(&runs);
    let write = engine.write("take", move |tx| {
        *counted.lock().unwrap() += 1;
        tx.execute(INSERT, params![1, 5]).map_err(|_| TestError::Refused)
    });
    assert_eq!(write.wait(), Err(TestError::Refused));
    assert_eq!(*runs.lock().unwrap(), 2);
}

#[test]
fn bodies_in_a_deadlock_are_both_done() {
    let Some(home) = Home::database() else { return };
    let engine = home.open();
    (1..=2).for_each(|id| assert_eq!(insert(&engine, id, 0).wait(), Ok(1)));
    let barrier = Arc::new(Barrier::new(2));
    let crossing = |first: i64, second: i64| {
        let mut meet = once(&barrier);
        engine.write("cross", move |tx| {
            let sql = "update counter set n = n + 1 where id = $1";
            tx.execute(sql, params![first])?;
            meet();
            tx.execute(sql, params![second])
        })
    };
    let (one, two) = (crossing(1, 2), crossing(2, 1));
    assert_eq!((one.wait(), two.wait()), (Ok::<_, Fault>(1), Ok::<_, Fault>(1)));
    let read = engine.read("counts", |snap| snap.all("select n from counter", &[], |row| row.int(0)));
    assert_eq!(read.wait(), Ok::<_, Fault>(vec![2, 2]));
}

#[test]
fn broken_connections_are_made_anew() {
    let Some(home) = Home::database() else { return };
    let engine = home.open();
    let many = |from: i64| (from..from + 50).map(|id| insert(&engine, id, 0)).collect::<Vec<_>>();
    assert!(many(0).into_iter().all(|pending| pending.wait() == Ok(1)));
    assert_eq!(ids(&engine).len(), 50);
    let cut = engine.write("cut", |tx| {
        let sql = "select pg_terminate_backend(pid) from pg_stat_activity \
            where datname = current_database() and pid <> pg_backend_pid()";
        tx.all(sql, &[], |row| row.int(0))
    });
    assert!(cut.wait().is_ok_and(|cut: Vec<i64>| cut.len() >= 2));
    assert!(many(50).into_iter().all(|pending| pending.wait() == Ok(1)));
    assert_eq!(ids(&engine).len(), 100);
}

#[test]
fn nodes_that_start_together_share_one_schema_and_lose_no_update() {
    let Some(home) = Home::database() else { return };
    let nodes: Vec<_> = thread::scope(|scope| {
        let start: Vec<_> = (0..3).map(|_| scope.spawn(|| home.open())).collect();
        start.into_iter().map(|node| node.join().unwrap()).collect()
    });
    insert(&nodes[0], 1, 0).wait().unwrap();
    let add_one = |node: &Arc<Engine>| {
        node.write("add one", |tx| tx.execute("update counter set n = n + 1 where id = 1", &[]))
    };
    let pending: Vec<Pending<u64, Fault>> = (0..60).map(|number| add_one(&nodes[number % 3])).collect();
    assert!(pending.into_iter().all(|pending| pending.wait() == Ok(1)));
    let read = nodes[1].read("look", |snap| snap.one("select n from counter", &[], |row| row.int(0)));
    assert_eq!(read.wait(), Ok::<_, Fault>(Some(60)));
}

#[test]
fn a_server_that_would_break_our_promises_is_refused() {
    let Some(home) = Home::database() else { return };
    let engine = home.open();
    let careless = engine.write("careless", |tx| {
        let name = tx.one("select current_database()", &[], |row| row.text(0).map(str::to_owned))?;
        tx.execute(&format!("alter database {} set synchronous_commit = off", name.unwrap()), &[])
    });
    careless.wait().unwrap_or_else(|fault: Fault| panic!("{fault}"));
    drop(engine);
    let sentence = Engine::open(&home.place()).err().unwrap().to_string();
    assert!(sentence.contains("synchronous_commit is off"), "{sentence}");
}

#[test]
fn an_address_that_leads_nowhere_is_refused_with_a_sentence() {
    let refused = |url: &str| Engine::open(&Place::Postgres(url.to_owned())).err().unwrap().to_string();
    let sentence = refused("postgres://no one/there?what=this");
    assert!(sentence.contains("it looks like postgres://"), "{sentence}");
    // Taken and let go again, so that nobody listens there.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let sentence = refused(&format!("postgres://waxseal@127.0.0.1:{port}/waxseal"));
    assert!(sentence.contains("cannot be reached") && sentence.contains("refused"), "{sentence}");
}

/// A wire to the server. Once `cut` is set, the next `commit` still gets through, but its answer does not.
fn wire(server: &str, cut: &Arc<AtomicBool>) -> String {
    let config: tokio_postgres::Config = server.parse().unwrap();
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let host = config.get_hosts()[0].clone();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let cut = Arc::clone(cut);
    thread::spawn(move || {
        for client in listener.incoming() {
            let (client, cut) = (client.unwrap(), Arc::clone(&cut));
            match &host {
                Host::Unix(path) => {
                    let server = UnixStream::connect(path.join(format!(".s.PGSQL.{port}"))).unwrap();
                    join(client, server.try_clone().unwrap(), server, cut);
                }
                Host::Tcp(name) => {
                    let server = TcpStream::connect((name.as_str(), port)).unwrap();
                    join(client, server.try_clone().unwrap(), server, cut);
                }
            }
        }
    });
    format!("postgres://postgres@{address}/{}", config.get_dbname().unwrap())
}

fn join(
    client: TcpStream,
    mut to_server: impl Write + Send + 'static,
    mut from_server: impl Read + Send + 'static,
    cut: Arc<AtomicBool>,
) {
    let silent = Arc::new(AtomicBool::new(false));
    let (mut from_client, mut to_client, falls_silent) =
        (client.try_clone().unwrap(), client, Arc::clone(&silent));
    thread::spawn(move || {
        let mut bytes = [0; 65536];
        while let Ok(count @ 1..) = from_client.read(&mut bytes) {
            if bytes[..count].windows(7).any(|word| word == b"commit\0") && cut.swap(false, SeqCst) {
                falls_silent.store(true, SeqCst);
            }
            if to_server.write_all(&bytes[..count]).is_err() {
                break;
            }
        }
    });
    thread::spawn(move || {
        let mut bytes = [0; 65536];
        while let Ok(count @ 1..) = from_server.read(&mut bytes) {
            if silent.load(SeqCst) || to_client.write_all(&bytes[..count]).is_err() {
                break;
            }
        }
        let _ = to_client.shutdown(Shutdown::Both);
    });
}

#[test]
fn a_commit_whose_answer_is_lost_is_not_told_as_done() {
    let Some(home) = Home::database() else { return };
    let cut = Arc::new(AtomicBool::new(false));
    let engine = Engine::open(&Place::Postgres(wire(&url(&home), &cut))).unwrap();
    engine.migrate(STEPS).unwrap();
    cut.store(true, SeqCst);
    assert_eq!(insert(&engine, 1, 0).wait(), Err(Fault::Unknown));
    assert_eq!(ids(&engine), [1], "this time it was stored");
    assert_eq!(insert(&engine, 2, 0).wait(), Ok(1), "the pool has healed");
}
