//! A PostgreSQL cluster of its own for tests, on a free loopback port, with its data in a temporary folder.
//! Invariant: it lives as long as its value and the process that holds it, and leaves nothing behind however those end.

// Plain std, and no `crate::` paths: `cargo xtask` includes this file as it is.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// How long a machine with everything to do may take to start an empty cluster.
const START_MAX: Duration = Duration::from_secs(60);
const USER: &str = "waxseal";

/// Starts the server and waits for the end of its own input, which comes when we let go of it or die, by whatever
/// signal. Then it stops the server by its process id and removes the folder. The shutdown is an immediate one:
/// nobody will look at this data again.
const KEEPER: &str = r#"trap '' HUP INT TERM; folder=$1; shift
"$@" & exec 2>/dev/null; read -r _; kill -QUIT $!; wait; rm -rf "$folder""#;

/// A running cluster. It commits as one in production does (`fsync` on).
pub struct Cluster {
    url: String,
    keeper: Child,
    _folder: Folder,
}

impl Cluster {
    /// Makes a cluster and returns when it takes connections. Errors are sentences.
    ///
    /// PostgreSQL refuses to run as root; root runs it as `postgres`, or else as `nobody`.
    pub fn start() -> Result<Self, String> {
        let bin = binaries()
            .ok_or("PostgreSQL is not installed: no initdb in /usr/lib/postgresql or on the PATH")?;
        let owner = owner()?;
        let folder = Folder::new(owner)?;
        let data = folder.0.join("data");
        let made = as_owner(&bin.join("initdb"), owner)
            .args([
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
                "--username",
                USER,
                "--pgdata",
            ])
            .arg(&data)
            .output()
            .map_err(|e| format!("initdb did not start: {e}"))?;
        if !made.status.success() {
            return Err(format!("initdb failed: {}", String::from_utf8_lossy(&made.stderr).trim()));
        }
        let port = free_port()?;
        let keeper = as_owner(Path::new("sh"), owner)
            .args(["-c", KEEPER, "keeper"])
            .args([folder.0.as_path(), &bin.join("postgres"), Path::new("-D"), &data])
            .args(["-c", "listen_addresses=127.0.0.1", "-c", &format!("port={port}")])
            .args(["-c", "unix_socket_directories=", "-c", "max_connections=200"])
            .args(["-c", "logging_collector=off", "-c", "log_destination=stderr"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| format!("postgres did not start: {e}"))?;
        let url = format!("postgres://{USER}@127.0.0.1:{port}/postgres");
        let mut cluster = Self { url, keeper, _folder: folder };
        cluster.wait_until_ready()?;
        Ok(cluster)
    }

    /// Where it listens: the superuser, without a password, on the database `postgres`. Tests make databases of their own.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Reads the server's log until it says that it is ready, and goes on reading so that it never blocks on us.
    fn wait_until_ready(&mut self) -> Result<(), String> {
        let log = self.keeper.stderr.take().ok_or("postgres has no log")?;
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || watch(log, &tell));
        match told.recv_timeout(START_MAX) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(log)) => Err(format!("postgres ended before it was ready; its log:\n{log}")),
            Err(_) => Err(format!("postgres was not ready after {} s", START_MAX.as_secs())),
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// Tells once: ready, or the whole log if it ends before.
fn watch(log: impl Read, tell: &mpsc::Sender<Result<(), String>>) {
    let mut said = String::new();
    let mut ready = false;
    for line in BufReader::new(log).lines().map_while(Result::ok) {
        if !ready {
            said.push_str(&line);
            said.push('\n');
            ready = line.contains("database system is ready to accept connections");
            if ready {
                let _ = tell.send(Ok(()));
            }
        }
    }
    if !ready {
        let _ = tell.send(Err(said));
    }
}

/// A private temporary folder, removed when dropped, should the keeper not have come to it.
struct Folder(PathBuf);

impl Folder {
    fn new(owner: Option<(u32, u32)>) -> Result<Self, String> {
        // Several clusters of one process differ by the port.
        let path =
            std::env::temp_dir().join(format!("waxseal-postgres-{}-{}", std::process::id(), free_port()?));
        let fail = |e: std::io::Error| format!("{} cannot be made: {e}", path.display());
        std::fs::create_dir(&path).map_err(fail)?;
        let folder = Self(path.clone());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).map_err(fail)?;
        if let Some((user, group)) = owner {
            chown(&path, Some(user), Some(group)).map_err(fail)?;
        }
        Ok(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The folder of the newest PostgreSQL's programs.
fn binaries() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .map(|version| version.path().join("bin"))
        .filter(|bin| bin.join("initdb").exists())
        .max_by_key(|bin| bin.parent()?.file_name()?.to_str()?.parse::<u32>().ok());
    newest.or_else(|| {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).find(|folder| folder.join("initdb").exists())
    })
}

/// Whom to run it as: user and group if we are root, nobody else's otherwise.
fn owner() -> Result<Option<(u32, u32)>, String> {
    if !std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0) {
        return Ok(None);
    }
    let users =
        std::fs::read_to_string("/etc/passwd").map_err(|e| format!("/etc/passwd cannot be read: {e}"))?;
    let ids = |name: &str| {
        let mut fields =
            users.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?.split(':').skip(1);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    ids("postgres")
        .or_else(|| ids("nobody"))
        .map(Some)
        .ok_or("there is no user to run PostgreSQL as".to_owned())
}

fn as_owner(program: &Path, owner: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(program);
    // English, so that the log can be understood; a folder that the other user may be in.
    command.env("LC_ALL", "C").current_dir("/");
    if let Some((user, group)) = owner {
        command.uid(user).gid(group);
    }
    command
}

fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(|e| format!("no free loopback port: {e}"))?;
    listener.local_addr().map(|address| address.port()).map_err(|e| format!("no free loopback port: {e}"))
}
