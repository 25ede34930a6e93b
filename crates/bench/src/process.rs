//! The server as a child process on a core of its own, and what the system says of it.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

/// A running child; killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

/// Puts a process on one core, where the machine has a way to.
pub(crate) fn pin(pid: &str, core: usize) {
    let pid = if pid == "self" { std::process::id().to_string() } else { pid.to_owned() };
    let quiet = Command::new("taskset")
        .args(["-a", "-c", "-p", &core.to_string(), &pid])
        .stdout(Stdio::null())
        .status();
    // Without it the figures are noisier, and still of one run.
    let _ = quiet;
}

/// The user and system time of a process, in seconds.
pub(crate) fn cpu_s(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let field = |n: usize| after.split(' ').nth(n).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
    // Clock ticks: 100 a second on every Linux that matters here.
    (field(11) + field(12)) / 100.0
}

/// The resident memory of a process, in KiB.
fn resident_kib(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<f64>().ok()).unwrap_or(0.0)
}

/// The same in MiB.
pub(crate) fn resident_mib(pid: u32) -> f64 {
    resident_kib(pid) / 1024.0
}

/// Lets this process, and those that it starts, have as many sockets open as it may.
pub(crate) fn raise_files() {
    waxseal::limits::raise_files();
}

impl Server {
    /// Starts this program again as the server.
    pub(crate) fn start(place: &str) -> Result<Server, String> {
        Server::start_as("--serve", place)
    }

    /// The same as a server of some other kind.
    pub(crate) fn start_as(how: &str, place: &str) -> Result<Server, String> {
        let program = std::env::current_exe().map_err(|e| e.to_string())?;
        // On its core from the start, so that it counts one.
        let mut begun = Command::new("taskset");
        begun.args(["-c", "0"]).arg(&program).args([how, place]);
        let mut plain = Command::new(&program);
        plain.args([how, place]);
        let child = begun.stdout(Stdio::piped()).spawn().or_else(|_| plain.stdout(Stdio::piped()).spawn());
        let mut child = child.map_err(|e| e.to_string())?;
        let out = child.stdout.take().ok_or("the server has no output")?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line).map_err(|e| e.to_string())?;
        let address = line.trim().parse().map_err(|_| format!("the server said `{}`", line.trim()))?;
        Ok(Server { child, address })
    }

    /// Its resident memory, in KiB.
    pub(crate) fn resident_kib(&self) -> f64 {
        resident_kib(self.child.id())
    }

    /// The processor time that it has used, in seconds.
    pub(crate) fn cpu_s(&self) -> f64 {
        cpu_s(self.child.id())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
