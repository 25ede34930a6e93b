//! Handshakes that are under way: so many and no more. Who is slow makes room for who comes next.
//!
//! Invariant: a handshake that is finished, has failed or was given up is not counted any more.

use crate::tls::{self, Identity};
use oauth::certificate::Shown;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::Error;
use tokio_rustls::server::TlsStream;

/// How long a handshake may take.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(5);
/// How many may be under way at once: then the oldest is given up for the next. An honest one takes milliseconds.
const HANDSHAKES_MAX: usize = 256;

/// How connections become TLS.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    under_way: Arc<UnderWay>,
    within: Duration,
}

impl Tls {
    /// Shows this certificate, and asks for none.
    pub fn plain(identity: Arc<Identity>) -> Result<Tls, Error> {
        Tls::made(identity, false)
    }

    /// Asks for the client's certificate as well.
    pub fn mutual(identity: Arc<Identity>) -> Result<Tls, Error> {
        Tls::made(identity, true)
    }

    fn made(identity: Arc<Identity>, asks: bool) -> Result<Tls, Error> {
        let acceptor = TlsAcceptor::from(tls::config(identity, asks)?);
        let under_way = Arc::new(UnderWay::new(HANDSHAKES_MAX));
        Ok(Tls { acceptor, under_way, within: HANDSHAKE_WITHIN })
    }

    /// The stream inside, with the certificate that was shown; none if nothing came of it.
    pub(crate) async fn shake<S>(&self, stream: S) -> Option<(TlsStream<S>, Option<Arc<Shown>>)>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut turn = self.under_way.enter();
        let shaken = tokio::select! {
            shaken = timeout(self.within, self.acceptor.accept(stream)) => shaken,
            _ = &mut turn.given_up => return None,
        };
        // A peer that breaks off, is slow or sends nonsense is nobody's fault here.
        let stream = match shaken {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                tracing::debug!(%error, "a handshake failed");
                return None;
            }
            Err(_) => return None,
        };
        let shown = match stream.get_ref().1.peer_certificates() {
            None | Some([]) => None,
            Some([own, others @ ..]) => {
                let others = others.iter().map(AsRef::as_ref);
                Some(Arc::new(Shown::read(own, others).ok()?))
            }
        };
        Some((stream, shown))
    }
}

/// Those that are under way, oldest first.
struct UnderWay {
    most: usize,
    inside: Mutex<(u64, BTreeMap<u64, oneshot::Sender<()>>)>,
}

/// One of them.
struct Turn {
    of: Arc<UnderWay>,
    number: u64,
    /// Comes when it has to make room.
    given_up: oneshot::Receiver<()>,
}

impl UnderWay {
    fn new(most: usize) -> UnderWay {
        UnderWay { most, inside: Mutex::default() }
    }

    fn enter(self: &Arc<Self>) -> Turn {
        let (gives_up, given_up) = oneshot::channel();
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        let (next, all) = &mut *inside;
        if all.len() >= self.most {
            // Dropped, it tells whoever waits for it.
            drop(all.pop_first());
        }
        let number = *next;
        *next += 1;
        all.insert(number, gives_up);
        Turn { of: self.clone(), number, given_up }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.of.inside.lock().unwrap_or_else(PoisonError::into_inner).1.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::{TcpListener, TcpStream};

    #[tokio::test]
    async fn who_says_nothing_is_given_up() {
        let folder = testkit::folder();
        let tls = Tls { within: Duration::ZERO, ..Tls::mutual(tls::tests::identity(&folder)).unwrap() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let _silent = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        assert!(tls.shake(stream).await.is_none());
        assert!(tls.under_way.inside.lock().unwrap().1.is_empty());
    }

    #[test]
    fn the_oldest_makes_room_and_who_is_done_counts_no_more() {
        let under_way = Arc::new(UnderWay::new(2));
        let is_given_up =
            |turn: &mut Turn| turn.given_up.try_recv() == Err(oneshot::error::TryRecvError::Closed);
        let (mut first, second) = (under_way.enter(), under_way.enter());
        assert!(!is_given_up(&mut first));
        let mut third = under_way.enter();
        assert!(is_given_up(&mut first));
        drop(second);
        let mut fourth = under_way.enter();
        assert!(!is_given_up(&mut third) && !is_given_up(&mut fourth));
        drop((first, third, fourth));
        assert!(under_way.inside.lock().unwrap().1.is_empty());
    }
}
