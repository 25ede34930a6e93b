//! PostgreSQL databases, one for each test, in a cluster that all tests of this machine share.
//!
//! The cluster is the one that `WAXSEAL_TEST_POSTGRES` names, else one of our own, which the first test to need it
//! starts and which stops by itself when no test has used it for a while. So it starts once for a whole run, also
//! where each test is a process.
//!
//! Invariant: a test sees no other test's rows; its database is a copy of a template, and is dropped with its value.

use std::fs::{self, File};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::thread;

use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, NoTls};

use super::cluster::{Cluster, Disk, INSTALL};

/// Names a cluster for the tests to use: a URL whose user may create databases.
const CLUSTER_VARIABLE: &str = "WAXSEAL_TEST_POSTGRES";

/// A database of one test, dropped with this value.
#[derive(Debug)]
pub struct Database {
    server: &'static Server,
    name: String,
}

impl Database {
    /// Its address.
    pub fn url(&self) -> String {
        self.server.url(&self.name)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // Whoever still holds a connection to it loses it.
        let _ = self.server.run(&format!("drop database if exists {} with (force)", self.name));
    }
}

/// An empty database; `None` where PostgreSQL is not installed, which is said once, and is not let pass if `CI=true`.
///
/// # Panics
/// If the cluster does not work.
pub fn database() -> Option<Database> {
    Some(demand(server()?.create("template0")))
}

/// A database with what `fill` put into the first one of its kind. Let `kind` change with what `fill` does: what it
/// filled outlives the test, and may outlive the program.
///
/// # Panics
/// As [`database`] does.
pub fn database_like(kind: &str, fill: impl FnOnce(&str)) -> Option<Database> {
    let server = server()?;
    let template = format!("like_{:016x}", fingerprint(kind));
    if demand(server.count(&format!("select 1 from pg_database where datname = '{template}'"))) == 0 {
        let filled = demand(server.create("template0"));
        fill(&filled.url());
        // Fails if another test was quicker with the same; then that one serves, and this one is dropped.
        let _ = server.run(&format!("alter database {} rename to {template}", filled.name));
    }
    Some(demand(server.create(&template)))
}

/// FNV-1a: the same in every build, which the standard library's hashes do not promise.
fn fingerprint(kind: &str) -> u64 {
    kind.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[expect(clippy::panic, reason = "a test without its database cannot go on")]
fn demand<T>(outcome: Result<T, String>) -> T {
    outcome.unwrap_or_else(|sentence| panic!("the PostgreSQL for tests: {sentence}"))
}

/// The cluster, connected to once for this process.
fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    // On a thread of its own: a server that does not answer is given up with its runtime, which no task may drop.
    let find =
        || thread::scope(|scope| scope.spawn(Server::find).join().map_err(|_| "its search broke down"));
    let found = SERVER.get_or_init(|| match find().map_err(str::to_owned).flatten() {
        Err(sentence) if sentence == INSTALL && std::env::var("CI").as_deref() != Ok("true") => {
            leave_out(&sentence);
            None
        }
        found => Some(demand(found)),
    });
    found.as_ref()
}

#[expect(clippy::print_stderr, reason = "whoever runs the tests must see that some are left out")]
fn leave_out(sentence: &str) {
    eprintln!("left out: {sentence}");
}

/// A cluster and a connection to it, which keeps it running as long as this process does.
#[derive(Debug)]
struct Server {
    /// The address of a database in it is the first part, the name, the second part.
    url: (String, String),
    runtime: Runtime,
    client: Client,
}

impl Server {
    fn find() -> Result<Server, String> {
        match std::env::var(CLUSTER_VARIABLE) {
            Ok(url) => Server::connect(&url),
            Err(_) => Server::our_own(),
        }
    }

    /// The cluster that an earlier test left running, or a new one.
    fn our_own() -> Result<Server, String> {
        let home = home().map_err(|error| error.to_string())?;
        // Tests that start together wait here for the first of them.
        let lock = File::create(home.join("lock")).map_err(|error| error.to_string())?;
        lock.lock().map_err(|error| error.to_string())?;
        let current = home.join("current");
        if let Ok(folder) = fs::read_to_string(&current) {
            let running = Cluster::at(Path::new(&folder))?;
            if let Ok(server) = Server::connect(&running.url("postgres")) {
                return Ok(server);
            }
        }
        let folder = home.join(format!("{:08x}", random() as u32));
        let cluster = Cluster::start(&folder, Disk::Unsynced)?;
        fs::write(&current, folder.display().to_string()).map_err(|error| error.to_string())?;
        let server = Server::connect(&cluster.url("postgres"))?;
        cluster.stop_when_unused()?;
        Ok(server)
    }

    fn connect(url: &str) -> Result<Server, String> {
        let (address, options) = url.split_at(url.find('?').unwrap_or(url.len()));
        let (host, _) = address.rsplit_once('/').ok_or("its URL has no database")?;
        let url = (format!("{host}/"), options.to_owned());
        let runtime =
            Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
        let connecting = async {
            let (client, connection) = tokio_postgres::connect(&format!("{address}{options}"), NoTls).await?;
            Ok::<_, tokio_postgres::Error>((client, tokio::spawn(connection)))
        };
        let (client, _) = runtime.block_on(connecting).map_err(|error| sentence(&error))?;
        Ok(Server { url, runtime, client })
    }

    fn url(&self, database: &str) -> String {
        format!("{}{database}{}", self.url.0, self.url.1)
    }

    fn create(&'static self, template: &str) -> Result<Database, String> {
        let name = format!("test_{:016x}", random());
        self.run(&format!("create database {name} template {template}"))?;
        Ok(Database { server: self, name })
    }

    fn run(&self, sql: &str) -> Result<(), String> {
        outside(|| self.runtime.block_on(self.client.batch_execute(sql)).map_err(|error| sentence(&error)))
    }

    fn count(&self, sql: &str) -> Result<usize, String> {
        let found = || self.runtime.block_on(self.client.query(sql, &[])).map_err(|error| sentence(&error));
        outside(found).map(|rows| rows.len())
    }
}

/// Runs on a thread of its own, so that asynchronous tests may wait for it too.
fn outside<T: Send>(asked: impl FnOnce() -> Result<T, String> + Send) -> Result<T, String> {
    thread::scope(|scope| scope.spawn(asked).join()).map_err(|_| "its client broke down")?
}

fn sentence(error: &tokio_postgres::Error) -> String {
    error.as_db_error().map_or_else(|| error.to_string(), ToString::to_string)
}

/// A folder for the clusters of this user.
fn home() -> std::io::Result<PathBuf> {
    #[cfg(unix)]
    let user = std::os::unix::fs::MetadataExt::uid(&tempfile::tempfile()?.metadata()?);
    #[cfg(not(unix))]
    let user = 0;
    let home = std::env::temp_dir().join(format!("waxseal-tests-{user}"));
    fs::create_dir_all(&home)?;
    Ok(home)
}

fn random() -> u64 {
    // Each state has keys of its own, drawn by the standard library.
    RandomState::new().build_hasher().finish()
}
