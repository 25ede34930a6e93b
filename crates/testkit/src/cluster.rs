//! Starts and stops a PostgreSQL cluster of our own, from the binaries that the machine has.
//!
//! Plain `std`, so that xtask can include this file too.
//!
//! Invariant: a cluster listens on a socket in its own folder only, and is stopped by the process id in its own
//! `postmaster.pid`: no other PostgreSQL on the machine is ever touched.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// What to say where PostgreSQL is missing.
pub const INSTALL: &str = "PostgreSQL is not installed (on Debian: apt-get install postgresql)";

/// How much a cluster may lose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disk {
    /// Everything that was committed is on disk: for measuring, and for killing.
    Synced,
    /// A power cut may lose all of it: for tests, which run faster so.
    Unsynced,
}

/// A cluster in a folder.
#[derive(Debug, Clone)]
pub struct Cluster {
    programs: Programs,
    folder: PathBuf,
}

impl Cluster {
    /// Makes a cluster in a folder that does not exist yet, and starts it. The error is a sentence.
    pub fn start(folder: &Path, disk: Disk) -> Result<Cluster, String> {
        let cluster = Cluster { programs: Programs::find()?, folder: folder.to_owned() };
        fs::create_dir(folder).map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;
        if let Some(user) = &cluster.programs.user {
            checked(Command::new("chown").arg(user).arg(folder))?;
        }
        checked(cluster.programs.command("initdb").args(INITDB).arg("-D").arg(cluster.data()))?;
        cluster.serve(disk)?;
        Ok(cluster)
    }

    /// Starts it again, after it was killed.
    pub fn serve(&self, disk: Disk) -> Result<(), String> {
        let sync = if disk == Disk::Synced { "on" } else { "off" };
        let options = format!(
            "-k '{}' -c listen_addresses='' -c max_connections=200 -c shared_buffers=64MB -c fsync={sync} -c full_page_writes={sync}",
            self.folder.display()
        );
        let log = self.folder.join("log");
        checked(self.pg_ctl().args(["-w", "-s", "-o", &options, "-l"]).arg(log).arg("start")).map(|_| ())
    }

    /// Kills all its processes where they stand, as the loss of the machine would, of which no process is left to see.
    pub fn kill(&self) -> Result<(), String> {
        let pid_file = self.data().join("postmaster.pid");
        let file = fs::read_to_string(&pid_file).map_err(|error| error.to_string())?;
        let first = file.lines().next().ok_or("postmaster.pid is empty")?;
        // The first starts the others, and must not while they are counted.
        checked(Command::new("kill").args(["-STOP", first]))?;
        let others = checked(Command::new("pgrep").args(["-P", first]))?;
        let others = String::from_utf8_lossy(&others.stdout).into_owned();
        let all: Vec<&str> = others.split_whitespace().chain([first]).collect();
        // One that has ended meanwhile is no failure.
        let _ = checked(Command::new("kill").arg("-KILL").args(&all));
        let deadline = Instant::now() + GONE_WITHIN;
        while is_any_alive(&all) {
            if Instant::now() > deadline {
                return Err("a killed process does not end".to_owned());
            }
        }
        // Whoever took them in may not have heard of their end yet; PostgreSQL would take them for alive.
        let _ = fs::remove_file(self.folder.join(".s.PGSQL.5432.lock"));
        fs::remove_file(pid_file).map_err(|error| error.to_string())
    }

    /// How many are connected to it.
    pub fn clients(&self) -> Result<u32, String> {
        let sql = "select count(*) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()";
        let mut psql = self.programs.command("psql");
        let psql = psql.arg("-XAtq").arg("-h").arg(&self.folder).args(["-U", "postgres", "-c", sql]);
        let told = String::from_utf8_lossy(&checked(psql)?.stdout).trim().parse::<u32>();
        told.map_err(|error| format!("psql told no number: {error}"))
    }

    /// A cluster that [`Cluster::start`] made earlier, maybe in another process.
    pub fn at(folder: &Path) -> Result<Cluster, String> {
        Ok(Cluster { programs: Programs::find()?, folder: folder.to_owned() })
    }

    /// The address of one of its databases.
    pub fn url(&self, database: &str) -> String {
        // The socket's folder stands where the host would, with its slashes escaped.
        format!("postgres://postgres@{}/{database}", self.folder.display().to_string().replace('/', "%2F"))
    }

    /// Stops it, as soon as its clients have left, and removes its folder.
    pub fn stop(&self) -> Result<(), String> {
        checked(self.pg_ctl().args(["-w", "-s", "-m", "smart", "stop"]))?;
        fs::remove_dir_all(&self.folder).map_err(|error| error.to_string())
    }

    /// Leaves it running for other processes, and has it stopped and removed once nobody has been connected to it
    /// for a while. A shell does the watching, so it happens however this process ends.
    pub fn stop_when_unused(&self) -> Result<(), String> {
        let mut watch = Command::new("sh");
        watch.args(["-c", WATCH]).arg(&self.programs.folder).arg(&self.folder).args(self.programs.as_user());
        watch.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // Not stopped with the terminal's foreground job: others may be using the cluster.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut watch, 0);
        watch.spawn().map(|_| ()).map_err(|error| format!("sh cannot be started: {error}"))
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn pg_ctl(&self) -> Command {
        let mut command = self.programs.command("pg_ctl");
        command.arg("-D").arg(self.data());
        command
    }
}

/// Given the folder of the programs, that of the cluster, and the words that make a command run as its user.
const WATCH: &str = r#"
folder=$1
shift
# Whoever looks for the cluster holds this lock until he is one of its users; so none comes while it is being stopped.
exec 9>>"$folder/../lock"
while sleep 10; do
    if command -v flock >&2; then flock -n 9 || continue; fi
    users=$("$@" "$0/psql" -XAtq -h "$folder" -U postgres -d postgres -c "select count(*) from pg_stat_activity
        where backend_type = 'client backend' and pid <> pg_backend_pid()")
    case "$users" in 0 | '') break ;; esac
    if command -v flock >&2; then flock -u 9; fi
done
"$@" "$0/pg_ctl" -D "$folder/data" -m smart -w -s stop
rm -rf "$folder""#;

/// How long the system may take to end a killed process.
const GONE_WITHIN: Duration = Duration::from_secs(20);

/// Whether one of these runs; one that nobody has buried does not.
fn is_any_alive(processes: &[&str]) -> bool {
    let states = Command::new("ps").args(["-o", "stat=", "-p", &processes.join(",")]).output();
    states
        .is_ok_and(|told| String::from_utf8_lossy(&told.stdout).lines().any(|state| !state.starts_with('Z')))
}

/// No syncing, since nothing is in it yet; texts in UTF-8, in an order that is the same on every machine.
const INITDB: &[&str] = &["-N", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C"];

/// PostgreSQL's programs, and the user they have to run as.
#[derive(Debug, Clone)]
struct Programs {
    folder: PathBuf,
    user: Option<String>,
}

impl Programs {
    fn find() -> Result<Programs, String> {
        let installed = ["/usr/lib/postgresql", "/usr/local/lib/postgresql", "/opt/homebrew/opt"];
        let mut folders: Vec<PathBuf> = installed
            .iter()
            .filter_map(|path| fs::read_dir(path).ok())
            .flat_map(|versions| versions.flatten().map(|version| version.path().join("bin")))
            .collect();
        folders.sort();
        folders.extend(std::env::var_os("PATH").iter().flat_map(std::env::split_paths));
        // The newest of the versions that have folders of their own, else the first on the path.
        let (versions, path): (Vec<_>, Vec<_>) = folders
            .into_iter()
            .filter(|folder| folder.join("initdb").is_file() && folder.join("pg_ctl").is_file())
            .partition(|folder| folder.ends_with("bin") && installed.iter().any(|at| folder.starts_with(at)));
        let folder = versions.into_iter().next_back().or_else(|| path.into_iter().next()).ok_or(INSTALL)?;
        Ok(Programs { folder, user: user_instead_of_root()? })
    }

    fn command(&self, program: &str) -> Command {
        let mut words = self.as_user();
        words.push(self.folder.join(program).into());
        let mut command = Command::new(words.remove(0));
        command.args(words);
        command
    }

    /// The words that make a command run as the user it must.
    fn as_user(&self) -> Vec<OsString> {
        self.user
            .iter()
            .flat_map(|user| ["setpriv", "--clear-groups", "--reuid", user, "--regid", user])
            .map(OsString::from)
            .collect()
    }
}

/// PostgreSQL refuses to run as root. Its packages bring a user for it.
fn user_instead_of_root() -> Result<Option<String>, String> {
    let id = checked(Command::new("id").arg("-u"))?;
    Ok((String::from_utf8_lossy(&id.stdout).trim() == "0").then(|| "postgres".to_owned()))
}

/// Runs to the end; anything but success becomes a sentence with what it wrote.
fn checked(command: &mut Command) -> Result<Output, String> {
    // `/` is a folder that every user may be in.
    let output = command.current_dir("/").stdin(Stdio::null()).output();
    let program = command.get_program().to_string_lossy().into_owned();
    let output = output.map_err(|error| format!("{program} cannot be started: {error}"))?;
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(format!("{program} failed ({}): {said}", output.status))
}
