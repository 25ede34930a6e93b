//! Commands against a folder that a server holds: they go through it, by a socket in that folder.
//!
//! A caller sends one line, the [`Act`] as JSON, and is sent lines back, each a [`Line`] as JSON, the last one an end.
//! Invariant: who may use the socket is who may open the folder: its mode is 0600, the folder's 0700.

use crate::cli::{Act, Exit, Out, Stop};
use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use std::fs::Permissions;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UnixListener;
use tokio::task::JoinHandle;
use vault::Vault;

const SOCKET: &str = "waxseal.sock";
/// The longest act: an app with its ceiling, or receipts to verify.
const ACT_BYTES_MAX: u64 = 16 << 20;
/// How long a caller may take to say what it wants, and to take in an answer.
const WITHIN: Duration = Duration::from_secs(30);

/// What a caller is told.
#[derive(Debug, Serialize, Deserialize)]
enum Line {
    Say(String),
    Warn(String),
    /// In base64.
    Part(String),
    Progress(u64, u64),
    End(Result<(), Stop>),
}

/// Takes commands for as long as the handle is kept. Without the socket the server serves all the same.
pub(crate) fn listen(folder: &Path, vault: Arc<Vault>) -> Option<Listening> {
    let path = folder.join(SOCKET);
    // The folder is locked by us, so a socket that is there was left by a process that is gone.
    let _ = std::fs::remove_file(&path);
    let bound = UnixListener::bind(&path).and_then(|listener| {
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).map(|()| listener)
    });
    match bound {
        Ok(listener) => Some(Listening { path, task: tokio::spawn(take(listener, vault)) }),
        Err(error) => {
            tracing::warn!(%error, "commands cannot go through this server; stop it to use them");
            None
        }
    }
}

/// The socket of a running server; removed when this is dropped.
#[derive(Debug)]
pub(crate) struct Listening {
    path: PathBuf,
    task: JoinHandle<()>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.task.abort();
        let _ = std::fs::remove_file(&self.path);
    }
}

async fn take(listener: UnixListener, vault: Arc<Vault>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let vault = vault.clone();
        let here = tokio::runtime::Handle::current();
        // A command reads files and may take long, so it has a thread of its own.
        tokio::task::spawn_blocking(move || {
            if let Err(error) = answer(stream, &vault, &here) {
                tracing::debug!(%error, "a command's caller went away");
            }
        });
    }
}

fn answer(
    stream: tokio::net::UnixStream,
    vault: &Vault,
    runtime: &tokio::runtime::Handle,
) -> std::io::Result<()> {
    let stream = stream.into_std()?;
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(WITHIN))?;
    stream.set_write_timeout(Some(WITHIN))?;
    let mut line = String::new();
    BufReader::new((&stream).take(ACT_BYTES_MAX)).read_line(&mut line)?;
    let mut caller = Caller { stream, gone: None };
    let end = match serde_json::from_str::<Act>(&line) {
        Ok(act) => runtime.block_on(act.run(vault, &mut caller)),
        Err(why) => Err(Stop::refused(format!(
            "the running server does not understand this command ({why}): it is of another version; restart it"
        ))),
    };
    caller.tell(&Line::End(end));
    caller.gone.map_or(Ok(()), Err)
}

/// Whoever asked, at the other end of the socket. A command runs to its end also when nobody listens any more.
struct Caller {
    stream: UnixStream,
    gone: Option<std::io::Error>,
}

impl Caller {
    fn tell(&mut self, line: &Line) {
        if self.gone.is_some() {
            return;
        }
        let told = serde_json::to_vec(line).map_err(std::io::Error::other).and_then(|mut json| {
            json.push(b'\n');
            self.stream.write_all(&json)
        });
        self.gone = told.err();
    }
}

impl Out for Caller {
    fn say(&mut self, line: &str) {
        self.tell(&Line::Say(line.to_owned()));
    }

    fn warn(&mut self, line: &str) {
        self.tell(&Line::Warn(line.to_owned()));
    }

    fn part(&mut self, part: &[u8]) -> Result<(), Stop> {
        self.tell(&Line::Part(BASE64.encode(part)));
        match &self.gone {
            None => Ok(()),
            Some(why) => Err(Stop::refused(format!("nobody takes the document any more: {why}"))),
        }
    }

    fn progress(&mut self, done: u64, total: u64) {
        self.tell(&Line::Progress(done, total));
    }
}

/// Has the server that holds `folder` do `act`.
pub(crate) fn ask(folder: &Path, act: &Act, out: &mut dyn Out) -> Result<(), Stop> {
    let held = |why: &dyn std::fmt::Display| {
        let folder = folder.display();
        Stop::refused(format!("another waxseal holds {folder} and takes no commands ({why}): stop it first"))
    };
    let mut stream = UnixStream::connect(folder.join(SOCKET)).map_err(|why| held(&why))?;
    let mut json = serde_json::to_vec(act).map_err(|why| held(&why))?;
    json.push(b'\n');
    stream.write_all(&json).map_err(|why| held(&why))?;
    for line in BufReader::new(stream).lines() {
        match line.ok().and_then(|line| serde_json::from_str(&line).ok()) {
            Some(Line::Say(line)) => out.say(&line),
            Some(Line::Warn(line)) => out.warn(&line),
            Some(Line::Part(part)) => match BASE64.decode(part.as_bytes()) {
                Ok(part) => out.part(&part)?,
                Err(_) => break,
            },
            Some(Line::Progress(done, total)) => out.progress(done, total),
            Some(Line::End(end)) => return end,
            None => break,
        }
    }
    Err(Stop {
        exit: Exit::Refused,
        sentence: "the server stopped before it was done; look what is there, then run the command again"
            .into(),
    })
}
