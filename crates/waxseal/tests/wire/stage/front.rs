//! What stands between a client and the server: a relay that passes bytes on as they are, unless a test spoils or cuts them.
//!
//! Invariant: it goes with the test: its threads end with their connections, and those when the relay is dropped.
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// Changes the bytes of an answer in their place.
type Spoil = Box<dyn FnMut(&mut [u8]) + Send>;

/// A relay.
pub(crate) struct Front {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    behind: Mutex<Option<SocketAddr>>,
    open: Mutex<Vec<TcpStream>>,
    spoil: Mutex<Option<Spoil>>,
    connected: AtomicUsize,
    over: AtomicBool,
}

impl Front {
    pub(crate) fn new() -> Front {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let known = shared.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if known.over.load(Ordering::SeqCst) {
                    return;
                }
                known.relay(stream);
            }
        });
        Front { address, shared }
    }

    /// The URL at which clients reach the server.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where the server really listens.
    pub(crate) fn leads_to(&self, address: SocketAddr) {
        *self.shared.behind.lock().unwrap() = Some(address);
    }

    /// From now on answers come like this.
    pub(crate) fn spoil(&self, spoil: impl FnMut(&mut [u8]) + Send + 'static) {
        *self.shared.spoil.lock().unwrap() = Some(Box::new(spoil));
    }

    /// From now on they come as they are.
    pub(crate) fn spoil_nothing(&self) {
        *self.shared.spoil.lock().unwrap() = None;
    }

    /// Cuts every connection that is open.
    pub(crate) fn cut(&self) {
        for stream in self.shared.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// How many connections there have been.
    pub(crate) fn connected(&self) -> usize {
        self.shared.connected.load(Ordering::SeqCst)
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        self.cut();
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn relay(self: &Arc<Self>, client: TcpStream) {
        let Some(behind) = *self.behind.lock().unwrap() else { return };
        let Ok(server) = TcpStream::connect(behind) else { return };
        self.connected.fetch_add(1, Ordering::SeqCst);
        self.open.lock().unwrap().extend([client.try_clone().unwrap(), server.try_clone().unwrap()]);
        let there = (client.try_clone().unwrap(), server.try_clone().unwrap());
        std::thread::spawn(move || pass_on(there.0, there.1, |_| ()));
        let known = self.clone();
        std::thread::spawn(move || {
            pass_on(server, client, |bytes| {
                if let Some(spoil) = &mut *known.spoil.lock().unwrap() {
                    spoil(bytes);
                }
            });
        });
    }
}

/// Passes bytes on until either end is done.
fn pass_on(mut from: TcpStream, mut to: TcpStream, mut change: impl FnMut(&mut [u8])) {
    let mut piece = [0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut piece) {
        change(&mut piece[..read]);
        if to.write_all(&piece[..read]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

/// The bytes after each `mark` up to one of `ends`.
pub(crate) fn after<'b>(bytes: &'b mut [u8], mark: &str, ends: &[u8]) -> Option<&'b mut [u8]> {
    let at = bytes.windows(mark.len()).position(|window| window.eq_ignore_ascii_case(mark.as_bytes()))?;
    let rest = &mut bytes[at + mark.len()..];
    let length = rest.iter().position(|byte| ends.contains(byte))?;
    Some(&mut rest[..length])
}
