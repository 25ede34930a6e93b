//! Runs the binary, and servers that stop with the test.
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// The binary, without anything of this machine's environment.
pub(crate) fn waxseal() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_waxseal"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("WAXSEAL_")) {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}

/// How a command ended.
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Ended {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let code = output.status.code().unwrap_or(-1);
        Ended { code, out: text(output.stdout), err: text(output.stderr) }
    }
}

impl Ended {
    /// The same, if it ended with this code.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Ended {
        assert_eq!(self.code, code, "out: {}\nerr: {}", self.out, self.err);
        assert!(!self.err.contains("panicked") && !self.err.contains("backtrace"), "{}", self.err);
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|why| panic!("{why}: {}", self.out))
    }
}

/// Runs a command that needs no data.
pub(crate) fn run(args: &[&str]) -> Ended {
    waxseal().args(args).output().unwrap().into()
}

/// Runs a command on a data folder.
pub(crate) fn on(data: &Path, args: &[&str]) -> Ended {
    waxseal().args(args).arg("--data").arg(data).output().unwrap().into()
}

/// The same, with something on standard input.
pub(crate) fn on_with(data: &Path, args: &[&str], input: &str) -> Ended {
    let mut command = waxseal();
    command.args(args).arg("--data").arg(data);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap().into()
}

/// A running server, killed when the test ends.
pub(crate) struct Server {
    pub(crate) url: String,
    child: Child,
}

impl Server {
    /// Starts a server on a free port, and waits until it says where it listens.
    pub(crate) fn on(data: &Path) -> Server {
        let mut command = waxseal();
        command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data);
        Server::of(command)
    }

    pub(crate) fn of(command: Command) -> Server {
        Server::saying(command, ["Waxseal is listening on "]).0
    }

    /// Starts a program and waits until it has said these lines, the first with its address. Says how they went on.
    pub(crate) fn saying<const N: usize>(mut command: Command, begin: [&str; N]) -> (Server, [String; N]) {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines().map_while(Result::ok);
        let said = begin.map(|begin| {
            let line = lines.find_map(|line| line.strip_prefix(begin).map(str::to_owned));
            line.unwrap_or_else(|| panic!("it says {begin}"))
        });
        (Server { url: said[0].clone(), child }, said)
    }

    /// Sends it a signal and waits for its end.
    pub(crate) fn stop(mut self, signal: &str) -> i32 {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        self.child.wait().unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
