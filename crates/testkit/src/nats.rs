//! A NATS server of a test's own, from the binary that the machine has.
//!
//! Invariant: it listens on loopback alone, at a port that was free, and is killed by its own process id when it is dropped.
#![expect(clippy::expect_used, reason = "a test without its server cannot go on")]

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// What to say where it is missing.
pub const INSTALL: &str = "NATS is not installed (on Debian: apt-get install nats-server)";

/// A server, running unless it was killed.
#[derive(Debug)]
pub struct Nats {
    program: PathBuf,
    port: u16,
    child: Option<Child>,
}

fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    folders.map(|folder| folder.join("nats-server")).find(|file| Path::is_file(file))
}

impl Nats {
    /// Starts one. `None` where there is none to start, which is said; in CI that is a failure.
    ///
    /// # Panics
    /// If it is there and does not start.
    pub fn start() -> Option<Nats> {
        let Some(program) = program() else {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "{INSTALL}");
            #[expect(clippy::print_stdout, reason = "whoever runs the test should know what it left out")]
            {
                println!("left out: {INSTALL}");
            }
            return None;
        };
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let mut nats = Nats { program, port: free.expect("a free port").port(), child: None };
        nats.serve();
        Some(nats)
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Starts it again after it was killed, where it was.
    ///
    /// # Panics
    /// If it does not start.
    pub fn serve(&mut self) {
        let child = Command::new(&self.program)
            .args(["--addr", "127.0.0.1", "--port", &self.port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = child.expect("nats-server starts");
        let mut said = BufReader::new(child.stderr.take().expect("it says what it does")).lines();
        self.child = Some(child);
        let ready = said.by_ref().map_while(Result::ok).any(|line| line.contains("Server is ready"));
        assert!(ready, "nats-server did not become ready");
        // Whoever writes what nobody reads is stopped by the system.
        std::thread::spawn(move || said.for_each(drop));
    }

    /// Kills it where it stands.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        self.kill();
    }
}
