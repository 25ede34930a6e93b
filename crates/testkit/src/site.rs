//! A small site on loopback that says what a test tells it to, over plain http, and counts who asks.
//!
//! Invariant: it goes with the test: its thread ends when the site is dropped.
#![expect(clippy::expect_used, reason = "a test without a socket cannot go on")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// A site.
#[derive(Debug)]
pub struct Site {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    /// What is said: a whole answer. None: the connection is held, and nothing is said.
    says: Mutex<Option<Vec<u8>>>,
    asked: AtomicUsize,
    /// Each request whole, head and body.
    heard: Mutex<Vec<(String, Vec<u8>)>>,
    over: AtomicBool,
}

/// A whole answer.
fn answer(status: u16, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} As told\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
        .into()
}

impl Site {
    /// A site that answers with this body.
    ///
    /// # Panics
    /// If loopback has no free port.
    pub fn new(body: &str) -> Site {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("its address");
        let says = Mutex::new(Some(answer(200, body)));
        let shared = Arc::new(Shared {
            says,
            asked: AtomicUsize::new(0),
            heard: Mutex::default(),
            over: AtomicBool::new(false),
        });
        let known = shared.clone();
        let thread = std::thread::spawn(move || {
            let mut held = Vec::new();
            for stream in listener.incoming().flatten() {
                if known.over.load(Ordering::SeqCst) {
                    break;
                }
                known.asked.fetch_add(1, Ordering::SeqCst);
                let says = known.says.lock().unwrap_or_else(PoisonError::into_inner).clone();
                match says {
                    Some(says) => drop(talk(stream, &says, |heard| {
                        known.heard.lock().unwrap_or_else(PoisonError::into_inner).push(heard);
                    })),
                    None => held.push(stream),
                }
            }
        });
        Site { address, shared, thread: Some(thread) }
    }

    /// The URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// From now on it answers this.
    pub fn says(&self, status: u16, body: &str) {
        self.set(Some(answer(status, body)));
    }

    /// The same, with these header lines.
    pub fn says_with(&self, status: u16, headers: &[(&str, &str)], body: &str) {
        let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let whole = answer(status, body);
        let first = whole.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        self.set(Some([&whole[..first], lines.as_bytes(), &whole[first..]].concat()));
    }

    /// From now on it takes connections and says nothing.
    pub fn falls_silent(&self) {
        self.set(None);
    }

    /// From now on it sends whoever asks elsewhere.
    pub fn redirects(&self, to: &str) {
        let head =
            format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        self.set(Some(head.into()));
    }

    fn set(&self, says: Option<Vec<u8>>) {
        *self.shared.says.lock().unwrap_or_else(PoisonError::into_inner) = says;
    }

    /// The body of the last request that had one.
    pub fn heard(&self) -> String {
        let heard = self.shared.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let last = heard.iter().rev().find(|(_, body)| !body.is_empty());
        last.map(|(_, body)| String::from_utf8_lossy(body).into_owned()).unwrap_or_default()
    }

    /// The requests that were answered since the last call: head and body of each.
    pub fn requests(&self) -> Vec<(String, Vec<u8>)> {
        std::mem::take(&mut *self.shared.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How often someone asked.
    pub fn asked(&self) -> usize {
        self.shared.asked.load(Ordering::SeqCst)
    }
}

/// Hears a request whole, notes it, and answers: who has the answer finds what was heard.
fn talk(mut stream: TcpStream, says: &[u8], note: impl FnOnce((String, Vec<u8>))) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let (mut head, mut piece) = (Vec::new(), [0; 4096]);
    let mut end = None;
    while end.is_none() {
        match stream.read(&mut piece)? {
            0 => return Ok(()),
            n => head.extend_from_slice(&piece[..n]),
        }
        end = head.windows(4).position(|end| end == b"\r\n\r\n");
    }
    let mut body = head.split_off(end.unwrap_or_default() + 4);
    let head = String::from_utf8_lossy(&head).into_owned();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    while body.len() < length.unwrap_or(0) {
        match stream.read(&mut piece)? {
            0 => return Ok(()),
            n => body.extend_from_slice(&piece[..n]),
        }
    }
    note((head, body));
    stream.write_all(says)
}

impl Drop for Site {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}
